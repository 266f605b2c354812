-- Files of what is published: with their entry, and gone with it.

ALTER TABLE interactions_publishedfile ADD CONSTRAINT published_file_of_published_entry
    FOREIGN KEY (entry_id) REFERENCES interactions_publishedentry (entry_id) ON DELETE CASCADE;

-- The rows of these entries as they must be now. The interactions are locked first, so that what is read is what stands
-- when the row is written: who changes an entry holds its interaction.
CREATE OR REPLACE FUNCTION interactions_publish(ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
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
           CASE WHEN e.incoming THEN 'incoming' ELSE 'outgoing' END, e.entry_name, e.notes,
           EXISTS (SELECT 1 FROM interactions_entryattachment a WHERE a.entry_id = e.id)
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
    DELETE FROM interactions_publishedfile f
    WHERE f.entry_id = ANY (ids)
      AND NOT EXISTS (SELECT 1 FROM interactions_entryattachment a WHERE a.id = f.attachment_id);
    INSERT INTO interactions_publishedfile (attachment_id, organization_id, entry_id, file_id)
    SELECT a.id, a.organization_id, a.entry_id, a.file_id
    FROM interactions_entryattachment a JOIN interactions_publishedentry p ON p.entry_id = a.entry_id
    WHERE a.entry_id = ANY (ids)
    ON CONFLICT (attachment_id) DO NOTHING;
END $$;

CREATE FUNCTION interaction_attachment_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ids bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT o.entry_id) INTO ids FROM old_rows o;
    ELSE
        SELECT array_agg(DISTINCT n.entry_id) INTO ids FROM new_rows n;
    END IF;
    IF ids IS NOT NULL THEN PERFORM interactions_publish(ids); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER attachment_published_insert AFTER INSERT ON interactions_entryattachment
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION interaction_attachment_published();
CREATE TRIGGER attachment_published_update AFTER UPDATE ON interactions_entryattachment
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION interaction_attachment_published();
CREATE TRIGGER attachment_published_delete AFTER DELETE ON interactions_entryattachment
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION interaction_attachment_published();
