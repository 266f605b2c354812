"""« Nouveau contact »: the page, the dialog over any page, and what the composer of the client file sends."""

from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from entregent.access.guard import requires
from entregent.access.recall import recalled
from entregent.access.rights import Right
from entregent.clients.merging import person_by_id
from entregent.clients.models import Client, CreditHold, Person
from entregent.interactions.actions import log_interaction
from entregent.interactions.audience import audience_of
from entregent.interactions.extension_points import contact_beginnings
from entregent.interactions.models import Interaction
from entregent.interactions.timeline import by_day, fresh_event, object_pill
from entregent.interactions.web.answers import (
    CONTACT_LOGGED,
    FOLLOW_UPS_CHANGED,
    INTERACTIONS_CHANGED,
    announce,
    at,
    done,
    home_of,
)
from entregent.interactions.web.composer import (
    CHANNELS,
    Channel,
    Composer,
    ContactForm,
    active_contracts,
    new_key,
    offer_of,
    offered_topics,
    people_to_write_to,
    usual_topic,
)
from entregent.interactions.web.files import kept_files
from entregent.interactions.web.find import clients_found
from entregent.interactions.web.recipients import told_of
from entregent.organizations.models import Module
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.toolbox.text import as_id
from entregent.ui.pages import is_htmx, render, render_block, see

PAGE = "interactions/create.html"


@requires(Right.INTERACTION_LOG)
def interaction_create(request):
    member = request.member
    wanted = request.POST if request.method == "POST" else request.GET
    client, person, unknown = _whom(member, wanted)
    if client is None and person is None:
        return _choose_client(request, unknown)
    if request.method != "POST":
        # « Ajouter une interaction > Note »: the kind that the menu named.
        asked = request.GET.get("canal", "")
        channel = Channel(asked) if asked in CHANNELS else Channel.PHONE_CALL
        composer = Composer.fresh(
            member, client, person=person, channel=channel, is_dialog=is_htmx(request), is_open=True
        )
        # Begun from a telephone call: who wrote it down, and the number for this record.
        composer.values["begun_from"] = request.GET.get("depuis", "")[:80]
        composer.values["contact_phone"] = request.GET.get("telephone", "")[:40]
        if as_id(request.GET.get("copie", "")) is not None:
            _copy(composer, as_id(request.GET["copie"]))
        _prepare(composer, is_informing=request.GET.get("informer") == "1")
        return render(request, PAGE, {"composer": composer, "step": "compose"}, fragment="compose")

    is_on_file = request.POST.get("place") == "file"
    contracts = active_contracts(member, client, chosen=request.POST.get("contract", ""))
    composer = Composer.fresh(
        member, client, person=person, contracts=contracts, is_dialog=is_htmx(request) and not is_on_file
    )
    is_informing = request.POST.get("informing") == "1"
    form = ContactForm(request.POST, composer)
    form.is_valid()
    # Read before the write: the number's row stays locked from there to the commit.
    people = _participants(member, request.POST.getlist("participants"))
    mail_to = _addressed(member, client, person, request.POST.getlist("mail_to"))
    home = ""
    if not form.errors:
        try:
            details = form.details_with_template()
            with transaction.atomic():
                people = [*details.get("participants", ()), *people]
                details |= {"participants": people, "mail_to": mail_to, "files": kept_files(request)}
                interaction = log_interaction(by=member, client=client, person=person, **details)
                if mark := form.cleaned_data["begun_from"]:
                    for begun in contact_beginnings:
                        home = begun(mark, interaction, by=member) or home
        except (Refusal, Refusals) as refusal:
            form.refused(refusal)
    if form.errors:
        form.keep_in_composer()
        if not is_on_file:
            _prepare(composer, is_informing=is_informing)
        return _again(request, composer, is_on_file)

    toast = _("Contact n° %(number)s enregistré.") % {"number": interaction.number}
    toast = " ".join([toast, *told_of(interaction.audience), *_not_attached(details)])
    undo_url = at("interactions:delete", member, number=interaction.number)
    events = [FOLLOW_UPS_CHANGED] if interaction.follow_up_on else [CONTACT_LOGGED]
    links = _next_steps(interaction, member)
    if not is_htmx(request) or home:
        return see(request, home or home_of(interaction, member), toast=toast, undo_url=undo_url, links=links)
    if not is_on_file:
        return done(INTERACTIONS_CHANGED, *events, toast=toast, undo_url=undo_url, links=links)
    contract = details["contract"] if hasattr(details["contract"], "key") else None
    event = fresh_event(
        interaction,
        member,
        notes=details["notes"].strip(),
        internal=details["internal"],
        incoming=details["incoming"],
        pills=[
            *([object_pill(contract, "contract")] if contract else []),
            *(object_pill(one, one.type.code) for one in details.get("objects", ()) if one != contract),
        ],
    )
    by_day([event], member.organization.time_zone)
    # A form that was shown again holds what was typed as its defaults: it is replaced, not emptied.
    fresh = Composer.fresh(member, client, contracts=composer.contracts) if request.POST.get("again") else None
    response = render_block(request, PAGE, "saved", {"event": event, "composer": fresh, "key": new_key()})
    return announce(response, *events, toast=toast, undo_url=undo_url, links=links)


