-- « Nom entrée » of the first entry as a sort key of its interaction. Most writes bring it along: then nothing is done here.

CREATE FUNCTION interaction_entry_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE interactions_interaction i SET entry_sort_key = left(search_key(n.entry_name), 80)
    FROM new_rows n
    WHERE n.seq = 1 AND i.id = n.interaction_id AND i.entry_sort_key <> left(search_key(n.entry_name), 80);
    RETURN NULL;
END $$;
CREATE TRIGGER entry_named_insert AFTER INSERT ON interactions_interactionentry
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION interaction_entry_named();
CREATE TRIGGER entry_named_update AFTER UPDATE ON interactions_interactionentry
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION interaction_entry_named();

-- What there is already; it is no change that the journal tells.
ALTER TABLE interactions_interaction DISABLE TRIGGER USER;
UPDATE interactions_interaction i SET entry_sort_key = left(search_key(e.entry_name), 80)
FROM interactions_interactionentry e WHERE e.interaction_id = i.id AND e.seq = 1;
ALTER TABLE interactions_interaction ENABLE TRIGGER USER;
