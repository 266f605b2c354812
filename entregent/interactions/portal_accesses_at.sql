-- The accesses to the portal that were given for an address, in lower case, in the organization at hand. `lower` is not
-- leakproof: under the policy each access of the organization would be looked at for each mail that comes in.
CREATE FUNCTION interactions_portal_accesses_at(wanted text) RETURNS SETOF bigint LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM interactions_portalaccess
    WHERE organization_id = NULLIF(current_setting('app.org_id', true), '')::bigint AND lower(email) = wanted
    ORDER BY id DESC LIMIT 50
$$;
