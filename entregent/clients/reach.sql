-- The clients of these sectors, and these clients, up to `most` ids each, within the organization of the transaction;
-- `gone`: deleted ones as well.
-- `&&` is not leakproof, so that the policy of the table would hide the index on the reach from whoever asks directly.

CREATE FUNCTION clients_in_reach(sectors bigint[], clients bigint[], gone boolean, most integer) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    (SELECT c.id FROM clients_client c
     WHERE c.organization_id = nullif(current_setting('app.org_id', true), '')::bigint
       AND (gone OR c.deleted_at IS NULL) AND c.sector_reach && sectors LIMIT most)
    UNION
    (SELECT c.id FROM clients_client c
     WHERE c.organization_id = nullif(current_setting('app.org_id', true), '')::bigint
       AND (gone OR c.deleted_at IS NULL) AND c.id = ANY (clients) LIMIT most)
$$;
