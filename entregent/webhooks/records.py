"""What webhooks can tell: kinds of records, what can happen to them, and how one is put into a message.

Field names are those of the API, and `url` is where the API gives the whole. Texts that people wrote to each other are
not told. Of a confidential case, and of a plan on one, no more than that it is there.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from entregent.cases.models import Case
from entregent.clients.models import BusinessObject, Client, ClientPerson, Person
from entregent.enrollment.models import LoanApplication, Transmission
from entregent.groups.models import ClientGroup, ProcessingRequest
from entregent.interactions.models import Interaction
from entregent.organizations.models import Membership, Module
from entregent.processes.models import ProcessRun
from entregent.relationships.models import AccessRequest, Relationship
from entregent.transfers.models import FileTransfer


@dataclass(frozen=True)
class Told:
    """One record as a message tells it. `client_id` decides who reads the message in the log."""

    data: dict[str, Any]
    label: str
    client_id: int | None = None
    is_confidential: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of records. `events` are what can happen, `tell` reads records by their ids."""

    code: str
    label: Any
    events: tuple[str, ...]
    model: Any
    tell: Callable[[list[int]], dict[int, Told]]
    module: str | None = None

    @property
    def names(self) -> list[str]:
        return [f"{self.code}.{event}" for event in self.events]


EVENT_LABELS = {
    "created": pgettext_lazy("event", "Création"),
    "updated": pgettext_lazy("event", "Modification"),
    "deleted": pgettext_lazy("event", "Suppression"),
    "restored": pgettext_lazy("event", "Restauration"),
    "merged": pgettext_lazy("event", "Fusion"),
    "opened": pgettext_lazy("event", "Ouverture"),
    "closed": pgettext_lazy("event", "Clôture"),
    "reopened": pgettext_lazy("event", "Réouverture"),
    "started": pgettext_lazy("event", "Lancement"),
    "completed": pgettext_lazy("event", "Fin"),
    "abandoned": pgettext_lazy("event", "Abandon"),
    "failed": pgettext_lazy("event", "Échec"),
    "paused": pgettext_lazy("event", "Pause"),
    "resumed": pgettext_lazy("event", "Reprise"),
    "ready": pgettext_lazy("event", "Fichiers prêts"),
    "expired": pgettext_lazy("event", "Expiration"),
    "cancelled": pgettext_lazy("event", "Annulation"),
    "approved": pgettext_lazy("event", "Approbation"),
    "rejected": pgettext_lazy("event", "Rejet"),
    "ended": pgettext_lazy("event", "Fin d’accès"),
    "loaded": pgettext_lazy("event", "Chargement"),
}


def _at(path: str, identity: Any) -> str:
    return f"{settings.PUBLIC_URL}/api/v1/{path}/{identity}"


def _clients(ids: list[int]) -> dict[int, Told]:
    return _told(
        Client, ids, "clients", "number", "pk",
        {
            "number": "number", "kind": "kind", "name": "name", "first_name": "first_name",
            "display_name": "display_name", "status": "status", "category": "category", "language": "language",
            "birth_date": "birth_date", "sector": "sector__code", "responsible": "responsible__email",
            "emails": "emails", "phones": "phones", "identifiers": "identifiers", "tags": "tags", "custom": "custom",
            "merged_into": "merged_into__number", "created_at": "created_at", "updated_at": "updated_at",
            "deleted_at": "deleted_at", "version": "version",
        },
    )  # fmt: skip


def _people(ids: list[int]) -> dict[int, Told]:
    clients: dict[int, list[str]] = {}
    first: dict[int, int] = {}
    ties = ClientPerson.objects.filter(person__in=ids).order_by("-is_primary", "pk")
    for person, number, client in ties.values_list("person_id", "client__number", "client_id"):
        clients.setdefault(person, []).append(number)
        first.setdefault(person, client)
    rows = Person.objects.filter(pk__in=ids).values(
        "id", "first_name", "last_name", "title", "company", "language", "birth_date", "emails", "phones",
        "external_key", "custom", "created_at", "updated_at", "deleted_at", "version", "merged_into",
    )  # fmt: skip
    return {
        row["id"]: Told(
            row | {"clients": clients.get(row["id"], []), "url": _at("people", row["id"])},
            f"{row['first_name']} {row['last_name']}".strip(),
            first.get(row["id"]),
        )
        for row in rows
    }


