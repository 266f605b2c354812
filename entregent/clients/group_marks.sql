-- Groups in the reach of members. What was said of `clients_in_reach` in reach_rows.sql holds; a client is in one group
-- at most, and is given once where it is reached by a sector as well.

DROP FUNCTION clients_in_reach(bigint[], bigint[], boolean, integer);
CREATE FUNCTION clients_in_reach(sectors bigint[], clients bigint[], marks bigint[], gone boolean, most integer)
RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    (SELECT r.client_id FROM clients_clientreach r
     WHERE r.organization_id = nullif(current_setting('app.org_id', true), '')::bigint
       AND r.sector_id = ANY (sectors) AND ($4 OR NOT r.gone) AND NOT (r.before && sectors) LIMIT most)
    UNION
    (SELECT r.client_id FROM clients_clientreach r
     WHERE r.organization_id = nullif(current_setting('app.org_id', true), '')::bigint
       AND r.sector_id = ANY (marks) AND ($4 OR NOT r.gone) AND (r.until IS NULL OR r.until > now()) LIMIT most)
    UNION
    (SELECT c.id FROM clients_client c
     WHERE c.organization_id = nullif(current_setting('app.org_id', true), '')::bigint
       AND ($4 OR c.deleted_at IS NULL) AND c.id = ANY (clients) LIMIT most)
$$;

-- The marks of groups go with a client that is deleted and with one that comes back.
CREATE OR REPLACE FUNCTION client_reach_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE ids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(id) INTO ids FROM new_rows WHERE sector_reach <> '{}';
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(n.id) INTO ids FROM old_rows o JOIN new_rows n ON n.id = o.id
        WHERE (o.sector_reach, o.deleted_at IS NULL) IS DISTINCT FROM (n.sector_reach, n.deleted_at IS NULL);
        IF ids IS NULL THEN RETURN NULL; END IF;
        DELETE FROM clients_clientreach r USING old_rows o
        WHERE r.organization_id = o.organization_id AND r.sector_id = ANY (o.sector_reach) AND r.client_id = o.id
          AND o.id = ANY (ids);
        UPDATE clients_clientreach r SET gone = n.deleted_at IS NOT NULL FROM new_rows n
        WHERE r.client_id = n.id AND r.sector_id >= 4611686018427387904 AND n.id = ANY (ids)
          AND r.gone <> (n.deleted_at IS NOT NULL);
    ELSE
        DELETE FROM clients_clientreach r USING old_rows o
        WHERE r.organization_id = o.organization_id AND r.sector_id = ANY (o.sector_reach) AND r.client_id = o.id;
        DELETE FROM clients_clientreach r USING old_rows o
        WHERE r.client_id = o.id AND r.sector_id >= 4611686018427387904;
    END IF;
    IF ids IS NOT NULL THEN PERFORM clients_write_reach(ids); END IF;
    RETURN NULL;
END $$;
