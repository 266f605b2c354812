"""The plan: what each row of a file would do, worked out by one SQL statement for thousands of rows at a time.

Rows wait in the temporary table `exchange_incoming` (COPY does not work into a table with row-level security) and
are written with their verdict into `exchange_importrow`. The dry run shows this plan; carrying it out changes nothing
of it but refuses rows whose record somebody changed in the meantime.
"""

import json
from collections.abc import Iterable

from django.db import connection
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.clients.actions.clients import STATUS_MOVES
from entregent.clients.duplicates import rules_of
from entregent.exchange import delegation
from entregent.exchange.carrying_out import laid
from entregent.exchange.cleaning import Cleaned
from entregent.exchange.fields import kind_named
from entregent.exchange.models import Import
from entregent.exchange.reach import ImportReach
from entregent.exchange.readers import Row
from entregent.listing.custom_fields import fields_of
from entregent.organizations.models import Membership, Sector
from entregent.relationships.models import today_of
from entregent.toolbox.errors import required

_INCOMING = """
CREATE TEMP TABLE IF NOT EXISTS exchange_incoming (
    line integer NOT NULL, raw jsonb NOT NULL, fields jsonb NOT NULL, extra jsonb NOT NULL,
    key text NOT NULL, reason text NOT NULL
) ON COMMIT DELETE ROWS
"""

# A file may name a client by the number of one that is part of it since: the row is about the client that remained.
_KEYS_BY_OLD_NUMBER = """
UPDATE exchange_incoming i SET key = c.number
FROM clients_clientalias a JOIN clients_client c ON c.id = a.client_id
WHERE a.organization_id = %(org)s AND a.number = i.key
"""
_CLIENTS_BY_OLD_NUMBER = """
UPDATE exchange_incoming i SET extra = jsonb_set(i.extra, '{client}', to_jsonb(c.number))
FROM clients_clientalias a JOIN clients_client c ON c.id = a.client_id
WHERE a.organization_id = %(org)s AND a.number = i.extra ->> 'client'
"""
# Likewise a person by the key of one that is part of them since.
_PEOPLE_BY_OLD_KEY = """
UPDATE exchange_incoming i SET key = w.external_key
FROM clients_person p JOIN clients_person w ON w.id = p.merged_into_id AND w.external_key <> ''
WHERE p.organization_id = %(org)s AND p.external_key = i.key AND p.external_key <> ''
"""
_ABOUT_PEOPLE_BY_OLD_KEY = """
UPDATE exchange_incoming i SET extra = jsonb_set(i.extra, '{person}', to_jsonb(w.external_key))
FROM clients_person p JOIN clients_person w ON w.id = p.merged_into_id AND w.external_key <> ''
WHERE p.organization_id = %(org)s AND p.external_key = i.extra ->> 'person' AND p.external_key <> ''
"""

# OFFSET 0 keeps the planner from working the same expression out anew wherever it is used: 5 × faster. In the order of
# lines: all is worked out before the first row is written, else each row would look through those that this statement
# has written so far.
# What every kind has in common. `matched` adds to each row: fields, extra, target_id, target_version, refusal (it
# cannot be), lacks (it cannot be created), is_changed, twin_id, twin_version, twin_number.
_PLAN = """
WITH seen AS MATERIALIZED (
    SELECT i.line, i.raw, i.fields, i.extra, i.key, i.reason,
        CASE WHEN i.key <> '' THEN coalesce(
            -- « + 0 »: else the planner walks the lines of the file in order until it meets the key.
            (SELECT min(r.line + 0) FROM exchange_importrow r
             WHERE r.batch_id = %(batch)s AND r.key = i.key AND r.key <> '' AND r.verdict <> 'reject'),
            first_value(i.line) OVER (PARTITION BY i.key, i.reason = '' ORDER BY i.line)) END AS first_line
    FROM exchange_incoming i
), matched AS MATERIALIZED ({matched}), written AS (
INSERT INTO exchange_importrow
    (batch_id, organization_id, line, raw, fields, extra, key, verdict, reason, target_id, target_version)
SELECT %(batch)s, %(org)s, m.line, m.raw,
    CASE v.verdict WHEN 'reject' THEN '{{}}' WHEN 'unchanged' THEN '{{}}' ELSE m.fields END,
    CASE v.verdict WHEN 'reject' THEN '{{}}' WHEN 'unchanged' THEN '{{}}' ELSE m.extra END,
    m.key, v.verdict,
    CASE WHEN v.verdict = 'duplicate' THEN replace(%(twin)s, '{{number}}', m.twin_number)
         WHEN v.verdict <> 'reject' THEN ''
         WHEN m.reason <> '' THEN m.reason
         WHEN m.first_line < m.line THEN replace(%(twice)s, '{{line}}', m.first_line::text)
         WHEN m.refusal <> '' THEN m.refusal
         ELSE m.lacks END,
    CASE v.verdict WHEN 'duplicate' THEN m.twin_id ELSE m.target_id END,
    CASE v.verdict WHEN 'duplicate' THEN m.twin_version ELSE m.target_version END
FROM matched m CROSS JOIN LATERAL (
    SELECT CASE
        WHEN m.reason <> '' OR m.first_line < m.line OR m.refusal <> '' THEN 'reject'
        WHEN m.target_id IS NOT NULL AND m.is_changed THEN 'update'
        WHEN m.target_id IS NOT NULL THEN 'unchanged'
        WHEN m.lacks <> '' THEN 'reject'
        WHEN m.twin_id IS NOT NULL THEN 'duplicate'
        ELSE 'create' END AS verdict
    OFFSET 0
) v ORDER BY m.line RETURNING verdict
) SELECT verdict, count(*) FROM written GROUP BY 1
"""

