"""« Système existant »: where cases are mirrored to, its secret, a trial; and « Réessayer » on a case."""

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.cases.actions.mirroring import PURPOSE, transmit_again
from entregent.cases.web.answers import back, get_case
from entregent.cases.web.demo import address_for
from entregent.organizations.models import Module
from entregent.organizations.web.administration import render_administration
from entregent.outbox import endpoints
from entregent.outbox.models import Post
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from entregent.ui.pages import add_refusal

PAGE = "cases/existing_system.html"
MOST_COUNTED = 10_000


class EndpointForm(forms.Form):
    url = forms.CharField(
        label=gettext_lazy("Adresse"), required=False, max_length=500,
        help_text=gettext_lazy("L’adresse https qui reçoit les messages des dossiers."),
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://si.exemple.fr/entregent"}),
    )  # fmt: skip
    is_on = forms.BooleanField(label=gettext_lazy("Transmettre les dossiers"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    use_required_attribute = False


@requires(Right.EXISTING_SYSTEM, module=Module.CASEWORK)
def existing_system(request) -> HttpResponse:
    """The address, whether messages go, and how the other side has been doing."""
    if request.method != "POST":
        return _page(request)
    form = EndpointForm(request.POST)
    secret, stale, status = "", None, 422
    if form.is_valid():
        data = form.cleaned_data
        try:
            _endpoint, secret = endpoints.set_endpoint(
                by=request.member, purpose=PURPOSE, url=data["url"], is_on=data["is_on"], version=data["version"]
            )
            return _page(request, secret=secret, told="" if secret else _("Réglage enregistré."))
        except Stale as refusal:
            stale, status = refusal, refusal.status
            typed = request.POST.copy()
            typed["version"] = str(refusal.current.version)
            form = EndpointForm(typed)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
    return _page(request, form=form, stale=stale, status=status)


@requires(Right.EXISTING_SYSTEM, module=Module.CASEWORK)
@require_POST
def secret_rotate(request) -> HttpResponse:
    """A new secret, shown once; the former one signs for a day longer."""
    return _page(request, secret=endpoints.rotate_secret(_known(request), by=request.member))


@requires(Right.EXISTING_SYSTEM, module=Module.CASEWORK)
@require_POST
def connection_try(request) -> HttpResponse:
    """A signed « ping », at once; nothing is kept of it."""
    endpoint = _known(request)
    try:
        answer = endpoints.try_endpoint(endpoint, by=request.member)
    except Refusal as refusal:
        return _page(request, trouble=str(refusal.message))
    values = {"status": answer.status, "ms": round(answer.seconds * 1000)}
    return _page(request, told=_("Connexion réussie : code %(status)s en %(ms)s ms.") % values)


@requires(Right.CASE_EDIT, module=Module.CASEWORK)
@require_POST
def case_transmit(request, number):
    """« Réessayer » on a case."""
    case = get_case(request, number)
    transmit_again(case, by=request.member)
    return back(request, case, _("Le dossier est remis en file de transmission."))


def _known(request):
    endpoint = endpoints.endpoint_of(request.member.organization_id, PURPOSE)
    if endpoint is None:
        raise NotFound
    return endpoint


def _page(request, *, form=None, stale=None, secret="", told="", trouble="", status=200) -> HttpResponse:
    endpoint = endpoints.endpoint_of(request.member.organization_id, PURPOSE)
    if form is None:
        known = {"url": endpoint.url, "is_on": endpoint.is_on, "version": endpoint.version} if endpoint else {}
        form = EndpointForm(initial={"is_on": True} | known)
    context = {
        "form": form,
        "stale": stale,
        "endpoint": endpoint,
        "is_own": settings.DEMO and endpoint is not None and endpoint.url == address_for(request.member.organization),
        "secret": secret,
        "told": told,
        "trouble": trouble,
        "waiting": _count(endpoint, Post.State.PENDING),
        "failed": _count(endpoint, Post.State.FAILED),
        "most": MOST_COUNTED,
    }
    response = render_administration(request, PAGE, context, status=status)
    if secret:
        response.headers["Cache-Control"] = "no-store"
    return response


def _count(endpoint, state: str) -> int:
    if endpoint is None:
        return 0
    posts = Post.objects.filter(~endpoints.SENT, organization_id=endpoint.organization_id, endpoint=endpoint)
    return posts.filter(state=state).order_by()[: MOST_COUNTED + 1].count()
