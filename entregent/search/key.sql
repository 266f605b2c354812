-- The form in which texts are compared; toolbox.text.search_key does the same in Python.
-- In PL/pgSQL: a function in SQL that cannot be inlined costs three times as much a call, and an import asks for each row.
CREATE OR REPLACE FUNCTION search_key(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    IF octet_length(value) = length(value) THEN
        RETURN trim(regexp_replace(lower(value), '[^0-9a-z@]+', ' ', 'g'));
    END IF;
    -- Versions of PostgreSQL have different rules for ª º ¼ ½ ¾.
    RETURN trim(regexp_replace(lower(public.unaccent('public.unaccent'::regdictionary,
        replace(replace(replace(translate(value, 'ªº', 'ao'), '¼', ' 1/4'), '½', ' 1/2'), '¾', ' 3/4'))),
        '[^0-9a-z@]+', ' ', 'g'));
END $$;

-- A name with hyphens or apostrophes, also as somebody in a hurry types it: « l'abergement » → « labergement ».
CREATE OR REPLACE FUNCTION search_glued(name text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    IF name ~ '[-''’]' THEN RETURN search_key(regexp_replace(name, '[-''’]', '', 'g')); END IF;
    RETURN NULL;
END $$;
