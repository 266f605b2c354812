-- What every request asks on its way in, each in one statement.

-- Grants that hold now, of the members and of the colleagues whom they replace today. An absent administrator's reach is
-- handed on with a manager's rights: administration itself is not, nor what the absent may not do. Sectors come with all
-- below them. Accesses through groups of clients hold as long as the module is on, and rest while it is off; those of one
-- role come as one row, by the id of the first, since somebody works with hundreds of groups. `apart`: one by one.
DROP FUNCTION IF EXISTS organizations_effective_grants(bigint, bigint[]);
CREATE OR REPLACE FUNCTION organizations_effective_grants(bigint, bigint[], apart boolean DEFAULT false)
RETURNS TABLE (member bigint, id bigint, role varchar, scope_type varchar, scope_ids bigint[], on_behalf_of varchar,
               until date, removed varchar[])
LANGUAGE sql STABLE AS $$
    WITH today AS (
        SELECT (now() AT TIME ZONE o.time_zone)::date AS day,
               'delegation' = ANY (o.modules) AND o.provider_kind <> '' AS has_groups
        FROM organizations_organization o WHERE o.id = $1
    ), standing AS (
        SELECT m.id AS member, m.id, m.role, m.role = 'admin' AS is_whole, '' AS on_behalf_of, NULL::date AS until,
               '{}'::varchar[] AS removed
        FROM organizations_membership m WHERE m.organization_id = $1 AND m.id = ANY ($2)
        UNION ALL
        SELECT s.substitute_id, a.id, CASE a.role WHEN 'admin' THEN 'manager' ELSE a.role END, a.role = 'admin', u.name,
               s.ends_on, a.rights_removed
        FROM organizations_substitution s
        JOIN today ON today.day BETWEEN s.starts_on AND s.ends_on
        JOIN organizations_membership a ON a.id = s.absent_id AND a.is_active
        JOIN organizations_user u ON u.id = a.user_id
        WHERE s.organization_id = $1 AND s.substitute_id = ANY ($2)
    ), given AS (
        SELECT g.membership_id, min(g.id) AS id, g.role, g.scope_type, array_agg(g.scope_id ORDER BY g.scope_id) AS ids
        FROM organizations_grant g CROSS JOIN today
        WHERE g.organization_id = $1 AND g.membership_id IN (SELECT standing.id FROM standing)
          AND (g.starts_on IS NULL OR g.starts_on <= today.day) AND (g.ends_on IS NULL OR g.ends_on >= today.day)
          AND (g.scope_type <> 'group' OR today.has_groups)
        GROUP BY g.membership_id, g.role, g.scope_type, CASE WHEN g.scope_type = 'group' AND NOT $3 THEN 0 ELSE g.id END
    )
    SELECT standing.member, given.id, coalesce(given.role, standing.role), given.scope_type,
           CASE given.scope_type
             WHEN 'sector' THEN ARRAY(
                SELECT below.id FROM organizations_sector root
                JOIN organizations_sector below ON below.organization_id = root.organization_id
                    AND below.path LIKE root.path || '%'
                WHERE root.id = given.ids[1] AND root.organization_id = $1)
             WHEN 'organization' THEN ARRAY[]::bigint[]
             ELSE given.ids END,
           standing.on_behalf_of, standing.until, standing.removed
    FROM given
    JOIN standing ON standing.id = given.membership_id
    UNION ALL
    SELECT standing.member, 0, standing.role, 'organization', ARRAY[]::bigint[], standing.on_behalf_of, standing.until,
           standing.removed
    FROM standing WHERE standing.is_whole
    ORDER BY 1, 2;
$$;

-- Inside the wall of an organization for the rest of the transaction, with what the members reach there.
CREATE OR REPLACE FUNCTION organizations_enter(organization bigint, who bigint, most text, members bigint[])
RETURNS TABLE (member bigint, id bigint, role varchar, scope_type varchar, scope_ids bigint[], on_behalf_of varchar,
               until date, removed varchar[])
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('app.org_id', organization::text, true), set_config('app.user_id', coalesce(who::text, ''), true),
            set_config('app.action_id', '', true);
    IF most <> '' THEN
        PERFORM set_config('statement_timeout', most, true);
    END IF;
    RETURN QUERY SELECT * FROM organizations_effective_grants(organization, members);
END $$;

-- A user and their memberships, as JSON: what stands behind a session. Read as the person themselves, whatever the
-- transaction at hand was doing.
CREATE OR REPLACE FUNCTION organizations_who(wanted bigint) RETURNS json LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    organization text := coalesce(current_setting('app.org_id', true), '');
    person text := coalesce(current_setting('app.user_id', true), '');
    found json;
BEGIN
    PERFORM set_config('app.org_id', '', true), set_config('app.user_id', wanted::text, true);
    SELECT json_build_object('user', to_json(u), 'members', (
        SELECT coalesce(json_agg(json_build_array(to_json(m), to_json(o)) ORDER BY o.name, m.id), '[]')
        FROM organizations_membership m JOIN organizations_organization o ON o.id = m.organization_id
        WHERE m.user_id = wanted AND m.is_active))
    INTO found FROM organizations_user u WHERE u.id = wanted;
    PERFORM set_config('app.org_id', organization, true), set_config('app.user_id', person, true);
    RETURN found;
END $$;
