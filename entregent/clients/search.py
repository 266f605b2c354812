"""Clients, people and business objects in the quick search."""

from collections.abc import Sequence
from typing import Protocol

from django.db.models import F, FilteredRelation, Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.clients.models import BusinessObject, BusinessObjectType, Client, CreditHold, Person
from entregent.search.models import Kind
from entregent.search.queries import MOST, Correction, Found, Question, find, find_corrected
from entregent.search.quick import Group, Item

# Clients of a person that a line names.
_CLIENTS_NAMED = 3
# A number of a contract or an invoice is looked for from so many characters on.
_SHORTEST_NUMBER = 3


def marks_in_reach(member) -> list[int] | None:
    """What the entries in the member's reach are marked with (see clients/search.sql); None: they reach all."""
    if member.reach.is_whole(Right.CLIENT_VIEW):
        return None
    marks = {0}
    for grant in member.reach.grants_with(Right.CLIENT_VIEW):
        if grant.scope_type == "sector":
            marks.update(grant.scope_ids)
        elif grant.scope_type == "client":
            marks.update(-client_id for client_id in grant.scope_ids)
    return sorted(marks)


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
            .values_list(
                "id", "number", "display_name", "kind", "postal_code", "city", "sector__name", "hold_reason"
            )
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
