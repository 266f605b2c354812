"""How the journal tells what was done with dunning."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

TABLE_WORDS = {
    "dunning_dunningplan": gettext_lazy("Plan de relance"),
    "dunning_dunningrun": gettext_lazy("Relance d’une facture"),
    "dunning_dunninghold": gettext_lazy("Suspension des relances"),
}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "service": gettext_lazy("Service"),
    "condition": gettext_lazy("Condition"),
    "aid_tags": gettext_lazy("Étiquettes d’aide"),
    "ran_on": gettext_lazy("Exécuté"),
    "plan_id": gettext_lazy("Plan de relance"),
    "invoice_id": gettext_lazy("Facture"),
    "case_id": gettext_lazy("Dossier"),
    "currency": gettext_lazy("Devise"),
    "started_at": gettext_lazy("Commencé"),
    "started_by_id": gettext_lazy("Commencé par"),
    "ended_at": gettext_lazy("Terminé"),
    "why_ended": gettext_lazy("Motif de fin"),
    "set_at": gettext_lazy("Suspendu"),
    **dict.fromkeys(("run_id",), ""),
}
ACTION_WORDS = {
    "create_dunning_plan": gettext_lazy("Plan de relance créé"),
    "update_dunning_plan": gettext_lazy("Plan de relance modifié"),
    "dun_invoices": gettext_lazy("Relances lancées"),
    "stop_dunning": gettext_lazy("Relance arrêtée"),
    "set_dunning_hold": gettext_lazy("Relances d’un client suspendues"),
    "lift_dunning_hold": gettext_lazy("Relances d’un client reprises"),
}


def sentence(name: str, data: dict) -> str:
    """« a suspendu les relances de ce client »; "" for actions of other areas."""
    if name == "stop_dunning":
        return _("a arrêté la relance de la facture %(invoice)s") % {"invoice": data.get("invoice", "")}
    if name == "set_dunning_hold":
        return _("a suspendu les relances de ce client")
    return _("a repris les relances de ce client") if name == "lift_dunning_hold" else ""
