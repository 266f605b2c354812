-- The words of interactions: subject, notes of every entry, contact, person, reference and number, each once, in the form
-- in which texts are compared. Written in the transaction of the change; deleted interactions keep their words, since
-- whoever asks reads what was found through visible_to.

CREATE FUNCTION interactions_lexemes(value text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = public, pg_temp AS $$
    -- No word of a vector may be longer than 2 kB, no vector than 1 MB.
    SELECT array_to_tsvector(ARRAY(
        SELECT DISTINCT left(word, 40) FROM string_to_table(search_doc(search_key(value)), ' ') AS word
        WHERE word <> '' LIMIT 15000))
$$;

CREATE FUNCTION interactions_index(ids bigint[]) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    INSERT INTO interactions_words (interaction_id, organization_id, words)
    SELECT i.id, i.organization_id, interactions_lexemes(concat_ws(' ',
        i.number, i.subject, i.contact_name, i.reference, p.first_name, p.last_name, p.file_as,
        (SELECT string_agg(e.notes, ' ' ORDER BY e.seq) FROM interactions_interactionentry e WHERE e.interaction_id = i.id)))
    FROM interactions_interaction i LEFT JOIN clients_person p ON p.id = i.person_id
    WHERE i.id = ANY (ids)
    ON CONFLICT (interaction_id) DO UPDATE SET organization_id = EXCLUDED.organization_id, words = EXCLUDED.words
        WHERE (interactions_words.organization_id, interactions_words.words)
            IS DISTINCT FROM (EXCLUDED.organization_id, EXCLUDED.words)
$$;

CREATE FUNCTION interaction_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
        WHERE (o.subject, o.contact_name, o.reference, o.person_id)
            IS DISTINCT FROM (n.subject, n.contact_name, n.reference, n.person_id);
    END IF;
    IF ids IS NOT NULL THEN PERFORM interactions_index(ids); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER interaction_searchable_insert AFTER INSERT ON interactions_interaction
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION interaction_searchable();
CREATE TRIGGER interaction_searchable_update AFTER UPDATE ON interactions_interaction
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION interaction_searchable();
CREATE TRIGGER interaction_searchable_delete AFTER DELETE ON interactions_interaction
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION interaction_searchable();

CREATE FUNCTION interaction_entry_searchable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT interaction_id) INTO ids FROM new_rows;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(DISTINCT n.interaction_id) INTO ids FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
        WHERE o.notes IS DISTINCT FROM n.notes;
    ELSE
        SELECT array_agg(DISTINCT interaction_id) INTO ids FROM old_rows;
    END IF;
    IF ids IS NOT NULL THEN PERFORM interactions_index(ids); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER interaction_entry_searchable_insert AFTER INSERT ON interactions_interactionentry
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION interaction_entry_searchable();
CREATE TRIGGER interaction_entry_searchable_update AFTER UPDATE ON interactions_interactionentry
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION interaction_entry_searchable();
CREATE TRIGGER interaction_entry_searchable_delete AFTER DELETE ON interactions_interactionentry
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION interaction_entry_searchable();

CREATE FUNCTION interaction_person_searchable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    SELECT array_agg(i.id) INTO ids
    FROM (SELECT n.* FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
          WHERE (o.first_name, o.last_name, o.file_as) IS DISTINCT FROM (n.first_name, n.last_name, n.file_as) OFFSET 0) n
    JOIN interactions_interaction i ON i.person_id = n.id;
    IF ids IS NOT NULL THEN PERFORM interactions_index(ids); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER interaction_person_searchable AFTER UPDATE ON clients_person
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION interaction_person_searchable();

-- What was there before.
INSERT INTO interactions_words (interaction_id, organization_id, words)
SELECT i.id, i.organization_id, interactions_lexemes(concat_ws(' ',
    i.number, i.subject, i.contact_name, i.reference, p.first_name, p.last_name, p.file_as,
    (SELECT string_agg(e.notes, ' ' ORDER BY e.seq) FROM interactions_interactionentry e WHERE e.interaction_id = i.id)))
FROM interactions_interaction i LEFT JOIN clients_person p ON p.id = i.person_id;
