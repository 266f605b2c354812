-- The search for people who are one. Profiles are written by the scan itself, which nobody else reads.

CREATE FUNCTION people_profiles(org bigint, after bigint, most integer, OUT done integer, OUT last bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF org IS DISTINCT FROM NULLIF(current_setting('app.org_id', true), '')::bigint THEN
        RAISE EXCEPTION 'not the organization of this transaction';
    END IF;
    WITH these AS MATERIALIZED (
        SELECT p.* FROM clients_person p WHERE p.organization_id = org AND p.id > after AND p.deleted_at IS NULL
        ORDER BY p.id LIMIT most
    ), written AS (
        INSERT INTO clients_personprofile (person_id, organization_id, name, sound, keys)
        SELECT p.id, org, duplicate_name(p.sort_key), s.sound,
            duplicate_keys(s.sound, p.birth_date, p.emails::text[], p.phones, '{}', coalesce(
                (SELECT jsonb_agg(jsonb_build_object('street', a.street, 'postal_code', a.postal_code, 'city', a.city))
                 FROM clients_address a WHERE a.person_id = p.id), '[]'))
        FROM these p CROSS JOIN LATERAL (SELECT french_sound(p.sort_key) AS sound OFFSET 0) s
        ON CONFLICT (person_id) DO UPDATE
            SET name = EXCLUDED.name, sound = EXCLUDED.sound, keys = EXCLUDED.keys
    )
    SELECT count(*), max(id) INTO done, last FROM these;
END $$;

-- One part of all shared values, as `duplicates_scan` of clients. What more than `most` share brings nobody together: the
-- switchboard of a firm, « contact@… ».
CREATE FUNCTION people_scan(
    org bigint, part integer, parts integer, weights jsonb, threshold integer, by_sound boolean, most integer
) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE number integer;
BEGIN
    IF org IS DISTINCT FROM NULLIF(current_setting('app.org_id', true), '')::bigint THEN
        RAISE EXCEPTION 'not the organization of this transaction';
    END IF;
    WITH shared AS MATERIALIZED (
        SELECT array_agg(d.person_id) AS ids FROM clients_personprofile d CROSS JOIN LATERAL unnest(d.keys) k(key)
        WHERE d.organization_id = org AND left(k.key, 1) <> 'b' AND (by_sound OR left(k.key, 1) <> 's')
          AND (hashtext(k.key) & 2147483647) % parts = part
        GROUP BY k.key HAVING count(*) BETWEEN 2 AND most
    ), found AS (
        SELECT DISTINCT least(a.id, b.id) AS first_id, greatest(a.id, b.id) AS second_id
        FROM shared s CROSS JOIN LATERAL unnest(s.ids) a(id) CROSS JOIN LATERAL unnest(s.ids) b(id) WHERE a.id < b.id
    ), written AS (
        INSERT INTO clients_personpair (organization_id, first_id, second_id, score, reasons, found_at)
        SELECT org, f.first_id, f.second_id, s.score, s.reasons, clock_timestamp()
        FROM found f
        JOIN clients_personprofile a ON a.person_id = f.first_id
        JOIN clients_personprofile b ON b.person_id = f.second_id
        CROSS JOIN LATERAL duplicate_score(a.name, a.sound, a.keys, '{}', b.name, b.sound, b.keys, '{}', weights) s
        WHERE s.score >= threshold AND s.score > 0
          AND NOT EXISTS (SELECT 1 FROM clients_notsameperson n
                          WHERE n.first_id = f.first_id AND n.second_id = f.second_id)
        ON CONFLICT (first_id, second_id) DO UPDATE
            SET score = EXCLUDED.score, reasons = EXCLUDED.reasons, found_at = EXCLUDED.found_at
        RETURNING 1
    )
    SELECT count(*) INTO number FROM written;
    RETURN number;
END $$;
