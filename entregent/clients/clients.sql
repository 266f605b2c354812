-- sector_reach: the sector of a client and those of its service points (visible_to compares it with the sectors in
--    reach).

CREATE FUNCTION client_sector_reach() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    NEW.sector_reach := CASE WHEN NEW.sector_id IS NULL THEN '{}'::bigint[] ELSE ARRAY[NEW.sector_id] END;
    IF TG_OP = 'UPDATE' THEN
        NEW.sector_reach := NEW.sector_reach || ARRAY(
            SELECT DISTINCT o.sector_id FROM clients_businessobject o
            WHERE o.client_id = NEW.id AND o.sector_id IS NOT NULL AND o.deleted_at IS NULL
              AND o.sector_id IS DISTINCT FROM NEW.sector_id ORDER BY 1);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER client_sector_reach BEFORE INSERT OR UPDATE OF sector_id ON clients_client
    FOR EACH ROW EXECUTE FUNCTION client_sector_reach();

CREATE FUNCTION clients_refresh_sector_reach(ids bigint[]) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    UPDATE clients_client c SET sector_reach = fresh.reach
    FROM (
        SELECT c.id, array_remove(array_agg(DISTINCT s.sector_id), NULL) AS reach
        FROM clients_client c
        LEFT JOIN LATERAL (
            SELECT c.sector_id UNION ALL
            SELECT o.sector_id FROM clients_businessobject o
            WHERE o.client_id = c.id AND o.sector_id IS NOT NULL AND o.deleted_at IS NULL
        ) s ON true
        WHERE c.id = ANY (ids) GROUP BY c.id
    ) fresh
    WHERE fresh.id = c.id AND c.sector_reach IS DISTINCT FROM fresh.reach
$$;

CREATE FUNCTION business_object_sector() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT client_id) INTO ids FROM new_rows WHERE sector_id IS NOT NULL;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT client_id) INTO ids FROM (
            SELECT unnest(ARRAY[o.client_id, n.client_id]) AS client_id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
            WHERE (o.sector_id, o.client_id, o.deleted_at) IS DISTINCT FROM (n.sector_id, n.client_id, n.deleted_at)
              AND (o.sector_id IS NOT NULL OR n.sector_id IS NOT NULL)) moved;
    ELSE
        SELECT array_agg(DISTINCT client_id) INTO ids FROM old_rows WHERE sector_id IS NOT NULL;
    END IF;
    IF ids IS NOT NULL THEN
        PERFORM clients_refresh_sector_reach(ids);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER business_object_sector_insert AFTER INSERT ON clients_businessobject
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION business_object_sector();
CREATE TRIGGER business_object_sector_update AFTER UPDATE ON clients_businessobject
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION business_object_sector();
CREATE TRIGGER business_object_sector_delete AFTER DELETE ON clients_businessobject
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION business_object_sector();
