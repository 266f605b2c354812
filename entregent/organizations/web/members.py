"""Members of the organization: who they are, what they may do, what they reach, who stands in for them."""

from django.db.models import Q
from django.http import HttpResponse
from django.utils.translation import gettext as _

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import ROLE_LABELS, Right, Role
from entregent.access.scope import ORGANIZATION_SCOPE, scope_types, scope_words
from entregent.organizations import actions
from entregent.organizations.explanations import period, scope_names
from entregent.organizations.models import Grant, Membership, Substitution
from entregent.organizations.web.administration import address, refused_at, render_administration, with_version
from entregent.organizations.web.forms import AbsenceForm, AccessForm, InviteForm, MemberForm, both_versions
from entregent.organizations.web.sector_picker import sector_choices
from entregent.toolbox.dates import today_in
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale, required
from entregent.ui.pages import add_refusal, render, see

PAGE = 100


def _members(request: MemberRequest):
    return Membership.objects.select_related("user", "organization").filter(
        organization_id=request.member.organization_id
    )


def _member(request: MemberRequest, pk: int) -> Membership:
    member = _members(request).filter(pk=pk).first()
    if member is None:
        raise NotFound
    return member


@requires(Right.MEMBERS)
def members(request: MemberRequest) -> HttpResponse:
    """In the order of names; `apres` is the name and the id of the last one shown."""
    query = request.GET.get("q", "").strip()[:100]
    found = _members(request)
    for word in query.split():
        found = found.filter(Q(user__name__icontains=word) | Q(user__email__icontains=word))
    name, _separator, last = request.GET.get("apres", "").rpartition("|")
    if name and last.isascii() and last.isdigit():
        found = found.filter(Q(user__name__gt=name) | Q(user__name=name, pk__gt=int(last[:18])))
    rows = list(found.order_by("user__name", "pk")[: PAGE + 1])
    more = f"{rows[PAGE - 1].user.name}|{rows[PAGE - 1].pk}" if len(rows) > PAGE else ""
    context = {"members": rows[:PAGE], "query": query, "more": more, "role_labels": ROLE_LABELS}
    return render_administration(request, "organizations/members.html", context, fragment="rows")


@requires(Right.MEMBERS)
def invite(request: MemberRequest) -> HttpResponse:
    form = InviteForm(request.POST or None, initial={"language": request.member.organization.language})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                member = actions.invite_member(by=request.member, **form.cleaned_data)
            except (Refusal, Refusals) as refusal:
                add_refusal(form, refusal)
            else:
                toast = _("%(name)s est invité. Donnez-lui ses accès.") % {"name": member.user.name}
                return see(request, address(request, "member_access", pk=member.pk), toast=toast)
    return render_administration(request, "organizations/invite.html", {"form": form}, status=status)


@requires(Right.MEMBERS)
def member(request: MemberRequest, pk: int) -> HttpResponse:
    shown = _member(request, pk)
    if request.method != "POST":
        return _member_page(request, shown, MemberForm.of(shown))
    form = MemberForm(request.POST)
    if form.is_valid():
        try:
            actions.update_member(shown, by=request.member, version=form.cleaned_data["version"], **form.changes())
        except Stale as refusal:
            form = MemberForm(with_version(request, refusal.current.version))
            form.is_valid()
            versions = both_versions(form, MemberForm.of(refusal.current))
            return _member_page(request, shown, form, versions=versions, refusal=refusal, status=409)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return see(request, address(request, "member", pk=pk), toast=_("Membre enregistré."))
    return _member_page(request, shown, form, status=422)


def _member_page(request, shown, form, *, versions=(), refusal=None, status=200) -> HttpResponse:
    context = {"shown": shown, "form": form, "versions": list(versions), "refusal": refusal, "current": "member"}
    return render_administration(request, "organizations/member.html", context, status=status)


@requires(Right.MEMBERS)
def set_active(request: MemberRequest, pk: int) -> HttpResponse:
    """The page of a member posts `active` = 1 or 0 here."""
    shown = _member(request, pk)
    if request.method != "POST":
        return see(request, address(request, "member", pk=pk))
    back = address(request, "member", pk=pk)
    try:
        if request.POST.get("active") == "1":
            actions.activate_member(shown, by=request.member)
            toast = _("%(name)s peut de nouveau entrer.")
        else:
            actions.deactivate_member(shown, by=request.member)
            toast = _("%(name)s ne peut plus entrer.")
    except Refusal as refusal:
        return refused_at(request, back, refusal)
    return see(request, back, toast=toast % {"name": shown.user.name})


@requires(Right.MEMBERS)
def invite_again(request: MemberRequest, pk: int) -> HttpResponse:
    shown = _member(request, pk)
    back = address(request, "member", pk=pk)
    if request.method != "POST":
        return see(request, back)
    try:
        actions.invite_again(shown, by=request.member)
    except Refusal as refusal:
        return refused_at(request, back, refusal)
    return see(request, back, toast=_("Invitation envoyée de nouveau."))


