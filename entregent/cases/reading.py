"""What the page of a case shows: its links within the reader's reach, its elements by type or by time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.cases.extension_points import Element, ElementGroup, elements
from entregent.cases.models import Case, CaseAgent, CaseDocument, CaseObject, CaseParticipant, CaseType
from entregent.cases.sla_models import SlaClock
from entregent.clients.models import BusinessObject, Client, Person, sees_all_objects
from entregent.interactions.models import Interaction
from entregent.organizations.calendars import calendar_of
from entregent.outbox.models import Message

# Of one type, unless all are asked for.
SHOWN = 8
MOST = 500


@dataclass(slots=True)
class Links:
    participants: list[CaseParticipant]
    agents: list[CaseAgent]
    objects: list[CaseObject]


def links_of(case: Case, member) -> Links:
    """Interlocuteurs, agents and objects; clients, people and objects out of the member's reach are left out."""
    participants = list(case.participants.select_related("client", "person"))
    objects = list(case.objects_linked.select_related("object__type"))
    if not member.reach.is_whole(Right.CLIENT_VIEW):
        clients = _seen(Client, member, [one.client_id for one in participants if one.client_id])
        people = _seen(Person, member, [one.person_id for one in participants if one.person_id])
        participants = [one for one in participants if one.client_id in clients or one.person_id in people]
    if not sees_all_objects(member):
        own = _seen(BusinessObject, member, [one.object_id for one in objects])
        objects = [one for one in objects if one.object_id in own]
    return Links(participants, list(case.agents.select_related("user")), objects)


