"""« Employés »: who works with which group, in which role; « Modifier », one group, a role, « Suivant », the summary,
« Enregistrer les modifications ». And the same seen from one employee."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from entregent.access.guard import MemberRequest
from entregent.access.rights import ROLE_LABELS, Role
from entregent.groups.actions.requests import NO_ACCESS, assign_group, roles_told
from entregent.groups.models import GROUP_ROLES, ClientGroup, name_key
from entregent.groups.web.composing import chosen_group
from entregent.groups.web.door import asked, at, for_managers, ids_in
from entregent.groups.web.forms import AssignForm
from entregent.groups.web.reading import EMPLOYEES, assignments_by_user, employees_of, role_label
from entregent.organizations.explanations import period, scope_names
from entregent.organizations.models import Grant, Membership
from entregent.toolbox.errors import NotFound
from entregent.toolbox.text import as_id
from entregent.ui.pages import render, see

OFFERED = 50


def role_choices() -> list[tuple[str, str]]:
    return [*((role.value, str(label)) for role, label in GROUP_ROLES.items()), (NO_ACCESS, _("Aucun accès"))]


@require_safe
@for_managers
def employee_list(request: MemberRequest) -> HttpResponse:
    member = request.member
    query = request.GET.get("q", "").strip()[:100]
    found = list(employees_of(member.organization, query)[:EMPLOYEES])
    given = assignments_by_user(member.organization, [one.user_id for one in found])
    managers = Membership.objects.active().filter(organization_id=member.organization_id, role=Role.ADMIN).count()
    context = {
        "employees": [
            {"member": one, "role": ROLE_LABELS[Role(one.role)], "groups": given.get(one.user_id, [])} for one in found
        ],
        "query": query,
        "managers": managers,
        "is_none_chosen": "aucun" in request.GET,
    }
    return render(request, "groups/employees.html", context, fragment="rows")


@require_safe
@for_managers
def assign(request: MemberRequest) -> HttpResponse:
    """The group by a radio button, the role from the list."""
    chosen = _chosen(request, request.GET)
    if not chosen:
        return see(request, at("employees", request.member, {"aucun": 1}))
    return _assign_page(request, chosen, AssignForm())


@require_safe
@for_managers
def summary(request: MemberRequest) -> HttpResponse:
    """« Sommaire des accès »: before and after, in plain words. Nothing is written yet."""
    member = request.member
    chosen = _chosen(request, request.GET)
    if not chosen:
        return see(request, at("employees", member, {"aucun": 1}))
    group = chosen_group(request, as_id(request.GET.get("groupe", "")))
    role = request.GET.get("role", "")
    form = AssignForm({})
    if group is None:
        form.add_error("group", _("Choisissez un groupe."))
    if role not in dict(role_choices()):
        form.add_error("role", _("Choisissez un rôle."))
    if group is None or form.errors:
        return _assign_page(request, chosen, form)
    return _summary_page(request, chosen, group, role, AssignForm())


@require_POST
@for_managers
def save(request: MemberRequest) -> HttpResponse:
    member = request.member
    chosen = _chosen(request, request.POST)
    group = chosen_group(request, as_id(request.POST.get("groupe", "")))
    role = request.POST.get("role", "")
    form = AssignForm({})
    form.full_clean()
    made = form.attempt(assign_group, group=group, by=member, user_ids=[one.user_id for one in chosen], role=role)
    if made is not None and request.POST.get("retour") == "employe" and len(chosen) == 1:
        return see(request, at("employee", member, pk=chosen[0].pk), toast=_("Le rôle d'accès a été mis à jour."))
    if made is not None:
        return asked(request, made)
    if group is None or not chosen or role not in dict(role_choices()):
        return _assign_page(request, chosen, form)
    return _summary_page(request, chosen, group, role, form)


@require_safe
@for_managers
def employee(request: MemberRequest, pk: int) -> HttpResponse:
    """From the employee's side: groups and roles, beside direct accesses (R002-43)."""
    member = request.member
    shown = Membership.objects.select_related("user").filter(organization_id=member.organization_id, pk=pk).first()
    if shown is None:
        raise NotFound
    grants = list(Grant.objects.filter(membership=shown).exclude(scope_type="group").order_by("-pk"))
    names = scope_names(grants)
    context = {
        "shown": shown,
        "role": ROLE_LABELS[Role(shown.role)],
        "manages_all": shown.role == Role.ADMIN,
        "groups": assignments_by_user(member.organization, [shown.user_id]).get(shown.user_id, []),
        "grants": [
            {
                "scope": names.get(one.pk, ""),
                "role": str(ROLE_LABELS[Role(one.role or shown.role)]),
                "period": period(one.starts_on, one.ends_on),
            }
            for one in grants
        ],
    }
    return render(request, "groups/employee.html", context)


def _chosen(request: MemberRequest, given) -> list[Membership]:
    """Those ticked, by the id of their membership; or « Tous », all that the search finds."""
    organization = request.member.organization
    if "tous" in given:
        return list(employees_of(organization, given.get("q", "")[:100])[:EMPLOYEES])
    wanted = ids_in(given.getlist("employe"))
    # Whoever is no employee is left to the action, which says so.
    found = Membership.objects.active().select_related("user").filter(organization_id=organization.pk, pk__in=wanted)
    return list(found.order_by("user__name", "pk"))


def _assign_page(request: MemberRequest, chosen: list[Membership], form: AssignForm) -> HttpResponse:
    member = request.member
    query = request.GET.get("qg", "").strip()[:100]
    groups = ClientGroup.objects.of(member.organization).live()
    for word in name_key(query).split():
        groups = groups.filter(name_key__contains=word)
    offered = list(groups.order_by("name_key")[: OFFERED + 1])
    picked = chosen_group(request, as_id(request.GET.get("groupe", "")))
    shown = offered[:OFFERED]
    if picked is not None and picked not in shown:
        shown = [picked, *shown]
    context = {
        "chosen": chosen,
        "form": form,
        "groups": shown,
        "has_more": len(offered) > OFFERED,
        "offered": OFFERED,
        "query": query,
        "picked": picked,
        "roles": role_choices(),
        "role": request.GET.get("role", ""),
        "busy": set(
            ClientGroup.objects.filter(pk__in=[one.pk for one in shown], requests__state__in=["waiting", "running"])
            .values_list("pk", flat=True)
        ),
    }  # fmt: skip
    return render(request, "groups/assign.html", context, status=form.status)


def _summary_page(
    request: MemberRequest, chosen: list[Membership], group: ClientGroup, role: str, form: AssignForm
) -> HttpResponse:
    held = dict(
        group.assignments.live().filter(user_id__in=[one.user_id for one in chosen]).values_list("user_id", "role")
    )
    after = "" if role == NO_ACCESS else role
    lines: list[dict[str, Any]] = [
        {
            "name": one.user.name,
            "before": role_label(held.get(one.user_id, "")) or _("Aucun accès"),
            "after": role_label(after) or _("Aucun accès"),
            "is_same": held.get(one.user_id, "") == after,
            "words": roles_told(group.member_count, after),
        }
        for one in chosen
    ]
    context = {
        "group": group,
        "role": role,
        "form": form,
        "chosen": chosen,
        "lines": lines,
        "changing": sum(not line["is_same"] for line in lines),
        "programs": group.program_count,
    }
    return render(request, "groups/summary.html", context, status=form.status)
