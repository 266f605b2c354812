"""A report of a case without names: whoever appears in it is a placeholder, the same wherever they stand.

What is known of people and things (names, numbers, addresses, keys) is replaced in every text; addresses of e-mail,
telephone numbers and references (« F-2409-05240 ») that nobody knows are struck out by their form. What somebody told
between the lines is not: the page says so.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.cases.models import Case
from entregent.cases.reading import Links
from entregent.clients.models import Address, BusinessObject, Client, Person
from entregent.interactions.models import Interaction, InteractionEntry

# Shorter words are no names that one could replace without harm.
SHORTEST = 3
MOST = 1000
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_REFERENCE = re.compile(r"(?<!\w)[A-Z]{1,4}-\d[\d-]{3,}(?!\w)")
_PHONE = re.compile(r"(?<!\w)\+?\d(?:[\s.\u00a0\u202f()-]{0,2}\d){7,14}(?!\w)")


@dataclass
class Redaction:
    """From what is known of people and things to placeholders. Whoever is put in twice keeps the first placeholder."""

    words: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def put(self, kind: str, texts: Iterable[str]) -> str:
        """A placeholder for somebody known under these texts (« Personne 2 »)."""
        known = [one for one in {" ".join(str(text).split()).casefold() for text in texts} if len(one) >= SHORTEST]
        placeholder = next((self.words[one] for one in known if one in self.words), "")
        if not placeholder:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            placeholder = f"{kind} {self.counts[kind]}"
        for one in known:
            self.words.setdefault(one, placeholder)
        return placeholder

    def clean(self, text: str) -> str:
        if self.words and text:
            longest_first = sorted(self.words, key=len, reverse=True)
            known = re.compile(r"(?<!\w)(" + "|".join(re.escape(one) for one in longest_first) + r")(?!\w)", re.I)
            text = known.sub(lambda found: self.words[found[0].casefold()], text)
        text = _REFERENCE.sub(_("[référence]"), _MAIL.sub(_("[courriel]"), text))
        return _PHONE.sub(_("[téléphone]"), text)


@dataclass(frozen=True)
class Line:
    at: datetime
    what: str
    who: str
    texts: list[str]


@dataclass(frozen=True)
class Report:
    title: str
    participants: list[tuple[str, str]]
    agents: list[tuple[str, str]]
    objects: list[str]
    lines: list[Line]


def report_of(case: Case, member, links: Links) -> Report:
    """The whole course of the case, oldest first, with placeholders. `links` is what the reader sees of it."""
    redaction = Redaction()
    client = _client(redaction, case.client)
    participants = [(client, _("Client"))]
    for one in links.participants:
        if one.client_id == case.client_id:
            continue
        if one.client is not None:
            participants.append((_client(redaction, one.client), one.role))
        elif one.person is not None:
            participants.append((_person(redaction, one.person), one.role))
    agents = [(_agent(redaction, one.user), str(one.get_role_display())) for one in links.agents]
    objects = [redaction.put(str(one.object.type.label), [one.object.key]) for one in links.objects]
    _others(redaction, case, member, links)
    contacts = list(
        Interaction.objects.visible_to(member)
        .filter(in_cases__case=case)
        .select_related("topic", "person", "created_by")
        .order_by("occurred_at")[:MOST]
    )
    log = list(case.log.select_related("author").order_by("created_at", "id")[:MOST])
    for one in contacts:
        if one.person is not None:
            _person(redaction, one.person)
        if one.contact_name:
            redaction.put(_("Personne"), [one.contact_name])
        if one.created_by is not None:
            _agent(redaction, one.created_by)
    for entry in log:
        if entry.author is not None:
            _agent(redaction, entry.author)
    entries: dict[int, list[str]] = {}
    told = InteractionEntry.objects.filter(interaction__in=[one.pk for one in contacts]).order_by("interaction", "seq")
    for interaction_id, notes in told.values_list("interaction_id", "notes")[: MOST * 5]:
        if notes:
            entries.setdefault(interaction_id, []).append(redaction.clean(notes))
    house = redaction.put(_("Service"), [case.organization.name])
    lines = [
        Line(
            one.occurred_at,
            f"{one.topic.label} · {one.get_channel_display()}",
            _agent(redaction, one.created_by) if one.created_by is not None else house,
            [redaction.clean(one.subject), *entries.get(one.pk, [])] if one.subject else entries.get(one.pk, []),
        )
        for one in contacts
    ] + [
        Line(
            one.created_at,
            _told(one),
            _agent(redaction, one.author) if one.author is not None else house,
            [redaction.clean(text) for text in (one.data.get("reason", ""), one.text) if text],
        )
        for one in log
    ]
    lines.sort(key=lambda line: line.at)
    return Report(
        title=redaction.clean(case.title),
        participants=[(name, redaction.clean(role)) for name, role in participants],
        agents=agents,
        objects=objects,
        lines=lines,
    )


def _others(redaction: Redaction, case: Case, member, links: Links) -> None:
    """Contracts, invoices… of the client that texts may name, though the case is not about them."""
    linked = [one.object_id for one in links.objects]
    label = "type__label_en" if get_language() == "en" else "type__label_fr"
    own = BusinessObject.objects.visible_to(member).filter(client=case.client).exclude(pk__in=linked).order_by("pk")
    for kind, key in own.values_list(label, "key")[:MOST]:
        redaction.put(kind, [key])


def _told(entry) -> str:
    if entry.kind == entry.Kind.STATE and entry.data.get("to") in Case.State.values:
        return f"{entry.get_kind_display()} → {Case.State(entry.data['to']).label}"
    return str(entry.get_kind_display())


def _client(redaction: Redaction, client: Client) -> str:
    names = [client.display_name, client.name, client.number, *client.emails]
    names += [f"{client.name} {client.first_name}"] if client.first_name else []
    names += [phone.get("number", "") for phone in client.phones]
    names += [street for street in Address.objects.filter(client=client).values_list("street", flat=True) if street]
    return redaction.put(_("Client"), names)


def _person(redaction: Redaction, person: Person) -> str:
    names = [person.full_name, person.file_as, person.last_name, f"{person.last_name} {person.first_name}"]
    names += [*person.emails, *(phone.get("number", "") for phone in person.phones)]
    return redaction.put(_("Personne"), names)


def _agent(redaction: Redaction, user) -> str:
    return redaction.put(_("Agent"), [user.name, user.email, *user.name.split()])
