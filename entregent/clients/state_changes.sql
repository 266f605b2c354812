-- What changes its state is written down, whoever changes it: by the API, an import, its undoing, a change of many.
-- Nothing is called for rows whose state stays.

CREATE FUNCTION clients_note_object_state() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO clients_statechange (organization_id, client_id, object_id, before, after)
    VALUES (NEW.organization_id, NEW.client_id, NEW.id, OLD.state, NEW.state);
    RETURN NULL;
END $$;
CREATE TRIGGER note_state AFTER UPDATE OF state ON clients_businessobject
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION clients_note_object_state();

CREATE FUNCTION clients_note_client_status() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO clients_statechange (organization_id, client_id, object_id, before, after)
    VALUES (NEW.organization_id, NEW.id, NULL, OLD.status, NEW.status);
    RETURN NULL;
END $$;
CREATE TRIGGER note_state AFTER UPDATE OF status ON clients_client
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION clients_note_client_status();

-- An invoice may be disputed: a state that organizations had not.
UPDATE clients_businessobjecttype
SET states = states || '[{"code": "disputed", "fr": "Contestée", "en": "Disputed", "tone": "warn"}]'::jsonb
WHERE code = 'invoice' AND NOT states @> '[{"code": "disputed"}]'::jsonb;
