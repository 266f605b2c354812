"""« Interlocuteurs liés », « Agents liés », « Objets » and linked cases: added and taken off."""

from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases import actions
from entregent.cases.models import Case, CaseAgent
from entregent.cases.web.answers import back, get_case
from entregent.interactions.web.linking import agent_asked, object_asked, one_of, party_asked
from entregent.organizations.models import Module
from entregent.toolbox.errors import Refusal
from entregent.toolbox.text import as_id


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def participant_create(request, number):
    """By client number, or by the id of a person."""
    case = get_case(request, number)
    actions.link_participant(case, by=request.member, party=party_asked(request), role=request.POST.get("role", ""))
    return back(request, case, _("Interlocuteur ajouté."))


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def participant_delete(request, number, key):
    case = get_case(request, number)
    actions.unlink_participant(one_of(case.participants, key), by=request.member)
    return back(request, case, _("Interlocuteur retiré."))


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def agent_create(request, number):
    case = get_case(request, number)
    actions.link_agent(case, by=request.member, **agent_asked(request, CaseAgent.Role))
    return back(request, case, _("Agent ajouté."))


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def agent_delete(request, number, key):
    case = get_case(request, number)
    actions.unlink_agent(one_of(case.agents.select_related("user"), key), by=request.member)
    return back(request, case, _("Agent retiré."))


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def object_create(request, number):
    case = get_case(request, number)
    actions.link_object(case, by=request.member, business_object=object_asked(request))
    return back(request, case, _("Objet ajouté."))


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def object_delete(request, number, key):
    case = get_case(request, number)
    actions.unlink_object(one_of(case.objects_linked.select_related("object"), key), by=request.member)
    return back(request, case, _("Objet retiré."))


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def link_create(request, number):
    """Another case by its number: linked, or the parent (`how`)."""
    case = get_case(request, number)
    key = as_id(request.POST.get("other", "").strip().removeprefix("n°").strip())
    other = Case.objects.visible_to(request.member).filter(number=key).first() if key is not None else None
    if other is None:
        raise Refusal("E-001-CASE", _("Numéro de dossier inconnu."), field="other")
    if request.POST.get("how") == "parent":
        version = as_id(request.POST.get("version", ""))
        actions.edit_case(case, by=request.member, parent=other, version=case.version if version is None else version)
        return back(request, case, _("Dossier parent : n° %(number)s.") % {"number": other.number})
    actions.link_cases(case, other, by=request.member)
    return back(request, case, _("Dossier lié."))


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def unlink(request, number, other):
    case = get_case(request, number)
    linked = Case.objects.visible_to(request.member).found(number=other)
    if linked.pk == case.parent_id:
        actions.edit_case(case, by=request.member, parent=None)
    else:
        actions.unlink_cases(case, linked, by=request.member)
    return back(request, case, _("Lien retiré."))
