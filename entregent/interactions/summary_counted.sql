-- How many interactions a client has, in clients_clientsummary. Each statement adds and takes away what it changed, on
-- rows that it has locked: two at once both count.

CREATE OR REPLACE FUNCTION interactions_summary_insert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM clients_lock_summaries(ARRAY(SELECT client_id FROM new_rows WHERE client_id IS NOT NULL));
    UPDATE clients_clientsummary s
    SET last_interaction_at = greatest(s.last_interaction_at, fresh.last_at),
        next_follow_up_on = least(s.next_follow_up_on, fresh.next_on),
        interactions = s.interactions + fresh.how_many
    FROM (
        SELECT client_id, max(occurred_at) AS last_at, count(*) AS how_many,
               min(follow_up_on) FILTER (WHERE follow_up_done_at IS NULL) AS next_on
        FROM new_rows WHERE client_id IS NOT NULL AND deleted_at IS NULL GROUP BY client_id
    ) fresh
    WHERE s.client_id = fresh.client_id;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION interactions_summary_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE ids bigint[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT client_id) INTO ids FROM (
            SELECT unnest(ARRAY[o.client_id, n.client_id]) AS client_id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
            WHERE (o.client_id, o.occurred_at, o.follow_up_on, o.follow_up_done_at, o.deleted_at) IS DISTINCT FROM
                  (n.client_id, n.occurred_at, n.follow_up_on, n.follow_up_done_at, n.deleted_at)) moved
        WHERE client_id IS NOT NULL;
        IF ids IS NULL THEN RETURN NULL; END IF;
        PERFORM interactions_refresh_summary(ids);
        UPDATE clients_clientsummary s SET interactions = s.interactions + moved.how_many
        FROM (
            SELECT client_id, sum(one) AS how_many FROM (
                SELECT n.client_id, 1 AS one FROM new_rows n WHERE n.deleted_at IS NULL
                UNION ALL SELECT o.client_id, -1 FROM old_rows o WHERE o.deleted_at IS NULL
            ) counted WHERE client_id = ANY (ids) GROUP BY client_id HAVING sum(one) <> 0
        ) moved
        WHERE s.client_id = moved.client_id;
    ELSE
        SELECT array_agg(DISTINCT client_id) INTO ids FROM old_rows WHERE client_id IS NOT NULL;
        IF ids IS NULL THEN RETURN NULL; END IF;
        PERFORM interactions_refresh_summary(ids);
        UPDATE clients_clientsummary s SET interactions = s.interactions - gone.how_many
        FROM (
            SELECT client_id, count(*) AS how_many FROM old_rows
            WHERE client_id IS NOT NULL AND deleted_at IS NULL GROUP BY client_id
        ) gone
        WHERE s.client_id = gone.client_id;
    END IF;
    RETURN NULL;
END $$;

-- What there is already.

UPDATE clients_clientsummary s SET interactions = i.how_many
FROM (
    SELECT client_id, count(*) AS how_many FROM interactions_interaction
    WHERE client_id IS NOT NULL AND deleted_at IS NULL GROUP BY client_id
) i
WHERE s.client_id = i.client_id;
