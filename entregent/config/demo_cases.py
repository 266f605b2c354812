"""Dossiers of the demo: what came of the calls and letters that the story tells."""

from datetime import date, timedelta

from entregent.cases.actions import (
    add_log_entry,
    add_reminder,
    add_tasks,
    attach_interaction,
    change_state,
    close_case,
    link_participant,
    open_case,
    open_case_from,
    set_task,
)
from entregent.cases.actions.mirroring import PURPOSE
from entregent.cases.actions.promises import set_rule
from entregent.cases.models import CaseType
from entregent.cases.web.demo import address_for
from entregent.clients.models import BusinessObject, Client, Person
from entregent.interactions.models import Interaction
from entregent.organizations.models import Membership
from entregent.outbox.endpoints import set_endpoint
from entregent.toolbox.errors import Refusal


def connect_existing_system(admin) -> None:
    """The cases are mirrored to the demo's own existing system, where the demo runs on this machine."""
    try:
        set_endpoint(by=admin, purpose=PURPOSE, url=address_for(admin.organization), is_on=True)
    except Refusal:
        return  # Reached by another name than this machine's: the administrator sets an address.


def promise_answers(admin) -> None:
    """What the water service promises: an answer within a day, complaints about bills solved in ten."""
    set_rule(None, by=admin, first_answer="1 working day", next_answer="1 working day", solution="15 working days")
    complaint = CaseType.objects.filter(organization=admin.organization, path="reclamation").first()
    if complaint is not None:
        set_rule(
            None, by=admin, case_type=complaint, first_answer="4 working hours", next_answer="8 working hours",
            solution="10 working days",
        )  # fmt: skip


def tell_cases(organization) -> None:
    """At the water service: a disputed bill with its history, an earlier one that is closed, and a new one. Called
    inside the organization's wall, once its clients and contacts stand."""
    members = {
        one.user.email.partition("@")[0]: one
        for one in Membership.objects.filter(organization=organization).select_related("user", "organization")
    }
    nadia, omar = members["nadia"], members["omar"]
    moreau = Client.objects.select_related("organization").get(organization=organization, number="100482")
    contacts = list(
        Interaction.objects.filter(client=moreau).select_related("client", "topic").order_by("-occurred_at")
    )
    disputed, earlier = contacts[0], contacts[-1]
    invoice = BusinessObject.objects.get(organization=organization, key="F-2410-07731")
    bill = _type(organization, "reclamation/facture", "Réclamation facture", "Bill complaint")

    case = open_case_from(
        disputed,
        by=nadia,
        case_type=bill,
        title="Consommation doublée depuis octobre",
        objects=[invoice],
        agents=[(omar.user, "responsible")],
        priority="high",
        note="Le client refuse de payer avant le passage du releveur.",
    )
    for contact in contacts[1:4]:
        attach_interaction(case, contact, by=nadia)
    technician = Person.objects.filter(organization=organization, last_name="Belkacem").first()
    if technician is not None:
        link_participant(case, by=nadia, party=technician, role="Ouvre la cour au releveur")
    case = change_state(case, by=nadia, state="in_progress")
    tasks = add_tasks(
        case, by=nadia, texts=["Demander une relève", "Comparer aux douze derniers mois", "Répondre par courrier"]
    )
    set_task(tasks[0], by=omar, done=True)
    add_log_entry(case, by=omar, text="Relève demandée à l’exploitation pour la semaine prochaine.")
    add_reminder(case, by=nadia, on=date.today() + timedelta(days=3), text="Index du releveur reçu ?")

    former = open_case_from(earlier, by=nadia, case_type=bill, title="Paiement en plusieurs fois")
    former = change_state(former, by=nadia, state="in_progress")
    close_case(former, by=nadia, reason="Échéancier accepté")

    dupont = Client.objects.select_related("organization").filter(organization=organization, number="100517").first()
    if dupont is not None:
        open_case(
            by=nadia,
            client=dupont,
            case_type=_type(organization, "emmenagement", "Emménagement", "Moving in"),
            title="Ouverture du branchement, 7 chemin du Lavoir",
        )


def _type(organization, path: str, label_fr: str, label_en: str) -> CaseType:
    kind, _is_new = CaseType.objects.get_or_create(
        organization=organization,
        path=path,
        defaults={"code": path.rpartition("/")[2], "label_fr": label_fr, "label_en": label_en},
    )
    return kind
