"""Tokens of the API: made for one member, shown once, revoked at once."""

from datetime import timedelta

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.access.token_scopes import LEVELS, PARTS
from entregent.organizations import actions
from entregent.organizations.models import ApiToken, Membership
from entregent.organizations.web.administration import address, render_administration
from entregent.organizations.web.forms import TokenForm
from entregent.toolbox.dates import start_of_day, today_in
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.ui.pages import add_refusal, see

SHOWN = 200


@requires(Right.MEMBERS)
def tokens(request: MemberRequest) -> HttpResponse:
    organization = request.member.organization
    active = Membership.objects.active().filter(organization=organization).select_related("user")
    members = {str(member.pk): member for member in active.order_by("user__name")}
    form = TokenForm(request.POST or None, members=members.values(), initial={"member": str(request.member.pk)})
    key, status = "", 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            last_day = form.cleaned_data["expires_on"]
            try:
                if last_day is not None and last_day < today_in(organization.time_zone):
                    raise Refusal("E-002-DATE", _("La date de fin doit être postérieure."), field="expires_on")
                _token, key = actions.create_api_token(
                    member=members[form.cleaned_data["member"]], name=form.cleaned_data["name"], by=request.member,
                    expires_at=last_day and start_of_day(last_day + timedelta(days=1), organization.time_zone),
                    scopes=form.scopes(),
                )  # fmt: skip
            except (Refusal, Refusals) as refusal:
                add_refusal(form, refusal)
            else:
                form = TokenForm(members=members.values(), initial={"member": str(request.member.pk)})
                status = 200
    rows = ApiToken.objects.select_related("membership__user").filter(organization=organization)[:SHOWN]
    context = {
        "tokens": [(token, told(token.scopes)) for token in rows], "form": form, "key": key, "today": timezone.now(),
    }  # fmt: skip
    response = render_administration(request, "organizations/tokens.html", context, status=status)
    if key:
        response.headers["Cache-Control"] = "no-store"
    return response


def told(scopes: list[str]) -> list[str]:
    """The scopes of a token in words."""
    pairs = [scope.split(":") for scope in scopes]
    return [f"{PARTS[part]} : {LEVELS[level]}" for part, level in pairs]


@requires(Right.MEMBERS)
def token_revoke(request: MemberRequest, pk: int) -> HttpResponse:
    token = (
        ApiToken.objects.select_related("membership__user")
        .filter(organization_id=request.member.organization_id, pk=pk)
        .first()
    )
    if token is None:
        raise NotFound
    if request.method == "POST":
        actions.revoke_api_token(token, by=request.member)
        return see(request, address(request, "tokens"), toast=_("Jeton « %(name)s » révoqué.") % {"name": token.name})
    return see(request, address(request, "tokens"))
