"""« Interlocuteurs liés », « Agents liés », « Objets » of one interaction: added and taken off."""

from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.interactions import actions
from entregent.interactions.models import Interaction, InteractionAgent
from entregent.interactions.web.answers import at
from entregent.interactions.web.linking import agent_asked, object_asked, one_of, party_asked
from entregent.ui.pages import see


@requires(Right.INTERACTION_LOG)
@require_POST
def participant_create(request, number):
    """By client number, or by the id of a person."""
    interaction = _get(request, number)
    actions.link_participant(interaction, by=request.member, party=party_asked(request))
    return _back(request, interaction, _("Interlocuteur ajouté."))


@requires(Right.INTERACTION_LOG)
@require_POST
def participant_delete(request, number, key):
    interaction = _get(request, number)
    actions.unlink_participant(one_of(interaction.participants, key), by=request.member)
    return _back(request, interaction, _("Interlocuteur retiré."))


@requires(Right.INTERACTION_LOG)
@require_POST
def agent_create(request, number):
    interaction = _get(request, number)
    actions.link_agent(interaction, by=request.member, **agent_asked(request, InteractionAgent.Role))
    return _back(request, interaction, _("Agent ajouté."))


@requires(Right.INTERACTION_LOG)
@require_POST
def agent_delete(request, number, key):
    interaction = _get(request, number)
    actions.unlink_agent(one_of(interaction.agents, key), by=request.member)
    return _back(request, interaction, _("Agent retiré."))


@requires(Right.INTERACTION_LOG)
@require_POST
def object_create(request, number):
    interaction = _get(request, number)
    actions.link_object(interaction, by=request.member, business_object=object_asked(request))
    return _back(request, interaction, _("Objet ajouté."))


@requires(Right.INTERACTION_LOG)
@require_POST
def object_delete(request, number, key):
    interaction = _get(request, number)
    actions.unlink_object(one_of(interaction.objects_linked, key), by=request.member)
    return _back(request, interaction, _("Objet retiré."))


def _get(request, number: int) -> Interaction:
    return Interaction.objects.get_visible(request.member, Right.INTERACTION_LOG, number=number)


def _back(request, interaction: Interaction, toast: str):
    url = at("interactions:detail", request.member, number=interaction.number)
    return see(request, f"{url}?onglet=general", toast=toast)
