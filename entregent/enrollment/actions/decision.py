"""The decision table R000-14: what a button does, by the two lists above it. One function, no query."""

from enum import StrEnum

from django.utils.translation import gettext as _

from entregent.enrollment.models import Selection, Transmission
from entregent.toolbox.errors import Refusal


class Button(StrEnum):
    """« Enregistrer » and « Mise à jour GRC »."""

    SAVE = "save"
    UPDATE = "update"


def decide(existing: bool, selection: str, button: str) -> Transmission.Operation | None:
    """What is transmitted for « Clients GRC actuels », the list and the button; None: nothing, the choices are kept
    as a draft. Refuses rows 4, 5 and 7."""
    is_included = selection == Selection.INCLUDE
    if button == Button.UPDATE:
        if not is_included:
            raise not_selected()
        if not existing:
            raise not_existing()
        return Transmission.Operation.UPDATE
    if is_included:
        if existing:
            raise use_update()
        return Transmission.Operation.ADD
    return Transmission.Operation.REMOVE if existing else None


def use_update() -> Refusal:
    sentence = _("Ce client figure déjà dans la GRC : utilisez Mise à jour GRC.")
    return Refusal("E-000-USE-UPDATE", sentence, field="existing")


def not_existing() -> Refusal:
    return Refusal("E-000-NOT-EXISTING", _("Ce client ne figure pas dans la GRC."), field="existing")


def not_selected() -> Refusal:
    return Refusal("E-000-NOT-SELECTED", _("Sélectionnez Inclure pour mettre à jour."), field="selection")