# The first custom field that a new record needs and the row does not give.
_NEEDED = """coalesce((
    SELECT n.words FROM unnest(%(needed)s::text[], %(needed_words)s::text[]) AS n(code, words)
    WHERE NOT jsonb_strip_nulls(coalesce(i.fields -> 'custom', '{{}}')) ? n.code LIMIT 1), '')"""

# Whom a new client may be already is asked only where a value is known at all, and that once for all rows.
_CLIENTS = """
    WITH named AS MATERIALIZED (
        SELECT i.line, f.fields, CASE WHEN c.id IS NULL AND i.reason = '' AND i.first_line >= i.line THEN array_remove(
            duplicate_keys(
                s.sound, (f.fields ->> 'birth_date')::date,
                ARRAY(SELECT jsonb_array_elements_text(coalesce(f.fields -> 'emails', '[]'))),
                coalesce(f.fields -> 'phones', '[]'), coalesce(f.fields -> 'identifiers', '{{}}'),
                coalesce((SELECT jsonb_agg(e.value) FROM jsonb_each(i.extra -> 'addresses') e), '[]')),
            CASE WHEN %(by_sound)s THEN NULL ELSE 's:' || s.sound END) END AS keys
        FROM seen i
        LEFT JOIN clients_client c ON c.organization_id = %(org)s AND c.number = i.key
        CROSS JOIN LATERAL (
            SELECT coalesce(i.fields ->> 'kind', c.kind,
                            CASE WHEN i.fields ? 'first_name' THEN 'person' ELSE 'company' END) AS kind,
                   coalesce(i.fields ->> 'name', c.name, '') AS name,
                   coalesce(i.fields ->> 'first_name', c.first_name, '') AS first_name
            OFFSET 0
        ) n
        CROSS JOIN LATERAL (
            SELECT i.fields || jsonb_build_object('kind', n.kind)
                || CASE WHEN n.kind = 'company'
                    THEN jsonb_build_object('first_name', '', 'display_name', n.name,
                                            'sort_key', left(search_key(n.name), 310))
                    ELSE jsonb_build_object('display_name', trim(n.first_name || ' ' || n.name),
                                            'sort_key', left(search_key(n.name || ' ' || n.first_name), 310)) END
                || CASE WHEN i.fields ? 'identifiers' THEN jsonb_build_object(
                    'identifiers', coalesce(c.identifiers, '{{}}') || (i.fields -> 'identifiers'))
                    ELSE '{{}}' END AS fields
            OFFSET 0
        ) f
        CROSS JOIN LATERAL (
            -- A sound is worked out only where it brings somebody up.
            SELECT CASE WHEN %(by_sound)s OR f.fields ->> 'birth_date' IS NOT NULL
                        THEN french_sound(f.fields ->> 'sort_key') END AS sound
            OFFSET 0
        ) s
    ), known AS MATERIALIZED (
        SELECT DISTINCT n.line
        FROM unnest(duplicate_keys_known(
            %(org)s, ARRAY(SELECT DISTINCT key FROM named, unnest(named.keys) key))) AS given (key)
        JOIN (SELECT named.line, unnest(named.keys) AS key FROM named) n ON n.key = given.key
    )
    SELECT i.line, i.raw, f.fields, i.extra, i.key, i.reason, i.first_line,
        c.id AS target_id, c.version AS target_version,
        CASE WHEN c.id IS NULL THEN ''
             WHEN NOT ({visible_c}) THEN %(out_of_reach)s
             WHEN c.deleted_at IS NOT NULL THEN replace(%(deleted)s, '{{day}}', to_char(c.deleted_at, 'YYYY-MM-DD'))
             WHEN c.status = 'removed' THEN %(removed)s
             WHEN i.fields ->> 'status' <> c.status
                AND NOT (c.status || '>' || (i.fields ->> 'status') = ANY (%(moves)s))
                THEN %(transition)s
             ELSE '' END AS refusal,
        CASE WHEN coalesce(i.fields ->> 'name', '') = '' THEN %(no_name)s
             WHEN %(needs_sector)s AND NOT i.fields ? 'sector_id' THEN %(no_sector)s
             WHEN i.fields ->> 'status' = 'prospect' AND coalesce(i.fields -> 'phones', '[]') = '[]'
                AND coalesce(i.fields -> 'emails', '[]') = '[]' AND NOT i.extra ? 'addresses' THEN %(prospect)s
             ELSE {needed} END AS lacks,
        c.id IS NOT NULL AND (
            (cur.current || {laid_c}) IS DISTINCT FROM cur.current
            OR EXISTS (
                SELECT 1 FROM jsonb_each(coalesce(i.extra -> 'addresses', '{{}}')) e(kind, value)
                LEFT JOIN clients_address a ON a.client_id = c.id AND a.kind = e.kind
                WHERE a.id IS NULL OR (to_jsonb(a) || e.value) IS DISTINCT FROM to_jsonb(a))
        ) AS is_changed,
        twin.id AS twin_id, twin.version AS twin_version, twin.number AS twin_number
    FROM seen i
    JOIN named f ON f.line = i.line
    LEFT JOIN known ON known.line = i.line
    LEFT JOIN clients_client c ON c.organization_id = %(org)s AND c.number = i.key
    CROSS JOIN LATERAL (SELECT to_jsonb(c) AS current OFFSET 0) cur
    LEFT JOIN LATERAL (
        SELECT d.id, d.version, d.number
        FROM duplicates_of(
            %(org)s, f.fields ->> 'sort_key', NULL, f.keys, '{{}}', '{{}}', %(weights)s::jsonb, %(threshold)s) k
        JOIN clients_client d ON d.id = k.client_id
        WHERE known.line IS NOT NULL AND d.deleted_at IS NULL AND ({visible_d})
        ORDER BY k.score DESC, d.id LIMIT 1
    ) twin ON true
"""

