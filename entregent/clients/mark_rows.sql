-- The marks of groups go with a client that is deleted and with one that comes back. They are found by the ids of their
-- clients: joined to the rows that changed, a plan made before there were marks would compare each with every other.
CREATE OR REPLACE FUNCTION client_reach_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE ids bigint[]; away bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(id) INTO ids FROM new_rows WHERE sector_reach <> '{}';
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(n.id) INTO ids FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
        WHERE (o.sector_reach, o.deleted_at IS NULL) IS DISTINCT FROM (n.sector_reach, n.deleted_at IS NULL);
        IF ids IS NULL THEN RETURN NULL; END IF;
        DELETE FROM clients_clientreach r USING old_rows o
        WHERE r.organization_id = o.organization_id AND r.sector_id = ANY (o.sector_reach) AND r.client_id = o.id
          AND o.id = ANY (ids);
        SELECT array_agg(id) INTO away FROM new_rows WHERE deleted_at IS NOT NULL AND id = ANY (ids);
        UPDATE clients_clientreach r SET gone = r.client_id = ANY (coalesce(away, '{}'))
        WHERE r.client_id = ANY (ids) AND r.sector_id >= 4611686018427387904
          AND r.gone <> (r.client_id = ANY (coalesce(away, '{}')));
    ELSE
        DELETE FROM clients_clientreach r USING old_rows o
        WHERE r.organization_id = o.organization_id AND r.sector_id = ANY (o.sector_reach) AND r.client_id = o.id;
        SELECT array_agg(id) INTO away FROM old_rows;
        DELETE FROM clients_clientreach r WHERE r.client_id = ANY (away) AND r.sector_id >= 4611686018427387904;
    END IF;
    IF ids IS NOT NULL THEN PERFORM clients_write_reach(ids); END IF;
    RETURN NULL;
END $$;
