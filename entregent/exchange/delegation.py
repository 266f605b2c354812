"""Business accounts and what they let a provider do, from a file.

What the authority's record says of a business is everybody's, and an access that nobody at the business has approved
must not come from the provider itself: the operator of the instance brings both in, by the command `entregent import`,
and answers for it (each relationship says who approved it). On the page, a file of relationships makes requests, which
the businesses answer one by one.
"""

from typing import Any

from django.utils.translation import gettext as _

from entregent.clients import ties
from entregent.relationships.actions.accounts import PROGRAM, account_number
from entregent.relationships.actions.requests import COMMENTS_MOST, request_days_of, tell
from entregent.relationships.models import AccessRequest, Level, Relationship, Visibility
from entregent.toolbox.errors import Refusal, required, too_long
from entregent.toolbox.text import one_line, search_key

# In the column of numbers: the business has none that is known, it gets one of ours.
AUTO = "auto"
# Neither a SIREN nor a Canadian business number begins with it.
OURS = "0"

# `n.number`: which business a row means, by its number, else by the client of the firm. `h`: the client that it is.
_WHICH = """
    LEFT JOIN relationships_businessaccount t ON t.id = cl.business_account_id
    CROSS JOIN LATERAL (
        SELECT coalesce(i.fields ->> 'number', i.extra ->> 'account', t.number{otherwise}) AS number OFFSET 0
    ) n
    LEFT JOIN relationships_businessaccount a ON a.number = n.number
    LEFT JOIN clients_client h ON h.organization_id = %(org)s AND h.business_account_id = a.id AND h.deleted_at IS NULL
"""
_ELSEWHERE = "h.id <> cl.id OR (cl.business_account_id IS NOT NULL AND t.number <> n.number)"
# Programs of the row, by their whole numbers.
_PROGRAMS = """
    SELECT CASE WHEN length(p) = 6 THEN {number} || p ELSE p END AS program
    FROM jsonb_array_elements_text(coalesce({row}.extra -> 'programs', '[]')) p
"""
_LACKS_PROGRAM = f"""
    EXISTS (SELECT 1 FROM ({_PROGRAMS.format(number="n.number", row="i")}) w WHERE NOT EXISTS (
        SELECT 1 FROM relationships_programaccount g WHERE g.account_id = a.id AND g.number = w.program))
"""  # noqa: S608 (words of ours)

# `g`: the program of a business object, where the client lets the provider know of it (`ties.program_of`).
PROGRAM_OF_OBJECT = """
    LEFT JOIN LATERAL (
        SELECT x.id FROM relationships_programaccount x
        JOIN relationships_businessaccount b ON b.id = x.account_id
        JOIN relationships_relationship r ON r.organization_id = %(org)s AND r.account_id = b.id AND r.state = 'active'
            AND (r.ends_on IS NULL OR r.ends_on >= %(today)s)
        WHERE i.extra ? 'program' AND b.id = cl.business_account_id
          AND x.number IN (b.number || (i.extra ->> 'program'), i.extra ->> 'program')
          AND (r.level = 'business' OR EXISTS (
                SELECT 1 FROM relationships_relationshipprogram w
                WHERE w.relationship_id = r.id AND w.program_id = x.id))
    ) g ON true
"""

ACCOUNTS = f"""
    SELECT i.line, i.raw, i.fields, i.extra || jsonb_strip_nulls(jsonb_build_object('client_id', cl.id)) AS extra,
        i.key, i.reason, i.first_line, a.id AS target_id, a.version AS target_version,
        CASE {{no_client}} WHEN {_ELSEWHERE} THEN %(other_account)s ELSE '' END AS refusal,
        CASE WHEN coalesce(i.fields ->> 'name', '') = '' THEN %(no_name)s ELSE '' END AS lacks,
        a.id IS NOT NULL AND ((to_jsonb(a) || i.fields) IS DISTINCT FROM to_jsonb(a)
            OR (cl.id IS NOT NULL AND h.id IS NULL) OR {_LACKS_PROGRAM}) AS is_changed,
        NULL::bigint AS twin_id, NULL::int AS twin_version, '' AS twin_number
    FROM seen i
    {{client_ref}}
    {_WHICH.format(otherwise="")}
"""  # noqa: S608

