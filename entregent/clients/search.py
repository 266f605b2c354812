"""Clients, people and business objects in the quick search."""

from collections.abc import Sequence
from typing import Protocol

from django.db.models import F, FilteredRelation, Q, QuerySet
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.clients.marks import group_marks, groups_in_reach, in_groups
from entregent.clients.models import BusinessObject, BusinessObjectType, Client, CreditHold, Person
from entregent.clients.reach import few_clients
from entregent.clients.reach_models import GROUP
from entregent.listing.lookups import as_array
from entregent.search.models import Entry, Kind
from entregent.search.queries import MOST, Correction, Found, Marks, Question, find, find_corrected
from entregent.search.quick import Group, Item

# Clients of a person that a line names.
_CLIENTS_NAMED = 3
# A number of a contract or an invoice is looked for from so many characters on.
_SHORTEST_NUMBER = 3


# Of so few clients of groups each is named in the question; beyond, each thing found is asked for its group.
_FEW_OF_GROUPS = 1_000

# A client has one mark at most, which the index of marks tells by itself.
_MARK = f"""
    AND r.sector_id >= {GROUP} AND r.sector_id = ANY (%(groups)s::bigint[]) AND (r.until IS NULL OR r.until > now())
    LIMIT 1) IS NOT NULL"""
_OF_GROUPS = {
    Kind.CLIENT: f"(SELECT 1 FROM clients_clientreach r WHERE r.client_id = search_entry.subject_id {_MARK}",  # noqa: S608
    # The clients of a person stand among the marks of the entry, below nought: no table is asked who they are.
    Kind.PERSON: f"""
        (SELECT 1 FROM clients_clientreach r
         WHERE r.client_id = ANY (ARRAY(SELECT -mark FROM unnest(search_entry.marks) AS mark WHERE mark < 0))
           AND NOT r.gone {_MARK}""",  # noqa: S608
}
_OF_FEW = {
    Kind.CLIENT: "subject_id = ANY (%(clients)s::bigint[])",
    # People tied to no client are in everybody's reach.
    Kind.PERSON: "marks && '{0}'::bigint[] OR subject_id IN (SELECT cp.person_id FROM clients_clientperson cp"
    " WHERE cp.client_id = ANY (%(clients)s::bigint[]))",
}


def marks_in_reach(member) -> Marks | None:
    """What tells the entries in the member's reach (see clients/search.sql and marks.py); None: they reach all."""
    if member.reach.is_whole(Right.CLIENT_VIEW):
        return None
    groups = groups_in_reach(member, Right.CLIENT_VIEW)
    if not groups:
        return Marks(tuple(_own_marks(member)))
    few = few_clients(member, _FEW_OF_GROUPS)
    if few is not None:
        return Marks((), _OF_FEW, {"clients": as_array(few)})
    return Marks(tuple(_own_marks(member)), _OF_GROUPS, {"groups": as_array(group_marks(groups))})


def _own_marks(member) -> list[int]:
    """Of sectors and of single clients."""
    marks = {0}
    for grant in member.reach.grants_with(Right.CLIENT_VIEW):
        if grant.scope_type == "sector":
            marks.update(grant.scope_ids)
        elif grant.scope_type == "client":
            marks.update(-client_id for client_id in grant.scope_ids)
    return sorted(marks)


def client_entries(member) -> QuerySet[Entry]:
    """The entries of the clients in the member's reach."""
    entries = Entry.objects.filter(organization_id=member.organization_id, kind=Kind.CLIENT)
    if member.reach.is_whole(Right.CLIENT_VIEW):
        return entries
    groups = groups_in_reach(member, Right.CLIENT_VIEW)
    marked = Q(marks__overlap=_own_marks(member))
    return entries.filter(marked | in_groups(groups, "subject_") if groups else marked)


def file_url(member, number: str) -> str:
    return reverse("workspace:client", kwargs={"organization": member.organization.slug, "number": number})