def _objects(ids: list[int]) -> dict[int, Told]:
    rows = BusinessObject.objects.filter(pk__in=ids).values_list(
        "pk", "client_id", "type__code", "key", "label", "state", "dated_on", "due_on", "amount", "currency",
        "source_system", "client__number", "contract__key", "attributes", "deleted_at", "version",
    )  # fmt: skip
    names = (
        "type", "key", "label", "state", "dated_on", "due_on", "amount", "currency", "source_system", "client",
        "contract", "attributes", "deleted_at", "version",
    )  # fmt: skip
    return {
        pk: Told(
            {"id": pk} | dict(zip(names, rest, strict=True)) | {"url": _at("business-objects", pk)}, rest[1], client
        )
        for pk, client, *rest in rows
    }


def _interactions(ids: list[int]) -> dict[int, Told]:
    return _told(
        Interaction, ids, "interactions", "number", "client_id",
        {
            "number": "number", "client": "client__number", "person": "person_id", "topic": "topic__code",
            "channel": "channel", "direction": "direction", "subject": "subject", "occurred_at": "occurred_at",
            "status": "status", "priority": "priority", "due_on": "due_on", "follow_up_on": "follow_up_on",
            "contact_name": "contact_name", "reference": "reference", "origin": "origin", "custom": "custom",
            "created_at": "created_at", "deleted_at": "deleted_at", "version": "version",
        },
    )  # fmt: skip


_CASE_LEAST = ("number", "type", "state", "is_confidential", "deleted_at", "version")


def _cases(ids: list[int]) -> dict[int, Told]:
    told = _told(
        Case, ids, "cases", "number", "client_id",
        {
            "number": "number", "type": "case_type__path", "state": "state", "is_confidential": "is_confidential",
            "sub_status": "sub_status", "title": "title", "priority": "priority", "origin": "origin",
            "client": "client__number", "contract": "contract__key", "responsible": "responsible__email",
            "team": "team__code", "opened_at": "opened_at", "due_on": "due_on", "closed_at": "closed_at",
            "closing_reason": "closing_reason", "external_number": "external_ref",
            "merged_into": "merged_into__number", "deleted_at": "deleted_at", "version": "version",
        },
    )  # fmt: skip
    return {
        pk: Told({name: one.data[name] for name in (*_CASE_LEAST, "url")}, one.label, None, True)
        if one.data["is_confidential"]
        else one
        for pk, one in told.items()
    }


def _runs(ids: list[int]) -> dict[int, Told]:
    told = _told(
        ProcessRun, ids, "process-runs", "id", "client_id",
        {
            "id": "id", "definition": "definition__code", "case": "case__number",
            "interaction": "interaction__number", "client": "client__number", "state": "state",
            "started_at": "started_at", "paused_at": "paused_at", "ended_at": "ended_at", "why_ended": "why_ended",
            "version": "version", "is_confidential": "case__is_confidential",
        },
    )  # fmt: skip
    found = {}
    for pk, one in told.items():
        is_confidential = bool(one.data.pop("is_confidential"))
        if is_confidential:
            one = Told({name: one.data[name] for name in ("id", "case", "state", "url")}, one.label, None, True)
        found[pk] = one
    return found


def _transfers(ids: list[int]) -> dict[int, Told]:
    return _told(
        FileTransfer, ids, "file-transfers", "number", "client_id",
        {
            "number": "number", "direction": "direction", "state": "state", "client": "client__number",
            "person": "person_id", "sender": "sender__email", "subject": "subject",
            "with_signature": "with_signature", "created_at": "created_at", "expires_at": "expires_at",
            "completed_at": "completed_at", "deleted_at": "deleted_at", "version": "version",
        },
    )  # fmt: skip


def _groups(ids: list[int]) -> dict[int, Told]:
    return _told(
        ClientGroup, ids, "client-groups", "name", None,
        {"id": "id", "name": "name", "member_count": "member_count", "program_count": "program_count",
         "created_at": "created_at", "deleted_at": "deleted_at", "version": "version"},
        identity="id",
    )  # fmt: skip


def _requests(ids: list[int]) -> dict[int, Told]:
    return _told(
        ProcessingRequest, ids, "processing-requests", "number", None,
        {"number": "number", "operation": "operation", "group": "group_id", "group_name": "group_name",
         "initiated_by": "initiated_by__email", "state": "state", "created_at": "created_at", "ended_at": "ended_at",
         "version": "version"},
    )  # fmt: skip


def _access_requests(ids: list[int]) -> dict[int, Told]:
    return _told(
        AccessRequest, ids, "access-requests", "id", "client_id",
        {"id": "id", "account_number": "account_number", "state": "state", "created_at": "created_at",
         "expires_on": "expires_on", "decided_at": "decided_at"},
    )  # fmt: skip


