-- Statement-level journal triggers (see audit/__init__.py), made for one table by one call. One function per table, so
-- that its statements are planned once; they run as the owner, so that the application's role needs no right to write
-- the journal.
--
-- A session keeps the estimate of the first change that it made to a table: after one of a single row, a hundred
-- thousand rows before a change would be compared each with each after it. Hence FULL JOIN: every row has its pair, and
-- the only plans for it sort or hash, whatever was expected. Turning nested loops off for the function would turn them
-- off for the look-ups of `client_expression` as well.

CREATE OR REPLACE FUNCTION audit_attach(target text, client_expression text) RETURNS void LANGUAGE plpgsql AS $attach$
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
                FROM old_rows o FULL JOIN new_rows r ON r.id = o.id WHERE o IS DISTINCT FROM r;
            ELSE
                INSERT INTO audit_change
                    (at, organization_id, user_id, action_id, table_name, operation, row_id, client_id, before)
                SELECT now(), r.organization_id, who, act, TG_TABLE_NAME, 'D', r.id, (%2$s), to_jsonb(r) FROM old_rows r;
            END IF;
            RETURN NULL;
        END $body$
    $make$, 'audit_' || target || '_changed', client_expression);
    EXECUTE format('CREATE OR REPLACE TRIGGER audit_insert AFTER INSERT ON %1$I REFERENCING NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'audit_' || target || '_changed');
    EXECUTE format('CREATE OR REPLACE TRIGGER audit_update AFTER UPDATE ON %1$I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'audit_' || target || '_changed');
    EXECUTE format('CREATE OR REPLACE TRIGGER audit_delete AFTER DELETE ON %1$I REFERENCING OLD TABLE AS old_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'audit_' || target || '_changed');
END $attach$;

CREATE OR REPLACE FUNCTION audit_detach(target text) RETURNS void LANGUAGE plpgsql AS $detach$
BEGIN
    EXECUTE format('DROP FUNCTION IF EXISTS %I() CASCADE', 'audit_' || target || '_changed');
END $detach$;

-- The same for rows that carry no organization: `owners` is a query over the row `r` that gives those in whose journal a
-- change stands (the organization itself; each one of which a user is a member). Columns named in `hidden` never reach
-- the journal: secrets, and what a person sets for themselves alone. « OFFSET 0 » keeps the pairs what they are.

CREATE OR REPLACE FUNCTION audit_attach_shared(target text, owners text, hidden text[]) RETURNS void LANGUAGE plpgsql AS $attach$
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
                SELECT now(), owner.id, who, act, TG_TABLE_NAME, 'U', r.id, r.row_before
                FROM (
                    SELECT r.*, to_jsonb(o) - %3$L::text[] AS row_before
                    FROM old_rows o FULL JOIN new_rows r ON r.id = o.id
                    WHERE to_jsonb(o) - %3$L::text[] IS DISTINCT FROM to_jsonb(r) - %3$L::text[] OFFSET 0
                ) r, LATERAL (%2$s) AS owner(id);
            ELSE
                INSERT INTO audit_change (at, organization_id, user_id, action_id, table_name, operation, row_id, before)
                SELECT now(), owner.id, who, act, TG_TABLE_NAME, 'D', r.id, to_jsonb(r) - %3$L::text[]
                FROM old_rows r, LATERAL (%2$s) AS owner(id);
            END IF;
            RETURN NULL;
        END $body$
    $make$, 'audit_' || target || '_changed', owners, hidden);
    EXECUTE format('CREATE OR REPLACE TRIGGER audit_insert AFTER INSERT ON %1$I REFERENCING NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'audit_' || target || '_changed');
    EXECUTE format('CREATE OR REPLACE TRIGGER audit_update AFTER UPDATE ON %1$I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'audit_' || target || '_changed');
    EXECUTE format('CREATE OR REPLACE TRIGGER audit_delete AFTER DELETE ON %1$I REFERENCING OLD TABLE AS old_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'audit_' || target || '_changed');
END $attach$;

REVOKE EXECUTE ON FUNCTION audit_attach(text, text), audit_attach_shared(text, text, text[]), audit_detach(text)
    FROM PUBLIC;
