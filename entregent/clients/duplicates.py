"""Who a client may be besides itself: the rules, and the three who ask: whoever types, an import, the scan.

The rules weigh what two clients have in common (`duplicates.sql` compares them); an organization may weigh otherwise.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from entregent.access.rights import Right
from entregent.clients.duplicate_models import DuplicatePair, DuplicateRules, NotDuplicate
from entregent.clients.models import Client, Person
from entregent.clients.search import client_entries
from entregent.clients.validation import clean_identifiers
from entregent.organizations.models import Membership
from entregent.toolbox.errors import Refusal
from entregent.toolbox.phones import PhoneInvalid, to_e164
from entregent.toolbox.text import digits, search_key

MOST = 5
# Clients worth comparing that the words of a name bring up.
_CANDIDATES = 50
# A value that more clients share brings nobody together: the switchboard of a landlord, « inconnu@… ».
MOST_SHARING = 50


@dataclass(frozen=True)
class Criterion:
    """Something that two clients have in common, or differ in: `is_against` takes points away."""

    code: str
    label: Any
    points: int
    is_against: bool = False


CRITERIA = (
    Criterion("name", _("Nom : les mêmes mots, la même sonorité ou une écriture proche"), 50),
    Criterion("phone", _("Téléphone"), 35),
    Criterion("email", _("Courriel"), 40),
    Criterion("identifier", _("Identifiant (SIREN, SIRET, NE, TVA…)"), 80),
    Criterion("address", _("Adresse"), 30),
    Criterion("birth_date", _("Date de naissance"), 25),
    Criterion("other_birth_date", _("Dates de naissance différentes"), 30, is_against=True),
    Criterion("other_identifier", _("Identifiants différents"), 50, is_against=True),
)

# Why, in words: « même téléphone ».
REASONS = {
    "name": _("même nom"),
    "name_alike": _("nom proche"),
    "phone": _("même téléphone"),
    "email": _("même courriel"),
    "identifier": _("même identifiant"),
    "address": _("même adresse"),
    "birth_date": _("même date de naissance"),
    "other_birth_date": _("mais autre date de naissance"),
    "other_identifier": _("mais autre identifiant"),
}


@dataclass(frozen=True)
class Rules:
    """What counts how much in an organization."""

    weights: Mapping[str, int]
    threshold: int
    hint_threshold: int
    version: int = 0

    @property
    def by_sound(self) -> bool:
        """Can a name alone bring two together? Else whoever reaches the threshold shares something more."""
        return self.weights["name"] >= self.threshold

    @property
    def weights_json(self) -> str:
        return json.dumps(dict(self.weights))


def default_rules() -> Rules:
    return Rules({criterion.code: criterion.points for criterion in CRITERIA}, 70, 35)


def rules_of(organization_id: int) -> Rules:
    kept = DuplicateRules.objects.filter(organization_id=organization_id).first()
    usual = default_rules()
    if kept is None:
        return usual
    return Rules({**usual.weights, **kept.weights}, kept.threshold, kept.hint_threshold, kept.version)


def reasons_in_words(codes: Iterable[str]) -> list[str]:
    return [str(REASONS[code]) for code in codes if code in REASONS]


@dataclass(frozen=True)
class Alike:
    """A client that is like another, with the score and the reasons in words."""

    client: Client
    score: int
    reasons: list[str]


def likely_duplicates(
    member: Membership,
    *,
    name: str = "",
    first_name: str = "",
    phone: str = "",
    email: str = "",
    identifiers: Mapping | None = None,
    address: Mapping | None = None,
) -> list[Alike]:
    """The clients in reach that what is being typed may already be, the most alike first. A person at a client counts
    as well: their phones and e-mails are compared."""
    words = search_key(f"{name} {first_name}"[:200])
    words = words if len(words) >= 3 else ""
    phones = [{"number": number}] if (number := _number(member, phone)) else []
    emails = [email.strip().lower()[:254]] if "@" in email and len(email) > 5 else []
    known = _identifiers(identifiers)
    places = [dict(address)] if address and address.get("street") else []
    if not (words or phones or emails or known or places):
        return []
    rules = rules_of(member.organization_id)
    parameters: dict[str, Any] = {
        "org": member.organization_id,
        "words": words,
        "emails": emails,
        "phones": json.dumps(phones),
        "identifiers": json.dumps(known),
        "places": json.dumps(places),
        "also": _named(member, words),
        "weights": rules.weights_json,
        "threshold": rules.hint_threshold,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.client_id, d.score, d.reasons FROM french_sound(%(words)s) sound, duplicates_of(
                %(org)s, duplicate_name(%(words)s), sound,
                duplicate_keys(sound, NULL, %(emails)s::text[], %(phones)s::jsonb, %(identifiers)s::jsonb,
                               %(places)s::jsonb),
                '{}', %(also)s::bigint[], %(weights)s::jsonb, %(threshold)s) d
            """,
            parameters,
        )
        found = cursor.fetchall()
    return _within_reach(member, found)[:MOST]


