"""What a merge of two clients, or of two people, would do, and what undoing one would: read before anybody decides.

The actions (`actions/merging.py`, `actions/merging_people.py`) work from the same comparison, so that what was shown is
what happens.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from babel.dates import format_date
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from entregent.clients import ties, validation
from entregent.clients.extension_points import movers, person_movers
from entregent.clients.models import Client, ClientPerson, ClientQuerySet, Person, PersonQuerySet
from entregent.clients.movers import Mover
from entregent.listing import custom_fields
from entregent.listing.models import CustomField
from entregent.organizations.models import Membership, Sector, User
from entregent.relationships.models import BusinessAccount
from entregent.toolbox.errors import NotFound
from entregent.toolbox.phones import national

WINNER, LOSER = "winner", "loser"


@dataclass(frozen=True)
class Subject:
    """What is merged. Of the fields in `single` one of two values is kept, and of each code in the columns `by_code`;
    the name goes as a whole (`name_parts`). Lists are put together, up to so many (`gathered`)."""

    model: Any
    code: str
    name_parts: tuple[str, ...]
    single: tuple[str, ...]
    by_code: tuple[str, ...]
    gathered: Mapping[str, int]
    movers: Iterable[Mover]
    name: Callable[[Any], str]


def _client_name(client: Client) -> str:
    # A name goes with the kind: « Moreau, Anne » and « Moreau SARL » have other parts.
    return f"{client.display_name} ({client.get_kind_display().lower()})"


def _person_name(person: Person) -> str:
    full = person.full_name
    return full if full == person.file_as else f"{full} ({person.file_as})"


CLIENTS = Subject(
    model=Client,
    code="client",
    name_parts=("kind", "name", "first_name"),
    single=("status", "category", "language", "birth_date", "responsible_id", "sector_id", "business_account_id"),
    by_code=("identifiers", "custom"),
    gathered={"emails": validation.MOST_EMAILS, "phones": validation.MOST_PHONES, "tags": 20},
    movers=movers,
    name=_client_name,
)
PEOPLE = Subject(
    model=Person,
    code="person",
    name_parts=("file_as", "first_name", "last_name"),
    single=("title", "company", "language", "birth_date"),
    by_code=("custom",),
    gathered={"emails": validation.MOST_EMAILS, "phones": validation.MOST_PHONES},
    movers=person_movers,
    name=_person_name,
)


def subject_of(record: Client | Person) -> Subject:
    return CLIENTS if isinstance(record, Client) else PEOPLE


# Of each there is one person at most.
MARKS = {
    "is_primary": gettext_lazy("Personne principale"),
    "is_preferred": gettext_lazy("Personne privilégiée"),
    "is_billing": gettext_lazy("Personne de facturation"),
}
_LABELS = {"name": gettext_lazy("Nom"), "external_key": gettext_lazy("Clé externe")}
# Rows of a table that came since, as many as a page shows at once.
MOST_MADE = 200


@dataclass(frozen=True)
class Choice:
    """One field of the two clients, as words; `chosen` is the side that is taken unless somebody chooses otherwise."""

    code: str
    label: str
    winner: str
    loser: str
    chosen: str

    @property
    def is_open(self) -> bool:
        """Is there anything to choose?"""
        return self.winner != self.loser


@dataclass(frozen=True)
class Value:
    key: str
    text: str
    side: str
    is_taken: bool


@dataclass(frozen=True)
class Gathering:
    """A list of which each value is kept or left: e-mails, phones, tags. All are taken up to `most`."""

    code: str
    label: str
    most: int
    values: list[Value]


@dataclass(frozen=True)
class Comparison:
    """Two clients side by side, and how much would move."""

    choices: list[Choice]
    gatherings: list[Gathering]
    moves: list[str]

    @property
    def open_choices(self) -> list[Choice]:
        return [choice for choice in self.choices if choice.is_open]


def compare_for_merge(member: Membership, winner: Any, loser: Any) -> Comparison:
    """The two side by side, field by field, with what would be kept, and the counts of what would move."""
    subject = subject_of(winner)
    words = Words(member, subject)
    choices = [_choice(code, words, winner, loser) for code in codes_of(winner, loser)]
    choices = [choice for choice in choices if choice.winner or choice.loser]
    return Comparison(
        choices=choices + (_mark_choices(winner, loser) if subject is CLIENTS else []),
        gatherings=[found for code in subject.gathered if (found := _gathering(code, words, winner, loser)).values],
        moves=[
            mover.words(number)
            for mover in subject.movers
            if (number := mover.count(loser.pk, to=winner.pk, member=member))
        ],
    )


def codes_of(winner: Any, loser: Any) -> list[str]:
    """The fields of which one value is kept. A dot leads into a column that holds several values by code."""
    subject = subject_of(winner)
    by_code = [
        f"{column}.{code}"
        for column in subject.by_code
        for code in sorted({**getattr(winner, column), **getattr(loser, column)})
    ]
    return ["name", *subject.single, *by_code]


def preferred(code: str, winner: Any, loser: Any) -> str:
    """The side that is taken unless somebody chooses: the one that remains, if it says anything."""
    if code == "status":
        return LOSER if winner.is_prospect and loser.status == Client.Status.CLIENT else WINNER
    if code == "name":
        return WINNER
    return LOSER if held(winner, code) in (None, "") and held(loser, code) not in (None, "") else WINNER


def held(client: Any, code: str) -> Any:
    """What a client or a person holds under a code, as JSON keeps it."""
    if "." in code:
        column, key = code.split(".", 1)
        return getattr(client, column).get(key)
    value = getattr(client, code)
    return value.isoformat() if isinstance(value, date) else value


def put(client: Any, code: str, value: Any) -> None:
    """Sets what `held` gives."""
    if "." in code:
        column, key = code.split(".", 1)
        values = dict(getattr(client, column))
        values.pop(key, None)
        if value is not None:
            values[key] = value
        setattr(client, column, values)
    else:
        setattr(client, code, date.fromisoformat(value) if code == "birth_date" and value else value)


def gathered(code: str, winner: Any, loser: Any) -> list[tuple[str, Any, str]]:
    """Each value of both lists once, those of the winner first: (its key, itself, the side)."""
    seen: dict[str, tuple[str, Any, str]] = {}
    for side, client in ((WINNER, winner), (LOSER, loser)):
        for value in getattr(client, code):
            key = value["number"] if code == "phones" else value
            seen.setdefault(key.lower(), (key, value, side))
    return list(seen.values())


class Words:
    """Values of what is merged in words, in the reader's language; names are read once."""

    def __init__(self, member: Membership, subject: Subject):
        self.member = member
        self.subject = subject
        self.fields = {f.code: f for f in custom_fields.fields_of(member, subject.code)}
        self._names: dict[tuple[str, int], str] = {}

    def label(self, code: str) -> str:
        if code in _LABELS:
            return str(_LABELS[code])
        column, _dot, key = code.partition(".")
        if column == "identifiers":
            return str(validation.IDENTIFIERS[key][0]) if key in validation.IDENTIFIERS else key.upper()
        if column == "custom":
            return str(self.fields[key].label) if key in self.fields else ""
        label = str(self._field(code.removesuffix("_id")).verbose_name)
        return label[:1].upper() + label[1:]

    def text(self, code: str, value: Any) -> str:
        if value in (None, "", [], {}):
            return ""
        column, _dot, key = code.partition(".")
        if column == "custom":
            field_of_it = self.fields.get(key)
            names = custom_fields.names_of([field_of_it], [{key: value}]) if field_of_it else {}
            return custom_fields.shown(field_of_it, value, names) if field_of_it else ""
        if code in ("kind", "status", "language"):
            return str(dict(self._field(code).flatchoices).get(value, value))
        if code == "birth_date":
            return format_date(date.fromisoformat(value), "d MMM y", locale=get_language())
        if code == "responsible_id":
            return self._name(User, value)
        if code == "sector_id":
            return self._name(Sector, value)
        if code == "business_account_id":
            return self._name(BusinessAccount, value)
        if code == "phones":
            return ", ".join(self.item("phones", phone) for phone in value)
        return ", ".join(value) if isinstance(value, list) else str(value)

    def item(self, code: str, value: Any) -> str:
        if code != "phones":
            return str(value)
        number = national(value["number"], region=self.member.organization.country)
        return f"{number} ({value['label']})" if value.get("label") else number

    def _field(self, name: str) -> Any:
        return self.subject.model._meta.get_field(name)

    def _name(self, model: Any, pk: int) -> str:
        known = (model.__name__, pk)
        if known not in self._names:
            self._names[known] = model.objects.filter(pk=pk).values_list("name", flat=True).first() or ""
        return self._names[known]


