from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients import actions
from entregent.clients.models import Address, Person
from entregent.clients.web.editing import _version, file_url
from entregent.clients.web.forms import AddressForm
from entregent.clients.web.panes import open_file
from entregent.toolbox.errors import Stale
from entregent.ui.pages import render, see


@requires(Right.CLIENT_EDIT)
def address_create(request, number) -> HttpResponse:
    client = open_file(request, number, Right.CLIENT_EDIT)
    has_main = client.addresses.filter(kind=Address.Kind.MAIN).exists()
    return _form(request, None, back=file_url(request, client), has_main=has_main, client=client)


@requires(Right.CLIENT_EDIT)
def address_edit(request, number, pk) -> HttpResponse:
    client = open_file(request, number, Right.CLIENT_EDIT)
    address = Address.objects.get_visible(request.member, Right.CLIENT_EDIT, pk=pk, client=client)
    return _form(request, address, back=file_url(request, client), client=client)


@requires(Right.CLIENT_EDIT)
def person_address_create(request, pk) -> HttpResponse:
    person = Person.objects.get_visible(request.member, Right.CLIENT_EDIT, pk=pk)
    return _form(request, None, back=_person_url(request, person), person=person)


@requires(Right.CLIENT_EDIT)
def person_address_edit(request, pk, address_pk) -> HttpResponse:
    person = Person.objects.get_visible(request.member, Right.CLIENT_EDIT, pk=pk)
    address = Address.objects.get_visible(request.member, Right.CLIENT_EDIT, pk=address_pk, person=person)
    return _form(request, address, back=_person_url(request, person), person=person)


def _form(request, address, *, back, has_main=False, client=None, person=None) -> HttpResponse:
    initial = {"kind": "other" if has_main else "main", "country": request.member.organization.country}
    form = AddressForm(request.POST or None, initial=AddressForm.initial_of(address) if address else initial)
    version = address.version if address else 0
    stale = None
    if request.method == "POST" and address is not None and "remove" in request.POST:
        actions.remove_address(address, by=request.member)
        return see(request, back, toast=_("L’adresse est supprimée."))
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data | {"kind": form.cleaned_data.get("kind") or request.POST.get("kind", "")}
        try:
            saved = form.attempt(
                actions.set_address,
                by=request.member,
                client=client,
                person=person,
                address=address,
                version=_version(request) if address else None,
                **fields,
            )
        except Stale as refused:
            stale, version, saved = refused, refused.current.version, None
        else:
            version = _version(request)
        if saved is not None:
            return see(request, back, toast=_("L’adresse est enregistrée."))
    context = {
        "form": form,
        "address": address,
        "owner": client or person,
        "back": back,
        "version": version,
        "stale": stale,
        "lines": stale.current.lines if stale else [],
    }
    status = 409 if stale else 422 if form.errors else 200
    return render(request, "clients/address_form.html", context, fragment="content", status=status)


def _person_url(request, person) -> str:
    return reverse("clients:person", args=[request.member.organization.slug, person.pk])