def _seen(model: Any, member, ids: list[int]) -> set[int]:
    return set(model.objects.visible_to(member).filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()


def linked_cases(case: Case, member) -> list[Case]:
    """Parent, children, linked ones, those that became part of it; within reach, each with `how`."""
    seen = Case.objects.visible_to(member).select_related("case_type")
    found: dict[int, Case] = {}

    def put(cases, how: str) -> None:
        for one in cases:
            if one.pk not in found:
                one.how = how
                found[one.pk] = one

    if case.parent_id:
        put(seen.filter(pk=case.parent_id), "parent")
    put(seen.filter(parent=case)[:50], "child")
    put(seen.filter(links__other=case)[:50], "link")
    put(seen.filter(links_back__case=case)[:50], "link")
    put(seen.filter(merged_into=case)[:50], "merged")
    return list(found.values())


def elements_of(case: Case, member, links: Links, *, is_whole: bool = False) -> list[ElementGroup]:
    """« Éléments du dossier », by type (R001-26)."""
    most = MOST if is_whole else SHOWN
    contacts = Interaction.objects.visible_to(member).filter(in_cases__case=case)
    documents: dict[str, list[CaseDocument]] = {}
    for one in case.documents.select_related("file").order_by("-created_at", "-id")[:MOST]:
        documents.setdefault(one.kind, []).append(one)
    letters, files = documents.get("letter", []), documents.get("attachment", [])
    mails = [_document(one, case, "mail") for one in documents.get("mail", [])] + _mails(case)
    mails.sort(key=lambda one: (one.at is not None, one.at), reverse=True)
    groups = [
        _group(
            "contacts", _("Contacts"), "message-2", _contacts(contacts, member, most),
            _("Ce dossier ne contient aucun contact."), contacts.count(),
        ),
        _group(
            "letters", _("Courriers"), "mailbox", [_document(one, case, "mailbox") for one in letters],
            _("Ce dossier ne contient aucun courrier."),
        ),
        _group("mails", _("Courriels"), "mail", mails, _("Ce dossier ne contient aucun courriel.")),
        _group(
            "documents", _("Documents"), "paperclip", _in_versions(files, case),
            _("Ce dossier ne contient aucun document."),
        ),
        _group(
            "agents", _("Agents"), "headset",
            _agents(case, links),
            _("Ce dossier n'a aucun agent."),
        ),
        _group(
            "participants", _("Interlocuteurs"), "users", [_participant(one, member) for one in links.participants],
            _("Ce dossier n'a aucun interlocuteur."),
        ),
        _group(
            "objects", _("Objets"), "file-invoice",
            [
                Element(one.object.key, detail=str(one.object.type.label), icon="file-invoice")
                for one in links.objects
            ],
            _("Ce dossier ne porte sur aucun objet."),
        ),
    ]  # fmt: skip
    for contribution in elements:
        groups += contribution(case, member)
    return [ElementGroup(one.code, one.title, one.icon, list(one.rows)[:most], one.empty, one.total) for one in groups]


def by_time(groups: Sequence[ElementGroup]) -> list[Element]:
    """The same, those that have a moment, newest first."""
    dated = [one for group in groups for one in group.rows if one.at is not None]
    return sorted(dated, key=lambda one: one.at, reverse=True)  # type: ignore[arg-type, return-value]


def _group(code, title, icon, rows: list[Element], empty: str, total: int | None = None) -> ElementGroup:
    return ElementGroup(code, title, icon, rows, empty, len(rows) if total is None else total)


def _contacts(contacts, member, most: int) -> list[Element]:
    label = "topic__label_en" if get_language() == "en" else "topic__label_fr"
    rows = contacts.order_by("-occurred_at", "-id").values_list("number", label, "subject", "channel", "occurred_at")
    return [
        Element(
            subject or topic,
            _at("interactions:detail", member, number),
            str(Interaction.Channel(channel).label),
            occurred_at,
            "message-2",
        )
        for number, topic, subject, channel, occurred_at in rows[:most]
    ]


def _document(one: CaseDocument, case: Case, icon: str) -> Element:
    url = reverse("cases:document", args=[case.organization.slug, case.number, one.pk])
    gone = one.file.removed_at is not None
    off = reverse("cases:document_delete", args=[case.organization.slug, case.number, one.pk])
    send = "" if gone else reverse("cases:document_send", args=[case.organization.slug, case.number, one.pk])
    return Element(one.title, "" if gone else url, _("supprimé") if gone else "", one.created_at, icon, off, send)


def _in_versions(files: list[CaseDocument], case: Case) -> list[Element]:
    """Each document by its newest version, with those before it; `files` are newest first."""
    versions: dict[int, list[CaseDocument]] = {}
    for one in files:
        versions.setdefault(one.version_of_id or one.pk, []).append(one)
    rows = []
    for newest, *earlier in versions.values():
        row = replace(_document(newest, case, "paperclip"), key=newest.pk)
        if earlier:
            told = [_("version %(n)s") % {"n": len(earlier) + 1}, *([row.detail] if row.detail else [])]
            before = [
                (_("version %(n)s") % {"n": len(earlier) - place}, _document(one, case, "paperclip").url)
                for place, one in enumerate(earlier)
            ]
            row = replace(row, detail=" · ".join(told), earlier=before)
        rows.append(row)
    return rows


def _mails(case: Case) -> list[Element]:
    """Those that left about the case, by the outbox."""
    about = Message.objects.filter(
        organization_id=case.organization_id, subject_type=Case._meta.label_lower, subject_id=case.pk
    )
    return [
        Element(
            one.subject,
            detail=f"{', '.join(one.recipients)} · {one.get_state_display()}",
            at=one.sent_at or one.created_at,
            icon="mail",
        )
        for one in about.only("subject", "recipients", "state", "created_at", "sent_at").order_by("-id")[:MOST]
    ]


def _agents(case: Case, links: Links) -> list[Element]:
    """Whoever is responsible is told so, whatever they are besides."""
    responsible = str(CaseAgent.Role.RESPONSIBLE.label)
    rows = []
    for one in links.agents:
        role = str(one.get_role_display())
        is_both = one.user_id == case.responsible_id and one.role != CaseAgent.Role.RESPONSIBLE
        rows.append(Element(one.user.name, detail=f"{role} · {responsible}" if is_both else role, icon="headset"))
    if case.responsible is not None and all(one.user_id != case.responsible_id for one in links.agents):
        rows.insert(0, Element(case.responsible.name, detail=responsible, icon="headset"))
    return rows


def _participant(one: CaseParticipant, member) -> Element:
    if one.client is not None:
        url = _at("workspace:client", member, one.client.number)
        return Element(one.client.display_name, url, one.role or _("Client"), icon="building")
    assert one.person is not None
    url = reverse("clients:person", args=[member.organization.slug, one.person.pk])
    return Element(one.person.full_name, url, one.role or _("Personne-ressource"), icon="user")


def _at(name: str, member, number) -> str:
    return reverse(name, kwargs={"organization": member.organization.slug, "number": number})


def type_of_contact(member, contact) -> CaseType | None:
    """The type that is proposed for a case made of this contact: the first one that its topic leads to."""
    kinds = CaseType.objects.of(member).offered().select_related("template")
    return kinds.filter(topics__contains=[contact.topic.code]).first()


def types_offered(member) -> list[tuple[CaseType, str]]:
    """The types that are offered, in the order of their tree, each with its whole name (« Réclamation › Facture »)."""
    kinds = list(CaseType.objects.of(member))
    children: dict[int | None, list[CaseType]] = {}
    for kind in kinds:
        children.setdefault(kind.parent_id, []).append(kind)
    found: list[tuple[CaseType, str]] = []

    def walk(parent_id: int | None, above: str) -> None:
        for kind in children.get(parent_id, []):
            name = f"{above} › {kind.label}" if above else str(kind.label)
            if kind.is_active:
                found.append((kind, name))
            walk(kind.pk, name)

    walk(None, "")
    return found


@dataclass(frozen=True)
class ToldClock:
    """A promise on the page of its case."""

    label: str
    state: str  # running, soon, late, paused, met, missed
    told: str
    due_at: datetime


def clocks_of(case: Case, now: datetime | None = None) -> list[ToldClock]:
    """The promises of a case, each kind once: the one that runs, else the last one."""
    found = {clock.kind: clock for clock in case.clocks.filter(dropped_at=None).order_by("started_at", "id")}
    if not found:
        return []
    calendar, now = calendar_of(case.organization), now or timezone.now()
    return [
        ToldClock(str(kind.label), *_tell_clock(found[kind], calendar, now), found[kind].due_at)
        for kind in SlaClock.Kind
        if kind in found
    ]


def _tell_clock(clock: SlaClock, calendar, now: datetime) -> tuple[str, str]:
    if clock.met_at is not None:
        missed = clock.met_at > clock.due_at
        return ("missed", _("Tenu en retard")) if missed else ("met", _("Tenu"))
    if clock.paused_since is not None:
        left = _length(calendar.between(clock.paused_since, clock.due_at), calendar)
        return "paused", _("En pause, reste %(time)s") % {"time": left}
    if now > clock.due_at:
        return "late", _("En retard de %(time)s") % {"time": _length(calendar.between(clock.due_at, now), calendar)}
    left = _length(calendar.between(now, clock.due_at), calendar)
    is_soon = clock.warned_at is not None or (clock.check_at is not None and clock.check_at <= now)
    return ("soon" if is_soon else "running"), _("Reste %(time)s") % {"time": left}


def _length(time: timedelta, calendar) -> str:
    """Working time in words: days as the organization works them."""
    minutes = max(int(time.total_seconds() // 60), 0)
    day = 24 * 60
    if calendar.hours is not None:
        opens, closes = calendar.hours
        day = (closes.hour - opens.hour) * 60 + closes.minute - opens.minute
    if minutes >= 2 * day:
        return ngettext("%(n)s jour ouvré", "%(n)s jours ouvrés", minutes // day) % {"n": minutes // day}
    if minutes >= 120:
        return ngettext("%(n)s heure ouvrée", "%(n)s heures ouvrées", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)s minute ouvrée", "%(n)s minutes ouvrées", minutes) % {"n": minutes}
