-- A try counts when it ended: mails of a batch that a killed sender never came to are not nearer to failing.
CREATE OR REPLACE FUNCTION outbox_lease(most integer, lease interval) RETURNS SETOF outbox_message LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH taken AS (
        UPDATE outbox_message m SET leased_until = clock_timestamp() + lease
        FROM (
            SELECT id FROM outbox_message
            WHERE state = 'pending' AND next_try_at <= clock_timestamp() AND (leased_until IS NULL OR leased_until < clock_timestamp())
              AND NULLIF(current_setting('app.org_id', true), '') IS NULL
            ORDER BY next_try_at LIMIT most FOR UPDATE SKIP LOCKED
        ) due
        WHERE m.id = due.id
        RETURNING m.*
    )
    SELECT * FROM taken ORDER BY next_try_at, id
$$;

DROP FUNCTION outbox_settle(bigint, text, interval, text);
-- How a try ended. `tried` is 0 where the mail server was not even reached: that is no fault of the mail.
CREATE FUNCTION outbox_settle(
    message bigint, new_state text, tried integer, retry_in interval, why text, what_went_wrong text, taken_for text[]
) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE outbox_message SET state = new_state, leased_until = NULL, tries = tries + tried, reason = why,
        error = what_went_wrong, reached = reached || taken_for, next_try_at = clock_timestamp() + retry_in,
        sent_at = CASE WHEN new_state = 'sent' THEN clock_timestamp() ELSE sent_at END
    WHERE id = message AND state = 'pending' AND NULLIF(current_setting('app.org_id', true), '') IS NULL
$$;

-- What a sender took and will not come to: the mail server is away. Free again after `retry_in`.
CREATE FUNCTION outbox_release(messages bigint[], retry_in interval) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE outbox_message SET leased_until = NULL, next_try_at = clock_timestamp() + retry_in
    WHERE id = ANY (messages) AND state = 'pending' AND NULLIF(current_setting('app.org_id', true), '') IS NULL
$$;

-- The filter by words: LIKE is not leakproof, so the wall would hide the trigram index. The organization is the one
-- of the transaction, and none other; who may read what is found is asked by the caller. The newest hits only.
CREATE FUNCTION outbox_find(patterns text[], most integer) RETURNS SETOF bigint LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM outbox_message
    WHERE organization_id = NULLIF(current_setting('app.org_id', true), '')::bigint AND words LIKE ALL (patterns)
    ORDER BY created_at DESC, id DESC LIMIT most
$$;
