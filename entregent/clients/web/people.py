"""People at a client, and by themselves."""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients import actions
from entregent.clients.merging import person_by_id
from entregent.clients.models import Client, ClientPerson, Person, PersonPhoto
from entregent.clients.web.editing import _version, file_url, list_url
from entregent.clients.web.forms import MarksForm, PersonForm
from entregent.clients.web.panes import open_file
from entregent.clients.web.stale import Comparison
from entregent.listing.custom_fields import told
from entregent.search.models import Entry, Kind
from entregent.toolbox.errors import NotFound, Refusal, Stale
from entregent.toolbox.text import search_key
from entregent.ui.pages import render, see


@requires(Right.CLIENT_EDIT)
def person_create(request, number) -> HttpResponse:
    """A new person at a client; somebody who is known already is found and tied instead."""
    client = open_file(request, number, Right.CLIENT_EDIT)
    return _create(request, client)


@requires(Right.CLIENT_CREATE)
def standalone_create(request) -> HttpResponse:
    return _create(request, None)


@requires(Right.CLIENT_EDIT)
def person_attach(request, number) -> HttpResponse:
    """People found by name, to be tied to the client: the search, and the tying."""
    client = open_file(request, number, Right.CLIENT_EDIT)
    if request.method == "POST":
        person = Person.objects.get_visible(request.member, pk=id_of(request.POST.get("person")))
        actions.attach_person(person, client=client, by=request.member)
        return see(request, file_url(request, client), toast=_("%(name)s est rattachée.") % {"name": person})
    context = {"client": client, "found": _find_people(request, client), "query": request.GET.get("q", "")}
    return render(request, "clients/person_attach.html", context, fragment="found")


@requires(Right.CLIENT_EDIT)
def tie_edit(request, number, pk) -> HttpResponse:
    """What a person is at the client; or no longer anything."""
    client = open_file(request, number, Right.CLIENT_EDIT)
    tie = (
        ClientPerson.objects.select_related("person")
        .filter(client=client, person_id=pk, person__deleted_at=None)
        .first()
    )
    if tie is None:
        raise NotFound
    marks = {"is_primary": tie.is_primary, "is_preferred": tie.is_preferred, "is_billing": tie.is_billing}
    form = MarksForm(request.POST or None, initial=marks)
    if request.method == "POST" and "detach" in request.POST:
        actions.detach_person(tie.person, client=client, by=request.member)
        return see(request, file_url(request, client), toast=_("%(name)s est détachée.") % {"name": tie.person})
    if request.method == "POST" and form.is_valid():
        actions.mark_person(tie.person, client=client, by=request.member, **form.cleaned_data)
        return see(
            request, file_url(request, client), toast=_("Le rôle de %(name)s est enregistré.") % {"name": tie.person}
        )
    return render(
        request, "clients/tie_form.html", {"form": form, "client": client, "person": tie.person}, fragment="content"
    )


@requires(Right.CLIENT_VIEW)
def person_detail(request, pk) -> HttpResponse:
    person = person_by_id(Person.objects.visible_to(request.member), pk)
    if person.pk != pk:  # Part of another one since: whoever holds the old address gets there.
        return see(request, _person_url(request, person))
    seen = Client.objects.visible_to(request.member)
    context = {
        "person": person,
        "ties": list(
            person.client_people.filter(client__in=seen).select_related("client").order_by("client__sort_key")
        ),
        "addresses": list(person.addresses.all()),
        "custom": told(request.member, "person", person.custom),
        "may_edit": request.member.can(Right.CLIENT_EDIT),
        "may_delete": request.member.can(Right.CLIENT_DELETE),
        "may_merge": request.member.can(Right.CLIENT_MERGE),
        "has_photo": PersonPhoto.objects.filter(person=person).exists(),
    }
    return render(request, "clients/person.html", context, fragment="content")


@requires(Right.CLIENT_EDIT)
def person_edit(request, pk) -> HttpResponse:
    person = Person.objects.get_visible(request.member, Right.CLIENT_EDIT, pk=pk)
    country = request.member.organization.country
    initial = PersonForm.initial_of(person, country=country)
    form = PersonForm(request.POST or None, member=request.member, initial=initial)
    comparison = None
    if request.method == "POST" and form.is_valid():
        version = _version(request)
        try:
            saved = form.attempt(
                actions.update_person, person=person, by=request.member, version=version, **form.values()
            )
        except Stale as stale:
            comparison = Comparison.of(
                stale,
                form,
                version,
                table="clients_person",
                read=lambda row: PersonForm.initial_of(row, country=country),
            )
            form = PersonForm(comparison.merged, member=request.member, initial=initial)
        else:
            if saved is not None:
                return see(request, _person_url(request, saved), toast=_("La fiche est enregistrée."))
    context = {
        "form": form,
        "person": person,
        "client": None,
        "marks": None,
        "comparison": comparison,
        "version": comparison.version
        if comparison
        else person.version
        if request.method == "GET"
        else _version(request),
    }
    status = 409 if comparison else 422 if form.errors else 200
    return render(request, "clients/person_form.html", context, fragment="content", status=status)


@requires(Right.CLIENT_DELETE)
def person_delete(request, pk) -> HttpResponse:
    person = Person.objects.get_visible(request.member, Right.CLIENT_DELETE, pk=pk)
    refusal = None
    if request.method == "POST":
        try:
            actions.delete_person(person, by=request.member)
        except Refusal as refused:
            refusal = refused
        else:
            done = _("%(name)s est supprimée.") % {"name": person}
            return see(request, list_url(request, "personnes"), toast=done)
    ties = person.client_people.filter(client__in=Client.objects.visible_to(request.member)).select_related("client")
    return render(
        request,
        "clients/person_delete.html",
        {"person": person, "refusal": refusal, "ties": list(ties.order_by("client__sort_key"))},
        fragment="content",
        status=refusal.status if refusal else 200,
    )


def _create(request, client: Client | None) -> HttpResponse:
    initial = {
        "language": request.member.organization.language,
        "company": client.name if client and client.is_company else "",
    }
    form = PersonForm(request.POST or None, member=request.member, initial=initial)
    marks = MarksForm(request.POST or None) if client else None
    if request.method == "POST" and form.is_valid():
        given = marks.cleaned_data if marks and marks.is_valid() else {}
        person = form.attempt(actions.create_person, by=request.member, client=client, **form.values(), **given)
        if person is not None:
            url = file_url(request, client) if client else _person_url(request, person)
            return see(request, url, toast=_("%(name)s est ajoutée.") % {"name": person})
    context = {"form": form, "person": None, "client": client, "marks": marks, "comparison": None, "version": 0}
    return render(request, "clients/person_form.html", context, fragment="content", status=422 if form.errors else 200)


def _find_people(request, client: Client) -> list[Person]:
    found = people_named(request.member, request.GET.get("q", ""))
    return list(found.exclude(client_people__client=client)[:20])


def people_named(member, text: str) -> QuerySet[Person]:
    """People in reach in whose entry every word stands."""
    words = search_key(text).split()
    if len("".join(words)) < 2:
        return Person.objects.visible_to(member).none()
    entries = Entry.objects.filter(organization_id=member.organization_id, kind=Kind.PERSON)
    for word in words:
        entries = entries.filter(doc__contains=word)
    return Person.objects.visible_to(member).filter(pk__in=entries.values("subject_id")).order_by("sort_key", "id")


def _person_url(request, person) -> str:
    return reverse("clients:person", args=[request.member.organization.slug, person.pk])


def id_of(text) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 19 else 0
