-- What areas write into `doc` passes through here: a saint is found by « st » and by « saint », whichever was written.
CREATE OR REPLACE FUNCTION search_doc(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT regexp_replace(regexp_replace(' ' || words || ' ', ' ste(?= )', ' ste sainte', 'g'), ' st(?= )', ' st saint', 'g')
$$;

-- A number without its separators: « C-00 123 » → « c00123 ».
CREATE OR REPLACE FUNCTION search_number(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT lower(regexp_replace(value, '[^0-9A-Za-z]', '', 'g'))
$$;

DROP FUNCTION IF EXISTS search_remember_words(bigint, text[]);

-- Remembers the words of names for the correction of typing errors. In order, so that two writers never wait for each
-- other in a circle.
CREATE FUNCTION search_remember_words(of_organizations bigint[], names text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO search_word (organization_id, word)
    SELECT DISTINCT given.organization_id, word
    FROM unnest(of_organizations, names) AS given (organization_id, name), regexp_split_to_table(given.name, ' ') AS word
    WHERE length(word) >= 3 AND word !~ '[0-9@]'
      AND NOT EXISTS (SELECT FROM search_word w WHERE w.organization_id = given.organization_id AND w.word = word.word)
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING
$$;