# By the operator: a relationship for each row. What a business has agreed to itself is not changed by a file.
RELATIONSHIPS = f"""
    SELECT i.line, i.raw, i.fields,
        i.extra || jsonb_strip_nulls(jsonb_build_object('client_id', cl.id, 'account_id', a.id)) AS extra,
        i.key, i.reason, i.first_line, r.id AS target_id, NULL::int AS target_version,
        CASE {{no_client}}
             WHEN n.number IS NULL THEN %(no_account)s
             WHEN a.id IS NULL THEN replace(%(unknown_account)s, '{{{{number}}}}', n.number)
             WHEN {_ELSEWHERE} THEN %(other_account)s
             WHEN {_LACKS_PROGRAM} THEN %(unknown_program)s
             WHEN r.ends_on < %(today)s THEN %(just_expired)s
             WHEN (to_jsonb(r) || (i.fields - 'approved_by_name' - 'starts_on')) IS DISTINCT FROM to_jsonb(r)
                OR (r.id IS NOT NULL AND i.extra ? 'programs' AND ARRAY(
                    SELECT g.number::text FROM relationships_relationshipprogram x
                    JOIN relationships_programaccount g ON g.id = x.program_id
                    WHERE x.relationship_id = r.id ORDER BY 1) <> ARRAY(
                    {_PROGRAMS.format(number="n.number", row="i")} ORDER BY 1))
                THEN %(stands)s
             ELSE '' END AS refusal,
        '' AS lacks, false AS is_changed,
        NULL::bigint AS twin_id, NULL::int AS twin_version, '' AS twin_number
    FROM seen i
    {{client_ref}}
    {_WHICH.format(otherwise=", cl.identifiers ->> 'siren', left(cl.identifiers ->> 'bn', 9)")}
    LEFT JOIN relationships_relationship r ON r.organization_id = %(org)s AND r.account_id = a.id AND r.state = 'active'
"""  # noqa: S608

# On the page: a request for each row, but where one waits already or a relationship holds. Whether there is such an
# account is not told (R002-38).
REQUESTS = f"""
    SELECT i.line, i.raw, i.fields - 'approved_by_name' AS fields,
        i.extra || jsonb_strip_nulls(jsonb_build_object('client_id', cl.id, 'account', n.number)) AS extra,
        i.key, i.reason, i.first_line, coalesce(r.id, q.id) AS target_id, NULL::int AS target_version,
        CASE {{no_client}}
             WHEN n.number IS NULL THEN %(no_account)s
             WHEN {_ELSEWHERE} THEN %(other_account)s
             ELSE '' END AS refusal,
        '' AS lacks, false AS is_changed,
        NULL::bigint AS twin_id, NULL::int AS twin_version, '' AS twin_number
    FROM seen i
    {{client_ref}}
    {_WHICH.format(otherwise=", cl.identifiers ->> 'siren', left(cl.identifiers ->> 'bn', 9)")}
    LEFT JOIN relationships_relationship r ON r.organization_id = %(org)s AND r.account_id = a.id
        AND r.state = 'active' AND (r.ends_on IS NULL OR r.ends_on >= %(today)s)
    LEFT JOIN relationships_accessrequest q ON q.organization_id = %(org)s AND q.account_number = n.number
        AND q.state = 'pending' AND q.expires_on >= %(today)s
"""  # noqa: S608

TAKEN = {
    "business-accounts": """
        EXISTS (SELECT 1 FROM relationships_businessaccount t WHERE t.number = c.fields ->> 'number')""",
    "relationships": """
        EXISTS (SELECT 1 FROM relationships_relationship t WHERE t.organization_id = %(org)s
            AND t.account_id = (c.extra ->> 'account_id')::bigint AND t.state = 'active')""",
    "requests": """
        EXISTS (SELECT 1 FROM relationships_accessrequest t WHERE t.organization_id = %(org)s
            AND t.account_number = c.extra ->> 'account' AND t.state = 'pending' AND t.expires_on >= %(today)s)""",
}


