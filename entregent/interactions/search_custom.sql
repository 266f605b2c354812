-- The words of interactions (search.sql) with the values of custom fields that are ticked « dans la recherche ».

CREATE OR REPLACE FUNCTION interactions_index(ids bigint[]) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    INSERT INTO interactions_words (interaction_id, organization_id, words)
    SELECT i.id, i.organization_id, interactions_lexemes(concat_ws(' ',
        i.number, i.subject, i.contact_name, i.reference, p.first_name, p.last_name, p.file_as,
        CASE WHEN i.custom <> '{}' THEN custom_words(i.organization_id, 'interaction', i.custom) END,
        (SELECT string_agg(e.notes, ' ' ORDER BY e.seq) FROM interactions_interactionentry e WHERE e.interaction_id = i.id)))
    FROM interactions_interaction i LEFT JOIN clients_person p ON p.id = i.person_id
    WHERE i.id = ANY (ids)
    ON CONFLICT (interaction_id) DO UPDATE SET organization_id = EXCLUDED.organization_id, words = EXCLUDED.words
        WHERE (interactions_words.organization_id, interactions_words.words)
            IS DISTINCT FROM (EXCLUDED.organization_id, EXCLUDED.words)
$$;

CREATE OR REPLACE FUNCTION interaction_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE ids bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM interactions_words w USING old_rows o WHERE w.interaction_id = o.id;
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        -- An import writes the entries right after, which index their interactions.
        IF clients_search_deferred() THEN RETURN NULL; END IF;
        SELECT array_agg(id) INTO ids FROM new_rows;
    ELSE
        SELECT array_agg(n.id) INTO ids FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
        WHERE (o.subject, o.contact_name, o.reference, o.person_id, o.custom)
            IS DISTINCT FROM (n.subject, n.contact_name, n.reference, n.person_id, n.custom);
    END IF;
    IF ids IS NOT NULL THEN PERFORM interactions_index(ids); END IF;
    RETURN NULL;
END $$;
-- What was there before.
SELECT interactions_index(ARRAY(SELECT id FROM interactions_interaction WHERE NOT custom = '{}'::jsonb));
