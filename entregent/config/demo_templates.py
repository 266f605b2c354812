"""Templates in the demo story: what a complaint about a bill brings along, as a contact and as a dossier."""

from entregent.access.wall import in_organization
from entregent.cases.actions.types import update_case_type
from entregent.cases.models import CaseType
from entregent.interactions.actions import create_record_template
from entregent.interactions.models import Topic
from entregent.organizations.models import Membership, Organization

_PEOPLE = [
    {"role": "client", "label_fr": "l’abonné", "label_en": "subscriber"},
    {"role": "primary", "label_fr": "le gérant", "label_en": "manager"},
    {"role": "billing", "label_fr": "le payeur", "label_en": "payer"},
]
_OBJECTS = [{"selector": "current_contract"}, {"selector": "last_invoice"}, {"selector": "last_reading"}]


def tell_templates() -> None:
    organization = Organization.objects.get(slug="eaux-du-val")
    with in_organization(organization.pk):
        by = Membership.objects.select_related("user", "organization").get(
            organization=organization, user__email="admin@eaux-du-val.example"
        )
        create_record_template(
            by=by, name_fr="Réclamation facture", name_en="Bill complaint", kind="contact", priority="high",
            people=_PEOPLE, object_rules=_OBJECTS, agents=[{"team": "facturation", "role": "responsible"}],
            subject_fr="Réclamation sur la facture {{ last_invoice.number }}",
            subject_en="Complaint about bill {{ last_invoice.number }}",
            follow_up="2 working days",
            topics=Topic.objects.filter(organization=organization, code="reclamation"),
        )  # fmt: skip
        create_record_template(
            by=by, name_fr="Point sur les impayés", name_en="Review of unpaid bills", kind="contact",
            eligible={"has": "invoices", "where": ["state", "in", ["unpaid", "overdue"]]},
            object_rules=[{"selector": "unpaid_invoices"}],
            text_fr="Reste à payer : {{ unpaid_total }}.", text_en="Still to be paid: {{ unpaid_total }}.",
        )  # fmt: skip
        case_template = create_record_template(
            by=by, name_fr="Dossier de réclamation", name_en="Complaint case", kind="case", priority="high",
            people=_PEOPLE[:2], object_rules=[*_OBJECTS, {"selector": "service_point_of_contract", "required": False}],
            agents=[{"team": "facturation", "role": "responsible"}],
            subject_fr="Réclamation de {{ client.name }}", subject_en="Complaint of {{ client.name }}",
        )  # fmt: skip
        bill = CaseType.objects.get(organization=organization, path="reclamation/facture")
        update_case_type(bill, by=by, version=bill.version, template=case_template)
