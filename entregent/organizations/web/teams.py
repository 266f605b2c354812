"""« Équipes »: who works together."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.organizations.models import Membership, Team, TeamMember
from entregent.organizations.team_actions import create_team, update_team
from entregent.organizations.web.administration import address, render_administration, with_version
from entregent.organizations.web.forms import TeamForm, both_versions
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from entregent.ui.pages import add_refusal, see

SHOWN = 6


def _members(request: MemberRequest) -> list[Membership]:
    of_organization = Membership.objects.active().filter(organization_id=request.member.organization_id)
    return list(of_organization.select_related("user").order_by("user__name", "pk"))


@requires(Right.TEAMS)
def teams(request: MemberRequest) -> HttpResponse:
    organization_id = request.member.organization_id
    found = list(Team.objects.select_related("lead").filter(organization_id=organization_id))
    people: dict[int, list[str]] = {}
    rows = TeamMember.objects.filter(organization_id=organization_id).order_by("user__name")
    for team_id, name in rows.values_list("team_id", "user__name"):
        people.setdefault(team_id, []).append(name)
    return render_administration(
        request, "organizations/teams.html", {"teams": found, "people": people, "most_shown": SHOWN}
    )


@requires(Right.TEAMS)
def team_create(request: MemberRequest) -> HttpResponse:
    form = TeamForm(request.POST or None, members=_members(request))
    if request.method == "POST" and form.is_valid():
        try:
            team = create_team(by=request.member, code=form.cleaned_data["code"], **form.values())
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            toast = _("Équipe « %(name)s » créée.") % {"name": team.label}
            return see(request, address(request, "teams"), toast=toast)
    status = 422 if request.method == "POST" else 200
    context: dict[str, Any] = {"form": form, "team": None, "versions": []}
    return render_administration(request, "organizations/team.html", context, status=status)


@requires(Right.TEAMS)
def team(request: MemberRequest, code: str) -> HttpResponse:
    shown = Team.objects.filter(organization_id=request.member.organization_id, code=code).first()
    if shown is None:
        raise NotFound
    members = _members(request)
    if request.method != "POST":
        return _team_page(request, shown, TeamForm.of(shown, members))
    form = TeamForm(request.POST, members=members)
    if form.is_valid():
        version, is_active = form.cleaned_data["version"] or 0, form.cleaned_data["is_active"]
        try:
            saved = update_team(shown, by=request.member, version=version, is_active=is_active, **form.values())
        except Stale as refusal:
            form = TeamForm(with_version(request, refusal.current.version), members=members)
            form.is_valid()
            versions = both_versions(form, TeamForm.of(refusal.current, members))
            return _team_page(request, shown, form, versions=versions, refusal=refusal, status=409)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            toast = _("Équipe « %(name)s » enregistrée.") % {"name": saved.label}
            return see(request, address(request, "teams"), toast=toast)
    return _team_page(request, shown, form, status=422)


def _team_page(request, team: Team, form: TeamForm, *, versions=(), refusal=None, status=200) -> HttpResponse:
    context = {"form": form, "team": team, "versions": list(versions), "refusal": refusal}
    return render_administration(request, "organizations/team.html", context, status=status)
