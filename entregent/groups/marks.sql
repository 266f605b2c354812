-- The marks of clients in groups, in the reach of members (clients/marks.py), and how many clients a group has: kept by
-- triggers, whatever path a membership takes. The mark of a group is its id with the bit 4611686018427387904.

-- The moment from which on a client is reached by its group no longer: midnight after the last day of its relationship,
-- where the organization works; long past where there is none that holds, nothing where it has no last day.
CREATE OR REPLACE FUNCTION groups_until(relationship bigint, last_day date, time_zone text) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN relationship IS NULL THEN 'epoch'::timestamptz
                WHEN last_day IS NULL THEN NULL
                ELSE (last_day + 1)::timestamp AT TIME ZONE time_zone END
$$;

CREATE OR REPLACE FUNCTION group_member_entered() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
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
    UPDATE groups_clientgroup g SET member_count = g.member_count + entered.number
    FROM (SELECT group_id, count(*) AS number FROM new_rows WHERE left_at IS NULL GROUP BY group_id) entered
    WHERE g.id = entered.group_id;
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
    UPDATE groups_clientgroup g SET member_count = g.member_count - gone.number
    FROM (SELECT group_id, count(*) AS number FROM old_rows WHERE left_at IS NULL GROUP BY group_id) gone
    WHERE g.id = gone.group_id;
    RETURN NULL;
END $$;

-- A membership that is closed or opened again, or that goes with a client that is merged into another.
CREATE OR REPLACE FUNCTION group_member_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE ids bigint[];
BEGIN
    SELECT array_agg(client_id) INTO ids FROM (
        SELECT group_id, client_id FROM old_rows WHERE left_at IS NULL
        EXCEPT SELECT group_id, client_id FROM new_rows WHERE left_at IS NULL) x;
    IF ids IS NOT NULL THEN
        DELETE FROM clients_clientreach r WHERE r.client_id = ANY (ids) AND r.sector_id >= 4611686018427387904;
    END IF;
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
    UPDATE groups_clientgroup g SET member_count = g.member_count + moved.number
    FROM (
        SELECT group_id, sum(number) AS number FROM (
            SELECT n.group_id, 1 AS number FROM new_rows n WHERE n.left_at IS NULL
            UNION ALL
            SELECT o.group_id, -1 FROM old_rows o WHERE o.left_at IS NULL) every
        GROUP BY group_id HAVING sum(number) <> 0
    ) moved
    WHERE g.id = moved.group_id;
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
    WHERE m.client_id = fresh.id AND m.client_id = ANY (clients) AND m.sector_id >= 4611686018427387904
      AND m.until IS DISTINCT FROM fresh.until
$$;

CREATE OR REPLACE FUNCTION relationship_until() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE ids bigint[];
BEGIN
    -- That it was used, or that somebody was warned of its end, changes no mark.
    IF TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (
            SELECT 1 FROM new_rows n FULL JOIN old_rows o ON o.id = n.id
            WHERE (n.state, n.ends_on, n.account_id) IS DISTINCT FROM (o.state, o.ends_on, o.account_id)
        ) THEN RETURN NULL; END IF;
    END IF;
    -- A change of groups that is taking effect marks its clients by the relationship of before (groups.effects).
    PERFORM pg_advisory_xact_lock(hashtext('groups-effect'), (x.organization_id % 2147483648)::int)
    FROM (SELECT DISTINCT organization_id FROM new_rows ORDER BY 1) x;
    SELECT array_agg(c.id) INTO ids
    FROM new_rows n
    JOIN clients_client c ON c.organization_id = n.organization_id AND c.business_account_id = n.account_id;
    IF ids IS NOT NULL THEN PERFORM groups_refresh_until(ids); END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER relationship_until_insert AFTER INSERT ON relationships_relationship
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION relationship_until();
CREATE OR REPLACE TRIGGER relationship_until_update AFTER UPDATE ON relationships_relationship
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION relationship_until();

CREATE OR REPLACE FUNCTION client_tied_until() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM groups_refresh_until(ARRAY[NEW.id]);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER client_tied_until AFTER UPDATE OF business_account_id ON clients_client FOR EACH ROW
    WHEN (OLD.business_account_id IS DISTINCT FROM NEW.business_account_id) EXECUTE FUNCTION client_tied_until();