def _next_steps(interaction: Interaction, member) -> list[dict[str, str]]:
    """What often comes next, in the toast: a case is made of the contact, or it goes into one (ux.md §8.5)."""
    if (
        interaction.client_id is None
        or not member.can(Right.CASE_EDIT)
        or not member.organization.has_module(Module.CASEWORK)
    ):
        return []
    move = at("cases:contact_move", member, contact=interaction.number)
    create = f"{at('cases:create', member)}?contact={interaction.number}"
    return [
        {"label": _("Créer un dossier"), "url": create},
        {"label": _("Déplacer vers dossier"), "url": move, "dialog": move},
    ]


@requires(Right.INTERACTION_LOG)
def template_offer(request):
    """What the template of the topic gives for this client: asked for by the composer when a topic is chosen."""
    member = request.member
    client, _person, _unknown = _whom(member, request.GET)
    if client is None:
        raise NotFound
    chosen = request.GET.get("topic", "")
    topic = next((one for one in offered_topics(member, client=client) if str(one.pk) == chosen), None)
    composer = Composer(member, client)
    if topic is not None and topic.template_id is not None:
        contract_id = as_id(request.GET.get("contract", ""))
        composer.offer = offer_of(member, client, topic.template_id, contract_id=contract_id)
    return render_block(request, PAGE, "offer", {"composer": composer})


def _not_attached(details) -> list[str]:
    """What of the template was not attached, each with its reason (A07)."""
    left_out = details.get("left_out", ())
    if not left_out:
        return []
    told = " ".join(f"{what} ({why.rstrip('.')})." for what, why in left_out)
    return [_("Non attaché : %(left_out)s") % {"left_out": told}]


def _prepare(composer: Composer, *, is_informing: bool) -> None:
    """What the page and the dialog show besides: the credit hold, the time, who will see; whom one can write to."""
    member, client = composer.member, composer.client
    if client is not None:
        composer.hold = CreditHold.objects.filter(client_id=client.pk, lifted_at__isnull=True).first()
    if not composer.values["occurred_at"]:
        now = timezone.now().astimezone(ZoneInfo(member.organization.time_zone))
        composer.values["occurred_at"] = composer.values["occurred_default"] = f"{now:%Y-%m-%dT%H:%M}"
    if is_informing:
        _prepare_informing(composer)
    chosen = composer.values["mail_to"]
    composer.audience = _audience(composer, mail_to=list(Person.objects.visible_to(member).filter(pk__in=chosen)))


def _audience(composer: Composer, *, mail_to=()):
    """Who will see and be mailed what is written, as the form stands."""
    client, person, values = composer.client, composer.person, composer.values
    return audience_of(
        composer.member,
        client_id=client.pk if client is not None else None,
        person_id=person.pk if person is not None else None,
        internal=values["visibility"] == "internal",
        incoming=values["visibility"] == "incoming",
        notify=bool(values["notify"]),
        mail_to=mail_to,
    )


