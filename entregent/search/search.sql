-- Upserts entries and the words of their names. Called by the triggers of the areas with what they worked out.
CREATE FUNCTION search_remember_words(of_organization bigint, names text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO search_word (organization_id, word)
    SELECT DISTINCT of_organization, word
    FROM unnest(names) AS name, regexp_split_to_table(name, ' ') AS word
    WHERE length(word) >= 3 AND word !~ '[0-9@]'
    ON CONFLICT DO NOTHING
$$;
