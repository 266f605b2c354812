-- The functions as patterns say them, for the comparison with those that are quicker.
CREATE FUNCTION pg_temp.french_sound_by_patterns(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE s text := replace(pg_temp.search_key_in_sql(value), '@', ' ');
BEGIN
    s := regexp_replace(s, '\m(mr?|mme|mlle|monsieur|madame|sarl|sasu?|sa|eurl|sci|scop|snc|gaec|earl|inc|lte?e|ltd|cie|societe|ets|et)\M',
                        '', 'g');
    s := replace(replace(' ' || s || ' ', ' st ', ' saint '), ' ste ', ' sainte ');
    s := regexp_replace(s, '\m(sainte?|les?|la|de|du|des|d|l)\s+(?=\S)', '\1', 'g');
    s := translate(replace(s, 'ph', 'f'), 'wyz', 'vis');
    s := regexp_replace(s, 'ch(?=[rl])', 'k', 'g');
    s := regexp_replace(s, 's?ch|sh', 'C', 'g');
    s := regexp_replace(s, 'c(?=[ei])', 's', 'g');
    s := regexp_replace(s, 'g(?=[ei])', 'j', 'g');
    s := regexp_replace(s, 'gu(?=[ei])', 'g', 'g');
    s := regexp_replace(s, 'cqu?|ck|qu|[cq]', 'k', 'g');
    s := replace(replace(replace(s, 'h', ''), 'gn', 'n'), 'bv', 'v');
    s := regexp_replace(s, 'aul[td]|eau|au', 'o', 'g');
    s := regexp_replace(s, 'oeu|eu|oe', 'e', 'g');
    s := regexp_replace(s, '(ai|ei|i|u)[nm](?![aeiounm])', 'I', 'g');
    s := regexp_replace(s, '[ae][nm](?![aeiounm])', 'A', 'g');
    s := regexp_replace(s, 'o[nm](?![aeiounm])', 'O', 'g');
    s := regexp_replace(s, '[ae]i', 'e', 'g');
    s := replace(replace(replace(replace(s, 'll', 'l'), 'tt', 't'), 'nn', 'n'), 'ss', 's');
    s := replace(replace(replace(replace(s, 'rr', 'r'), 'pp', 'p'), 'mm', 'm'), 'ff', 'f');
    s := replace(replace(replace(replace(s, 'dd', 'd'), 'gg', 'g'), 'bb', 'b'), 'kk', 'k');
    s := replace(replace(replace(replace(s, 'vv', 'v'), 'jj', 'j'), 'CC', 'C'), 'ee', 'e');
    s := replace(replace(replace(replace(s, 'ii', 'i'), 'oo', 'o'), 'aa', 'a'), 'uu', 'u');
    s := regexp_replace(s, '(\w\w)(es?|[tdxps]+)\M', '\1', 'g');
    RETURN coalesce((SELECT string_agg(DISTINCT word, ' ' ORDER BY word)
                     FROM unnest(string_to_array(s, ' ')) word WHERE word <> ''), '');
END $$;
CREATE FUNCTION pg_temp.address_by_patterns(street text, postal_code text, city text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    way text := pg_temp.search_key_in_sql(street);
    place text := pg_temp.search_key_in_sql(replace(coalesce(postal_code, ''), ' ', ''));
BEGIN
    IF place = '' THEN place := pg_temp.search_key_in_sql(coalesce(city, '')); END IF;
    IF coalesce(way, '') = '' OR place = '' THEN RETURN NULL; END IF;
    way := ' ' || way || ' ';
    way := replace(replace(replace(way, ' av ', ' avenue '), ' ave ', ' avenue '), ' r ', ' rue ');
    way := replace(replace(replace(way, ' bd ', ' boulevard '), ' blvd ', ' boulevard '), ' boul ', ' boulevard ');
    way := replace(replace(replace(way, ' pl ', ' place '), ' rte ', ' route '), ' imp ', ' impasse ');
    RETURN place || rtrim(way);
END $$;
CREATE FUNCTION pg_temp.search_key_in_sql(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    -- Versions of PostgreSQL have different rules for ª º ¼ ½ ¾.
    SELECT trim(regexp_replace(lower(public.unaccent('public.unaccent'::regdictionary,
        replace(replace(replace(translate(value, 'ªº', 'ao'), '¼', ' 1/4'), '½', ' 1/2'), '¾', ' 3/4'))),
        '[^0-9a-z@]+', ' ', 'g'))
$$;