_CLIENT_REF = """
    LEFT JOIN clients_client cl ON i.extra ? 'client' AND cl.organization_id = %(org)s
        AND cl.number = i.extra ->> 'client' AND cl.deleted_at IS NULL AND ({visible_cl})
"""
_NO_CLIENT = """
    WHEN i.extra ? 'client' AND cl.id IS NULL THEN replace(%(no_client)s, '{{number}}', i.extra ->> 'client')
"""

_PEOPLE = """
    SELECT i.line, i.raw, f.fields, i.extra || jsonb_strip_nulls(jsonb_build_object('client_id', cl.id)) AS extra,
        i.key, i.reason, i.first_line, p.id AS target_id, p.version AS target_version,
        CASE {no_client}
             WHEN p.id IS NULL THEN ''
             WHEN NOT ({visible_p}) THEN %(out_of_reach)s
             WHEN p.deleted_at IS NOT NULL THEN replace(%(deleted)s, '{{day}}', to_char(p.deleted_at, 'YYYY-MM-DD'))
             ELSE '' END AS refusal,
        CASE WHEN coalesce(i.fields ->> 'file_as', '') = '' THEN %(no_name)s ELSE {needed} END AS lacks,
        p.id IS NOT NULL AND (
            (to_jsonb(p) || {laid_p}) IS DISTINCT FROM to_jsonb(p)
            OR EXISTS (
                SELECT 1 FROM jsonb_each(coalesce(i.extra -> 'addresses', '{{}}')) e(kind, value)
                LEFT JOIN clients_address a ON a.person_id = p.id AND a.kind = e.kind
                WHERE a.id IS NULL OR (to_jsonb(a) || e.value) IS DISTINCT FROM to_jsonb(a))
            OR (cl.id IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM clients_clientperson cp WHERE cp.client_id = cl.id AND cp.person_id = p.id
                  AND (NOT i.extra @> '{{"is_primary": true}}' OR cp.is_primary)
                  AND (NOT i.extra @> '{{"is_preferred": true}}' OR cp.is_preferred)
                  AND (NOT i.extra @> '{{"is_billing": true}}' OR cp.is_billing)))
        ) AS is_changed,
        twin.id AS twin_id, twin.version AS twin_version, twin.file_as AS twin_number
    FROM seen i
    {client_ref}
    LEFT JOIN clients_person p ON i.key <> '' AND p.organization_id = %(org)s AND p.external_key = i.key
        AND p.external_key <> ''
    CROSS JOIN LATERAL (
        SELECT coalesce(i.fields ->> 'last_name', p.last_name, '') AS last_name,
               coalesce(i.fields ->> 'first_name', p.first_name, '') AS first_name,
               coalesce(i.fields ->> 'file_as', p.file_as, '') AS file_as
        OFFSET 0
    ) n
    CROSS JOIN LATERAL (
        SELECT i.fields || jsonb_build_object('sort_key', left(search_key(
            coalesce(nullif(trim(n.last_name || ' ' || n.first_name), ''), n.file_as)), 200)) AS fields
        OFFSET 0
    ) f
    LEFT JOIN LATERAL (
        SELECT d.id, d.version, d.file_as FROM clients_person d
        WHERE p.id IS NULL AND i.reason = '' AND d.organization_id = %(org)s AND d.deleted_at IS NULL
          AND d.sort_key = f.fields ->> 'sort_key' AND ({visible_d})
          AND (d.emails && ARRAY(SELECT jsonb_array_elements_text(coalesce(f.fields -> 'emails', '[]')))::varchar[]
               OR EXISTS (SELECT 1 FROM jsonb_array_elements(coalesce(f.fields -> 'phones', '[]')) a,
                                        jsonb_array_elements(d.phones) b WHERE a ->> 'number' = b ->> 'number')
               OR EXISTS (SELECT 1 FROM clients_clientperson cp WHERE cp.person_id = d.id AND cp.client_id = cl.id))
        ORDER BY d.id LIMIT 1
    ) twin ON true
"""

