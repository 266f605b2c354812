"""How the journal tells what was done with loan applications."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

TABLE_WORDS = {
    "enrollment_loanapplication": gettext_lazy("Demande de prêt"),
    "enrollment_applicant": gettext_lazy("Demandeur d’une demande de prêt"),
    "enrollment_enrollment": gettext_lazy("Choix de l’effectif GRC"),
    "enrollment_transmission": gettext_lazy("Transmission au siège social"),
    "enrollment_enrollmentsettings": gettext_lazy("Réglages du siège social"),
}
# What its columns are called there; "" where one tells a person nothing.
COLUMN_WORDS = {
    "application_id": gettext_lazy("Demande de prêt"),
    "selection": gettext_lazy("Choix pour la liste"),
    "address_source": gettext_lazy("Adresse retenue"),
    "corresponding_agent_id": gettext_lazy("Agent en correspondance"),
    "applicant_id": gettext_lazy("Demandeur"),
    **dict.fromkeys(("position", "applicant_ids", "payload", "digest", "before"), ""),
}
ACTION_WORDS = {
    "create_loan_application": gettext_lazy("Demande de prêt créée"),
    "update_loan_application": gettext_lazy("Demande de prêt modifiée"),
    "enroll_applicants": gettext_lazy("Effectif GRC enregistré"),
    "load_transmission": gettext_lazy("Transmission chargée"),
    "reject_transmission": gettext_lazy("Transmission rejetée"),
    "update_enrollment_settings": gettext_lazy("Réglages du siège social modifiés"),
}


def sentence(name: str, data: dict) -> str:
    """« a chargé la transmission n° 12 »; "" for actions of other areas."""
    by_number = {
        "load_transmission": _("a chargé la transmission n° %(number)s"),
        "reject_transmission": _("a rejeté la transmission n° %(number)s"),
    }.get(name)
    return by_number % {"number": data.get("number", "")} if by_number else ""
