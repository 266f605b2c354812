-- One row for each sector in which a client stands, kept by triggers: the clients of a sector are read from the index
-- alone. `before`: the sectors that stand earlier in the client's reach, so that a client of several sectors of the same
-- member is given once, by the first of them.

CREATE FUNCTION clients_write_reach(ids bigint[]) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    INSERT INTO clients_clientreach (organization_id, sector_id, client_id, gone, before)
    SELECT c.organization_id, s.id, c.id, c.deleted_at IS NOT NULL, c.sector_reach[1 : s.place::int - 1]
    FROM clients_client c, unnest(c.sector_reach) WITH ORDINALITY AS s (id, place)
    WHERE c.id = ANY (ids)
    ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION client_reach_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE ids bigint[];
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
    ELSE
        DELETE FROM clients_clientreach r USING old_rows o
        WHERE r.organization_id = o.organization_id AND r.sector_id = ANY (o.sector_reach) AND r.client_id = o.id;
    END IF;
    IF ids IS NOT NULL THEN PERFORM clients_write_reach(ids); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER client_reach_insert AFTER INSERT ON clients_client
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_reach_rows();
CREATE TRIGGER client_reach_update AFTER UPDATE ON clients_client
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION client_reach_rows();
CREATE TRIGGER client_reach_delete AFTER DELETE ON clients_client
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION client_reach_rows();

-- The clients of these sectors, and these clients, up to `most` ids each, within the organization of the transaction;
-- `gone`: deleted ones as well.
CREATE OR REPLACE FUNCTION clients_in_reach(sectors bigint[], clients bigint[], gone boolean, most integer)
RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    (SELECT r.client_id FROM clients_clientreach r
     WHERE r.organization_id = nullif(current_setting('app.org_id', true), '')::bigint
       AND r.sector_id = ANY (sectors) AND ($3 OR NOT r.gone) AND NOT (r.before && sectors) LIMIT most)
    UNION
    (SELECT c.id FROM clients_client c
     WHERE c.organization_id = nullif(current_setting('app.org_id', true), '')::bigint
       AND ($3 OR c.deleted_at IS NULL) AND c.id = ANY (clients) LIMIT most)
$$;

INSERT INTO clients_clientreach (organization_id, sector_id, client_id, gone, before)
SELECT c.organization_id, s.id, c.id, c.deleted_at IS NOT NULL, c.sector_reach[1 : s.place::int - 1]
FROM clients_client c, unnest(c.sector_reach) WITH ORDINALITY AS s (id, place);