_ADDRESSES = """
    SELECT i.line, i.raw, i.fields,
        i.extra || jsonb_strip_nulls(jsonb_build_object('client_id', cl.id, 'person_id', p.id)) AS extra,
        i.key, i.reason, i.first_line, a.id AS target_id, a.version AS target_version,
        CASE {no_client}
             WHEN i.extra ? 'person' AND p.id IS NULL
                THEN replace(%(no_person)s, '{{key}}', i.extra ->> 'person')
             WHEN a.id IS NOT NULL AND (a.client_id IS DISTINCT FROM cl.id OR a.person_id IS DISTINCT FROM p.id)
                THEN %(out_of_reach)s
             ELSE '' END AS refusal,
        '' AS lacks,
        a.id IS NOT NULL AND (to_jsonb(a) || i.fields) IS DISTINCT FROM to_jsonb(a) AS is_changed,
        NULL::bigint AS twin_id, NULL::int AS twin_version, '' AS twin_number
    FROM seen i
    {client_ref}
    LEFT JOIN clients_person p ON i.extra ? 'person' AND p.organization_id = %(org)s
        AND p.external_key = i.extra ->> 'person' AND p.external_key <> '' AND p.deleted_at IS NULL AND ({visible_p})
    LEFT JOIN LATERAL (
        SELECT x.* FROM clients_address x
        WHERE x.organization_id = %(org)s AND CASE
            WHEN i.fields ? 'external_key' THEN x.external_key = i.fields ->> 'external_key' AND x.external_key <> ''
            ELSE (x.client_id = cl.id OR x.person_id = p.id) AND x.kind = i.fields ->> 'kind'
                AND (x.kind <> 'other' OR (x.street, x.postal_code, x.city) = (
                    coalesce(i.fields ->> 'street', ''), coalesce(i.fields ->> 'postal_code', ''),
                    coalesce(i.fields ->> 'city', ''))) END
        ORDER BY x.id LIMIT 1
    ) a ON true
"""

