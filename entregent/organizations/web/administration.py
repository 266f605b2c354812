"""The administration pages: their common layout, the organization's settings and its modules."""

from itertools import groupby
from operator import attrgetter

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.organizations import actions
from entregent.organizations.models import Organization
from entregent.organizations.navigation import all_entries
from entregent.organizations.web.forms import ModulesForm, SettingsForm, both_versions
from entregent.toolbox.errors import Refusal, Refusals, Stale
from entregent.ui.pages import add_refusal, render, see

SECTION = attrgetter("section")


def render_administration(
    request: MemberRequest,
    template: str,
    context: dict | None = None,
    *,
    fragment: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """A page that extends `organizations/administration.html`, from whatever area."""
    query = request.GET.get("reglage", "")[:100]
    sections = [(section, list(entries)) for section, entries in groupby(all_entries(request.member, query), SECTION)]
    more = {"administration_sections": sections, "administration_query": query}
    return render(request, template, more | (context or {}), fragment=fragment, status=status)


def address(request: MemberRequest, name: str, **kwargs) -> str:
    slug = request.member.organization.slug
    return reverse(f"organizations:{name}", kwargs={"organization": slug, **kwargs})


def with_version(request: MemberRequest, version: int):
    """What was typed, to be saved over `version` the next time."""
    data = request.POST.copy()
    data["version"] = str(version)
    return data


def refused_at(request: MemberRequest, url: str, refusal: Refusal) -> HttpResponse:
    """What a button asked is refused: back to its page, which says why."""
    messages.error(request, str(refusal.message))
    return see(request, url)


@requires(Right.SETTINGS)
def settings(request: MemberRequest) -> HttpResponse:
    organization = request.member.organization
    if request.method != "POST":
        form = SettingsForm.of(organization)
        return render_administration(request, "organizations/settings.html", {"form": form, "versions": []})
    form = SettingsForm(request.POST)
    if form.is_valid():
        try:
            actions.update_organization(
                organization, by=request.member, version=form.cleaned_data["version"], **form.changes()
            )
        except Stale as refusal:
            return _stale(request, "organizations/settings.html", SettingsForm, refusal)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return see(request, address(request, "settings"), toast=_("Réglages enregistrés."))
    context = {"form": form, "versions": []}
    return render_administration(request, "organizations/settings.html", context, status=422)


@requires(Right.SETTINGS)
def modules(request: MemberRequest) -> HttpResponse:
    organization = request.member.organization
    if request.method != "POST":
        form = ModulesForm.of(organization)
        return render_administration(request, "organizations/modules.html", {"form": form, "versions": []})
    form = ModulesForm(request.POST)
    if form.is_valid():
        try:
            actions.set_modules(
                organization, by=request.member, version=form.cleaned_data["version"], modules=form.chosen()
            )
        except Stale as refusal:
            return _stale(request, "organizations/modules.html", ModulesForm, refusal)
        else:
            return see(request, address(request, "modules"), toast=_("Modules enregistrés."))
    context = {"form": form, "versions": []}
    return render_administration(request, "organizations/modules.html", context, status=422)


def _stale(request: MemberRequest, template: str, form_class, refusal: Stale) -> HttpResponse:
    """Both versions side by side; what was typed stays in the form, which now goes over the newer version."""
    current: Organization = refusal.current
    form = form_class(with_version(request, current.version))
    form.is_valid()
    context = {"form": form, "versions": both_versions(form, form_class.of(current)), "refusal": refusal}
    return render_administration(request, template, context, status=409)
