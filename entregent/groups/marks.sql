-- The marks of clients in groups, in the reach of members (clients/marks.py), and how many clients and program accounts a
-- group has: kept by triggers, whatever path a membership takes. The mark of a group is its id with the bit
-- 4611686018427387904; that bit alone marks a client that has a relationship and is in no group.
--
-- What relationships, programs and ties change is written down in turn with changes of groups (the lock of
-- groups.effects), so that each sees all of the other.

-- The moment from which on a client is reached by its group no longer: midnight after the last day of its relationship,
-- where the organization works; long past where there is none that holds, nothing where it has no last day.
CREATE OR REPLACE FUNCTION groups_until(relationship bigint, last_day date, time_zone text) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN relationship IS NULL THEN 'epoch'::timestamptz
                WHEN last_day IS NULL THEN NULL
                ELSE (last_day + 1)::timestamp AT TIME ZONE time_zone END
$$;

CREATE OR REPLACE FUNCTION groups_in_turn(organizations bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('groups-effect'), (x.id % 2147483648)::int)
    FROM (SELECT DISTINCT id FROM unnest(organizations) id ORDER BY 1) x;
END $$;

-- How many program accounts these clients let the provider act for: all of the business, or those chosen.
CREATE OR REPLACE FUNCTION groups_programs(clients bigint[]) RETURNS bigint LANGUAGE sql STABLE
AS $$
    SELECT coalesce(sum(CASE r.level
        WHEN 'business' THEN (SELECT count(*) FROM relationships_programaccount p WHERE p.account_id = r.account_id)
        ELSE (SELECT count(*) FROM relationships_relationshipprogram p WHERE p.relationship_id = r.id) END), 0)::bigint
    FROM clients_client c
    JOIN relationships_relationship r
        ON r.organization_id = c.organization_id AND r.account_id = c.business_account_id AND r.state = 'active'
    WHERE c.id = ANY (clients)
$$;

-- Which of these clients are in no group, and could be.
CREATE OR REPLACE FUNCTION groups_refresh_free(clients bigint[]) RETURNS void LANGUAGE plpgsql
AS $$
BEGIN
    DELETE FROM clients_clientreach m
    WHERE m.client_id = ANY (clients) AND m.sector_id = 4611686018427387904;
    INSERT INTO clients_clientreach (organization_id, sector_id, client_id, gone, before)
    SELECT c.organization_id, 4611686018427387904, c.id, c.deleted_at IS NOT NULL, '{}'
    FROM clients_client c
    JOIN relationships_relationship r
        ON r.organization_id = c.organization_id AND r.account_id = c.business_account_id AND r.state = 'active'
    WHERE c.id = ANY (clients) AND (
        SELECT m.id FROM groups_groupmember m
        WHERE m.organization_id = c.organization_id AND m.client_id = c.id AND m.left_at IS NULL LIMIT 1) IS NULL
    ON CONFLICT DO NOTHING;
END $$;

CREATE OR REPLACE FUNCTION group_member_entered() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE ids bigint[];
BEGIN
    SELECT array_agg(client_id) INTO ids FROM new_rows WHERE left_at IS NULL;
    IF ids IS NULL THEN RETURN NULL; END IF;
    DELETE FROM clients_clientreach r WHERE r.client_id = ANY (ids) AND r.sector_id >= 4611686018427387904;
    INSERT INTO clients_clientreach (organization_id, sector_id, client_id, gone, before, until)
    SELECT n.organization_id, 4611686018427387904 | n.group_id, n.client_id, c.deleted_at IS NOT NULL, '{}',
           groups_until(r.id, r.ends_on, o.time_zone)
    FROM new_rows n
    JOIN clients_client c ON c.id = n.client_id
    JOIN organizations_organization o ON o.id = n.organization_id
    LEFT JOIN relationships_relationship r
        ON r.organization_id = n.organization_id AND r.account_id = c.business_account_id AND r.state = 'active'
    WHERE n.left_at IS NULL
    ON CONFLICT DO NOTHING;
    UPDATE groups_clientgroup g
    SET member_count = g.member_count + cardinality(e.ids), program_count = g.program_count + groups_programs(e.ids)
    FROM (SELECT group_id, array_agg(client_id) AS ids FROM new_rows WHERE left_at IS NULL GROUP BY group_id) e
    WHERE g.id = e.group_id;
    RETURN NULL;