def sentences() -> dict[str, str]:
    return {
        "other_account": _("Ce client et ce numéro d’entreprise sont déjà rattachés ailleurs."),
        "no_account": _("Aucun numéro d’entreprise n’est connu de ce client."),
        "unknown_account": _("Compte d’entreprise inconnu : {number}."),
        "no_program": _("Ce client ne vous a donné accès à aucun compte de programme de ce numéro."),
        "unknown_program": _("Compte de programme inconnu de cette entreprise."),
        "just_expired": _("La relation d’affaires vient d’expirer : recommencez dans un quart d’heure."),
        "stands": _("Une relation d’affaires active existe déjà à d’autres conditions : elle ne change pas ainsi."),
    }


def notes(*, by_operator: bool) -> list[str]:
    """What the dry run says of a file of relationships."""
    if by_operator:
        return []
    sentence = _("Chaque ligne devient une demande d’accès : c’est le client qui l’approuve, et qui en fixe l’étendue.")
    return [sentence]


# Rows


def clean_account(values: dict[str, Any], country) -> tuple[dict[str, Any], dict[str, Any], str]:
    """(columns, the rest, key) of a row of business accounts; `country` checks a country."""
    fields: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    if client := _line(values.get("client", ""), _("N° du client"), 40):
        extra["client"] = client
    is_ours = search_key(values.get("number", "")) == AUTO
    if is_ours and not client:
        raise required("client", _("N° du client"))
    if not is_ours:
        fields["number"] = account_number(values.get("number", ""), field="number")
    for name, label, most in (
        ("name", _("Nom"), 200), ("postal_code", _("Code postal"), 12), ("city", _("Ville"), 120),
    ):  # fmt: skip
        if values.get(name):
            fields[name] = _line(values[name], label, most)
    if values.get("country"):
        fields["country"] = country(values["country"])
    if values.get("programs"):
        extra["programs"] = _programs(values["programs"], fields.get("number", ""))
    return fields, extra, fields.get("number") or f"client {client}"


def clean_relationship(values: dict[str, Any], day, *, by_operator: bool, today):
    """(columns, the rest, key) of a row of relationships; `day` reads a date. What only the business decides is not
    looked at in a request."""
    extra: dict[str, Any] = {}
    if client := _line(values.get("client", ""), _("N° du client"), 40):
        extra["client"] = client
    if values.get("number"):
        extra["account"] = account_number(values["number"], field="number")
    elif not client:
        raise required("number", _("Numéro d'entreprise"))
    key = extra.get("account") or f"client {client}"
    if not by_operator:
        comments = values.get("comments", "").strip()
        if len(comments) > COMMENTS_MOST:
            raise too_long("comments", _("Commentaires"), COMMENTS_MOST)
        return {}, extra | {"comments": comments}, key
    fields: dict[str, Any] = {}
    if values.get("programs"):
        extra["programs"] = _programs(values["programs"], extra.get("account", ""))
    if values.get("level") or "programs" in extra:
        fields["level"] = one_line(values.get("level") or Level.PROGRAM).lower()
        if fields["level"] not in Level.values:
            raise Refusal("E-CHOICE", _("Choisissez un niveau."), field="level")
        if (fields["level"] == Level.PROGRAM) != ("programs" in extra):
            raise Refusal("E-REQUIRED", _("Choisissez au moins un programme."), field="programs")
    if values.get("visibility"):
        seen = {one_line(one).lower() for one in values["visibility"]} | {Visibility.OWN.value}
        if not seen <= set(Visibility.values):
            raise Refusal("E-CHOICE", _("Choisissez ce que le fournisseur verra."), field="visibility")
        fields["visibility"] = [value for value in Visibility.values if value in seen]
    starts = day(values["starts_on"], _("Depuis le")) if values.get("starts_on") else today
    ends = day(values["ends_on"], _("Jusqu'au")) if values.get("ends_on") else None
    if starts > today:
        raise Refusal("E-002-DATE", _("Une relation d’affaires commence au plus tard aujourd’hui."), field="starts_on")
    if ends is not None and ends < today:
        raise Refusal("E-002-DATE", _("La date de fin doit être postérieure."), field="ends_on")
    fields["starts_on"] = starts.isoformat()
    if ends is not None:
        fields["ends_on"] = ends.isoformat()
    if values.get("approved_by"):
        fields["approved_by_name"] = _line(values["approved_by"], _("Approuvée par"), 120)
    return fields, extra, key


