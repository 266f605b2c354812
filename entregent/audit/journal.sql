-- Statement-level journal triggers (see audit/__init__.py). One function per table, so that its statements are
-- planned once; they run as the owner, so that the application's role needs no right to write the journal.

CREATE FUNCTION audit_attach(target text, client_expression text) RETURNS void LANGUAGE plpgsql AS $attach$
BEGIN
    EXECUTE format($make$
        CREATE OR REPLACE FUNCTION %1$I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $body$
        DECLARE
            who bigint := NULLIF(current_setting('app.user_id', true), '')::bigint;
            act bigint := NULLIF(current_setting('app.action_id', true), '')::bigint;
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO audit_change (at, organization_id, user_id, action_id, table_name, operation, row_id, client_id)
                SELECT now(), r.organization_id, who, act, TG_TABLE_NAME, 'I', r.id, (%2$s) FROM new_rows r;
            ELSIF TG_OP = 'UPDATE' THEN
                INSERT INTO audit_change
                    (at, organization_id, user_id, action_id, table_name, operation, row_id, client_id, before)
                SELECT now(), r.organization_id, who, act, TG_TABLE_NAME, 'U', r.id, (%2$s), to_jsonb(o)
                FROM old_rows o JOIN new_rows r ON r.id = o.id WHERE o IS DISTINCT FROM r;
            ELSE
                INSERT INTO audit_change
                    (at, organization_id, user_id, action_id, table_name, operation, row_id, client_id, before)
                SELECT now(), r.organization_id, who, act, TG_TABLE_NAME, 'D', r.id, (%2$s), to_jsonb(r) FROM old_rows r;
            END IF;
            RETURN NULL;
        END $body$
    $make$, 'audit_' || target || '_changed', client_expression);
    EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %1$I REFERENCING NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'audit_' || target || '_changed');
    EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %1$I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'audit_' || target || '_changed');
    EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %1$I REFERENCING OLD TABLE AS old_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'audit_' || target || '_changed');
END $attach$;

CREATE FUNCTION audit_detach(target text) RETURNS void LANGUAGE plpgsql AS $detach$
BEGIN
    EXECUTE format('DROP FUNCTION IF EXISTS %I() CASCADE', 'audit_' || target || '_changed');
END $detach$;

REVOKE EXECUTE ON FUNCTION audit_attach(text, text), audit_detach(text) FROM PUBLIC;

ALTER TABLE audit_change ENABLE ROW LEVEL SECURITY;
CREATE POLICY organization_wall ON audit_change
    USING (organization_id = NULLIF(current_setting('app.org_id', true), '')::bigint);
ALTER TABLE audit_action ENABLE ROW LEVEL SECURITY;
CREATE POLICY organization_wall ON audit_action
    USING (organization_id = NULLIF(current_setting('app.org_id', true), '')::bigint
           OR (organization_id IS NULL AND user_id = NULLIF(current_setting('app.user_id', true), '')::bigint));
CREATE POLICY recording ON audit_action FOR INSERT
    WITH CHECK (organization_id IS NULL
                OR organization_id = NULLIF(current_setting('app.org_id', true), '')::bigint);