def _choice(code: str, words: Words, winner: Any, loser: Any) -> Choice:
    if code == "name":
        sides = [words.subject.name(one) for one in (winner, loser)]
    else:
        sides = [words.text(code, held(one, code)) for one in (winner, loser)]
    return Choice(code, words.label(code), sides[0], sides[1], preferred(code, winner, loser))


def _gathering(code: str, words: Words, winner: Any, loser: Any) -> Gathering:
    most = words.subject.gathered[code]
    values = [
        Value(key, words.item(code, value), side, place < most)
        for place, (key, value, side) in enumerate(gathered(code, winner, loser))
    ]
    return Gathering(code, words.label(code), most, values)


def _mark_choices(winner: Client, loser: Client) -> list[Choice]:
    """Which person stays the principal one, where both clients have one."""
    ties = ClientPerson.objects.filter(client__in=[winner, loser], person__deleted_at=None).select_related("person")
    marked = {(tie.client_id, mark): tie.person for tie in ties for mark in MARKS if getattr(tie, mark)}
    choices = []
    for mark in MARKS:
        ours, theirs = (marked.get((client.pk, mark)) for client in (winner, loser))
        if ours is not None and theirs is not None and ours != theirs:
            choices.append(Choice(mark, str(MARKS[mark]), ours.full_name, theirs.full_name, WINNER))
    return choices


