"""Interactions as pages show them: events with their entries and links, and follow-ups, in few queries.

Rows instead of model instances: these are the hottest reads of the product. Names of clients, people and objects that
are out of the member's reach are left out, even where the interaction itself is in reach.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.utils.translation import get_language

from entregent.access.recall import recalled
from entregent.access.rights import Right
from entregent.access.statements import rows_of
from entregent.clients.models import BusinessObject, Client, Person, sees_all_objects
from entregent.interactions.models import Interaction, InteractionQuerySet
from entregent.toolbox.dates import thirty_days_ago, today_in
from entregent.toolbox.errors import NotFound

PAGE = 20

# The tabs of the timeline: value in the address → channels.
ACTIVITIES: dict[str, tuple[str, ...]] = {
    "appels": ("phone_call", "phone_message"),
    "courriels": ("email", "letter"),
    "notes": ("note",),
}
# The drawings of ui for our channels.
DRAWINGS = {
    "phone_call": "phone",
    "phone_message": "message",
    "front_desk": "counter",
    "letter": "letter",
    "email": "email",
    "web": "internet",
    "note": "note",
    "portal": "portal",
    "file_transfer": "transfer",
    "other": "meeting",
}
_OBJECT_ICONS = {"contract": "file-text", "invoice": "file-invoice", "reading": "gauge", "meter": "gauge",
                 "service_point": "map-pin"}  # fmt: skip


@dataclass(slots=True)
class Pill:
    """A link under an event: somebody who took part, or an object."""

    icon: str
    label: str
    kind: str = ""
    url_name: str = ""
    url_key: Any = None


@dataclass(slots=True)
class Entry:
    """One entry of the conversation; `is_cut`: the notes go on."""

    seq: int
    internal: bool
    incoming: bool
    entry_name: str
    notes: str
    is_cut: bool = False
    at: datetime | None = None


@dataclass(slots=True)
class Event:
    """An interaction on a timeline or in a list."""

    id: int
    number: int
    client_id: int | None
    client_number: str | None
    client_name: str | None
    person_id: int | None
    person_name: str
    occurred_at: datetime
    channel: str
    direction: str
    subject: str
    status: str
    follow_up_on: date | None
    follow_up_done: bool
    contact_name: str
    topic: str
    author: str
    entries: list[Entry] = field(default_factory=list)
    pills: list[Pill] = field(default_factory=list)
    is_fresh: bool = False
    clock: str = ""

    @property
    def channel_label(self) -> str:
        return str(Interaction.Channel(self.channel).label)

    @property
    def status_label(self) -> str:
        return str(Interaction.Status(self.status).label)

    @property
    def drawing(self) -> str:
        return DRAWINGS.get(self.channel, "meeting")

    @property
    def is_internal(self) -> bool:
        """Nothing of it is ever communicated to the client."""
        return bool(self.entries) and all(entry.internal for entry in self.entries)

    @property
    def with_whom(self) -> str:
        return self.contact_name or self.person_name

    @property
    def is_open_follow_up(self) -> bool:
        return self.follow_up_on is not None and not self.follow_up_done

    @property
    def cursor(self) -> str:
        return cursor_of(self.occurred_at, self.id)


@dataclass(slots=True)
class Page:
    """Some events, newest first; `next_cursor` leads to the following ones."""

    events: list[Event]
    next_cursor: str | None


_FIELDS = (
    "id", "number", "client_id", "client__number", "client__display_name", "person_id", "person__first_name",
    "person__last_name", "person__file_as", "occurred_at", "channel", "direction", "subject", "status",
    "follow_up_on", "follow_up_done_at", "contact_name", "topic__label_fr", "topic__label_en", "created_by__name",
)  # fmt: skip


def page_of(
    records: InteractionQuerySet,
    member,
    *,
    after: str = "",
    size: int = PAGE,
    with_links: bool = True,
) -> Page:
    """One page of `records` (already within the member's reach), after the event of the cursor."""
    moment = read_cursor(after)
    if moment is not None:
        records = records.filter(
            Q(occurred_at__lt=moment[0]) | Q(occurred_at=moment[0], id__lt=moment[1]), occurred_at__lte=moment[0]
        )
    return _page(list(_newest(records, size)), member, size=size, with_links=with_links)


def newest(member, *, size: int) -> list[Event]:
    """What happened last within the member's reach, with the notes and without the links."""
    return _page(_newest_of_all(member, size=size), member, size=size, with_links=False).events


def _newest(records: InteractionQuerySet, size: int):
    return records.order_by("-occurred_at", "-id").values_list(*_FIELDS)[: size + 1]


def _page(rows: list, member, *, size: int, with_links: bool) -> Page:
    events = [_event(row) for row in rows[:size]]
    if events:
        _attach(events, member, with_links=with_links)
    return Page(events, events[-1].cursor if len(rows) > size else None)


@recalled
def _newest_of_all(member, *, size: int):
    return _newest(Interaction.objects.visible_to(member), size)


@recalled
def _newest_of(member, client_id: int, *, size: int):
    return _newest(Interaction.objects.visible_to(member).filter(client_id=client_id), size)


def client_timeline(
    member, client: Client, *, activity: str = "", only_recent: bool = False, after: str = "", size: int = PAGE
) -> Page:
    """What happened with one client; « 30 derniers jours » as RX-11 has it."""
    if not (activity in ACTIVITIES or only_recent or after):
        return _page(_newest_of(member, client.pk, size=size), member, size=size, with_links=True)
    records = Interaction.objects.visible_to(member).filter(client_id=client.pk)
    if activity in ACTIVITIES:
        records = records.filter(channel__in=ACTIVITIES[activity])
    if only_recent:
        records = records.since(thirty_days_ago(member.organization.time_zone))
    return page_of(records, member, after=after, size=size)


def fresh_event(interaction: Interaction, member, *, notes: str, internal: bool, incoming: bool, pills=()) -> Event:
    """The event of an interaction that was just logged, from what is known, without a query."""
    person, client = interaction.person, interaction.client
    return Event(
        id=interaction.pk,
        number=interaction.number,
        client_id=interaction.client_id,
        client_number=client.number if client else None,
        client_name=client.display_name if client else None,
        person_id=interaction.person_id,
        person_name=person.full_name if person else "",
        occurred_at=interaction.occurred_at,
        channel=str(interaction.channel),
        direction=str(interaction.direction),
        subject=interaction.subject,
        status=str(interaction.status),
        follow_up_on=interaction.follow_up_on,
        follow_up_done=False,
        contact_name=interaction.contact_name,
        topic=interaction.topic.label,
        author=member.user.name,
        entries=[_entry(1, internal, incoming, member.user.name, notes)],
        pills=list(pills),
        is_fresh=True,
    )


def deleted_interaction(member, number: int) -> Interaction:
    """One that was deleted, to bring it back; NotFound for whatever else the number stands for."""
    found = Interaction.objects.deleted_in_reach(member).filter(number=number).first()
    if found is None:
        raise NotFound
    return found


def object_pill(business_object: BusinessObject, type_code: str) -> Pill:
    return Pill(_OBJECT_ICONS.get(type_code, "file"), business_object.key)


def by_day(events: Iterable[Event], zone: str) -> list[tuple[date, list[Event]]]:
    """Events grouped by the day of the organization on which they took place, in the order given, with their time."""
    days: list[tuple[date, list[Event]]] = []
    for event in events:
        local = event.occurred_at.astimezone(ZoneInfo(zone))
        day, event.clock = local.date(), f"{local:%H:%M}"
        if not days or days[-1][0] != day:
            days.append((day, []))
        days[-1][1].append(event)
    return days


def cursor_of(moment: datetime, key: int) -> str:
    return f"{int(moment.timestamp())}.{moment.microsecond:06d}-{key}"


def read_cursor(text: str) -> tuple[datetime, int] | None:
    """None for whatever is no cursor: the list then begins at its beginning."""
    try:
        stamp, key = text.split("-")
        seconds, micro = stamp.split(".")
        return datetime.fromtimestamp(int(seconds), tz=UTC).replace(microsecond=int(micro)), int(key)
    except (ValueError, OverflowError, OSError):
        return None


def _event(row) -> Event:
    (key, number, client_id, client_number, client_name, person_id, first, last, file_as, occurred_at, channel,
     direction, subject, status, follow_up_on, done_at, contact_name, french, english, author) = row  # fmt: skip
    return Event(
        id=key,
        number=number,
        client_id=client_id,
        client_number=client_number,
        client_name=client_name,
        person_id=person_id,
        person_name=f"{first or ''} {last or ''}".strip() or file_as or "",
        occurred_at=occurred_at,
        channel=channel,
        direction=direction,
        subject=subject,
        status=status,
        follow_up_on=follow_up_on,
        follow_up_done=done_at is not None,
        contact_name=contact_name,
        topic=english if get_language() == "en" else french,
        author=author or "",
    )


_SHOWN = 600  # Characters of a note that a timeline shows (in _ENTRIES too); the rest is on the interaction's own page.

_ENTRIES = """
SELECT e.interaction_id, 'entry', e.seq, json_build_array(e.internal, e.incoming, e.entry_name,
       left(e.notes, 600), length(e.notes) > 600)
FROM interactions_interactionentry e WHERE e.interaction_id = ANY (%(ids)s::bigint[])
"""
_LINKS = """
UNION ALL
SELECT p.interaction_id, 'client', p.id, json_build_array(c.id, c.number, c.display_name)
FROM interactions_interactionparticipant p JOIN clients_client c ON c.id = p.client_id AND c.deleted_at IS NULL
WHERE p.interaction_id = ANY (%(ids)s::bigint[])
UNION ALL
SELECT p.interaction_id, 'person', p.id,
       json_build_array(x.id, coalesce(nullif(trim(concat(x.first_name, ' ', x.last_name)), ''), x.file_as))
FROM interactions_interactionparticipant p JOIN clients_person x ON x.id = p.person_id AND x.deleted_at IS NULL
WHERE p.interaction_id = ANY (%(ids)s::bigint[])
UNION ALL
SELECT a.interaction_id, 'agent', a.id, json_build_array(u.name, a.role)
FROM interactions_interactionagent a JOIN organizations_user u ON u.id = a.user_id
WHERE a.interaction_id = ANY (%(ids)s::bigint[]) AND a.role <> 'originator'
UNION ALL
SELECT l.interaction_id, 'object', l.id, json_build_array(o.id, o.key, t.code)
FROM interactions_interactionobject l JOIN clients_businessobject o ON o.id = l.object_id AND o.deleted_at IS NULL
JOIN clients_businessobjecttype t ON t.id = o.type_id
WHERE l.interaction_id = ANY (%(ids)s::bigint[])
"""
_ENTRIES_ONLY = _ENTRIES + "ORDER BY 1, 2, 3"
_WITH_LINKS = _ENTRIES + _LINKS + "ORDER BY 1, 2, 3"


def _attach(events: list[Event], member, *, with_links: bool) -> None:
    found = {event.id: event for event in events}
    rows = rows_of(_WITH_LINKS if with_links else _ENTRIES_ONLY, {"ids": list(found)})
    hidden = _out_of_reach(rows, found, member)
    for interaction_id, what, rank, values in rows:
        event = found[interaction_id]
        if what == "entry":
            internal, incoming, name, notes, is_cut = values
            event.entries.append(Entry(rank, internal, incoming, name, notes, is_cut))
        elif what == "agent":
            event.pills.append(Pill("headset", values[0]))
        elif (what, values[0]) in hidden:
            continue
        elif what == "client" and values[0] != event.client_id:
            event.pills.append(Pill("building", values[2], "client", "workspace:client", values[1]))
        elif what == "person" and values[0] != event.person_id:
            event.pills.append(Pill("user", values[1]))
        elif what == "object":
            event.pills.append(Pill(_OBJECT_ICONS.get(values[2], "file"), values[1]))


def _out_of_reach(rows, found: dict[int, Event], member) -> set[tuple[str, int]]:
    """Whom and what a member limited to a part of the organization must not see named."""
    if sees_all_objects(member):
        return set()
    named: dict[str, set[int]] = {"object": set()}
    if not member.reach.is_whole(Right.CLIENT_VIEW):
        named |= {"client": set(), "person": set()}
    for interaction_id, what, _rank, values in rows:
        if what in named and not (what == "client" and values[0] == found[interaction_id].client_id):
            named[what].add(values[0])
    hidden = set()
    for what, model in (("client", Client), ("person", Person), ("object", BusinessObject)):
        if named.get(what):
            seen = set(model.objects.visible_to(member).filter(pk__in=named[what]).values_list("pk", flat=True))
            hidden |= {(what, key) for key in named[what] - seen}
    return hidden


def _entry(seq: int, internal: bool, incoming: bool, name: str, notes: str) -> Entry:
    return Entry(seq, internal, incoming, name, notes[:_SHOWN], len(notes) > _SHOWN)


# ——— Follow-ups ———


@dataclass(slots=True)
class FollowUp:
    """Something to be done with a client by a day."""

    id: int
    number: int
    on: date
    client_number: str | None
    client_name: str
    topic: str
    owner: str
    owner_id: int | None
    subject: str
    days_late: int

    @property
    def state(self) -> str:
        """As ui's `due` wants it."""
        return "late" if self.days_late > 0 else "today" if self.days_late == 0 else ""


@dataclass(slots=True)
class Agenda:
    """A person's follow-ups: how many there are, and the first of them."""

    late: int
    today: int
    week: int
    rows: list[FollowUp]


_FOLLOW_UP_FIELDS = (
    "id", "number", "follow_up_on", "client__number", "client__display_name", "person__first_name",
    "person__last_name", "person__file_as", "topic__label_fr", "topic__label_en", "follow_up_owner__name",
    "follow_up_owner_id", "subject",
)  # fmt: skip


def agenda_of(member, *, size: int = 12) -> Agenda:
    """What `member` has to follow up: late, today and within seven days, the most urgent first."""
    today = today_in(member.organization.time_zone)
    week = today + timedelta(days=7)
    late, due, coming = next(iter(_numbers_due(member, today, week)), (0, 0, 0))
    rows = _first_due(member, week, size=size) if late or due or coming else []
    return Agenda(late, due, coming, [_follow_up(row, today) for row in rows])


def client_follow_ups(member, client: Client, *, size: int = 10) -> list[FollowUp]:
    today = today_in(member.organization.time_zone)
    return [_follow_up(row, today) for row in _follow_ups_of(member, client.pk, size=size)]


def _due(member, last: date) -> InteractionQuerySet:
    mine = Interaction.objects.visible_to(member).to_follow_up().filter(follow_up_owner_id=member.user_id)
    return mine.filter(follow_up_on__lte=last)


@recalled
def _numbers_due(member, today: date, last: date):
    """One row: late, of today, to come."""
    counted = {
        "late": Count("id", filter=Q(follow_up_on__lt=today)),
        "due": Count("id", filter=Q(follow_up_on=today)),
        "coming": Count("id", filter=Q(follow_up_on__gt=today)),
    }
    # Of one organization there is one group; without any there is none.
    return _due(member, last).order_by().values("organization_id").annotate(**counted).values_list(*counted)


@recalled
def _first_due(member, last: date, *, size: int):
    # Which ones first: names are looked up for those alone.
    first = _due(member, last).order_by("follow_up_on", "id").values("pk")[:size]
    found = Interaction.objects.filter(organization_id=member.organization_id, pk__in=first)
    return found.order_by("follow_up_on", "id").values_list(*_FOLLOW_UP_FIELDS)


@recalled
def _follow_ups_of(member, client_id: int, *, size: int):
    records = Interaction.objects.visible_to(member).to_follow_up().filter(client_id=client_id)
    return records.order_by("follow_up_on", "id").values_list(*_FOLLOW_UP_FIELDS)[:size]


def _follow_up(row, today: date) -> FollowUp:
    (key, number, on, client_number, client_name, first, last, file_as, french, english, owner, owner_id,
     subject) = row  # fmt: skip
    return FollowUp(
        id=key,
        number=number,
        on=on,
        client_number=client_number,
        client_name=client_name or f"{first or ''} {last or ''}".strip() or file_as or "",
        topic=english if get_language() == "en" else french,
        owner=owner or "",
        owner_id=owner_id,
        subject=subject,
        days_late=(today - on).days,
    )
