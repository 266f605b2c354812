"""Creating, changing and deleting clients."""

import uuid

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients import actions
from entregent.clients.duplicates import likely_duplicates
from entregent.clients.models import Client
from entregent.clients.web.forms import ClientForm, ProspectForm
from entregent.clients.web.panes import open_file, reaches
from entregent.clients.web.stale import Comparison
from entregent.organizations.models import Module
from entregent.toolbox.errors import Refusal, Stale
from entregent.ui.pages import render, see


@requires(Right.CLIENT_CREATE)
def prospect_create(request) -> HttpResponse:
    """One small form; likely duplicates are shown while it is filled."""
    words = request.GET.get("nom", "")
    form = ProspectForm(
        request.POST or None, initial={"name": words, "idempotency_key": uuid.uuid4().hex, "kind": Client.Kind.PERSON}
    )
    if request.method == "POST" and form.is_valid():
        client = form.attempt(actions.create_prospect, by=request.member, **form.values())
        if client is not None:
            return see(request, file_url(request, client), toast=_("Le prospect %(name)s est créé.") % {"name": client})
    context = {"form": form, "duplicates": _duplicates(request) if request.method == "POST" else []}
    return render(
        request, "clients/prospect_form.html", context, fragment="content", status=422 if form.errors else 200
    )


@requires(Right.CLIENT_CREATE)
def duplicates(request) -> HttpResponse:
    """The hint of likely duplicates, for what is typed so far."""
    return render(request, "clients/duplicates.html", {"duplicates": _duplicates(request)})


@requires(Right.CLIENT_CREATE)
def client_create(request) -> HttpResponse:
    form = ClientForm(request.POST or None, member=request.member)
    if request.method == "POST" and form.is_valid():
        client = form.attempt(actions.create_client, by=request.member, **form.values())
        if client is not None:
            return see(request, file_url(request, client), toast=_("Le client %(name)s est créé.") % {"name": client})
    context = {"form": form, "client": None, "comparison": None}
    return render(request, "clients/client_form.html", context, fragment="content", status=422 if form.errors else 200)


@requires(Right.CLIENT_EDIT)
def client_edit(request, number) -> HttpResponse:
    """All fields. A stale save shows both versions side by side; what was typed stays in the form."""
    client = open_file(request, number, Right.CLIENT_EDIT)
    country = request.member.organization.country
    initial = ClientForm.initial_of(client, country=country)
    form = ClientForm(request.POST or None, member=request.member, initial=initial)
    comparison = None
    if request.method == "POST" and form.is_valid():
        try:
            version = _version(request)
            saved = form.attempt(
                actions.update_client, client=client, by=request.member, version=version, **form.values()
            )
        except Stale as stale:
            comparison = Comparison.of(
                stale,
                form,
                version,
                table="clients_client",
                read=lambda row: ClientForm.initial_of(row, country=country),
            )
            form = ClientForm(comparison.merged, member=request.member, initial=initial)
        else:
            if saved is not None:
                return see(request, file_url(request, saved), toast=_("La fiche est enregistrée."))
    context = {
        "form": form,
        "client": client,
        "comparison": comparison,
        "version": comparison.version
        if comparison
        else client.version
        if request.method == "GET"
        else _version(request),
    }
    status = 409 if comparison else 422 if form.errors else 200
    return render(request, "clients/client_form.html", context, fragment="content", status=status)


@requires(Right.CLIENT_EDIT)
@require_POST
def status_change(request, number) -> HttpResponse:
    """« Convertir en client », « Rendre inactif », « Rendre actif »."""
    client = open_file(request, number, Right.CLIENT_EDIT)
    to = request.POST.get("to")
    if to == Client.Status.INACTIVE:
        actions.deactivate_client(client, by=request.member)
        done = _("Le client est inactif.")
    elif client.is_prospect:
        actions.convert_to_client(client, by=request.member)
        done = _("Le prospect est devenu client.")
    else:
        actions.reactivate_client(client, by=request.member)
        done = _("Le client est actif.")
    return see(request, file_url(request, client), toast=done)


@requires(Right.CLIENT_DELETE)
def client_delete(request, number) -> HttpResponse:
    """Says what a deletion does, and offers to make the client inactive instead."""
    client = open_file(request, number, Right.CLIENT_DELETE)
    refusal = None
    if request.method == "POST":
        try:
            actions.delete_client(client, by=request.member)
        except Refusal as refused:
            refusal = refused
        else:
            slug = request.member.organization.slug
            return see(
                request,
                list_url(request),
                toast=_("Le client %(name)s est supprimé.") % {"name": client},
                undo_url=reverse("clients:restore", args=[slug, client.number]),
            )
    context = {
        "client": client,
        "refusal": refusal,
        "people": client.client_people.count(),
        "can_edit": reaches(request.member, Right.CLIENT_EDIT, client),
    }
    return render(
        request, "clients/client_delete.html", context, fragment="content", status=refusal.status if refusal else 200
    )


@requires(Right.CLIENT_DELETE)
@require_POST
def client_restore(request, number) -> HttpResponse:
    client = Client.objects.visible_to(request.member, Right.CLIENT_DELETE, deleted=True).found(number=number)
    actions.restore_client(client, by=request.member)
    return see(request, file_url(request, client), toast=_("Le client %(name)s est rétabli.") % {"name": client})


def file_url(request, client: Client) -> str:
    return reverse("workspace:client", args=[request.member.organization.slug, client.number])


def list_url(request, tab: str = "") -> str:
    """The list from which the person came: « Gestion des clients » when its menus led here, else that of clients."""
    organization = request.member.organization
    if request.GET.get("retour") == "gestion" and organization.has_module(Module.CLIENT_MGMT):
        return reverse("workspace:client_management", args=[organization.slug]) + (f"?onglet={tab}" if tab else "")
    return reverse("clients:list", args=[organization.slug])


def _version(request) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _duplicates(request):
    typed = request.POST if request.method == "POST" else request.GET
    return likely_duplicates(
        request.member,
        name=typed.get("name", ""),
        first_name=typed.get("first_name", ""),
        phone=typed.get("phone", ""),
        email=typed.get("email", ""),
        address={part: typed.get(part, "")[:200] for part in ("street", "postal_code", "city")},
    )