def _relationships(ids: list[int]) -> dict[int, Told]:
    return _told(
        Relationship, ids, "relationships", "id", None,
        {"id": "id", "account_number": "account__number", "account_name": "account__name", "level": "level",
         "visibility": "visibility", "state": "state", "starts_on": "starts_on", "ends_on": "ends_on",
         "ended_at": "ended_at", "version": "version"},
    )  # fmt: skip


def _applications(ids: list[int]) -> dict[int, Told]:
    return _told(
        LoanApplication, ids, "loan-applications", "number", None,
        {"number": "number", "status": "status", "agent": "agent__email", "branch": "branch",
         "enrollment_state": "enrollment_state", "source_system": "source_system", "created_at": "created_at",
         "updated_at": "updated_at", "version": "version"},
    )  # fmt: skip


def _transmissions(ids: list[int]) -> dict[int, Told]:
    return _told(
        Transmission, ids, "transmissions", "number", "client_id",
        {"number": "number", "application": "application__number", "operation": "operation", "state": "state",
         "reason": "reason", "client": "client__number", "created_at": "created_at", "decided_at": "decided_at"},
    )  # fmt: skip


def _told(
    model, ids: list[int], path: str, label: str, client: str | None, columns: dict[str, str], *, identity: str = ""
) -> dict[int, Told]:
    found = {}
    wanted = list(columns.values())
    extra = [client] if client else []
    for pk, *values in model._base_manager.filter(pk__in=ids).values_list("pk", *wanted, *extra):
        data = dict(zip(columns, values, strict=False))
        named = str(data[label])
        data["url"] = _at(path, data[identity or label])
        found[pk] = Told(data, named if label == "name" else f"n° {named}", values[-1] if client else None)
    return found


KINDS: tuple[Kind, ...] = (
    Kind("client", _("Client"), ("created", "updated", "deleted", "restored", "merged"), Client, _clients),
    Kind("person", _("Personne-ressource"), ("created", "updated", "deleted", "restored", "merged"), Person, _people),
    Kind("business_object", _("Contrat ou objet métier"), ("created", "updated", "deleted", "restored"),
         BusinessObject, _objects),
    Kind("interaction", _("Interaction"), ("created", "updated", "deleted", "restored"), Interaction, _interactions),
    Kind("case", _("Dossier"),
         ("opened", "updated", "closed", "reopened", "merged", "deleted", "restored"), Case, _cases, Module.CASEWORK),
    Kind("process_run", _("Plan d'action"),
         ("started", "updated", "paused", "resumed", "completed", "abandoned", "failed"), ProcessRun, _runs,
         Module.CASEWORK),
    Kind("file_transfer", _("Transfert de fichiers"),
         ("created", "updated", "ready", "completed", "expired", "cancelled", "deleted"), FileTransfer, _transfers),
    Kind("client_group", _("Groupe de clients"), ("created", "updated", "deleted", "restored"), ClientGroup, _groups),
    Kind("processing_request", _("Demande de traitement"),
         ("created", "updated", "completed", "failed", "cancelled"), ProcessingRequest, _requests),
    Kind("access_request", _("Demande d'accès"), ("created", "approved", "rejected", "cancelled", "expired"),
         AccessRequest, _access_requests),
    Kind("relationship", _("Relation d'affaires"), ("created", "updated", "ended"), Relationship, _relationships),
    Kind("loan_application", _("Demande de prêt"), ("created", "updated"), LoanApplication, _applications,
         Module.MORTGAGE),
    Kind("transmission", _("Transmission au siège social"), ("created", "updated", "loaded", "rejected"),
         Transmission, _transmissions, Module.MORTGAGE),
)  # fmt: skip
BY_CODE = {kind.code: kind for kind in KINDS}
NAMES = frozenset(name for kind in KINDS for name in kind.names)


def offered(member: Membership) -> list[Kind]:
    """The kinds of the modules that are on."""
    return [kind for kind in KINDS if kind.module is None or member.organization.has_module(kind.module)]


def event_label(name: str) -> str:
    """« Client · Création »."""
    code, _dot, event = name.partition(".")
    kind = BY_CODE.get(code)
    return f"{kind.label} · {EVENT_LABELS[event]}" if kind and event in kind.events else name


def in_order(names: Iterable[str]) -> list[str]:
    wanted = set(names)
    return [name for kind in KINDS for name in kind.names if name in wanted]
