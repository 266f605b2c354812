-- The sender of HTTP messages works for all organizations, and sees of them what is due by this function alone.
-- Of one record only the oldest message that has not left: the others wait for it.
CREATE FUNCTION outbox_lease_posts(most integer, lease interval) RETURNS SETOF outbox_post LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH taken AS (
        UPDATE outbox_post p SET leased_until = clock_timestamp() + lease
        FROM (
            SELECT q.id FROM outbox_post q
            JOIN outbox_endpoint e ON e.id = q.endpoint_id AND e.is_on
            JOIN outbox_endpointstate s ON s.endpoint_id = e.id
                AND (s.paused_until IS NULL OR s.paused_until <= clock_timestamp())
            WHERE q.state = 'pending' AND q.next_try_at <= clock_timestamp()
              AND (q.leased_until IS NULL OR q.leased_until < clock_timestamp())
              AND NULLIF(current_setting('app.org_id', true), '') IS NULL
              AND NOT EXISTS (
                  SELECT 1 FROM outbox_post o
                  WHERE o.subject_id = q.subject_id AND o.subject_type = q.subject_type AND o.endpoint_id = q.endpoint_id
                    AND o.id < q.id AND o.state <> 'sent'
              )
            ORDER BY q.next_try_at, q.id LIMIT most FOR UPDATE OF q SKIP LOCKED
        ) due
        WHERE p.id = due.id
        RETURNING p.*
    )
    SELECT * FROM taken ORDER BY next_try_at, id
$$;
