-- The form in which texts are compared; toolbox.text.search_key does the same in Python.
CREATE FUNCTION search_key(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    -- Versions of PostgreSQL have different rules for ª º ¼ ½ ¾.
    SELECT trim(regexp_replace(lower(public.unaccent('public.unaccent'::regdictionary,
        replace(replace(replace(translate(value, 'ªº', 'ao'), '¼', ' 1/4'), '½', ' 1/2'), '¾', ' 3/4'))),
        '[^0-9a-z@]+', ' ', 'g'))
$$;

-- Upserts entries and the words of their names. Called by the triggers of the areas with what they worked out.
CREATE FUNCTION search_remember_words(of_organization bigint, names text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO search_word (organization_id, word)
    SELECT DISTINCT of_organization, word
    FROM unnest(names) AS name, regexp_split_to_table(name, ' ') AS word
    WHERE length(word) >= 3 AND word !~ '[0-9@]'
    ON CONFLICT DO NOTHING
$$;
