-- Row-level security keeps `@>` from the index over the values of custom fields, since the operator might tell of rows of
-- others. This asks the index inside the organization at work; whoever asks reads what was found through visible_to.
CREATE OR REPLACE FUNCTION custom_found(target text, wanted jsonb, most integer) RETURNS SETOF bigint LANGUAGE plpgsql
STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF target NOT IN ('clients_client', 'clients_person', 'interactions_interaction') THEN
        RAISE EXCEPTION 'no custom fields on %', target;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT t.id FROM %I t WHERE t.custom <> ''{}'' AND t.custom @> $1 AND t.organization_id = $2 LIMIT $3', target)
        USING wanted, NULLIF(current_setting('app.org_id', true), '')::bigint, most;
END $$;