@requires(Right.MEMBERS)
def member_access(request: MemberRequest, pk: int) -> HttpResponse:
    shown = _member(request, pk)
    if request.method != "POST":
        return _access_page(request, shown, AccessForm(initial={"scope_type": ORGANIZATION_SCOPE}))
    form = AccessForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        try:
            actions.grant_access(
                by=request.member, member=shown, scope_type=values["scope_type"], scope_id=_scope_id(request, values),
                role=values["role"] or None, starts_on=values["starts_on"], ends_on=values["ends_on"],
            )  # fmt: skip
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return see(request, address(request, "member_access", pk=pk), toast=_("Accès donné."))
    return _access_page(request, shown, form, status=422)


def _scope_id(request: MemberRequest, values: dict) -> int | None:
    """The id of the sector chosen in the tree, of the client whose number was typed…"""
    scope_type = values["scope_type"]
    if scope_type == ORGANIZATION_SCOPE:
        return None
    field = "sector" if scope_type == "sector" else "text"
    text = values[field].strip()
    if not text:
        raise required(field, scope_words[scope_type].title)
    found = scope_words[scope_type].find(request.member, text)
    if found is None:
        if scope_type == "client":
            raise Refusal("E-003-CLIENT", _("Numéro de client inconnu."), field=field)
        raise Refusal("E-NOTFOUND", _("Introuvable."), field=field)
    return found


def _access_page(request: MemberRequest, shown: Membership, form: AccessForm, *, status: int = 200) -> HttpResponse:
    grants = list(Grant.objects.select_related("granted_by").filter(membership=shown))
    names = scope_names(grants)
    today = today_in(shown.organization.time_zone)
    rows = [
        {
            "grant": grant,
            "scope": names[grant.pk],
            "role": ROLE_LABELS[Role(grant.role or shown.role)],
            "by_member": grant.role is None,
            "by_hand": grant.scope_type in scope_types(),
            "period": period(grant.starts_on, grant.ends_on),
            "state": _state(grant, today),
        }
        for grant in grants
    ]
    chosen = form["sector"].value() or request.GET.get("sector", "")
    context = {"shown": shown, "rows": rows, "form": form, "current": "access", **sector_choices(request, chosen)}
    template = "organizations/member_access.html"
    return render_administration(request, template, context, fragment="choices", status=status)


def _state(grant: Grant, today) -> str:
    if grant.ends_on is not None and grant.ends_on < today:
        return "over"
    return "later" if grant.starts_on is not None and grant.starts_on > today else "now"


@requires(Right.MEMBERS)
def revoke(request: MemberRequest, pk: int, grant: int) -> HttpResponse:
    shown = _member(request, pk)
    given = Grant.objects.select_related("membership__user").filter(membership=shown, pk=grant).first()
    if given is None:
        raise NotFound
    if request.method == "POST":
        actions.revoke_access(given, by=request.member)
        return see(request, address(request, "member_access", pk=pk), toast=_("Accès retiré."))
    return see(request, address(request, "member_access", pk=pk))


@requires(Right.MEMBERS)
def member_absence(request: MemberRequest, pk: int) -> HttpResponse:
    return _absence(request, _member(request, pk), "organizations/member_absence.html", "member_absence", {"pk": pk})


@requires(Right.SUBSTITUTE_SET)
def my_absence(request: MemberRequest) -> HttpResponse:
    """Everybody may say who stands in for them."""
    return _absence(request, request.member, "organizations/my_absence.html", "my_absence", {})


def _absence(request: MemberRequest, absent: Membership, template: str, name: str, arguments: dict) -> HttpResponse:
    others = [one for one in _members(request).active().order_by("user__name") if one.pk != absent.pk]
    form = AbsenceForm(request.POST or None, members=others)
    status = 200
    if request.method == "POST":
        if "end" in request.POST:
            return _end_substitution(request, absent, address(request, name, **arguments))
        status = 422
        if form.is_valid():
            chosen = {str(one.pk): one for one in others}[form.cleaned_data["substitute"]]
            try:
                actions.set_substitute(
                    absent=absent, substitute=chosen, by=request.member, starts_on=form.cleaned_data["starts_on"],
                    ends_on=form.cleaned_data["ends_on"],
                )  # fmt: skip
            except (Refusal, Refusals) as refusal:
                add_refusal(form, refusal)
            else:
                return see(request, address(request, name, **arguments), toast=_("Remplacement enregistré."))
    substitutions = Substitution.objects.select_related("substitute__user", "set_by").filter(absent=absent)[:PAGE]
    replaces = Substitution.objects.select_related("absent__user").filter(substitute=absent)[:PAGE]
    context = {
        "shown": absent, "form": form, "substitutions": list(substitutions), "replaces": list(replaces),
        "current": "absence", "today": today_in(absent.organization.time_zone),
    }  # fmt: skip
    draw = render_administration if name == "member_absence" else render
    return draw(request, template, context, status=status)


def _end_substitution(request: MemberRequest, absent: Membership, back: str) -> HttpResponse:
    chosen = request.POST["end"]
    found = None
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 19:
        found = (
            Substitution.objects.select_related("absent__user", "substitute__user")
            .filter(absent=absent, pk=int(chosen))
            .first()
        )
    if found is None:
        raise NotFound
    actions.end_substitution(found, by=request.member)
    return see(request, back, toast=_("Remplacement retiré."))
