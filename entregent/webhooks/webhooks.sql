-- Statement-level triggers that write what happened to the records of an organization, where one of its webhooks listens.
-- One change is one event, the most telling: `milestone` (over the old row o and the new row r) names it, else `updated`.
-- Columns `ignored` are worked out from others or by the product itself. A job is asked for once in a transaction. Pairs
-- are made by FULL JOIN, and stay so by `coalesce`: why, stands in audit/attach.sql.
CREATE FUNCTION webhooks_attach(target text, kind text, begun text, ignored text[], milestone text) RETURNS void
LANGUAGE plpgsql AS $attach$
BEGIN
    EXECUTE format($make$
        CREATE OR REPLACE FUNCTION %1$I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = public, pg_temp AS $body$
        DECLARE
            org bigint;
            wanted text[];
            written bigint;
        BEGIN
            IF TG_OP = 'DELETE' THEN
                SELECT organization_id INTO org FROM old_rows LIMIT 1;
            ELSE
                SELECT organization_id INTO org FROM new_rows LIMIT 1;
            END IF;
            SELECT array_agg(DISTINCT e.name) INTO wanted
            FROM webhooks_webhook w
            JOIN outbox_endpoint p ON p.id = w.endpoint_id AND p.is_on
            CROSS JOIN LATERAL unnest(w.events) e (name)
            WHERE w.organization_id = org AND e.name LIKE %2$L || '.%%';
            IF wanted IS NULL THEN
                RETURN NULL;
            END IF;
            IF TG_OP = 'INSERT' THEN
                INSERT INTO webhooks_event (organization_id, name, kind, record_id, label)
                SELECT r.organization_id, %2$L || '.' || %3$L, %2$L, r.id, ''
                FROM new_rows r WHERE r.organization_id = org AND %2$L || '.' || %3$L = ANY (wanted) ORDER BY r.id;
            ELSIF TG_OP = 'UPDATE' THEN
                INSERT INTO webhooks_event (organization_id, name, kind, record_id, label)
                SELECT r.organization_id, n.name, %2$L, r.id, ''
                FROM old_rows o FULL JOIN new_rows r ON r.id = o.id
                CROSS JOIN LATERAL (SELECT %2$L || '.' || coalesce(%5$s, 'updated') AS name) n
                WHERE coalesce(r.organization_id, 0) = org AND n.name = ANY (wanted)
                  AND to_jsonb(o) - %4$L::text[] IS DISTINCT FROM to_jsonb(r) - %4$L::text[] ORDER BY r.id;
            ELSE
                INSERT INTO webhooks_event (organization_id, name, kind, record_id, label)
                SELECT o.organization_id, %2$L || '.deleted', %2$L, o.id,
                       coalesce(to_jsonb(o) ->> 'number', to_jsonb(o) ->> 'key', '')
                FROM old_rows o WHERE o.organization_id = org AND %2$L || '.deleted' = ANY (wanted)
                  AND coalesce(to_jsonb(o) ->> 'deleted_at', '') = '' ORDER BY o.id;
            END IF;
            GET DIAGNOSTICS written = ROW_COUNT;
            IF written > 0 AND coalesce(current_setting('webhooks.woken', true), '') = '' THEN
                PERFORM set_config('webhooks.woken', 'yes', true);
                INSERT INTO procrastinate_jobs (queue_name, task_name, args)
                VALUES ('default', 'entregent.webhooks.turn', jsonb_build_object('organization_id', org));
            END IF;
            RETURN NULL;
        END $body$
    $make$, 'webhooks_' || target || '_changed', kind, begun, ignored, milestone);
    EXECUTE format('CREATE TRIGGER webhooks_insert AFTER INSERT ON %1$I REFERENCING NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'webhooks_' || target || '_changed');
    EXECUTE format('CREATE TRIGGER webhooks_update AFTER UPDATE ON %1$I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'webhooks_' || target || '_changed');
    EXECUTE format('CREATE TRIGGER webhooks_delete AFTER DELETE ON %1$I REFERENCING OLD TABLE AS old_rows
        FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', target, 'webhooks_' || target || '_changed');
END $attach$;
REVOKE EXECUTE ON FUNCTION webhooks_attach(text, text, text, text[], text) FROM PUBLIC;

-- Deleted, restored, merged: as the tables say it that keep what was deleted.
SELECT webhooks_attach('clients_client', 'client', 'created',
    '{sort_key,sector_reach,updated_at,updated_by_id,version}',
    $m$CASE WHEN o.merged_into_id IS NULL AND r.merged_into_id IS NOT NULL THEN 'merged'
            WHEN o.deleted_at IS NULL AND r.deleted_at IS NOT NULL THEN 'deleted'
            WHEN o.deleted_at IS NOT NULL AND r.deleted_at IS NULL THEN 'restored' END$m$);
SELECT webhooks_attach('clients_person', 'person', 'created', '{sort_key,updated_at,version}',
    $m$CASE WHEN o.merged_into_id IS NULL AND r.merged_into_id IS NOT NULL THEN 'merged'
            WHEN o.deleted_at IS NULL AND r.deleted_at IS NOT NULL THEN 'deleted'
            WHEN o.deleted_at IS NOT NULL AND r.deleted_at IS NULL THEN 'restored' END$m$);
SELECT webhooks_attach('clients_businessobject', 'business_object', 'created', '{key_compact,updated_at,version}',
    $m$CASE WHEN o.deleted_at IS NULL AND r.deleted_at IS NOT NULL THEN 'deleted'
            WHEN o.deleted_at IS NOT NULL AND r.deleted_at IS NULL THEN 'restored' END$m$);
SELECT webhooks_attach('interactions_interaction', 'interaction', 'created', '{entry_sort_key,version}',
    $m$CASE WHEN o.deleted_at IS NULL AND r.deleted_at IS NOT NULL THEN 'deleted'
            WHEN o.deleted_at IS NOT NULL AND r.deleted_at IS NULL THEN 'restored' END$m$);
SELECT webhooks_attach('cases_case', 'case', 'opened', '{version}',
    $m$CASE WHEN o.merged_into_id IS NULL AND r.merged_into_id IS NOT NULL THEN 'merged'
            WHEN o.deleted_at IS NULL AND r.deleted_at IS NOT NULL THEN 'deleted'
            WHEN o.deleted_at IS NOT NULL AND r.deleted_at IS NULL THEN 'restored'
            WHEN o.closed_at IS NULL AND r.closed_at IS NOT NULL THEN 'closed'
            WHEN o.closed_at IS NOT NULL AND r.closed_at IS NULL THEN 'reopened' END$m$);
SELECT webhooks_attach('processes_processrun', 'process_run', 'started', '{facts,version}',
    $m$CASE WHEN o.state <> 'done' AND r.state = 'done' THEN 'completed'
            WHEN o.state <> 'abandoned' AND r.state = 'abandoned' THEN 'abandoned'
            WHEN o.state <> 'failed' AND r.state = 'failed' THEN 'failed'
            WHEN o.paused_at IS NULL AND r.paused_at IS NOT NULL THEN 'paused'
            WHEN o.paused_at IS NOT NULL AND r.paused_at IS NULL THEN 'resumed' END$m$);
SELECT webhooks_attach('transfers_filetransfer', 'file_transfer', 'created', '{version,reminded_at,reminders,warned_at}',
    $m$CASE WHEN o.deleted_at IS NULL AND r.deleted_at IS NOT NULL THEN 'deleted'
            WHEN o.state <> 'ready' AND r.state = 'ready' THEN 'ready'
            WHEN o.state <> 'done' AND r.state = 'done' THEN 'completed'
            WHEN o.state <> 'expired' AND r.state = 'expired' THEN 'expired'
            WHEN o.state <> 'cancelled' AND r.state = 'cancelled' THEN 'cancelled' END$m$);
SELECT webhooks_attach('groups_clientgroup', 'client_group', 'created', '{name_key,changed_at,version}',
    $m$CASE WHEN o.deleted_at IS NULL AND r.deleted_at IS NOT NULL THEN 'deleted'
            WHEN o.deleted_at IS NOT NULL AND r.deleted_at IS NULL THEN 'restored' END$m$);
SELECT webhooks_attach('groups_processingrequest', 'processing_request', 'created', '{version,staged,payload,job_id,total}',
    $m$CASE WHEN o.state <> 'done' AND r.state = 'done' THEN 'completed'
            WHEN o.state <> 'failed' AND r.state = 'failed' THEN 'failed'
            WHEN o.state <> 'cancelled' AND r.state = 'cancelled' THEN 'cancelled' END$m$);
SELECT webhooks_attach('relationships_accessrequest', 'access_request', 'created', '{reminded_days}',
    $m$CASE WHEN o.state <> r.state THEN r.state END$m$);
SELECT webhooks_attach('relationships_relationship', 'relationship', 'created', '{used_on,warned_days,version}',
    $m$CASE WHEN o.ended_at IS NULL AND r.ended_at IS NOT NULL THEN 'ended' END$m$);
SELECT webhooks_attach('enrollment_loanapplication', 'loan_application', 'created', '{updated_at,updated_by_id,version}',
    $m$NULL$m$);
SELECT webhooks_attach('enrollment_transmission', 'transmission', 'created', '{before}',
    $m$CASE WHEN o.state <> 'loaded' AND r.state = 'loaded' THEN 'loaded'
            WHEN o.state <> 'rejected' AND r.state = 'rejected' THEN 'rejected' END$m$);