def _prepare_informing(composer: Composer) -> None:
    member, client = composer.member, composer.client
    composer.is_informing = True
    people = people_to_write_to(member, client, composer.person)
    composer.recipients = [(person.pk, f"{person.full_name} — {person.main_email}") for person in people]
    if not composer.values["notes"]:
        composer.values |= {"channel": Channel.EMAIL.value, "visibility": "outgoing"}
        if composer.topics:
            composer.values["topic"] = composer.values["topic"] or usual_topic(composer.topics).pk
        # Without anybody on the portal it would reach nobody: the first of them is proposed.
        if people and not _audience(composer).mailed:
            composer.values["mail_to"] = [people[0].pk]


def _copy(composer: Composer, number: int | None) -> None:
    """« Dupliquer »: the composer as this interaction was filled in. Nothing is saved, published or mailed by then."""
    source = Interaction.objects.get_visible(composer.member, number=number)
    first = source.entries.order_by("seq").first()
    visibility = {"incoming": "incoming", "outgoing": "outgoing"}.get(source.direction, "")
    composer.values |= {
        "topic": source.topic_id,
        "channel": source.channel if source.channel in CHANNELS else Channel.OTHER.value,
        "visibility": "internal" if first is None or first.internal else visibility,
        "notes": first.notes if first is not None else "",
        "subject": source.subject,
        "contact_name": source.contact_name,
        "contact_phone": source.contact_phone,
        "reference": source.reference,
    }


def _again(request, composer: Composer, is_on_file: bool):
    """The composer with what was typed and what is wrong, in the place of the one that was sent."""
    context = {"composer": composer, "step": "compose"}
    if not is_htmx(request):
        return render(request, PAGE, context, status=422)
    place = "file" if is_on_file else "dialog"
    response = render_block(request, PAGE, "composer", context | {"place": place}, status=422)
    response.headers["HX-Retarget"] = "#composer" if is_on_file else "#compose-form"
    response.headers["HX-Reswap"] = "outerHTML"
    return response


def _choose_client(request, unknown: str):
    text = request.GET.get("q", "").strip()
    context = {
        "step": "choose",
        "query": text,
        "unknown": unknown,
        "is_dialog": is_htmx(request),
        "carried": {name: request.GET[name][:80] for name in ("canal", "depuis", "telephone") if request.GET.get(name)},
        "found": clients_found(request.member, text) if len(text) >= 2 else None,
    }
    if request.method == "POST" and not unknown:
        context["missing"] = True
    if is_htmx(request) and request.headers.get("HX-Target") == "compose-found":
        return render_block(request, PAGE, "found", context)
    status = 422 if request.method == "POST" else 200
    return render(request, PAGE, context, fragment="compose", status=status)


@recalled
def _clients_numbered(member, number: str):
    return Client.objects.visible_to(member, Right.INTERACTION_LOG).filter(number=number)


def _client_once_numbered(member, number: str) -> Client | None:
    """Whoever types the number of a client that is part of another since means that one."""
    clients = Client.objects.visible_to(member, Right.INTERACTION_LOG)
    return clients.filter(aliases__number=number).first()


def _whom(member, wanted) -> tuple[Client | None, Person | None, str]:
    """The client by number, or the person by id; else the number that is unknown to this member, or ""."""
    number, person_id = wanted.get("client", "").strip(), wanted.get("personne", "").strip()
    client = person = None
    if number:
        clients = _clients_numbered(member, number)
        client = clients[0] if clients else _client_once_numbered(member, number)
        if client is None:
            return None, None, number
    key = as_id(person_id)
    if key is not None:
        person = person_by_id(Person.objects.visible_to(member, Right.INTERACTION_LOG), key)
    return client, person, ""


def _participants(member, keys: list[str]) -> list[Person]:
    wanted = [key for key in map(as_id, keys) if key is not None][:50]
    return list(Person.objects.visible_to(member).filter(pk__in=wanted)) if wanted else []


def _addressed(member, client: Client | None, person: Person | None, keys: list[str]) -> list[Person]:
    """Whom to write to, among those of this client: what is said to one is not for another's people."""
    wanted = {key for key in map(as_id, keys) if key is not None}
    return [one for one in people_to_write_to(member, client, person) if one.pk in wanted] if wanted else []