END $$;

-- Marks are found by the ids of their clients, each of whom has one at most, and not by joining them to the rows that
-- changed: a plan made for a few, or before there were marks, would compare every one with every other.
CREATE OR REPLACE FUNCTION group_member_left() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE ids bigint[];
BEGIN
    SELECT array_agg(client_id) INTO ids FROM old_rows WHERE left_at IS NULL;
    IF ids IS NULL THEN RETURN NULL; END IF;
    DELETE FROM clients_clientreach r WHERE r.client_id = ANY (ids) AND r.sector_id >= 4611686018427387904;
    PERFORM groups_refresh_free(ids);
    UPDATE groups_clientgroup g
    SET member_count = g.member_count - cardinality(e.ids), program_count = g.program_count - groups_programs(e.ids)
    FROM (SELECT group_id, array_agg(client_id) AS ids FROM old_rows WHERE left_at IS NULL GROUP BY group_id) e
    WHERE g.id = e.group_id;
    RETURN NULL;
END $$;

-- A membership that is closed or opened again, or that goes with a client that is merged into another.
CREATE OR REPLACE FUNCTION group_member_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE ids bigint[]; away bigint[];
BEGIN
    SELECT array_agg(client_id) INTO away FROM (
        SELECT group_id, client_id FROM old_rows WHERE left_at IS NULL
        EXCEPT SELECT group_id, client_id FROM new_rows WHERE left_at IS NULL) x;
    SELECT array_agg(client_id) INTO ids FROM (
        SELECT group_id, client_id FROM new_rows WHERE left_at IS NULL
        EXCEPT SELECT group_id, client_id FROM old_rows WHERE left_at IS NULL) x;
    IF away IS NULL AND ids IS NULL THEN RETURN NULL; END IF;
    DELETE FROM clients_clientreach r WHERE r.client_id = ANY (away || ids) AND r.sector_id >= 4611686018427387904;
    IF ids IS NOT NULL THEN
        INSERT INTO clients_clientreach (organization_id, sector_id, client_id, gone, before, until)
        SELECT n.organization_id, 4611686018427387904 | n.group_id, n.client_id, c.deleted_at IS NOT NULL, '{}',
               groups_until(r.id, r.ends_on, z.time_zone)
        FROM (
            SELECT organization_id, group_id, client_id FROM new_rows WHERE left_at IS NULL
            EXCEPT SELECT organization_id, group_id, client_id FROM old_rows WHERE left_at IS NULL
        ) n
        JOIN clients_client c ON c.id = n.client_id
        JOIN organizations_organization z ON z.id = n.organization_id
        LEFT JOIN relationships_relationship r
            ON r.organization_id = n.organization_id AND r.account_id = c.business_account_id AND r.state = 'active'
        ON CONFLICT DO NOTHING;
    END IF;
    IF away IS NOT NULL THEN PERFORM groups_refresh_free(away); END IF;
    UPDATE groups_clientgroup g
    SET member_count = g.member_count + moved.clients, program_count = g.program_count + moved.programs
    FROM (
        SELECT group_id, sum(sign * cardinality(every.ids)) AS clients,
               sum(sign * groups_programs(every.ids)) AS programs
        FROM (
            SELECT group_id, 1 AS sign, array_agg(client_id) AS ids FROM (
                SELECT group_id, client_id FROM new_rows WHERE left_at IS NULL
                EXCEPT SELECT group_id, client_id FROM old_rows WHERE left_at IS NULL) x GROUP BY group_id
            UNION ALL
            SELECT group_id, -1, array_agg(client_id) FROM (
                SELECT group_id, client_id FROM old_rows WHERE left_at IS NULL
                EXCEPT SELECT group_id, client_id FROM new_rows WHERE left_at IS NULL) x GROUP BY group_id
        ) every
        GROUP BY group_id
    ) moved
    WHERE g.id = moved.group_id AND (moved.clients <> 0 OR moved.programs <> 0);
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER group_member_entered AFTER INSERT ON groups_groupmember
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION group_member_entered();
CREATE OR REPLACE TRIGGER group_member_changed AFTER UPDATE ON groups_groupmember
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION group_member_changed();
CREATE OR REPLACE TRIGGER group_member_left AFTER DELETE ON groups_groupmember
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION group_member_left();