def _programs(given: list[str], number: str) -> list[str]:
    """As « RM0001 », or whole where the number of the business does not stand in the row."""
    found = set()
    for text in given:
        program = program_number(text).removeprefix(number)
        if number and len(program) > 6:
            raise _no_program()
        found.add(program)
    return sorted(found)


def program_number(text: str) -> str:
    """« RM0001 », or the whole of it."""
    program = "".join(text.split()).upper()
    if not PROGRAM.fullmatch(program if len(program) > 6 else f"{'0' * 9}{program}"):
        raise _no_program()
    return program


def _no_program() -> Refusal:
    message = _("Un compte de programme est fait du numéro d'entreprise, de deux lettres et de quatre chiffres.")
    return Refusal("E-CHOICE", message, field="programs")


def _line(text: str, label, most: int) -> str:
    text = one_line(text)
    if len(text) > most:
        raise too_long(None, label, most)
    return text


# Carrying out: `chunk` is the `carrying_out.Chunk` at work, its rows stand in `exchange_chunk`.


def bring_accounts(chunk) -> None:
    # Numbers of ours are given one after the other.
    chunk.run("SELECT pg_advisory_xact_lock(hashtext('relationships-numbers'))")
    chunk.run(
        """
        WITH last AS (
            SELECT coalesce(max(t.number), '0')::int AS number FROM relationships_businessaccount t
            WHERE t.number LIKE %(ours)s
        )
        UPDATE exchange_chunk c SET fields = c.fields || jsonb_build_object(
            'number', lpad((last.number + n.place)::text, 9, %(zero)s))
        FROM last, (SELECT line, row_number() OVER (ORDER BY line) AS place FROM exchange_chunk
                    WHERE act = 'create' AND NOT fields ? 'number') n
        WHERE n.line = c.line
        """,
        ours=f"{OURS}%",
        zero=OURS,
    )
    chunk.run("""
        INSERT INTO relationships_businessaccount (id, number, name, postal_code, city, country, version)
        SELECT c.id, r.number, r.name, coalesce(r.postal_code, ''), coalesce(r.city, ''),
               coalesce(r.country, %(country)s), 1
        FROM exchange_chunk c, jsonb_populate_record(NULL::relationships_businessaccount, c.fields) r
        WHERE c.act = 'create'
    """)
    chunk.lay_over("relationships_businessaccount", "name, postal_code, city, country")
    chunk.run(f"""
        INSERT INTO relationships_programaccount (account_id, number, label)
        SELECT a.id, w.program, '' FROM exchange_chunk c JOIN relationships_businessaccount a ON a.id = c.id,
            LATERAL ({_PROGRAMS.format(number="a.number", row="c")}) w
        ON CONFLICT (number) DO NOTHING
    """)  # noqa: S608
    _tie(chunk, "c.id")


