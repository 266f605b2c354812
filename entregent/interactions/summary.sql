-- The last interaction of a client and its next open follow-up, in clients_clientsummary (see clients/summary.sql).

CREATE FUNCTION interactions_refresh_summary(ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM clients_lock_summaries(ids);
    UPDATE clients_clientsummary s
    SET last_interaction_at = fresh.last_at, next_follow_up_on = fresh.next_on
    FROM (
        SELECT given.id,
               (SELECT max(i.occurred_at) FROM interactions_interaction i
                WHERE i.client_id = given.id AND i.deleted_at IS NULL) AS last_at,
               (SELECT min(i.follow_up_on) FROM interactions_interaction i
                WHERE i.client_id = given.id AND i.follow_up_on IS NOT NULL AND i.follow_up_done_at IS NULL
                  AND i.deleted_at IS NULL) AS next_on
        FROM unnest(ids) AS given (id)
    ) fresh
    WHERE s.client_id = fresh.id
      AND (s.last_interaction_at, s.next_follow_up_on) IS DISTINCT FROM (fresh.last_at, fresh.next_on);
END $$;

-- What is new can only be later than the last, or sooner than the next.
CREATE FUNCTION interactions_summary_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM clients_lock_summaries(ARRAY(SELECT client_id FROM new_rows WHERE client_id IS NOT NULL));
    UPDATE clients_clientsummary s
    SET last_interaction_at = greatest(s.last_interaction_at, fresh.last_at),
        next_follow_up_on = least(s.next_follow_up_on, fresh.next_on)
    FROM (
        SELECT client_id, max(occurred_at) AS last_at,
               min(follow_up_on) FILTER (WHERE follow_up_done_at IS NULL) AS next_on
        FROM new_rows WHERE client_id IS NOT NULL AND deleted_at IS NULL GROUP BY client_id
    ) fresh
    WHERE s.client_id = fresh.client_id
      AND (s.last_interaction_at IS NULL OR s.last_interaction_at < fresh.last_at
           OR (fresh.next_on IS NOT NULL AND (s.next_follow_up_on IS NULL OR s.next_follow_up_on > fresh.next_on)));
    RETURN NULL;
END $$;

CREATE FUNCTION interactions_summary_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT client_id) INTO ids FROM (
            SELECT unnest(ARRAY[o.client_id, n.client_id]) AS client_id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
            WHERE (o.client_id, o.occurred_at, o.follow_up_on, o.follow_up_done_at, o.deleted_at) IS DISTINCT FROM
                  (n.client_id, n.occurred_at, n.follow_up_on, n.follow_up_done_at, n.deleted_at)) moved
        WHERE client_id IS NOT NULL;
    ELSE
        SELECT array_agg(DISTINCT client_id) INTO ids FROM old_rows WHERE client_id IS NOT NULL;
    END IF;
    IF ids IS NOT NULL THEN
        PERFORM interactions_refresh_summary(ids);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER summary_insert AFTER INSERT ON interactions_interaction
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION interactions_summary_insert();
CREATE TRIGGER summary_update AFTER UPDATE ON interactions_interaction
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION interactions_summary_change();
CREATE TRIGGER summary_delete AFTER DELETE ON interactions_interaction
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION interactions_summary_change();

-- What there is already.

UPDATE clients_clientsummary s SET last_interaction_at = i.last_at, next_follow_up_on = i.next_on
FROM (
    SELECT client_id, max(occurred_at) AS last_at,
           min(follow_up_on) FILTER (WHERE follow_up_done_at IS NULL) AS next_on
    FROM interactions_interaction WHERE client_id IS NOT NULL AND deleted_at IS NULL GROUP BY client_id
) i
WHERE s.client_id = i.client_id;
