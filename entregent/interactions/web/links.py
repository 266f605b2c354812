"""« Interlocuteurs liés », « Agents liés », « Objets » of one interaction: added and taken off."""

from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.merging import by_number, person_by_id
from entregent.clients.models import BusinessObject, Client, Person
from entregent.interactions import actions
from entregent.interactions.models import Interaction, InteractionAgent
from entregent.interactions.web.answers import at
from entregent.organizations.models import Membership
from entregent.toolbox.errors import NotFound, Refusal, required
from entregent.toolbox.text import as_id
from entregent.ui.pages import see


@requires(Right.INTERACTION_LOG)
@require_POST
def participant_create(request, number):
    """By client number, or by the id of a person."""
    interaction = _get(request, number)
    typed, person_id = request.POST.get("client", "").strip(), as_id(request.POST.get("person", ""))
    party: Client | Person
    if person_id is not None:
        party = person_by_id(Person.objects.visible_to(request.member), person_id)
    elif typed:
        try:
            party = by_number(Client.objects.visible_to(request.member), typed)
        except NotFound as unknown:
            raise Refusal("E-003-CLIENT", _("Numéro de client inconnu."), field="client") from unknown
    else:
        raise required("client", _("Client"))
    actions.link_participant(interaction, by=request.member, party=party)
    return _back(request, interaction, _("Interlocuteur ajouté."))


@requires(Right.INTERACTION_LOG)
@require_POST
def participant_delete(request, number, key):
    interaction = _get(request, number)
    actions.unlink_participant(_one(interaction.participants, key), by=request.member)
    return _back(request, interaction, _("Interlocuteur retiré."))


@requires(Right.INTERACTION_LOG)
@require_POST
def agent_create(request, number):
    interaction = _get(request, number)
    key = as_id(request.POST.get("user", ""))
    members = Membership.objects.active().filter(organization_id=request.member.organization_id)
    colleague = members.select_related("user").filter(user_id=key).first() if key is not None else None
    if colleague is None:
        raise required("user", _("Agent"))
    role = request.POST.get("role", "")
    if role not in InteractionAgent.Role.values:
        role = InteractionAgent.Role.PARTICIPANT
    actions.link_agent(interaction, by=request.member, user=colleague.user, role=role)
    return _back(request, interaction, _("Agent ajouté."))


@requires(Right.INTERACTION_LOG)
@require_POST
def agent_delete(request, number, key):
    interaction = _get(request, number)
    actions.unlink_agent(_one(interaction.agents, key), by=request.member)
    return _back(request, interaction, _("Agent retiré."))


@requires(Right.INTERACTION_LOG)
@require_POST
def object_create(request, number):
    interaction = _get(request, number)
    key = as_id(request.POST.get("object", ""))
    if key is None:
        raise required("object", _("Objet métier"))
    found = BusinessObject.objects.get_visible(request.member, pk=key)
    actions.link_object(interaction, by=request.member, business_object=found)
    return _back(request, interaction, _("Objet ajouté."))


@requires(Right.INTERACTION_LOG)
@require_POST
def object_delete(request, number, key):
    interaction = _get(request, number)
    actions.unlink_object(_one(interaction.objects_linked, key), by=request.member)
    return _back(request, interaction, _("Objet retiré."))


def _get(request, number: int) -> Interaction:
    return Interaction.objects.get_visible(request.member, Right.INTERACTION_LOG, number=number)


def _one(links, key: int):
    found = links.filter(pk=key).first()
    if found is None:
        raise NotFound
    return found


def _back(request, interaction: Interaction, toast: str):
    url = at("interactions:detail", request.member, number=interaction.number)
    return see(request, f"{url}?onglet=general", toast=toast)
