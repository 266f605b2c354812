-- Clients who change are written down for the connectors, whatever door the change took: a page, the API, an import,
-- a merge, a change of many, a purge. Organizations without a connector pay one look into a small table.

CREATE FUNCTION connectors_note_clients() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM connectors_connector) THEN
        INSERT INTO connectors_touched (organization_id, client_id)
        SELECT c.organization_id, c.id FROM changed c
        WHERE c.organization_id IN (SELECT organization_id FROM connectors_connector);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION connectors_note_addresses() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM connectors_connector) THEN
        INSERT INTO connectors_touched (organization_id, client_id)
        SELECT DISTINCT c.organization_id, c.client_id FROM changed c
        WHERE c.client_id IS NOT NULL AND c.organization_id IN (SELECT organization_id FROM connectors_connector);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER connectors_inserted AFTER INSERT ON clients_client REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION connectors_note_clients();
CREATE TRIGGER connectors_updated AFTER UPDATE ON clients_client REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION connectors_note_clients();
CREATE TRIGGER connectors_deleted AFTER DELETE ON clients_client REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION connectors_note_clients();
CREATE TRIGGER connectors_inserted AFTER INSERT ON clients_address REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION connectors_note_addresses();
CREATE TRIGGER connectors_updated AFTER UPDATE ON clients_address REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION connectors_note_addresses();
CREATE TRIGGER connectors_deleted AFTER DELETE ON clients_address REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION connectors_note_addresses();
-- Who is enrolled is decided on the applicant.
CREATE TRIGGER connectors_inserted AFTER INSERT ON enrollment_applicant REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION connectors_note_addresses();
CREATE TRIGGER connectors_updated AFTER UPDATE ON enrollment_applicant REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION connectors_note_addresses();
