"""Requests and their rows in words."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.groups.models import ProcessingRequest

Operation, State = ProcessingRequest.Operation, ProcessingRequest.State

_DONE = {
    Operation.CREATE: gettext_lazy("Le nouveau groupe a été créé avec succès."),
    Operation.UPDATE: gettext_lazy("Le groupe a été mis à jour avec succès."),
    Operation.DELETE: gettext_lazy("Le groupe a été supprimé avec succès."),
    Operation.ASSIGN: gettext_lazy(
        "Le rôle d'accès des employés a été mis à jour avec succès pour tous les comptes de programmes des clients"
        " délégués au sein du groupe de clients sélectionné."
    ),
}
TONES = {
    State.WAITING: "info",
    State.RUNNING: "info",
    State.FAILED: "bad",
    State.DONE: "ok",
    State.CANCELLED: "neutral",
}
ICONS = {
    State.WAITING: "clock", State.RUNNING: "refresh", State.FAILED: "alert-triangle", State.DONE: "circle-check",
    State.CANCELLED: "x",
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """The band over the list after a change."""

    text: str
    tone: str
    request: ProcessingRequest


def told(request: ProcessingRequest) -> Said:
    if request.is_open:
        return Said(_("Demande enregistrée."), "info", request)
    if request.state == State.DONE:
        return Said(str(_DONE.get(Operation(request.operation), _("Le groupe a été mis à jour avec succès."))), "ok",
                    request)  # fmt: skip
    if request.state == State.FAILED:
        return Said(failure_told(request), "bad", request)
    return Said(_("Demande annulée."), "info", request)


def failure_told(request: ProcessingRequest) -> str:
    return str((request.failure or {}).get("message", "")) if request.state == State.FAILED else ""


def reason_told(reason: tuple[str, dict[str, Any]] | None) -> str:
    """Why a client can not be chosen (R002-08)."""
    code, data = reason or ("gone", {})
    words = {
        "in_group": _("Déjà dans le groupe %(group)s") % {"group": data.get("group", "")},
        "expired": _("Relation d'affaires expirée"),
        "revoked": _("Relation d'affaires révoquée"),
        "given_up": _("Relation d'affaires abandonnée"),
        "pending": _("Accès demandé, sans réponse"),
        "no_account": _("Sans compte d'entreprise"),
        "no_relationship": _("Aucune relation d'affaires active"),
        "not_member": _("N'est plus dans le groupe"),
        "gone": _("N'est plus disponible"),
    }
    return words.get(code, words["gone"])
