-- Journal triggers for rows that carry no organization: `owners` is a query over the row `r` that gives those in whose
-- journal a change stands (the organization itself; each one of which a user is a member). Columns named in `hidden`
-- never reach the journal: secrets, and what a person sets for themselves alone.

CREATE FUNCTION audit_attach_shared(target text, owners text, hidden text[]) RETURNS void LANGUAGE plpgsql AS $attach$
BEGIN
    EXECUTE format($make$
        CREATE OR REPLACE FUNCTION %1$I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $body$
        DECLARE
            who bigint := NULLIF(current_setting('app.user_id', true), '')::bigint;
            act bigint := NULLIF(current_setting('app.action_id', true), '')::bigint;
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO audit_change (at, organization_id, user_id, action_id, table_name, operation, row_id)
                SELECT now(), owner.id, who, act, TG_TABLE_NAME, 'I', r.id
                FROM new_rows r, LATERAL (%2$s) AS owner(id);
            ELSIF TG_OP = 'UPDATE' THEN
                INSERT INTO audit_change (at, organization_id, user_id, action_id, table_name, operation, row_id, before)
                SELECT now(), owner.id, who, act, TG_TABLE_NAME, 'U', r.id, to_jsonb(o) - %3$L::text[]
                FROM old_rows o JOIN new_rows r ON r.id = o.id, LATERAL (%2$s) AS owner(id)
                WHERE to_jsonb(o) - %3$L::text[] IS DISTINCT FROM to_jsonb(r) - %3$L::text[];
            ELSE
                INSERT INTO audit_change (at, organization_id, user_id, action_id, table_name, operation, row_id, before)
                SELECT now(), owner.id, who, act, TG_TABLE_NAME, 'D', r.id, to_jsonb(r) - %3$L::text[]
                FROM old_rows r, LATERAL (%2$s) AS owner(id);
            END IF;
            RETURN NULL;
        END $body$
    $make$, 'audit_' || target || '_changed', owners, hidden);
    EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %1$I REFERENCING NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'audit_' || target || '_changed');
    EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %1$I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'audit_' || target || '_changed');
    EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %1$I REFERENCING OLD TABLE AS old_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'audit_' || target || '_changed');
END $attach$;

REVOKE EXECUTE ON FUNCTION audit_attach_shared(text, text, text[]) FROM PUBLIC;
