"""Beside the grid of « Gestion des clients »: the people of a client, the interactions of whoever is selected, and the
text of one interaction. Each has an address of its own, which is a page for those without htmx."""

from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.models import Client, ClientPerson, Person
from entregent.clients.web.panes import open_file, people_of, reaches
from entregent.interactions import actions
from entregent.interactions.actions.changes import may_delete
from entregent.interactions.models import Interaction, InteractionParticipant
from entregent.interactions.timeline import DRAWINGS, page_of
from entregent.interactions.web.answers import announce
from entregent.interactions.web.forms import EntryForm
from entregent.interactions.web.views import links_of
from entregent.organizations.models import Module
from entregent.toolbox.dates import thirty_days_ago, today_in
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.toolbox.text import as_id
from entregent.ui.pages import add_refusal, render

MODULE = Module.CLIENT_MGMT
PAGE = 50
# The four kinds that the menus name (R004-06), with their drawing.
KINDS = [("note", "note"), ("phone_call", "phone"), ("phone_message", "message-2"), ("email", "mail")]


@dataclass(frozen=True)
class Selected:
    """Whose interactions the lower pane shows: a client, a person, or a person at a client."""

    client: Client | None = None
    person: Person | None = None

    @property
    def name(self) -> str:
        return str(self.person or self.client or "")

    @property
    def query(self) -> str:
        """As addresses name it, for the pane and for « Nouveau contact » alike."""
        asked: dict[str, str | int] = {}
        if self.client is not None:
            asked["client"] = self.client.number
        if self.person is not None:
            asked["personne"] = self.person.pk
        return urlencode(asked)


@requires(Right.CLIENT_VIEW, module=MODULE)
def client_people(request, number) -> HttpResponse:
    """« Développer »: all the people of a client, with their main phone and e-mail (R004-05)."""
    client = open_file(request, number)
    context = {
        "client": client,
        "people": people_of(client),
        "columns": min(as_id(request.GET.get("colonnes", "")) or 8, 200),
        "can_edit": reaches(request.member, Right.CLIENT_EDIT, client),
        "may_log": reaches(request.member, Right.INTERACTION_LOG, client),
    }
    return render(request, "workspace/client_management_people.html", context, fragment="people")


@requires(Right.INTERACTION_VIEW, module=MODULE)
def lower_pane(request) -> HttpResponse:
    """The interactions of a client or of a person, newest first; « 30 derniers jours » as RX-11 has it."""
    fragment = "more" if request.GET.get("apres") else "pane"
    return render(
        request, "workspace/client_management_pane.html", pane_context(request, _selected(request)), fragment=fragment
    )


@requires(Right.INTERACTION_VIEW, module=MODULE)
def interaction_pane(request, number) -> HttpResponse:
    """One interaction: its whole text, its links, and the place for an answer."""
    interaction = open_interaction(request, number)
    form = EntryForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if not Interaction.objects.visible_to(request.member, Right.INTERACTION_LOG).filter(number=number).exists():
            raise NotFound
        status = 422
        if form.is_valid():
            try:
                actions.add_entry(interaction, by=request.member, **form.details())
                form, status = EntryForm(), 200
            except (Refusal, Refusals) as refusal:
                add_refusal(form, refusal)
    context = interaction_context(request, interaction, form)
    response = render(request, "workspace/client_management_interaction.html", context, fragment="pane", status=status)
    if request.method == "POST" and status == 200:
        return announce(response, toast=_("Entrée ajoutée."))
    return response


def open_interaction(request, number: int) -> Interaction:
    records = Interaction.objects.visible_to(request.member).select_related("client", "person", "topic", "created_by")
    return records.found(number=number)


def interaction_context(request, interaction: Interaction, form: EntryForm | None = None) -> dict:
    return {
        "interaction": interaction,
        "entries": list(interaction.entries.select_related("author")),
        "drawing": DRAWINGS.get(interaction.channel, "meeting"),
        "links": links_of(interaction, request.member),
        "form": form or EntryForm(),
        "may_log": request.member.can(Right.INTERACTION_LOG),
        "may_delete": may_delete(interaction, request.member),
        "today": today_in(request.member.organization.time_zone),
    }


def _selected(request) -> Selected:
    """Whoever the address names, within reach; NotFound for everybody else."""
    number, person_id = request.GET.get("client", "").strip(), as_id(request.GET.get("personne", ""))
    client = Client.objects.get_visible(request.member, number=number) if number else None
    person = Person.objects.get_visible(request.member, pk=person_id) if person_id is not None else None
    if client is None and person is None:
        raise NotFound
    return Selected(client, person)


def pane_context(request, selected: Selected) -> dict:
    member = request.member
    only_recent = request.GET.get("jours") == "30"
    records = Interaction.objects.visible_to(member)
    if selected.client is not None:
        records = records.filter(client_id=selected.client.pk)
    if selected.person is not None:
        # Read first: one index for those that name the person, one for those in which they took part.
        took_part = InteractionParticipant.objects.filter(person_id=selected.person.pk).values_list(
            "interaction_id", flat=True
        )[:2000]
        records = records.filter(Q(person_id=selected.person.pk) | Q(pk__in=list(took_part)))
    if only_recent:
        records = records.since(thirty_days_ago(member.organization.time_zone))
    page = page_of(records, member, after=request.GET.get("apres", ""), size=PAGE, with_links=False)
    address = reverse("workspace:lower_pane", args=[member.organization.slug])
    asked = f"{address}?{selected.query}"
    if only_recent:
        asked += "&jours=30"
    return {
        "selected": selected,
        "page": page,
        "only_recent": only_recent,
        "pane_url": asked,
        "all_url": f"{address}?{selected.query}",
        "next_url": f"{asked}&{urlencode({'apres': page.next_cursor})}" if page.next_cursor else "",
        "is_next": bool(request.GET.get("apres")),
        "may_log": member.can(Right.INTERACTION_LOG),
        "kinds": [(code, str(Interaction.Channel(code).label), drawing) for code, drawing in KINDS],
        "today": today_in(member.organization.time_zone),
    }


def clients_of(person: Person, member) -> list[ClientPerson]:
    seen = Client.objects.visible_to(member).values("id")
    return list(person.client_people.filter(client__in=seen).select_related("client"))