_OBJECTS = """
    SELECT i.line, i.raw,
        i.fields || CASE WHEN i.fields ? 'attributes'
            THEN jsonb_build_object('attributes', coalesce(o.attributes, '{{}}') || (i.fields -> 'attributes'))
            ELSE '{{}}' END
            || jsonb_strip_nulls(jsonb_build_object('contract_id', k.id, 'program_account_id', g.id)) AS fields,
        i.extra || jsonb_strip_nulls(jsonb_build_object('client_id', cl.id)) AS extra,
        i.key, i.reason, i.first_line, o.id AS target_id, o.version AS target_version,
        CASE {no_client}
             WHEN o.client_id <> cl.id THEN %(other_client)s
             WHEN i.extra ? 'program' AND g.id IS NULL THEN %(no_program)s
             WHEN i.extra ? 'contract' AND k.id IS NULL AND NOT EXISTS (
                SELECT 1 FROM exchange_importrow r WHERE r.batch_id = %(batch)s AND r.verdict IN ('create', 'update')
                  AND r.key = 'contract ' || (i.fields ->> 'source_system') || ' ' || (i.extra ->> 'contract')
                  AND r.key <> '' AND (r.extra ->> 'client_id')::bigint = cl.id
                UNION ALL SELECT 1 FROM seen s WHERE s.line < i.line AND s.reason = ''
                  AND s.key = 'contract ' || (i.fields ->> 'source_system') || ' ' || (i.extra ->> 'contract')
                  AND s.extra ->> 'client' = i.extra ->> 'client')
                THEN replace(%(no_contract)s, '{{key}}', i.extra ->> 'contract')
             ELSE '' END AS refusal,
        '' AS lacks,
        o.id IS NOT NULL AND (o.deleted_at IS NOT NULL OR (to_jsonb(o) || i.fields
            || CASE WHEN i.fields ? 'attributes'
                THEN jsonb_build_object('attributes', o.attributes || (i.fields -> 'attributes')) ELSE '{{}}' END
            || CASE WHEN i.fields ? 'amount'
                THEN jsonb_build_object('amount', (i.fields ->> 'amount')::numeric) ELSE '{{}}' END
            || jsonb_strip_nulls(jsonb_build_object('contract_id', k.id, 'program_account_id', g.id)))
            IS DISTINCT FROM to_jsonb(o)) AS is_changed,
        NULL::bigint AS twin_id, NULL::int AS twin_version, '' AS twin_number
    FROM seen i
    {client_ref}
    LEFT JOIN clients_businessobject o ON o.organization_id = %(org)s AND o.type_id = (i.fields ->> 'type_id')::bigint
        AND o.source_system = i.fields ->> 'source_system' AND o.key = i.fields ->> 'key'
    LEFT JOIN clients_businessobject k ON i.extra ? 'contract' AND k.organization_id = %(org)s
        AND k.type_id = %(contract_type)s AND k.source_system = i.fields ->> 'source_system'
        AND k.key = i.extra ->> 'contract' AND k.client_id = cl.id AND k.deleted_at IS NULL
    {program_of_object}
"""

