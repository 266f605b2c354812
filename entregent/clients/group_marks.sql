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