def bring_relationships(chunk) -> int:
    """Returns how many were not brought because the business has given access itself meanwhile."""
    chunk.run(
        """
        INSERT INTO relationships_relationship (id, organization_id, account_id, level, visibility, state, starts_on,
            ends_on, approved_by_name, ended_by_name, version)
        SELECT c.id, %(org)s, (c.extra ->> 'account_id')::bigint, coalesce(r.level, 'business'),
               coalesce(r.visibility, '{own}'), 'active', r.starts_on, r.ends_on,
               coalesce(r.approved_by_name, left(%(approved_by)s, 120)), '', 1
        FROM exchange_chunk c, jsonb_populate_record(NULL::relationships_relationship, c.fields) r
        WHERE c.act = 'create' ORDER BY c.line
        ON CONFLICT (organization_id, account_id) WHERE state = 'active' DO NOTHING
        """,
        approved_by=_("Exploitant de l’instance (%(file)s)") % {"file": chunk.batch.filename},
    )
    late = _drop(chunk, "relationships_relationship")
    chunk.run(f"""
        INSERT INTO relationships_relationshipprogram (organization_id, relationship_id, program_id)
        SELECT %(org)s, c.id, g.id
        FROM exchange_chunk c JOIN relationships_businessaccount a ON a.id = (c.extra ->> 'account_id')::bigint
        CROSS JOIN LATERAL ({_PROGRAMS.format(number="a.number", row="c")}) w
        JOIN relationships_programaccount g ON g.account_id = a.id AND g.number = w.program
    """)  # noqa: S608
    _tie(chunk, "(c.extra ->> 'account_id')::bigint")
    chunk.run("""
        SELECT c.id FROM exchange_chunk c WHERE NOT EXISTS (
            SELECT 1 FROM clients_client h WHERE h.organization_id = %(org)s
              AND h.business_account_id = (c.extra ->> 'account_id')::bigint AND h.deleted_at IS NULL)
        ORDER BY c.line
    """)
    lonely = [pk for (pk,) in chunk.cursor.fetchall()]
    for one in Relationship.objects.filter(pk__in=lonely).select_related("organization", "account", "request"):
        ties.tie(one)
    return late


def bring_requests(chunk) -> int:
    """Returns how many were asked for by somebody else meanwhile."""
    chunk.run("""
        UPDATE relationships_accessrequest q SET state = 'expired', decided_at = now() FROM exchange_chunk c
        WHERE q.organization_id = %(org)s AND q.account_number = c.extra ->> 'account' AND q.state = 'pending'
          AND q.expires_on < %(today)s
    """)
    chunk.run(
        """
        INSERT INTO relationships_accessrequest (id, organization_id, account_number, client_id, comments, asked_by_id,
            asked_by_name, expires_on, state, decided_by_name, reason)
        SELECT c.id, %(org)s, c.extra ->> 'account', (c.extra ->> 'client_id')::bigint, c.extra ->> 'comments',
               %(user)s, %(who)s, %(today)s::date + %(days)s, 'pending', '', ''
        FROM exchange_chunk c ORDER BY c.line
        ON CONFLICT (organization_id, account_number) WHERE state = 'pending' DO NOTHING
        """,
        who=chunk.member.name[:120],
        days=request_days_of(chunk.member.organization_id),
    )
    late = _drop(chunk, "relationships_accessrequest")
    chunk.run("SELECT id FROM exchange_chunk ORDER BY line")
    made = AccessRequest.objects.filter(pk__in=[pk for (pk,) in chunk.cursor.fetchall()])
    for request in made.select_related("organization").order_by("pk"):
        tell("request.made", request)
    return late


def _drop(chunk, table: str) -> int:
    return chunk.run(f"""
        WITH moved AS (
            DELETE FROM exchange_chunk c WHERE NOT EXISTS (SELECT 1 FROM {table} t WHERE t.id = c.id)
            RETURNING c.line
        )
        UPDATE exchange_importrow r SET verdict = 'reject', reason = %(moved)s
        FROM moved WHERE r.batch_id = %(batch)s AND r.line = moved.line
    """)  # noqa: S608 (a name of ours)


def _tie(chunk, account: str) -> None:
    """Clients that the rows name are these businesses from now on, where they and the businesses are free."""
    chunk.run(f"""
        UPDATE clients_client t SET business_account_id = f.account_id, version = t.version + 1, updated_at = now(),
            updated_by_id = %(user)s
        FROM (SELECT DISTINCT ON (c.extra ->> 'client_id') (c.extra ->> 'client_id')::bigint AS client_id,
                     {account} AS account_id
              FROM exchange_chunk c WHERE c.extra ? 'client_id' ORDER BY c.extra ->> 'client_id', c.line) f
        WHERE t.organization_id = %(org)s AND t.id = f.client_id AND t.business_account_id IS NULL
          AND t.deleted_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM clients_client h WHERE h.organization_id = %(org)s
              AND h.business_account_id = f.account_id AND h.deleted_at IS NULL)
    """)  # noqa: S608