_INTERACTIONS = """
    SELECT i.line, i.raw, i.fields,
        i.extra || jsonb_strip_nulls(jsonb_build_object('client_id', cl.id, 'person_id', p.id)) AS extra,
        i.key, i.reason, i.first_line, t.id AS target_id, t.version AS target_version,
        CASE {no_client}
             WHEN i.extra ? 'person' AND p.id IS NULL
                THEN replace(%(no_person)s, '{{key}}', i.extra ->> 'person')
             WHEN t.id IS NULL THEN ''
             WHEN t.client_id IS DISTINCT FROM cl.id OR t.person_id IS DISTINCT FROM p.id THEN %(other_client)s
             WHEN t.deleted_at IS NOT NULL THEN replace(%(deleted)s, '{{day}}', to_char(t.deleted_at, 'YYYY-MM-DD'))
             ELSE '' END AS refusal,
        CASE WHEN NOT i.fields ? 'topic_id' THEN %(no_topic)s
             WHEN NOT i.fields ? 'channel' THEN %(no_channel)s ELSE '' END AS lacks,
        t.id IS NOT NULL AND (
            (to_jsonb(t) || ({laid_t} - 'occurred_at')) IS DISTINCT FROM to_jsonb(t)
            OR (i.fields ->> 'occurred_at')::timestamptz <> t.occurred_at
            OR (i.extra ->> 'notes' <> '' AND NOT EXISTS (
                SELECT 1 FROM interactions_interactionentry e
                WHERE e.interaction_id = t.id AND e.seq = 1 AND e.notes = i.extra ->> 'notes'))
        ) AS is_changed,
        NULL::bigint AS twin_id, NULL::int AS twin_version, '' AS twin_number
    FROM seen i
    {client_ref}
    LEFT JOIN clients_person p ON i.extra ? 'person' AND p.organization_id = %(org)s
        AND p.external_key = i.extra ->> 'person' AND p.external_key <> '' AND p.deleted_at IS NULL AND ({visible_p})
    LEFT JOIN interactions_interaction t ON i.key <> '' AND t.organization_id = %(org)s AND t.external_key = i.key
        AND t.external_key <> ''
"""

# Parents were looked up beforehand (`prepare_sectors`): a parent may stand further down in the file.
_SECTORS = """
    SELECT i.line, i.raw, i.fields, i.extra, i.key, i.reason, i.first_line,
        s.id AS target_id, s.version AS target_version, '' AS refusal,
        CASE WHEN coalesce(i.fields ->> 'name', '') = '' THEN %(no_name)s ELSE '' END AS lacks,
        s.id IS NOT NULL AND ((to_jsonb(s) || i.fields) IS DISTINCT FROM to_jsonb(s)
            OR (i.extra ? 'parent' AND i.extra ->> 'parent' IS DISTINCT FROM
                (SELECT a.code FROM organizations_sector a WHERE a.id = s.parent_id))) AS is_changed,
        NULL::bigint AS twin_id, NULL::int AS twin_version, '' AS twin_number
    FROM seen i
    LEFT JOIN organizations_sector s ON s.organization_id = %(org)s AND s.code = i.key
"""

_TOPICS = """
    SELECT i.line, i.raw, i.fields, i.extra, i.key, i.reason, i.first_line,
        t.id AS target_id, t.version AS target_version, '' AS refusal,
        CASE WHEN coalesce(i.fields ->> 'label_fr', '') = '' THEN %(no_name)s ELSE '' END AS lacks,
        t.id IS NOT NULL AND (to_jsonb(t) || i.fields) IS DISTINCT FROM to_jsonb(t) AS is_changed,
        NULL::bigint AS twin_id, NULL::int AS twin_version, '' AS twin_number
    FROM seen i
    LEFT JOIN interactions_topic t ON t.organization_id = %(org)s AND t.code = i.key
"""

# What group a client comes into was settled before (`grouping`); one without a group stays as it is.
_GROUPS = """
    SELECT i.line, i.raw, i.fields, i.extra || jsonb_strip_nulls(jsonb_build_object('client_id', cl.id)) AS extra,
        i.key, i.reason, i.first_line,
        CASE WHEN NOT i.extra ? 'group' THEN 0 ELSE m.id END AS target_id, NULL::int AS target_version,
        CASE WHEN NOT i.extra ? 'group' THEN ''
             {no_client}
             WHEN m.id IS NOT NULL AND m.group_id IS DISTINCT FROM (i.extra ->> 'group_id')::bigint
                THEN replace(%(other_group)s, '{{group}}',
                             (SELECT g.name FROM groups_clientgroup g WHERE g.id = m.group_id))
             WHEN m.id IS NULL AND NOT EXISTS (
                SELECT 1 FROM relationships_relationship r
                WHERE r.organization_id = %(org)s AND r.account_id = cl.business_account_id AND r.state = 'active'
                  AND (r.ends_on IS NULL OR r.ends_on >= %(today)s))
                THEN %(no_relationship)s
             ELSE '' END AS refusal,
        '' AS lacks, false AS is_changed,
        NULL::bigint AS twin_id, NULL::int AS twin_version, '' AS twin_number
    FROM seen i
    {client_ref}
    LEFT JOIN groups_groupmember m ON m.organization_id = %(org)s AND m.client_id = cl.id AND m.left_at IS NULL
"""

