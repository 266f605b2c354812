"""Who takes part in a case, which agents, about what, with which other cases. Each is a set."""

from django.db import transaction
from django.utils.translation import gettext as _

from entregent.cases.actions.rules import actor, clients_of, journal, locked_open
from entregent.cases.models import Case, CaseAgent, CaseLink, CaseObject, CaseParticipant
from entregent.clients.models import BusinessObject, Client, Person
from entregent.interactions.actions.rules import clean_line, length_refusals, object_foreign, refuse
from entregent.organizations.models import User
from entregent.toolbox.errors import Refusal


@transaction.atomic
def link_participant(case: Case, *, by, party: Client | Person, role: str = "") -> CaseParticipant:
    """Adds a client or a person; the same one twice changes nothing."""
    who = actor(by, case.organization)
    role = clean_line(role)
    refuse(length_refusals({"role": (_("Rôle"), role, 60)}))
    journal("link_case_participant", case, who, party=str(party))
    current = locked_open(case, by=who)
    found = {"client": party} if isinstance(party, Client) else {"person": party}
    participant, _created = CaseParticipant.objects.get_or_create(
        case=current, **found, defaults={"organization_id": current.organization_id, "role": role}
    )
    return participant


@transaction.atomic
def unlink_participant(participant: CaseParticipant, *, by) -> None:
    """Takes a participant off. The client of the case stays, and so does a client of whom an object is linked."""
    case = participant.case
    journal("unlink_case_participant", case, by)
    current = locked_open(case, by=by)
    if participant.client_id is not None and participant.client_id == current.client_id:
        raise Refusal("E-001-PARTICIPANT", _("Le client de ce dossier ne peut pas être retiré."))
    if participant.client_id is not None:
        held = current.objects_linked.filter(object__client_id=participant.client_id).select_related("object").first()
        if held is not None:
            raise Refusal(
                "E-001-PARTICIPANT",
                _("Retirez d'abord ses objets de ce dossier : %(object)s.") % {"object": held.object},
            )
    participant.delete()


@transaction.atomic
def link_agent(case: Case, *, by, user: User, role: str = CaseAgent.Role.PARTICIPANT) -> CaseAgent:
    """Adds an agent as responsable or participant. There is one émetteur, and it stays: nobody becomes another."""
    who = actor(by, case.organization)
    journal("link_case_agent", case, who, user=user.name, role=str(role))
    current = locked_open(case, by=who)
    agent = CaseAgent.objects.filter(case=current, user=user).first()
    if role == CaseAgent.Role.ORIGINATOR and (agent is None or agent.role != role):
        raise Refusal("E-001-ORIGINATOR", _("L'émetteur ne peut pas être remplacé."), field="role")
    if agent is None:
        return CaseAgent.objects.create(organization_id=current.organization_id, case=current, user=user, role=role)
    if agent.role not in (role, CaseAgent.Role.ORIGINATOR):
        agent.role = role
        agent.save(update_fields=["role"])
    return agent


@transaction.atomic
def unlink_agent(agent: CaseAgent, *, by) -> None:
    """Takes an agent off. Refuses the émetteur, and whoever is in charge of the case."""
    case = agent.case
    journal("unlink_case_agent", case, by, user=agent.user.name)
    current = locked_open(case, by=by)
    if agent.role == CaseAgent.Role.ORIGINATOR:
        raise Refusal("E-001-ORIGINATOR", _("L'émetteur ne peut pas être retiré."))
    if agent.user_id == current.responsible_id:
        raise Refusal("E-001-RESPONSIBLE", _("Confiez d'abord le dossier à un autre responsable."))
    agent.delete()


@transaction.atomic
def link_object(case: Case, *, by, business_object: BusinessObject) -> CaseObject:
    """Adds an object of the client or of one of the participants; the same one twice changes nothing."""
    who = actor(by, case.organization)
    journal("link_case_object", case, who, object=str(business_object))
    current = locked_open(case, by=who)
    if business_object.client_id not in clients_of(current):
        raise object_foreign(business_object)
    link, _created = CaseObject.objects.get_or_create(
        case=current, object=business_object, defaults={"organization_id": current.organization_id}
    )
    return link


@transaction.atomic
def unlink_object(link: CaseObject, *, by) -> None:
    """Takes an object off; the object itself stays. The contract of the case is no longer its contract then."""
    case = link.case
    journal("unlink_case_object", case, by, object=str(link.object))
    current = locked_open(case, by=by)
    if link.object_id == current.contract_id:
        current.contract = None
        current.version += 1
        current.save(update_fields=["contract", "version"])
    link.delete()


@transaction.atomic
def link_cases(case: Case, other: Case, *, by) -> CaseLink:
    """Says that two cases have to do with each other; twice changes nothing."""
    journal("link_cases", case, by, other=other.number)
    if case.pk == other.pk or case.organization_id != other.organization_id:
        raise Refusal("E-001-LINK", _("Un dossier ne peut pas être lié à lui-même."), field="other")
    first, second = sorted((case, other), key=lambda one: one.pk)
    link, _created = CaseLink.objects.get_or_create(
        case=first, other=second, defaults={"organization_id": case.organization_id, "created_by": by.user}
    )
    return link


@transaction.atomic
def unlink_cases(case: Case, other: Case, *, by) -> None:
    journal("unlink_cases", case, by, other=other.number)
    first, second = sorted((case, other), key=lambda one: one.pk)
    CaseLink.objects.filter(case=first, other=second).delete()