-- A relationship that is given, prolonged or ended; a client that is tied to another business.
CREATE OR REPLACE FUNCTION groups_refresh_until(clients bigint[]) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    UPDATE clients_clientreach m SET until = fresh.until
    FROM (
        SELECT c.id, groups_until(r.id, r.ends_on, o.time_zone) AS until
        FROM clients_client c
        JOIN organizations_organization o ON o.id = c.organization_id
        LEFT JOIN relationships_relationship r
            ON r.organization_id = c.organization_id AND r.account_id = c.business_account_id AND r.state = 'active'
        WHERE c.id = ANY (clients)
    ) fresh
    WHERE m.client_id = fresh.id AND m.client_id = ANY (clients) AND m.sector_id > 4611686018427387904
      AND m.until IS DISTINCT FROM fresh.until
$$;

-- `more`: what each change adds to the programs of a client of this account; to be counted in its group.
CREATE OR REPLACE FUNCTION groups_count_programs(organizations bigint[], accounts bigint[], more bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE groups_clientgroup g SET program_count = g.program_count + x.more
    FROM (
        SELECT m.group_id, sum(y.more) AS more
        FROM unnest(organizations, accounts, more) y (organization_id, account_id, more)
        JOIN clients_client c ON c.organization_id = y.organization_id AND c.business_account_id = y.account_id
        JOIN groups_groupmember m
            ON m.organization_id = c.organization_id AND m.client_id = c.id AND m.left_at IS NULL
        GROUP BY m.group_id HAVING sum(y.more) <> 0
    ) x
    WHERE g.id = x.group_id;
END $$;

-- What a relationship lets act for, as it stands or stood.
CREATE OR REPLACE FUNCTION groups_given(relationship bigint, account bigint, level text, state text) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN state <> 'active' THEN 0
        WHEN level = 'business' THEN (SELECT count(*) FROM relationships_programaccount p WHERE p.account_id = account)
        ELSE (SELECT count(*) FROM relationships_relationshipprogram p WHERE p.relationship_id = relationship) END
$$;

CREATE OR REPLACE FUNCTION relationship_until() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE ids bigint[]; orgs bigint[]; accounts bigint[]; more bigint[];
BEGIN
    -- That it was used, or that somebody was warned of its end, changes neither marks nor counts.
    IF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (
            SELECT 1 FROM new_rows n FULL JOIN old_rows o ON o.id = n.id
            WHERE (n.state, n.ends_on, n.account_id, n.level) IS DISTINCT FROM (o.state, o.ends_on, o.account_id, o.level)
        ) THEN RETURN NULL; END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN
        SELECT array_agg(organization_id), array_agg(account_id) INTO orgs, accounts FROM old_rows;
    ELSE
        SELECT array_agg(organization_id), array_agg(account_id) INTO orgs, accounts FROM new_rows;
    END IF;
    PERFORM groups_in_turn(orgs);
    SELECT array_agg(c.id) INTO ids
    FROM unnest(orgs, accounts) n (organization_id, account_id)
    JOIN clients_client c ON c.organization_id = n.organization_id AND c.business_account_id = n.account_id;
    IF ids IS NULL THEN RETURN NULL; END IF;
    PERFORM groups_refresh_until(ids);
    PERFORM groups_refresh_free(ids);
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(groups_given(id, account_id, level, state) ORDER BY id), array_agg(organization_id ORDER BY id),
               array_agg(account_id ORDER BY id)
        INTO more, orgs, accounts FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(-groups_given(id, account_id, level, state) ORDER BY id), array_agg(organization_id ORDER BY id),
               array_agg(account_id ORDER BY id)
        INTO more, orgs, accounts FROM old_rows;
    ELSE
        SELECT array_agg(y.more), array_agg(y.organization_id), array_agg(y.account_id) INTO more, orgs, accounts
        FROM (
            SELECT organization_id, account_id, groups_given(id, account_id, level, state) AS more FROM new_rows
            UNION ALL
            SELECT organization_id, account_id, -groups_given(id, account_id, level, state) FROM old_rows
        ) y;
    END IF;
    PERFORM groups_count_programs(orgs, accounts, more);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER relationship_until_insert AFTER INSERT ON relationships_relationship
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION relationship_until();
CREATE OR REPLACE TRIGGER relationship_until_update AFTER UPDATE ON relationships_relationship
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION relationship_until();
CREATE OR REPLACE TRIGGER relationship_until_delete AFTER DELETE ON relationships_relationship
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION relationship_until();

-- Programs of a business, and those chosen for a relationship.
CREATE OR REPLACE FUNCTION program_counted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE orgs bigint[]; accounts bigint[]; more bigint[];
BEGIN
    IF TG_TABLE_NAME = 'relationships_programaccount' THEN
        SELECT array_agg(r.organization_id) INTO orgs
        FROM rows n JOIN relationships_relationship r
            ON r.account_id = n.account_id AND r.state = 'active' AND r.level = 'business';
        IF orgs IS NULL THEN RETURN NULL; END IF;
        PERFORM groups_in_turn(orgs);
        SELECT array_agg(r.organization_id), array_agg(r.account_id), array_agg(CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END)
        INTO orgs, accounts, more
        FROM rows n JOIN relationships_relationship r
            ON r.account_id = n.account_id AND r.state = 'active' AND r.level = 'business';
    ELSE
        SELECT array_agg(organization_id) INTO orgs FROM rows;
        IF orgs IS NULL THEN RETURN NULL; END IF;
        PERFORM groups_in_turn(orgs);
        SELECT array_agg(r.organization_id), array_agg(r.account_id), array_agg(CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END)
        INTO orgs, accounts, more
        FROM rows n JOIN relationships_relationship r
            ON r.id = n.relationship_id AND r.state = 'active' AND r.level = 'program';
    END IF;
    IF orgs IS NOT NULL THEN PERFORM groups_count_programs(orgs, accounts, more); END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER program_counted_insert AFTER INSERT ON relationships_programaccount
    REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION program_counted();
CREATE OR REPLACE TRIGGER program_counted_delete AFTER DELETE ON relationships_programaccount
    REFERENCING OLD TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION program_counted();
CREATE OR REPLACE TRIGGER program_counted_insert AFTER INSERT ON relationships_relationshipprogram
    REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION program_counted();
CREATE OR REPLACE TRIGGER program_counted_delete AFTER DELETE ON relationships_relationshipprogram
    REFERENCING OLD TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION program_counted();

CREATE OR REPLACE FUNCTION client_tied_until() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE was bigint := 0; becomes bigint := 0;
BEGIN
    PERFORM groups_in_turn(ARRAY[NEW.organization_id]);
    PERFORM groups_refresh_free(ARRAY[NEW.id]);
    IF TG_OP = 'INSERT' THEN RETURN NULL; END IF;
    PERFORM groups_refresh_until(ARRAY[NEW.id]);
    SELECT coalesce(sum(groups_given(r.id, r.account_id, r.level, r.state)), 0) INTO was
    FROM relationships_relationship r
    WHERE r.organization_id = NEW.organization_id AND r.account_id = OLD.business_account_id AND r.state = 'active';
    becomes := groups_programs(ARRAY[NEW.id]);
    IF was <> becomes THEN
        UPDATE groups_clientgroup g SET program_count = g.program_count + becomes - was
        FROM groups_groupmember m
        WHERE m.organization_id = NEW.organization_id AND m.client_id = NEW.id AND m.left_at IS NULL
          AND g.id = m.group_id;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER client_tied_until AFTER UPDATE OF business_account_id ON clients_client FOR EACH ROW
    WHEN (OLD.business_account_id IS DISTINCT FROM NEW.business_account_id) EXECUTE FUNCTION client_tied_until();
CREATE OR REPLACE TRIGGER client_tied_from_the_start AFTER INSERT ON clients_client FOR EACH ROW
    WHEN (NEW.business_account_id IS NOT NULL) EXECUTE FUNCTION client_tied_until();
