"""What a text (a letter, a mail, a note) may say of a case: plain data, told in its language."""

from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from django.utils.translation import override

from entregent.cases.models import Case
from entregent.clients.facts import facts_of, tell_day
from entregent.organizations.models import Organization
from entregent.toolbox.dates import today_in


def facts_of_case(case: Case, language: str) -> dict[str, Any]:
    """All that is told of the client, and under `case` what is told of the case itself."""
    zone = ZoneInfo(case.organization.time_zone)
    with override(language):
        own = {
            "number": str(case.number),
            "title": case.title,
            "type": str(case.case_type.label),
            "state": str(case.get_state_display()),
            "sub_status": case.case_type.sub_status_label(case.sub_status) if case.sub_status else "",
            "priority": str(case.get_priority_display()),
            "opened_on": format_date(case.opened_at.astimezone(zone).date(), "long", locale=language),
            "due_on": format_date(case.due_on, "long", locale=language) if case.due_on else "",
            "closing_reason": case.closing_reason,
            "responsible": case.responsible.name if case.responsible else "",
            "team": case.team.label if case.team else "",
            "affaire": case.external_ref,
            "objects": [
                {"key": link.object.key, "label": link.object.label, "type": str(link.object.type.label)}
                for link in case.objects_linked.select_related("object__type")[:100]
            ],
        }
        return {**facts_of(case.client, contract=case.contract, language=language), "case": own}


def example(organization: Organization, language: str) -> dict[str, Any]:
    """What texts may ask for of a case, with an example of each, for who writes a template."""
    day = tell_day(today_in(organization.time_zone), language)
    is_english = language == "en"
    own = {
        "number": "1042",
        "title": "Disputed invoice" if is_english else "Facture contestée",
        "type": "Complaint" if is_english else "Réclamation",
        "state": "In progress" if is_english else "En cours",
        "sub_status": "",
        "priority": "Normal" if is_english else "Normale",
        "opened_on": day,
        "due_on": day,
        "closing_reason": "",
        "responsible": "Nadia Morel",
        "team": "Customer service" if is_english else "Clientèle",
        "affaire": "",
        "objects": [{"key": "F-88", "label": "", "type": "Invoice" if is_english else "Facture"}],
    }
    return {"case": own}