# ——— Undoing ———


@dataclass(frozen=True)
class FieldConflict:
    """A field that the merge changed and somebody changed again since. `is_lost`: what it was before is no more (a
    sector was deleted), so that it stays as it is."""

    code: str
    label: str
    before: str
    after: str
    now: str
    is_lost: bool = False

    @property
    def key(self) -> str:
        return f"field:{self.code}"


@dataclass(frozen=True)
class RowConflict:
    """A row that the merge moved and that is no longer as it left it. `kind`: edited, deleted, elsewhere."""

    table: str
    row_id: int
    kind: str
    what: str
    name: str
    lines: list[tuple[str, str, str]] = field(default_factory=list)
    is_unseen: bool = False

    @property
    def key(self) -> str:
        return f"row:{self.table}:{self.row_id}"


@dataclass(frozen=True)
class MadeSince:
    """A row that came to the client since the merge: it stays unless somebody gives it to the other."""

    table: str
    row_id: int
    what: str
    name: str

    @property
    def key(self) -> str:
        return f"made:{self.table}:{self.row_id}"


@dataclass(frozen=True)
class MoreMade:
    """Further rows that came since, which the next page lists: `number` of them, of `table`, after the row `after`."""

    table: str
    after: int
    number: int
    what: str


@dataclass(frozen=True)
class UndoPlan:
    """What undoing a merge would do, and what there is to choose. `token` says which state this was read from."""

    goes_back: list[str]
    fields: list[FieldConflict]
    rows: list[RowConflict]
    made: list[MadeSince]
    more: list[MoreMade]
    token: str

    @property
    def has_conflicts(self) -> bool:
        return bool(self.fields or self.rows)

    @property
    def token_without_conflicts(self) -> str | None:
        return None if self.has_conflicts or self.made else self.token