def look_alikes(member: Membership, client: Client, *, limit: int = MOST) -> list[Alike]:
    """The clients in reach that the rules take for this very client, without those that were said to be others."""
    rules = rules_of(member.organization_id)
    others = _said_to_differ(client)
    found = [row for row in _like(client, rules) if row[0] != client.pk and row[0] not in others]
    return _within_reach(member, found)[:limit]


def compare(first: Client, second: Client) -> tuple[int, list[str]]:
    """How alike two clients are, in points, and the codes of the reasons."""
    rules = rules_of(first.organization_id)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT s.score, s.reasons FROM clients_duplicateprofile a, clients_duplicateprofile b,
                duplicate_score(a.name, a.sound, a.keys, a.people_keys, b.name, b.sound, b.keys, b.people_keys, %s) s
            WHERE a.client_id = %s AND b.client_id = %s
            """,
            [rules.weights_json, first.pk, second.pk],
        )
        row = cursor.fetchone()
    return (row[0], row[1]) if row is not None else (0, [])


def compare_people(first: Person, second: Person) -> tuple[int, list[str]]:
    """How alike two people are, in points, and the codes of the reasons."""
    rules = rules_of(first.organization_id)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH profile AS MATERIALIZED (
                SELECT p.id, duplicate_name(p.sort_key) AS name, s.sound,
                    duplicate_keys(s.sound, p.birth_date, p.emails::text[], p.phones, '{}', '[]') AS keys
                FROM clients_person p CROSS JOIN LATERAL (SELECT french_sound(p.sort_key) AS sound OFFSET 0) s
                WHERE p.id IN (%(first)s, %(second)s) AND p.organization_id = %(org)s
            )
            SELECT s.score, s.reasons FROM profile a, profile b,
                duplicate_score(a.name, a.sound, a.keys, '{}', b.name, b.sound, b.keys, '{}', %(weights)s::jsonb) s
            WHERE a.id = %(first)s AND b.id = %(second)s
            """,
            {
                "first": first.pk,
                "second": second.pk,
                "org": first.organization_id,
                "weights": rules.weights_json,
            },
        )
        row = cursor.fetchone()
    return (row[0], row[1]) if row is not None else (0, [])


def refresh_pairs(client: Client) -> None:
    """Finds the pairs of one client anew, as the next scan would: after a merge, and after its undoing."""
    rules = rules_of(client.organization_id)
    DuplicatePair.objects.filter(Q(first=client) | Q(second=client), organization_id=client.organization_id).delete()
    others = _said_to_differ(client)
    DuplicatePair.objects.bulk_create(
        DuplicatePair(
            organization_id=client.organization_id,
            first_id=min(client.pk, other),
            second_id=max(client.pk, other),
            score=score,
            reasons=reasons,
        )
        for other, score, reasons in _like(client, rules)
        if other != client.pk and other not in others
    )


def _like(client: Client, rules: Rules) -> list[tuple[int, int, list[str]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.client_id, d.score, d.reasons FROM clients_duplicateprofile p, duplicates_of(
                p.organization_id, p.name, p.sound,
                CASE WHEN %(by_sound)s THEN p.keys ELSE array_remove(p.keys, 's:' || p.sound) END,
                p.people_keys, '{}', %(weights)s::jsonb, %(threshold)s) d
            WHERE p.client_id = %(client)s AND p.organization_id = %(org)s
            """,
            {
                "client": client.pk,
                "org": client.organization_id,
                "weights": rules.weights_json,
                "threshold": rules.threshold,
                "by_sound": rules.by_sound,
            },
        )
        return cursor.fetchall()


def _within_reach(member: Membership, found: Collection[tuple[int, int, list[str]]]) -> list[Alike]:
    if not found:
        return []
    ids = [client_id for client_id, _score, _reasons in found]
    clients = Client.objects.visible_to(member, Right.CLIENT_VIEW).listed().select_related("sector").in_bulk(ids)
    return [
        Alike(clients[client_id], score, reasons_in_words(reasons))
        for client_id, score, reasons in found
        if client_id in clients
    ]


def _said_to_differ(client: Client) -> set[int]:
    pairs = NotDuplicate.objects.filter(
        Q(first=client) | Q(second=client), organization_id=client.organization_id
    ).values_list("first_id", "second_id")
    return {pk for pair in pairs for pk in pair if pk != client.pk}


def _named(member: Membership, words: str) -> list[int]:
    """Clients whose names hold every word typed so far, among those in reach."""
    if not words:
        return []
    every_word = Q()
    for word in words.split()[:6]:
        every_word &= Q(doc__contains=f" {word} ")
    entries = client_entries(member).filter(every_word)
    return list(entries.values_list("subject_id", flat=True)[:_CANDIDATES])


def _number(member: Membership, phone: str) -> str:
    try:
        return to_e164(phone, region=member.organization.country) if len(digits(phone)) >= 6 else ""
    except PhoneInvalid:
        return ""


def _identifiers(identifiers: Mapping | None) -> dict[str, str]:
    try:
        return clean_identifiers(identifiers)
    except Refusal:
        return {}