# The primary applicant comes with the application; a complete one is read-only (R000-21).
_LOANS = """
    SELECT i.line, i.raw, i.fields, (i.extra - 'person') || CASE WHEN i.extra ? 'person' THEN jsonb_build_object(
            'applicant', (i.extra -> 'person') || jsonb_build_object('sort_key', left(search_key(
                coalesce(i.extra #>> '{{person,last_name}}', a.last_name, '') || ' '
                || coalesce(i.extra #>> '{{person,first_name}}', a.first_name, '')), 210)))
            ELSE '{{}}' END AS extra,
        i.key, i.reason, i.first_line, t.id AS target_id, t.version AS target_version,
        CASE WHEN t.status = 'complete' THEN %(complete)s ELSE '' END AS refusal,
        CASE WHEN coalesce(i.extra #>> '{{person,last_name}}', '') = '' THEN %(no_name)s ELSE '' END AS lacks,
        t.id IS NOT NULL AND ((to_jsonb(t) || i.fields) IS DISTINCT FROM to_jsonb(t)
            OR (i.extra ? 'person' AND (a.id IS NULL
                OR (to_jsonb(a) || (i.extra -> 'person')) IS DISTINCT FROM to_jsonb(a)))) AS is_changed,
        NULL::bigint AS twin_id, NULL::int AS twin_version, '' AS twin_number
    FROM seen i
    LEFT JOIN enrollment_loanapplication t ON t.organization_id = %(org)s AND t.number = i.key
    LEFT JOIN enrollment_applicant a ON a.application_id = t.id AND a.is_primary
"""

_MATCHED = {
    "sectors": _SECTORS,
    "topics": _TOPICS,
    "clients": _CLIENTS,
    "people": _PEOPLE,
    "addresses": _ADDRESSES,
    "contracts": _OBJECTS,
    "business-objects": _OBJECTS,
    "interactions": _INTERACTIONS,
    "business-accounts": delegation.ACCOUNTS,
    "relationships": delegation.RELATIONSHIPS,
    "requests": delegation.REQUESTS,
    "groups": _GROUPS,
    "loan-applications": _LOANS,
}


class Planner:
    """Plans the rows of one import on behalf of `member`, within what they reach."""

    def __init__(self, batch: Import, member: Membership, contract_type: int | None):
        kind = batch.kind
        # Deleted clients are not visible to anybody: whether they were in reach is asked by their sectors (`gone`).
        reach = ImportReach(member)
        parts = {
            "visible_c": reach.gone.condition("c.id"),
            "visible_d": (reach.people if kind == "people" else reach.clients).condition("d.id"),
            "visible_cl": reach.clients.condition("cl.id"),
            "visible_p": reach.people.condition("p.id"),
        }
        parts["no_client"] = _NO_CLIENT.format()
        parts["program_of_object"] = delegation.PROGRAM_OF_OBJECT
        parts["needed"] = _NEEDED.format()
        parts |= {"laid_c": laid("f.fields", "c"), "laid_p": laid("f.fields", "p"), "laid_t": laid("i.fields", "t")}
        subject = kind_named(kind).subject if kind in ("clients", "people") else ""
        needed = [one for one in fields_of(member, subject) if one.is_required and one.is_active] if subject else []
        parts["client_ref"] = _CLIENT_REF.format(**parts)
        self._former = [_KEYS_BY_OLD_NUMBER if kind == "clients" else _CLIENTS_BY_OLD_NUMBER]
        self._former.append(_PEOPLE_BY_OLD_KEY if kind == "people" else _ABOUT_PEOPLE_BY_OLD_KEY)
        plan = "requests" if kind == "relationships" and not batch.by_operator else kind
        self._sql = _PLAN.format(matched=_MATCHED[plan].format(**parts))
        rules = rules_of(member.organization_id)
        self._parameters = {
            **reach.parameters,
            "batch": batch.pk,
            "org": member.organization_id,
            "contract_type": contract_type,
            "today": today_of(member.organization),
            "needs_sector": not member.reach.is_whole(Right.DATA_IMPORT),
            "weights": rules.weights_json,
            "threshold": rules.threshold,
            "by_sound": rules.by_sound,
            "moves": [f"{now}>{then}" for now, moves in STATUS_MOVES.items() for then in moves],
            "needed": [one.code for one in needed],
            "needed_words": [str(required("custom", one.label).message) for one in needed],
            **_sentences(kind),
        }

    def write(self, rows: Iterable[tuple[Row, Cleaned]]) -> dict[str, int]:
        """Plans these rows and writes them down. Returns how many got which verdict."""
        with connection.cursor() as cursor:
            cursor.execute(_INCOMING)
            cursor.execute("DELETE FROM exchange_incoming")
            with cursor.copy("COPY exchange_incoming (line, raw, fields, extra, key, reason) FROM STDIN") as copy:
                for row, cleaned in rows:
                    copy.write_row(
                        (
                            row.line,
                            json.dumps(row.cells, ensure_ascii=False),
                            json.dumps(cleaned.fields, ensure_ascii=False),
                            json.dumps(cleaned.extra, ensure_ascii=False),
                            cleaned.key,
                            str(row.fault or cleaned.reason),
                        )
                    )
            for statement in self._former:
                cursor.execute(statement, self._parameters)
            cursor.execute("ANALYZE exchange_incoming (line, key, reason)")
            cursor.execute(self._sql, self._parameters)
            return dict(cursor.fetchall())