def plan_undo(member: Membership, merge: Any) -> UndoPlan:
    """Everything that was edited since on what the merge moved or changed, and what came since.

    Rows that the member may not see are listed without name and contents: they go with the others.
    """
    winner = merge.winner
    subject = subject_of(winner)
    words = Words(member, subject)
    state: list[Any] = []
    fields = []
    for code, change in merge.fields.items():
        now = held(winner, code)
        lost = _lost(merge, subject, code, change["before"])
        if lost or now != change["after"]:
            state.append([code, now, bool(lost)])
            before, after, stands = (words.text(code, value) for value in (change["before"], change["after"], now))
            label = words.label(code) or _("Champ retiré")
            fields.append(FieldConflict(code, label, lost or before, after, stands, bool(lost)))
    rows: list[RowConflict] = []
    made: list[MadeSince] = []
    more: list[MoreMade] = []
    goes_back: list[str] = []
    for mover in subject.movers:
        if number := mover.going_back(merge, member=member):
            goes_back.append(mover.words(number))
        changed = mover.changed_since(merge)
        unseen = mover.unseen(member, [found["row_id"] for found in changed])
        for found in changed:
            state.append([mover.key, found["row_id"], found["now"]])
            rows.append(_row_conflict(mover, found, is_unseen=found["row_id"] in unseen))
        state.append([mover.key, *mover.count_made(merge)])
        listed, further = made_since(member, merge, mover)
        made += listed
        more += further
    text = json.dumps(state, sort_keys=True, default=str)
    return UndoPlan(goes_back, fields, rows, made, more, hashlib.sha256(text.encode()).hexdigest()[:32])


def made_since(
    member: Membership, merge: Any, mover: Mover, *, after: int = 0
) -> tuple[list[MadeSince], list[MoreMade]]:
    """One page of the rows that came since, and whether there are others."""
    came = mover.made_since(merge, limit=MOST_MADE, after=after)
    unseen = mover.unseen(member, [row_id for row_id, _name in came])
    listed = [
        MadeSince(mover.key, row_id, mover.words(1), _("Hors de votre périmètre") if row_id in unseen else name or "")
        for row_id, name in came
    ]
    if len(came) < MOST_MADE:
        return listed, []
    last = came[-1][0]
    number, _newest = mover.count_made(merge, after=last)
    return listed, [MoreMade(mover.key, last, number, mover.words(number))] if number else []


def _lost(merge: Any, subject: Subject, code: str, before: Any) -> str:
    """Why a field cannot be again what it was, in words; "" when it can."""
    column, _dot, key = code.partition(".")
    of_organization = {"organization_id": merge.organization_id}
    if code == "sector_id" and before and not Sector.objects.filter(pk=before, **of_organization).exists():
        return _("secteur supprimé depuis")
    if code == "business_account_id" and before and ties.holder_of(before, merge.organization_id, but=merge.winner_id):
        return _("compte rattaché depuis à un autre client")
    if column == "custom" and before is not None:
        standing = CustomField.objects.filter(subject=subject.code, code=key, **of_organization)
        return "" if standing.exists() else _("champ supprimé depuis")
    return ""


def _row_conflict(mover: Mover, found: Mapping[str, Any], *, is_unseen: bool) -> RowConflict:
    kind = "deleted" if found["is_gone"] else "elsewhere" if found["is_elsewhere"] else "edited"
    if is_unseen:
        return RowConflict(
            mover.key, found["row_id"], kind, mover.words(1), _("Hors de votre périmètre"), is_unseen=True
        )
    after, now = _json(found["after"]), _json(found["now"]) or {}
    hidden = {"id", "version", "updated_at", "organization_id", mover.column, *mover.ignored}
    lines = [
        (column, _plain(after[column]), _plain(now.get(column)))
        for column in after
        if kind == "edited" and column not in hidden and column in now and after[column] != now[column]
    ]
    return RowConflict(mover.key, found["row_id"], kind, mover.words(1), found["name"] or "", lines)


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _plain(value: Any) -> str:
    return "" if value in (None, "") else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def absorbed_by(client: Client) -> list[int]:
    """The clients that became part of this one, whether at once or by way of another."""
    found: list[int] = []
    level: Iterable[int] = [client.pk]
    while level := list(
        Client.objects.filter(organization_id=client.organization_id, merged_into__in=level).values_list(
            "pk", flat=True
        )
    ):
        found += level
    return found


def by_number(clients: ClientQuerySet, number: str) -> Client:
    """The client of that number among `clients`, or the one that has taken in the client of that number."""
    client = clients.filter(number=number).first() or clients.filter(aliases__number=number).first()
    if client is None:
        raise NotFound
    return client


def person_by_id(people: PersonQuerySet, pk: int) -> Person:
    """The person of that id among `people`, or the one who has taken in the person of that id."""
    person = people.filter(pk=pk).first() or people.filter(merged=pk).first()
    if person is None:
        raise NotFound
    return person