class _IndexedSource(Protocol):
    """What has entries in the index: found there, then read through `visible_to`."""

    search_kind: Kind
    kind: str

    @property
    def label(self): ...

    def lines(self, member, found: Found) -> dict[int, Item]: ...

    def find(self, member, question: Question, limit: int) -> Group | None:
        marks = marks_in_reach(member)
        return self._group(member, find(self.search_kind, member.organization_id, question, marks=marks, limit=limit))

    def find_corrected(self, member, corrected: Sequence[Correction], limit: int) -> Group | None:
        marks = marks_in_reach(member)
        return self._group(
            member, find_corrected(self.search_kind, member.organization_id, corrected, marks=marks, limit=limit)
        )

    def _group(self, member, found: Found) -> Group | None:
        if not found.ids:
            return None
        lines = self.lines(member, found)
        items = [lines[subject_id] for subject_id in found.ids if subject_id in lines]
        if not items:
            return None
        return Group(self.kind, self.label, items, found.count, found.more, found.corrected_to)


class ClientSource(_IndexedSource):
    search_kind = Kind.CLIENT
    kind = "clients"

    @property
    def label(self):
        return _("Clients")

    def lines(self, member, found: Found) -> dict[int, Item]:
        rows = (
            Client.objects.visible_to(member)
            .filter(pk__in=found.ids)
            .annotate(
                main=FilteredRelation("addresses", condition=Q(addresses__kind="main")),
                hold=FilteredRelation("credit_holds", condition=Q(credit_holds__lifted_at__isnull=True)),
                postal_code=F("main__postal_code"),
                city=F("main__city"),
                hold_reason=F("hold__reason"),
            )
            .values_list("id", "number", "display_name", "kind", "postal_code", "city", "sector__name", "hold_reason")
        )
        reasons = dict(CreditHold.Reason.choices)
        return {
            pk: Item(
                label=name,
                number=number,
                detail=_joined(" ".join(filter(None, [postal_code, city if city != name else ""])), sector),
                url=file_url(member, number),
                icon="user" if kind == Client.Kind.PERSON else "building",
                exact=pk in found.exact,
                hold=str(reasons.get(reason, "")),
            )
            for pk, number, name, kind, postal_code, city, sector, reason in rows
        }


class PersonSource(_IndexedSource):
    search_kind = Kind.PERSON
    kind = "people"

    @property
    def label(self):
        return _("Personnes-ressources")

    def lines(self, member, found: Found) -> dict[int, Item]:
        clients: dict[int, list[str]] = {}
        links = (
            Client.objects.visible_to(member)
            .filter(client_people__person__in=found.ids)
            .order_by("sort_key", "id")
            .values_list("client_people__person_id", "display_name")
        )
        for person_id, name in links:
            clients.setdefault(person_id, []).append(name)
        people = (
            Person.objects.visible_to(member)
            .filter(pk__in=found.ids)
            .values_list("id", "first_name", "last_name", "file_as", "title", "company")
        )
        items = {}
        for pk, first_name, last_name, file_as, title, company in people:
            items[pk] = Item(
                label=f"{first_name} {last_name}".strip() or file_as,
                detail=_joined(title, ", ".join(clients.get(pk, [])[:_CLIENTS_NAMED]) or company),
                url=reverse("clients:person", kwargs={"organization": member.organization.slug, "pk": pk}),
                icon="id",
                exact=pk in found.exact,
            )
        return items


class BusinessObjectSource:
    """Contracts, invoices and what else has a number: by the whole number or its beginning, in any writing."""

    kind = "contracts"

    @property
    def label(self):
        return _("Contrats et factures")

    def find(self, member, question: Question, limit: int) -> Group | None:
        number = question.number.upper()
        if len(number) < _SHORTEST_NUMBER or not any(character.isdigit() for character in number):
            return None
        label = "type__label_en" if get_language() == "en" else "type__label_fr"
        rows = list(
            BusinessObject.objects.visible_to(member)
            .filter(key_compact__begins=number)
            .order_by("key_compact", "id")
            .values_list("key", "key_compact", label, "type__code", "client__number", "client__display_name")[:MOST]
        )
        if not rows:
            return None
        items = [
            Item(
                label=f"{type_label} {key}",
                number=key,
                detail=name,
                url=file_url(member, client_number),
                icon="file-text" if code == BusinessObjectType.CONTRACT else "file-invoice",
                exact=compact == number,
            )
            for key, compact, type_label, code, client_number, name in rows[:limit]
        ]
        return Group(self.kind, self.label, items, len(rows), len(rows) >= MOST)

    def find_corrected(self, member, corrected: Sequence[Correction], limit: int) -> Group | None:
        return None


def _joined(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)
