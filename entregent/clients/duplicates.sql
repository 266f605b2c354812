-- Likely duplicates: what a client is compared by, how two are compared, and who is worth comparing. One set of functions
-- for the hint while typing, for imports and for the scan. Those that read profiles run as the owner, since a policy
-- would hide their indexes, and look at the organization of the transaction themselves.

-- Those of the words that are not empty, each once, in alphabetical order. A query of its own would cost more than to
-- sort these few.
CREATE OR REPLACE FUNCTION duplicate_words(words text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE kept text[] := '{}'; number integer := 0; word text; place integer;
BEGIN
    FOREACH word IN ARRAY words LOOP
        CONTINUE WHEN word = '' OR word = ANY (kept);
        place := number;
        WHILE place > 0 AND kept[place] > word LOOP place := place - 1; END LOOP;
        IF place = number THEN kept := kept || word; ELSE kept := kept[:place] || word || kept[place + 1:]; END IF;
        number := number + 1;
    END LOOP;
    RETURN array_to_string(kept, ' ');
END $$;

-- How a name sounds in French: « Lefèvre », « Lefebvre » and « Le Febvre » give the same. Titles and legal forms fall
-- away, particles join their word, words stand in alphabetical order. A, I, O are the nasals of « an », « in », « on »,
-- C the sound of « ch »; E and Q stand for what is done with until the end of the line. Texts are replaced rather than
-- patterns wherever that gives the same, since this is worked out for each row of an import.
CREATE OR REPLACE FUNCTION french_sound(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    s text := replace(search_key(value), '@', ' ');
    words text[] := string_to_array(s, ' ');
    sounds text[] := '{}';
    word text;
BEGIN
    IF words && '{m,mr,mme,mlle,monsieur,madame,sarl,sas,sasu,sa,eurl,sci,scop,snc,gaec,earl,inc,lte,ltee,ltd,cie,societe,ets,et}'
    THEN
        s := regexp_replace(s, '\m(mr?|mme|mlle|monsieur|madame|sarl|sasu?|sa|eurl|sci|scop|snc|gaec|earl|inc|lte?e|ltd|cie|societe|ets|et)\M',
                            '', 'g');
    END IF;
    IF words && '{saint,sainte,st,ste,le,les,la,de,du,des,d,l}' THEN
        s := replace(replace(' ' || s || ' ', ' st ', ' saint '), ' ste ', ' sainte ');
        s := regexp_replace(s, '\m(sainte?|les?|la|de|du|des|d|l)\s+(?=\S)', '\1', 'g');
    END IF;
    s := translate(replace(s, 'ph', 'f'), 'wyz', 'vis');
    s := replace(replace(replace(replace(replace(s, 'chr', 'kr'), 'chl', 'kl'), 'sch', 'C'), 'ch', 'C'), 'sh', 'C');
    s := replace(replace(replace(replace(s, 'ce', 'se'), 'ci', 'si'), 'ge', 'je'), 'gi', 'ji');
    s := replace(replace(s, 'gue', 'ge'), 'gui', 'gi');
    s := translate(replace(replace(replace(replace(s, 'cqu', 'Q'), 'cq', 'Q'), 'ck', 'Q'), 'qu', 'Q'), 'cqQh', 'kkk');
    s := replace(replace(s, 'gn', 'n'), 'bv', 'v');
    s := replace(replace(replace(replace(s, 'eau', 'o'), 'ault', 'o'), 'auld', 'o'), 'au', 'o');
    s := replace(replace(replace(replace(s, 'oeu', 'E'), 'eu', 'E'), 'oe', 'E'), 'E', 'e');
    s := regexp_replace(s, '(ai|ei|i|u)[nm](?![aeiounm])', 'I', 'g');
    s := regexp_replace(s, '[ae][nm](?![aeiounm])', 'A', 'g');
    s := regexp_replace(s, 'o[nm](?![aeiounm])', 'O', 'g');
    s := replace(replace(replace(s, 'ai', 'E'), 'ei', 'E'), 'E', 'e');
    -- Doubled letters, one by one: a back reference is slow.
    s := replace(replace(replace(replace(s, 'll', 'l'), 'tt', 't'), 'nn', 'n'), 'ss', 's');
    s := replace(replace(replace(replace(s, 'rr', 'r'), 'pp', 'p'), 'mm', 'm'), 'ff', 'f');
    s := replace(replace(replace(replace(s, 'dd', 'd'), 'gg', 'g'), 'bb', 'b'), 'kk', 'k');
    s := replace(replace(replace(replace(s, 'vv', 'v'), 'jj', 'j'), 'CC', 'C'), 'ee', 'e');
    s := replace(replace(replace(replace(s, 'ii', 'i'), 'oo', 'o'), 'aa', 'a'), 'uu', 'u');
    -- What is not heard at the end of a word that keeps two letters.
    FOREACH word IN ARRAY string_to_array(s, ' ') LOOP
        sounds := sounds || CASE
            WHEN length(word) < 3 THEN word
            WHEN right(word, 1) = 'e' THEN left(word, -1)
            WHEN right(word, 2) = 'es' AND length(word) > 3 THEN left(word, -2)
            ELSE left(word, 2) || rtrim(substr(word, 3), 'tdxps') END;
    END LOOP;
    RETURN duplicate_words(sounds);
END $$;

-- The words of a name in search form, in alphabetical order.
CREATE OR REPLACE FUNCTION duplicate_name(sort_key text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN coalesce(duplicate_words(string_to_array(sort_key, ' ')), '');
END $$;

-- « 12 bis, av. de la Gare » and « 12 BIS AVENUE DE LA GARE » give the same. Nothing without a street and a place.
CREATE OR REPLACE FUNCTION duplicate_address(street text, postal_code text, city text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    way text := coalesce(search_key(street), '');
    place text := coalesce(postal_code, '');
BEGIN
    IF way = '' THEN RETURN NULL; END IF;
    IF place !~ '^[0-9]{1,16}$' THEN place := search_key(replace(place, ' ', '')); END IF;
    IF place = '' THEN place := search_key(coalesce(city, '')); END IF;
    IF place = '' THEN RETURN NULL; END IF;
    way := ' ' || way || ' ';
    IF string_to_array(way, ' ') && '{av,ave,r,bd,blvd,boul,pl,rte,imp}' THEN
        way := replace(replace(replace(way, ' av ', ' avenue '), ' ave ', ' avenue '), ' r ', ' rue ');
        way := replace(replace(replace(way, ' bd ', ' boulevard '), ' blvd ', ' boulevard '), ' boul ', ' boulevard ');
        way := replace(replace(replace(way, ' pl ', ' place '), ' rte ', ' route '), ' imp ', ' impasse ');
    END IF;
    RETURN place || rtrim(way);
END $$;

-- The values by which a client is compared; `places`: [{"street", "postal_code", "city"}]. Loops instead of statements:
-- this is worked out for each row of an import.
CREATE OR REPLACE FUNCTION duplicate_keys(
    sound text, birth_date date, emails text[], phones jsonb, identifiers jsonb, places jsonb
) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE keys text[] := '{}'; value text; code text;
BEGIN
    IF sound <> '' THEN
        keys := keys || ('s:' || sound);
        IF birth_date IS NOT NULL THEN keys := keys || ('n:' || sound || '|' || birth_date); END IF;
    END IF;
    IF birth_date IS NOT NULL THEN keys := keys || ('b:' || birth_date); END IF;
    IF emails IS NOT NULL THEN
        FOREACH value IN ARRAY emails LOOP
            IF value <> '' THEN keys := keys || left('e:' || lower(value), 300); END IF;
        END LOOP;
    END IF;
    FOR i IN 0 .. jsonb_array_length(phones) - 1 LOOP
        value := phones -> i ->> 'number';
        IF length(value) > 5 THEN keys := keys || left('p:' || value, 300); END IF;
    END LOOP;
    IF identifiers <> '{}' THEN
        FOR code, value IN SELECT j.key, upper(j.value) FROM jsonb_each_text(identifiers) j WHERE j.value <> '' LOOP
            keys := keys || left('i:' || code || ':' || value, 300);
            -- The establishment says its company as well.
            IF code = 'siret' AND NOT identifiers ? 'siren' THEN keys := keys || ('i:siren:' || left(value, 9)); END IF;
        END LOOP;
    END IF;
    FOR i IN 0 .. jsonb_array_length(places) - 1 LOOP
        value := duplicate_address(places -> i ->> 'street', places -> i ->> 'postal_code', places -> i ->> 'city');
        IF value IS NOT NULL AND NOT ('a:' || value) = ANY (keys) THEN keys := keys || left('a:' || value, 300); END IF;
    END LOOP;
    RETURN keys;
END $$;

-- How alike two are, in points, and why. `weights` says what counts how much; reasons are codes of
-- `duplicates.rules.CRITERIA`. What only people of both share (their common lawyer's phone) is no reason.
CREATE OR REPLACE FUNCTION duplicate_score(
    name_a text, sound_a text, keys_a text[], people_a text[],
    name_b text, sound_b text, keys_b text[], people_b text[], weights jsonb,
    OUT score integer, OUT reasons text[]
) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    shared text := (
        SELECT coalesce(string_agg(DISTINCT left(k, 1), ''), '') FROM (
            SELECT unnest(keys_a) INTERSECT (SELECT unnest(keys_b) UNION ALL SELECT unnest(people_b))
            UNION ALL (SELECT unnest(people_a) INTERSECT SELECT unnest(keys_b))) s(k));
    likeness real := CASE
        WHEN name_a = '' OR name_b = '' THEN 0
        WHEN name_a = name_b THEN 1
        WHEN sound_a = sound_b AND sound_a <> '' THEN 0.9
        ELSE greatest(
            CASE WHEN string_to_array(name_a, ' ') <@ string_to_array(name_b, ' ')
                   OR string_to_array(name_b, ' ') <@ string_to_array(name_a, ' ') THEN 0.8 ELSE 0 END,
            similarity(name_a, name_b)) END;
    points real := 0;
    against boolean;
BEGIN
    reasons := '{}';
    IF likeness >= 0.5 THEN
        points := points + likeness * coalesce((weights ->> 'name')::real, 0);
        reasons := reasons || CASE WHEN likeness = 1 THEN 'name' ELSE 'name_alike' END;
    END IF;
    IF strpos(shared, 'p') > 0 THEN
        points := points + coalesce((weights ->> 'phone')::real, 0);
        reasons := reasons || 'phone'::text;
    END IF;
    IF strpos(shared, 'e') > 0 THEN
        points := points + coalesce((weights ->> 'email')::real, 0);
        reasons := reasons || 'email'::text;
    END IF;
    IF strpos(shared, 'i') > 0 THEN
        points := points + coalesce((weights ->> 'identifier')::real, 0);
        reasons := reasons || 'identifier'::text;
    END IF;
    IF strpos(shared, 'a') > 0 THEN
        points := points + coalesce((weights ->> 'address')::real, 0);
        reasons := reasons || 'address'::text;
    END IF;
    IF strpos(shared, 'b') > 0 THEN
        points := points + coalesce((weights ->> 'birth_date')::real, 0);
        reasons := reasons || 'birth_date'::text;
    ELSE
        SELECT EXISTS (SELECT 1 FROM unnest(keys_a) k WHERE k LIKE 'b:%')
           AND EXISTS (SELECT 1 FROM unnest(keys_b) k WHERE k LIKE 'b:%') INTO against;
        IF against THEN
            points := points - coalesce((weights ->> 'other_birth_date')::real, 0);
            reasons := reasons || 'other_birth_date'::text;
        END IF;
    END IF;
    SELECT EXISTS (
        SELECT 1 FROM unnest(keys_a) x WHERE x LIKE 'i:%' AND NOT x = ANY (keys_b)
          AND EXISTS (SELECT 1 FROM unnest(keys_b) y WHERE y LIKE 'i:%' AND split_part(y, ':', 2) = split_part(x, ':', 2)))
    INTO against;
    IF against THEN
        points := points - coalesce((weights ->> 'other_identifier')::real, 0);
        reasons := reasons || 'other_identifier'::text;
    END IF;
    score := greatest(0, least(100, round(points)))::integer;
END $$;

-- Writes the profiles of these clients anew. Called with the search index (`clients_index`).
CREATE OR REPLACE FUNCTION clients_duplicate_profiles(ids bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM clients_duplicateprofile d USING clients_client c
    WHERE d.client_id = ANY (ids) AND c.id = d.client_id AND (c.deleted_at IS NOT NULL OR c.status = 'removed');
    INSERT INTO clients_duplicateprofile (client_id, organization_id, name, sound, keys, people_keys)
    SELECT c.id, c.organization_id, duplicate_name(c.sort_key), s.sound,
        duplicate_keys(s.sound, c.birth_date, c.emails::text[], c.phones, c.identifiers, coalesce(
            (SELECT jsonb_agg(jsonb_build_object('street', a.street, 'postal_code', a.postal_code, 'city', a.city))
             FROM clients_address a WHERE a.client_id = c.id), '[]')),
        coalesce((SELECT array_agg(DISTINCT key)
                  FROM clients_clientperson cp JOIN clients_person p ON p.id = cp.person_id,
                       unnest(duplicate_keys('', NULL, p.emails::text[], p.phones, '{}', '[]')) AS key
                  WHERE cp.client_id = c.id AND p.deleted_at IS NULL), '{}')
    FROM clients_client c CROSS JOIN LATERAL (SELECT french_sound(c.sort_key) AS sound OFFSET 0) s
    WHERE c.id = ANY (ids) AND c.deleted_at IS NULL AND c.status <> 'removed'
    ON CONFLICT (client_id) DO UPDATE
        SET organization_id = EXCLUDED.organization_id, name = EXCLUDED.name, sound = EXCLUDED.sound,
            keys = EXCLUDED.keys, people_keys = EXCLUDED.people_keys
        WHERE (clients_duplicateprofile.name, clients_duplicateprofile.keys, clients_duplicateprofile.people_keys)
            IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.keys, EXCLUDED.people_keys);
END $$;

-- Those of the values that some client of the organization has, or somebody at a client: hardly any of a file of new
-- clients. Some hundreds at a time, since the work of the index grows with the square of their number.
CREATE OR REPLACE FUNCTION duplicate_keys_known(org bigint, keys text[]) RETURNS text[] LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE known text[] := '{}'; piece text[]; found text[];
BEGIN
    IF org IS DISTINCT FROM NULLIF(current_setting('app.org_id', true), '')::bigint THEN RETURN known; END IF;
    FOR place IN 1 .. coalesce(cardinality(keys), 0) BY 250 LOOP
        piece := keys[place : place + 249];
        SELECT array_agg(DISTINCT k.key) INTO found FROM (
            SELECT x AS key FROM clients_duplicateprofile d, unnest(d.keys) x
            WHERE d.keys && piece AND d.organization_id = org
            UNION ALL SELECT x FROM clients_duplicateprofile d, unnest(d.people_keys) x
            WHERE d.people_keys && piece AND d.organization_id = org) k
        WHERE k.key = ANY (piece);
        known := known || found;
    END LOOP;
    RETURN known;
END $$;

-- Who in the organization is like what is given, the most alike first. `also` names further clients worth comparing
-- (found by the words of a name). At most 500 are compared: a value that more of them share says nothing.
-- Without a sound, `name` is a name in search form, and its sound is worked out where there is anybody to compare with.
-- In PL/pgSQL, which keeps its plans: an import asks for each row. Each kind of value by itself and never by walking the
-- table, since the planner cannot know that hardly anything is shared.
CREATE OR REPLACE FUNCTION duplicates_of(
    org bigint, name text, sound text, keys text[], people text[], also bigint[], weights jsonb, threshold integer
) RETURNS TABLE (client_id bigint, score integer, reasons text[]) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE ids bigint[] := coalesce($6, '{}'); found bigint[];
BEGIN
    IF $1 IS DISTINCT FROM NULLIF(current_setting('app.org_id', true), '')::bigint THEN RETURN; END IF;
    IF $4 <> '{}' THEN
        SELECT array_agg(f.client_id) INTO found FROM (
            SELECT d.client_id FROM clients_duplicateprofile d WHERE d.keys && $4
            UNION ALL SELECT d.client_id FROM clients_duplicateprofile d WHERE d.people_keys && $4) f;
        ids := ids || found;
    END IF;
    IF $5 <> '{}' THEN
        SELECT array_agg(d.client_id) INTO found FROM clients_duplicateprofile d WHERE d.keys && $5;
        ids := ids || found;
    END IF;
    IF ids = '{}' THEN RETURN; END IF;
    IF $3 IS NULL THEN
        sound := french_sound($2);
        name := duplicate_name($2);
    END IF;
    RETURN QUERY
        SELECT f.client_id, s.score, s.reasons
        FROM (
            SELECT d.* FROM clients_duplicateprofile d
            WHERE d.client_id = ANY (ids) AND d.organization_id = $1 LIMIT 500
        ) f CROSS JOIN LATERAL duplicate_score($2, $3, $4, $5, f.name, f.sound, f.keys, f.people_keys, $7) s
        WHERE s.score >= $8 AND s.score > 0 ORDER BY s.score DESC, f.client_id;
END $$;

-- One part of the scan: of all values whose hash falls into `part` of `parts`, those that several clients share bring these
-- together, and each two of them are compared once. A value that more than `most` share brings nobody together: it would
-- compare everybody with everybody. Writes the pairs that reach the threshold and were not said to be two. `by_sound`:
-- names alone may bring two together.
CREATE OR REPLACE FUNCTION duplicates_scan(
    org bigint, part integer, parts integer, weights jsonb, threshold integer, by_sound boolean, most integer,
    OUT common integer, OUT pairs integer
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF org IS DISTINCT FROM NULLIF(current_setting('app.org_id', true), '')::bigint THEN
        RAISE EXCEPTION 'not the organization of this transaction';
    END IF;
    WITH shared AS MATERIALIZED (
        SELECT array_agg(v.client_id) AS ids, array_agg(v.is_own) AS own, count(*) AS number
        FROM (
            SELECT k.key, d.client_id, k.is_own
            FROM clients_duplicateprofile d CROSS JOIN LATERAL (
                SELECT x, true FROM unnest(d.keys) x UNION ALL SELECT x, false FROM unnest(d.people_keys) x
            ) k(key, is_own)
            WHERE d.organization_id = org AND left(k.key, 1) <> 'b' AND (by_sound OR left(k.key, 1) <> 's')
              AND (hashtext(k.key) & 2147483647) % parts = part
        ) v
        GROUP BY v.key HAVING count(*) > 1 AND bool_or(v.is_own)
    ), found AS (
        SELECT DISTINCT least(a.id, b.id) AS first_id, greatest(a.id, b.id) AS second_id
        FROM shared s
        CROSS JOIN LATERAL unnest(s.ids, s.own) WITH ORDINALITY AS a(id, is_own, place)
        CROSS JOIN LATERAL unnest(s.ids, s.own) WITH ORDINALITY AS b(id, is_own, place)
        WHERE s.number <= most AND a.place < b.place AND a.id <> b.id AND (a.is_own OR b.is_own)
    ), written AS (
        INSERT INTO clients_duplicatepair (organization_id, first_id, second_id, score, reasons, found_at)
        SELECT org, f.first_id, f.second_id, s.score, s.reasons, clock_timestamp()
        FROM found f
        JOIN clients_duplicateprofile a ON a.client_id = f.first_id
        JOIN clients_duplicateprofile b ON b.client_id = f.second_id
        CROSS JOIN LATERAL duplicate_score(
            a.name, a.sound, a.keys, a.people_keys, b.name, b.sound, b.keys, b.people_keys, weights) s
        WHERE s.score >= threshold AND s.score > 0
          AND NOT EXISTS (SELECT 1 FROM clients_notduplicate n
                          WHERE n.first_id = f.first_id AND n.second_id = f.second_id)
        ON CONFLICT (first_id, second_id) DO UPDATE
            SET score = EXCLUDED.score, reasons = EXCLUDED.reasons, found_at = EXCLUDED.found_at
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM shared s WHERE s.number > most), (SELECT count(*) FROM written) INTO common, pairs;
END $$;
