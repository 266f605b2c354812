"""The events that start plans of action and that steps wait for."""

import json
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from django.utils.translation import gettext_lazy

from entregent.processes.extension_points import EventKind, further_events
from entregent.processes.fields import Field

CASE_OPENED, CASE_STATE, CASE_CLOSED = "case.opened", "case.state_changed", "case.closed"
CASE_CONTACT = "case.contact_attached"
# The days that a process names: it starts for clients, and nothing waits for it.
SCHEDULE = "schedule"
PERIODS = ("day", "week", "month", "year")
# The client answers on the portal, on the page of the case or in a conversation that belongs to it.
CLIENT_ANSWERED = "client.answered"
INVOICE_PAID, INVOICE_DISPUTED, INVOICE_OVERDUE = "invoice.paid", "invoice.disputed", "invoice.overdue"
OBJECT_CHANGED, CLIENT_STATUS = "object.state_changed", "client.status_changed"
# What the states of an invoice mean here, by their codes.
OF_INVOICES = {"paid": INVOICE_PAID, "disputed": INVOICE_DISPUTED, "overdue": INVOICE_OVERDUE}

_STATE = Field(
    "state", "choice", ("État du dossier", "State of the case"),
    (("new", "Nouveau", "New"), ("in_progress", "En cours", "In progress"), ("deferred", "Différé", "Deferred"),
     ("done", "Terminé", "Done"), ("cancelled", "Annulé", "Cancelled"), ("rejected", "Rejeté", "Rejected")),
)  # fmt: skip
_ORIGIN = Field(
    "origin", "choice", ("Origine du dossier", "Origin of the case"),
    (("manual", "Manuel", "Manual"), ("automatic", "Automatique", "Automatic"), ("portal", "Portail", "Portal"),
     ("import", "Import", "Import"), ("api", "API", "API")),
)  # fmt: skip
_FILES = Field("files", "integer", ("Nombre de fichiers joints", "Number of files attached"))
_INVOICE = (
    Field("invoice", "string", ("N° de facture", "Invoice no.")),
    Field("amount", "number", ("Montant", "Amount")),
)
_OBJECT = (
    Field("type", "string", ("Type d’objet", "Object type")),
    Field("key", "string", ("N° de l’objet", "Object no.")),
    Field("state", "string", ("État de l’objet", "State of the object")),
    Field("amount", "number", ("Montant", "Amount")),
)
_STATUS = Field(
    "status", "choice", ("Statut du client", "Status of the client"),
    (("prospect", "Prospect", "Prospect"), ("client", "Client", "Client"), ("inactive", "Inactif", "Inactive"),
     ("removed", "Retiré", "Removed")),
)  # fmt: skip


def event_kinds() -> dict[str, EventKind]:
    """All events by their code, in the order in which a designer offers them."""
    own = [
        EventKind(CASE_OPENED, gettext_lazy("Dossier ouvert"), (_ORIGIN,), ("case",)),
        EventKind(CASE_STATE, gettext_lazy("État d’un dossier changé"), (_STATE,), ("case",)),
        EventKind(CASE_CLOSED, gettext_lazy("Dossier clos"), (_STATE,), ("case",)),
        EventKind(CASE_CONTACT, gettext_lazy("Contact rattaché au dossier"), (), ("case",)),
        EventKind(CLIENT_ANSWERED, gettext_lazy("Réponse du client sur le portail"), (_FILES,), ("case",)),
        EventKind(INVOICE_DISPUTED, gettext_lazy("Facture contestée"), _INVOICE, ("case",)),
        EventKind(INVOICE_PAID, gettext_lazy("Facture payée"), _INVOICE, ("case",)),
        EventKind(INVOICE_OVERDUE, gettext_lazy("Facture en retard"), _INVOICE, ("case",)),
        EventKind(OBJECT_CHANGED, gettext_lazy("État d’un objet métier changé"), _OBJECT, ("case",)),
        EventKind(SCHEDULE, gettext_lazy("À date fixe, pour chaque client"), (), ("case",)),
        EventKind(CLIENT_STATUS, gettext_lazy("Statut d’un client changé"), (_STATUS,), ("case",)),
    ]
    further = [kind for contribution in further_events for kind in contribution()]
    return {kind.code: kind for kind in [*own, *further]}


def fields_of_event(code: Any) -> tuple[Field, ...]:
    kind = event_kinds().get(code) if isinstance(code, str) else None
    return kind.fields if kind is not None else ()


def wait_key(event: str, owner: str, match: Mapping[str, Any]) -> str:
    """By what a waiting step is found: the event, whose it is (« case:12 », « client:7 ») and what must agree."""
    told = json.dumps({key: _told(value) for key, value in match.items()}, sort_keys=True, ensure_ascii=False)
    return f"{event}|{owner}|{told}"[:300]


def keys_woken(event: str, owners: Iterable[str], facts: Mapping[str, Any]) -> list[str]:
    """The keys of all steps that an event wakes: those that compare none of its facts, one, two or three."""
    known = sorted(set(facts) & {field.key for field in fields_of_event(event)})
    return [
        wait_key(event, owner, {key: facts[key] for key in chosen})
        for owner in owners
        for most in range(4)
        for chosen in combinations(known, most)
    ]


def _told(value: Any) -> str:
    """Numbers that are one number are told as one: 12, 12.0 and « 12 » in a text alike."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().casefold()