def prepare_sectors(rows: list[tuple[Row, Cleaned]], member: Membership) -> list[tuple[Row, Cleaned]]:
    """Looks up parents among the sectors that stand and those of the file, whatever their order; refuses circles.

    `extra.depth` says how far below the first new ancestor a row is: rows are carried out from the top down.
    """
    standing = dict(Sector.objects.filter(organization_id=member.organization_id).values_list("code", "parent__code"))
    parents: dict[str, str | None] = dict(standing)
    bad: dict[str, str] = {}
    for _row, cleaned in rows:
        if not cleaned.reason and cleaned.key:
            parents[cleaned.key] = cleaned.extra.get("parent", standing.get(cleaned.key))
    for row, cleaned in rows:
        if cleaned.reason or row.fault:
            if cleaned.key not in standing:
                bad[cleaned.key] = cleaned.reason or row.fault
            continue
        seen, at = [cleaned.key], parents.get(cleaned.key)
        while at:
            if at in seen:
                cleaned.reason = _("Ce secteur serait au-dessous de lui-même.")
                break
            if at not in parents or at in bad:
                cleaned.reason = _("Secteur parent inconnu : %(code)s.") % {"code": at[:40]}
                break
            seen.append(at)
            at = parents[at]
        cleaned.extra["depth"] = len(seen)
    return rows


def _sentences(kind: str) -> dict[str, str]:
    """The reasons that the database gives, in the language of whoever imports."""
    return delegation.sentences() | {
        "twin": _("Doublon probable de {number}."),
        "twice": _("La même clé figure déjà à la ligne {line}."),
        "deleted": _("Cette fiche a été supprimée le {day} : restaurez-la ou donnez un autre numéro."),
        "removed": _("Ce client est retiré : son numéro ne se réutilise pas."),
        "out_of_reach": _("Ce numéro n’est pas disponible."),
        "transition": _("Ce changement de statut est impossible."),
        "no_name": _("Nom est obligatoire.") if kind != "topics" else _("Libellé français est obligatoire."),
        "no_sector": _("Indiquez un secteur de votre périmètre."),
        "prospect": _("Indiquez un téléphone, un courriel ou une adresse."),
        "no_client": _("Client inconnu : {number}."),
        "no_person": _("Personne inconnue : {key}."),
        "no_contract": _("Contrat inconnu de ce client : {key}."),
        "other_client": _("Ce numéro est déjà celui d’un autre client."),
        "other_group": _("Ce client est déjà dans le groupe « {group} »."),
        "no_relationship": _("Aucune relation d’affaires active avec ce client."),
        "complete": _("Cette demande est complète : elle ne se modifie plus."),
        "no_topic": _("Rubrique est obligatoire."),
        "no_channel": _("Canal est obligatoire."),
    }
