-- The filter by words, planned for the very words: rare ones are found by the trigram index, frequent ones by reading
-- the newest mails; one or two letters alone are looked for in the newest twenty thousand. (LIKE is not leakproof, so the wall would hide that index.) The organization is the one of the
-- transaction, and none other; who may read what is found is asked by the caller.
CREATE OR REPLACE FUNCTION outbox_find(patterns text[], most integer) RETURNS SETOF bigint LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY EXECUTE (
        SELECT format(
            CASE WHEN max(length(pattern)) < 5 THEN
                'SELECT id FROM (SELECT id, created_at, words FROM outbox_message WHERE organization_id = %s '
                'ORDER BY created_at DESC, id DESC LIMIT 20000) newest WHERE %s ORDER BY created_at DESC, id DESC LIMIT %s'
            ELSE
                'SELECT id FROM outbox_message WHERE organization_id = %s AND %s ORDER BY created_at DESC, id DESC LIMIT %s'
            END,
            coalesce(NULLIF(current_setting('app.org_id', true), '')::bigint, 0),
            string_agg(format('words LIKE %L', pattern), ' AND '),
            most
        )
        FROM unnest(patterns) pattern
    );
END
$$;
