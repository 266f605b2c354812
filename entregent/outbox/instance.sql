-- Mails of the instance itself (password resets) are nobody's within an organization: whatever a page or a job of an
-- organization reads, it never reads those. Written outside of any organization only (outbox.actions.send_mail).
DROP POLICY organization_wall ON outbox_message;
CREATE POLICY organization_wall ON outbox_message
    USING (organization_id IS NOT DISTINCT FROM NULLIF(current_setting('app.org_id', true), '')::bigint)
    WITH CHECK (organization_id IS NOT DISTINCT FROM NULLIF(current_setting('app.org_id', true), '')::bigint);

-- The sender works for all organizations, outside of any: within one it takes nothing and settles nothing.
CREATE OR REPLACE FUNCTION outbox_lease(most integer, lease interval) RETURNS SETOF outbox_message LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE outbox_message m SET leased_until = clock_timestamp() + lease, tries = m.tries + 1
    FROM (
        SELECT id FROM outbox_message
        WHERE state = 'pending' AND next_try_at <= clock_timestamp() AND (leased_until IS NULL OR leased_until < clock_timestamp())
          AND NULLIF(current_setting('app.org_id', true), '') IS NULL
        ORDER BY next_try_at LIMIT most FOR UPDATE SKIP LOCKED
    ) due
    WHERE m.id = due.id
    RETURNING m.*
$$;

CREATE OR REPLACE FUNCTION outbox_settle(message bigint, new_state text, retry_in interval, what_went_wrong text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE outbox_message SET state = new_state, leased_until = NULL, error = what_went_wrong,
        next_try_at = clock_timestamp() + retry_in, sent_at = CASE WHEN new_state = 'sent' THEN clock_timestamp() ELSE sent_at END
    WHERE id = message AND state = 'pending' AND NULLIF(current_setting('app.org_id', true), '') IS NULL
$$;
