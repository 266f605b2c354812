-- What a client may see, in interactions_publishedentry: kept here whatever path a write took, by nothing else.

-- An entry that is internal has no row to point to: (id, false) does not exist. Deferred, because the triggers below
-- take the row away at the end of the statement that makes an entry internal.
ALTER TABLE interactions_publishedentry ADD CONSTRAINT published_never_internal
    FOREIGN KEY (entry_id, internal) REFERENCES interactions_interactionentry (id, internal)
    ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

-- The rows of these entries as they must be now. The interactions are locked first, so that what is read is what stands
-- when the row is written: who changes an entry holds its interaction.
CREATE FUNCTION interactions_publish(ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM interactions_interaction i
    WHERE i.id IN (SELECT e.interaction_id FROM interactions_interactionentry e WHERE e.id = ANY (ids))
    ORDER BY i.id FOR SHARE;
    DELETE FROM interactions_publishedentry p
    WHERE p.entry_id = ANY (ids) AND NOT EXISTS (
        SELECT 1 FROM interactions_interactionentry e JOIN interactions_interaction i ON i.id = e.interaction_id
        WHERE e.id = p.entry_id AND NOT e.internal AND e.published_at IS NOT NULL AND i.deleted_at IS NULL);
    INSERT INTO interactions_publishedentry AS p (
        entry_id, internal, organization_id, interaction_id, client_id, person_id, author_person_id, number, subject,
        topic_id, channel, status, occurred_at, published_at, seq, direction, shown_name, text, has_files)
    SELECT e.id, e.internal, e.organization_id, i.id, i.client_id, i.person_id, e.author_person_id, i.number,
           -- The subject was written with the first entry: where that one is internal, so is the subject.
           CASE WHEN EXISTS (SELECT 1 FROM interactions_interactionentry f
                             WHERE f.interaction_id = i.id AND f.seq = 1 AND f.internal) THEN '' ELSE i.subject END,
           i.topic_id, i.channel, i.status, i.occurred_at, e.published_at, e.seq,
           CASE WHEN e.incoming THEN 'incoming' ELSE 'outgoing' END, e.entry_name, e.notes, false
    FROM interactions_interactionentry e JOIN interactions_interaction i ON i.id = e.interaction_id
    WHERE e.id = ANY (ids) AND NOT e.internal AND e.published_at IS NOT NULL AND i.deleted_at IS NULL
    ON CONFLICT (entry_id) DO UPDATE SET
        (internal, organization_id, interaction_id, client_id, person_id, author_person_id, number, subject, topic_id,
         channel, status, occurred_at, published_at, seq, direction, shown_name, text, has_files) = ROW (
         EXCLUDED.internal, EXCLUDED.organization_id, EXCLUDED.interaction_id, EXCLUDED.client_id, EXCLUDED.person_id,
         EXCLUDED.author_person_id, EXCLUDED.number, EXCLUDED.subject, EXCLUDED.topic_id, EXCLUDED.channel,
         EXCLUDED.status, EXCLUDED.occurred_at, EXCLUDED.published_at, EXCLUDED.seq, EXCLUDED.direction,
         EXCLUDED.shown_name, EXCLUDED.text, EXCLUDED.has_files)
    WHERE p IS DISTINCT FROM EXCLUDED;
END $$;

CREATE FUNCTION interaction_entry_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(n.id) INTO ids FROM new_rows n WHERE n.published_at IS NOT NULL;
    ELSE
        SELECT array_agg(n.id) INTO ids FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
        WHERE (o.published_at IS NOT NULL OR n.published_at IS NOT NULL) AND o IS DISTINCT FROM n;
        -- The first entry decides whether the subject is shown with the others.
        SELECT ids || array_agg(e.id) INTO ids
        FROM (SELECT n.* FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
              WHERE o.internal IS DISTINCT FROM n.internal OFFSET 0) n
        JOIN interactions_interactionentry e ON e.interaction_id = n.interaction_id AND e.published_at IS NOT NULL
        WHERE n.seq = 1;
    END IF;
    IF ids IS NOT NULL THEN PERFORM interactions_publish(ids); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entry_published_insert AFTER INSERT ON interactions_interactionentry
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION interaction_entry_published();
CREATE TRIGGER entry_published_update AFTER UPDATE ON interactions_interactionentry
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION interaction_entry_published();

CREATE FUNCTION interaction_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    SELECT array_agg(e.id) INTO ids
    FROM (
        SELECT n.* FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
        WHERE (o.client_id, o.person_id, o.number, o.subject, o.topic_id, o.channel, o.status, o.occurred_at, o.deleted_at)
            IS DISTINCT FROM
            (n.client_id, n.person_id, n.number, n.subject, n.topic_id, n.channel, n.status, n.occurred_at, n.deleted_at)
        OFFSET 0) n
    JOIN interactions_interactionentry e ON e.interaction_id = n.id AND e.published_at IS NOT NULL;
    IF ids IS NOT NULL THEN PERFORM interactions_publish(ids); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER interaction_published_update AFTER UPDATE ON interactions_interaction
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION interaction_published();

-- What was communicated before.
SELECT interactions_publish(array_agg(id)) FROM interactions_interactionentry WHERE published_at IS NOT NULL;
