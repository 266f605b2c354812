"""Pages of interactions: the list of all, one with its conversation, timelines and follow-ups."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from entregent.access.guard import requires
from entregent.access.rights import Right
from entregent.clients.models import BusinessObject, Client, CreditHold, Person, sees_all_objects
from entregent.interactions import actions
from entregent.interactions.actions.changes import TRANSITIONS, may_delete
from entregent.interactions.audience import audience_of
from entregent.interactions.conversation import client_facts, mails_about, thread_of
from entregent.interactions.models import Interaction
from entregent.interactions.timeline import (
    ACTIVITIES,
    DRAWINGS,
    agenda_of,
    by_day,
    client_follow_ups,
    client_timeline,
    deleted_interaction,
    page_of,
    read_cursor,
)
from entregent.interactions.web.answers import FOLLOW_UPS_CHANGED, INTERACTIONS_CHANGED, at, done, home_of
from entregent.interactions.web.files import kept_files
from entregent.interactions.web.filters import InteractionFilter
from entregent.interactions.web.forms import EntryForm, GeneralForm, differences
from entregent.interactions.web.recipients import told_of
from entregent.listing.custom_fields import told
from entregent.organizations.models import Membership, Module
from entregent.toolbox.dates import today_in
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from entregent.toolbox.text import as_id
from entregent.ui.pages import add_refusal, is_htmx, render, see

DETAIL = "interactions/detail.html"


@requires(Right.INTERACTION_VIEW)
def interaction_list(request):
    """All interactions in reach, not grouped, newest first (R004-17)."""
    member = request.member
    chosen = InteractionFilter(request.GET, member)
    records = chosen.apply(Interaction.objects.visible_to(member))
    page = page_of(records, member, after=request.GET.get("apres", ""), size=100, with_links=False)
    return render(
        request,
        "interactions/list.html",
        {
            "filter": chosen,
            "page": page,
            "today": today_in(member.organization.time_zone),
            "is_next": bool(request.GET.get("apres")),
        },
        fragment="rows" if request.GET.get("apres") else "results",
    )


@requires(Right.INTERACTION_VIEW)
def client_activity(request, number):
    """The timeline of one client: the pane of the client file, and a page of its own."""
    client = Client.objects.get_visible(request.member, number=number)
    return render(
        request,
        "interactions/timeline.html",
        timeline_context(request, client),
        fragment="more" if request.GET.get("apres") else "timeline",
    )


def timeline_context(request, client: Client) -> dict:
    """What `interactions/_timeline.html` draws, for the client file too."""
    member = request.member
    activity = request.GET.get("activite", "")
    only_recent = request.GET.get("jours") == "30"
    after = request.GET.get("apres", "")
    page = client_timeline(member, client, activity=activity, only_recent=only_recent, after=after)
    before = read_cursor(after)
    return {
        "client": client,
        "page": page,
        "days": by_day(page.events, member.organization.time_zone),
        "today": today_in(member.organization.time_zone),
        "activity": activity if activity in ACTIVITIES else "",
        "only_recent": only_recent,
        # The day under which the page before ended: its heading stands already.
        "last_day": before[0].astimezone(ZoneInfo(member.organization.time_zone)).date() if before else None,
    }


@requires(Right.INTERACTION_VIEW)
def client_follow_up_list(request, number):
    """What is to be followed up with one client."""
    client = Client.objects.get_visible(request.member, number=number)
    context = {"client": client, "follow_ups": client_follow_ups(request.member, client, size=50)}
    return render(request, "interactions/client_follow_ups.html", context, fragment="follow_ups")


@requires(Right.INTERACTION_VIEW)
def follow_up_list(request):
    """« Mes suivis »: the portlet of the home page, and the page of all of them."""
    size = 12 if request.GET.get("taille") == "courte" else 200
    context = {"agenda": agenda_of(request.member, size=size), "is_short": size == 12}
    return render(request, "interactions/follow_ups.html", context, fragment="agenda")


@requires(Right.INTERACTION_VIEW)
def interaction_detail(request, number):
    interaction = _get(request, number)
    tab = "general" if request.GET.get("onglet") == "general" else "conversations"
    quoted = None
    if request.GET.get("repondre"):
        # « Répondre »: to that entry, or to the last one.
        entries = interaction.entries.order_by("-seq")
        key = as_id(request.GET["repondre"])
        quoted = (entries.filter(seq=key).first() if key is not None else None) or entries.first()
    return _detail(request, interaction, tab, entry_form=EntryForm(quoted=quoted), quoted=quoted)


@requires(Right.INTERACTION_VIEW)
def interaction_open(request):
    """The field « n° »: straight to the interaction of that number (R003-18)."""
    number = as_id(request.GET.get("n", "").strip().removeprefix("n°").strip())
    if number is not None and Interaction.objects.visible_to(request.member).filter(number=number).exists():
        return see(request, at("interactions:detail", request.member, number=number))
    messages.error(request, _("Aucune interaction de ce numéro."))
    return see(request, at("interactions:list", request.member))


@requires(Right.INTERACTION_LOG)
@require_POST
def entry_create(request, number):
    interaction = _get(request, number, Right.INTERACTION_LOG)
    was_closed = interaction.status == Interaction.Status.CLOSED
    form = EntryForm(request.POST)
    if form.is_valid():
        try:
            with transaction.atomic():
                entry = actions.add_entry(
                    interaction,
                    by=request.member,
                    notify=form.wants_mail(),
                    files=kept_files(request),
                    **form.details(),
                )
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
        else:
            return _entry_added(request, interaction, entry, is_open_again=was_closed and not entry.internal)
    return _detail(request, interaction, "conversations", entry_form=form, status=422)


def _entry_added(request, interaction, entry, *, is_open_again: bool):
    told = [_("Entrée ajoutée.")]
    if is_open_again:
        told.append(_("L’interaction est de nouveau ouverte."))
    url = _url(interaction, request)
    if entry.audience.warning == "W-003-SENDER":
        url += "?avis=expediteur"  # The page says it, with the way to mend it.
    else:
        told += told_of(entry.audience)
    return see(request, f"{url}#entry-{entry.seq}", toast=" ".join(told))


@requires(Right.INTERACTION_LOG)
def entry_update(request, number, seq):
    """Corrects an entry, or makes it internal (R003-22)."""
    interaction = _get(request, number, Right.INTERACTION_LOG)
    entry = interaction.entries.filter(seq=seq).first()
    if entry is None:
        raise NotFound
    form = EntryForm(request.POST or None, entry=entry, version=interaction.version)
    if request.method == "POST" and form.is_valid():
        try:
            was_published = entry.published_at is not None
            changed = actions.update_entry(
                entry, by=request.member, version=form.cleaned_data["version"] or 0, **form.details()
            )
            toast = _("Entrée modifiée.")
            if was_published and changed.internal:
                toast = _("Entrée retirée du portail. Ce qui a été envoyé par courriel ne peut pas être rappelé.")
            return see(request, _url(interaction, request), toast=toast)
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
    status = 422 if request.method == "POST" else 200
    context = {"interaction": interaction, "entry": entry, "form": form}
    return render(request, "interactions/entry_update.html", context, fragment="form", status=status)


@requires(Right.INTERACTION_LOG)
@require_POST
def interaction_update(request, number):
    """The tab « Général ». A stale save shows what the other person saved and keeps what was typed."""
    interaction = _get(request, number, Right.INTERACTION_LOG)
    form = GeneralForm(request.POST, member=request.member, interaction=interaction)
    stale, status = None, 422
    if form.is_valid():
        try:
            actions.update_interaction(interaction, by=request.member, **form.details())
            url = f"{_url(interaction, request)}?onglet=general"
            return see(request, url, toast=_("Interaction modifiée."))
        except Stale as refusal:
            stale, status = refusal, refusal.status
        except (Refusal, Refusals) as refusal:
            add_refusal(form, refusal)
    changed = differences(form, stale.current) if stale else []
    if stale:
        form = form.over(stale.current)
    return _detail(
        request, interaction, "general", general_form=form, stale=stale, differences=changed, status=status
    )


@requires(Right.INTERACTION_LOG)
@require_POST
def status_update(request, number):
    interaction = _get(request, number, Right.INTERACTION_LOG)
    changed = actions.change_status(interaction, by=request.member, status=request.POST.get("status", ""))
    return see(
        request,
        _url(interaction, request),
        toast=_("Statut : %(status)s.") % {"status": changed.get_status_display()},
    )


@requires(Right.INTERACTION_DELETE_OWN)
@require_POST
def interaction_delete(request, number):
    """Also the « Annuler » of the toast after saving."""
    interaction = _get(request, number, Right.INTERACTION_VIEW)
    actions.delete_interaction(interaction, by=request.member)
    toast = _("Contact n° %(number)s supprimé.") % {"number": number}
    undo_url = at("interactions:restore", request.member, number=number)
    if is_htmx(request) and request.POST.get("page") != "detail":
        return done(INTERACTIONS_CHANGED, FOLLOW_UPS_CHANGED, toast=toast, undo_url=undo_url)
    target = at("interactions:list", request.member)
    if interaction.client_id is not None:
        target = home_of(interaction, request.member)
    return see(request, target, toast=toast, undo_url=undo_url)


@requires(Right.INTERACTION_DELETE_OWN)
@require_POST
def interaction_restore(request, number):
    """Brings back what was deleted: by whoever deleted it, or a manager."""
    interaction = actions.restore_interaction(deleted_interaction(request.member, number), by=request.member)
    toast = _("Contact n° %(number)s rétabli.") % {"number": number}
    if is_htmx(request):
        return done(INTERACTIONS_CHANGED, FOLLOW_UPS_CHANGED, toast=toast)
    return see(request, home_of(interaction, request.member), toast=toast)


@requires(Right.INTERACTION_LOG)
@require_POST
def follow_up_complete(request, number):
    interaction = _get(request, number, Right.INTERACTION_LOG)
    actions.complete_follow_up(interaction, by=request.member)
    undo_url = at("interactions:follow_up_reopen", request.member, number=number)
    return _followed(request, interaction, _("Suivi fait."), undo_url)


@requires(Right.INTERACTION_LOG)
@require_POST
def follow_up_reopen(request, number):
    interaction = _get(request, number, Right.INTERACTION_LOG)
    actions.reopen_follow_up(interaction, by=request.member)
    return _followed(request, interaction, _("Le suivi est de nouveau à faire."), None)


@requires(Right.INTERACTION_LOG)
@require_POST
def follow_up_postpone(request, number):
    """To tomorrow, in seven days, or a day chosen (`jour`). The way back is the same with the day it had."""
    interaction = _get(request, number, Right.INTERACTION_LOG)
    today = today_in(request.member.organization.time_zone)
    wanted = request.POST.get("jour") or request.GET.get("jour", "")
    days = {"demain": today + timedelta(days=1), "semaine": today + timedelta(days=7)}
    on = days.get(wanted) or _day(wanted)
    if on is None:
        raise Refusal("E-REQUIRED", _("Indiquez la date de suivi."), field="jour")
    before = interaction.follow_up_on
    actions.postpone_follow_up(interaction, by=request.member, on=on)
    undo_url = None
    if before is not None:
        undo_url = f"{at('interactions:follow_up_postpone', request.member, number=number)}?jour={before.isoformat()}"
    return _followed(request, interaction, _("Suivi reporté au %(day)s.") % {"day": f"{on:%d/%m/%Y}"}, undo_url)


def _followed(request, interaction, toast: str, undo_url: str | None):
    if is_htmx(request):
        return done(FOLLOW_UPS_CHANGED, INTERACTIONS_CHANGED, toast=toast, undo_url=undo_url)
    back = request.POST.get("retour", "")
    url = back if back.startswith(f"/{request.member.organization.slug}/") else _url(interaction, request)
    return see(request, url, toast=toast, undo_url=undo_url)


def _get(request, number: int, right: Right = Right.INTERACTION_VIEW) -> Interaction:
    records = Interaction.objects.visible_to(request.member, right).select_related(
        "client", "person", "topic", "created_by", "follow_up_owner", "sales_contact", "salesperson",
        "applied_template__template",
    )  # fmt: skip
    try:
        return records.get(number=number)
    except Interaction.DoesNotExist as absent:
        raise NotFound from absent


def _url(interaction, request) -> str:
    return at("interactions:detail", request.member, number=interaction.number)


def _day(text: str):
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _detail(
    request, interaction, tab: str, *, entry_form=None, quoted=None, general_form=None, stale=None, differences=(),
    status=200,
):  # fmt: skip
    member = request.member
    thread = thread_of(interaction, is_whole=request.GET.get("tout") == "1")
    context = {
        "interaction": interaction,
        "applied": getattr(interaction, "applied_template", None),
        "tab": tab,
        "thread": thread,
        "entries": thread.entries,
        "quoted": quoted,
        "is_internal": thread.is_internal,
        "is_communicated": thread.last_published is not None,
        "last_published": thread.last_published,
        "has_portal": member.organization.has_module(Module.PORTAL),
        "may_edit": not interaction.is_system,
        "sender_is_missing": request.GET.get("avis") == "expediteur",
        "hold": None,
        "drawing": DRAWINGS.get(interaction.channel, "meeting"),
        "statuses": [
            (value, label)
            for value, label in Interaction.Status.choices
            if value in TRANSITIONS[interaction.status]
        ],
        "may_delete": may_delete(interaction, member),
        "may_log": member.can(Right.INTERACTION_LOG),
        "entry_form": entry_form or EntryForm(),
        "stale": stale,
        "differences": differences,
        "links": links_of(interaction, member),
        "today": today_in(member.organization.time_zone),
        "custom": told(member, "interaction", interaction.custom),
    }
    if interaction.client_id is not None:
        context["hold"] = CreditHold.objects.filter(client_id=interaction.client_id, lifted_at__isnull=True).first()
    if tab == "conversations":
        context["mails"] = mails_about(interaction)
        if context["may_log"]:
            context["audience"] = _foreseen(request, interaction, context["entry_form"])
    else:
        context["facts"] = client_facts(interaction)
        context["general_form"] = general_form or GeneralForm(member=member, interaction=interaction)
        taken = {link.user_id for link in context["links"]["agents"]}
        context["agents_to_add"] = [
            (one.user_id, one.user.name)
            for one in Membership.objects.active().filter(organization_id=member.organization_id).select_related("user")
            if one.user_id not in taken
        ]
        linked = {link.object_id for link in context["links"]["objects"]}
        context["objects_to_add"] = [
            (one.pk, f"{one.type.label} {one.key}")
            for one in BusinessObject.objects.visible_to(member)
            .filter(client_id=interaction.client_id)
            .exclude(pk__in=linked)
            .select_related("type")
            .order_by("type__position", "-dated_on", "key")[:100]
        ]
    return render(request, DETAIL, context, fragment="interaction", status=status)


def _foreseen(request, interaction, form: EntryForm):
    """Who will see and be mailed the entry as the form stands."""
    return audience_of(
        request.member,
        client_id=interaction.client_id,
        person_id=interaction.person_id,
        internal=bool(form["internal"].value()) or form["visibility"].value() == "internal",
        incoming=bool(form["incoming"].value()),
        notify=bool(form["notify"].value()),
    )


def links_of(interaction, member) -> dict:
    """Participants, agents and objects within the member's reach."""
    participants = list(interaction.participants.select_related("client", "person").order_by("id"))
    objects = list(interaction.objects_linked.select_related("object__type").order_by("id"))
    if not member.reach.is_whole(Right.CLIENT_VIEW):
        participants = _participants_seen(participants, member)
    if not sees_all_objects(member):
        seen = set(
            BusinessObject.objects.visible_to(member)
            .filter(pk__in=[link.object_id for link in objects])
            .values_list("pk", flat=True)
        )
        objects = [link for link in objects if link.object_id in seen]
    return {
        "participants": participants,
        "agents": list(interaction.agents.select_related("user").order_by("id")),
        "objects": objects,
    }


def _participants_seen(participants, member):
    clients = set(
        Client.objects.visible_to(member)
        .filter(pk__in=[one.client_id for one in participants if one.client_id])
        .values_list("pk", flat=True)
    )
    people = set(
        Person.objects.visible_to(member)
        .filter(pk__in=[one.person_id for one in participants if one.person_id])
        .values_list("pk", flat=True)
    )
    return [one for one in participants if one.client_id in clients or one.person_id in people]
