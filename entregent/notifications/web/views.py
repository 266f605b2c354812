"""The bell, the page of all notifications, one's own choices, and the choices of the organization."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.notifications import actions
from entregent.notifications.choices import choices_of
from entregent.notifications.extension_points import About, all_events
from entregent.notifications.models import EventRule, Notification
from entregent.organizations.models import Membership
from entregent.organizations.web.administration import render_administration
from entregent.toolbox.errors import NotFound
from entregent.ui.pages import render, see

PAGE = 50
IN_BELL = 8
MOST_COUNTED = 99

_COLUMNS = ("id", "event", "words", "by_name", "created_at", "read_at")


@dataclass(frozen=True)
class Line:
    """One notification as a page shows it."""

    id: int
    icon: str
    sentence: str
    by_name: str
    created_at: datetime
    is_read: bool


@require_GET
@requires(Right.CLIENT_VIEW)
def bell(request: MemberRequest) -> HttpResponse:
    """What takes the place of the plain link in the top bar, loaded after the page."""
    return render(request, "notifications/bell.html", {"unread": _unread(request.member)}, fragment="bell")


@require_GET
@requires(Right.CLIENT_VIEW)
def bell_count(request: MemberRequest) -> HttpResponse:
    """How many are unread: asked again each minute while the page is seen."""
    return render(request, "notifications/bell.html", {"unread": _unread(request.member)}, fragment="count")


@require_GET
@requires(Right.CLIENT_VIEW)
def bell_items(request: MemberRequest) -> HttpResponse:
    """The newest, when the bell is opened."""
    rows = Notification.objects.for_reader(request.member).order_by("-id").values(*_COLUMNS)[:IN_BELL]
    return render(request, "notifications/bell.html", {"lines": _lines(rows), "unread": 0}, fragment="items")


@require_GET
@requires(Right.CLIENT_VIEW)
def notification_list(request: MemberRequest) -> HttpResponse:
    """All that one was told, newest first."""
    unread_only = request.GET.get("etat") == "non-lues"
    before = request.GET.get("avant", "")
    records = Notification.objects.for_reader(request.member).order_by("-id")
    if unread_only:
        records = records.filter(read_at__isnull=True)
    if before.isascii() and before.isdigit() and len(before) < 19:
        records = records.filter(pk__lt=int(before))
    rows = list(records.values(*_COLUMNS)[: PAGE + 1])
    context = {
        "lines": _lines(rows[:PAGE]),
        "next": rows[PAGE - 1]["id"] if len(rows) > PAGE else None,
        "unread_only": unread_only,
    }
    return render(request, "notifications/list.html", context, fragment="rows" if before else None)


@require_GET
@requires(Right.CLIENT_VIEW)
def notification_open(request: MemberRequest, pk: int) -> HttpResponse:
    """To the page that it is about; from now on it is read."""
    url = Notification.objects.for_reader(request.member).filter(pk=pk).values_list("url", flat=True).first()
    if url is None or not url.startswith("/") or url.startswith("//"):
        raise NotFound
    actions.mark_read(by=request.member, ids=[pk])
    return see(request, url)


@require_POST
@requires(Right.CLIENT_VIEW)
def read_create(request: MemberRequest) -> HttpResponse:
    actions.mark_read(by=request.member)
    return see(request, _at(request, "list"), toast=_("Toutes vos notifications sont lues."))


@requires(Right.CLIENT_VIEW)
def preferences(request: MemberRequest) -> HttpResponse:
    """What I am told, and how it reaches me."""
    choices = choices_of(request.member)
    if request.method == "POST":
        wanted = {
            choice.event.code: {
                "scope": _among(request.POST.get(f"{choice.event.code}.scope"), choice.scopes(), choice.scope),
                "in_app": f"{choice.event.code}.in_app" in request.POST,
                "mail": _among(request.POST.get(f"{choice.event.code}.mail"), choice.mails(), choice.mail),
            }
            for choice in choices
        }
        actions.set_preferences(by=request.member, choices=wanted)
        return see(request, _at(request, "preferences"), toast=_("Vos choix sont enregistrés."))
    groups = [
        (title, [choice for choice in choices if choice.event.about == about])
        for about, title in (
            (About.CLIENT, _("Les clients")),
            (About.ONESELF, _("Mon travail")),
            (About.ORGANIZATION, _("L’organisation")),
        )
    ]
    context = {"groups": [(title, rows) for title, rows in groups if rows], "address": request.member.user.email}
    return render(request, "notifications/preferences.html", context)


@requires(Right.SETTINGS)
def event_rules(request: MemberRequest) -> HttpResponse:
    """Which events the organization tells, and to whom besides the agent in charge (R004-30)."""
    member = request.member
    events = [event for event in all_events().values() if event.by_settings and event.is_for(member)]
    people = list(
        Membership.objects.active()
        .filter(organization_id=member.organization_id)
        .order_by("user__name")
        .values_list("user_id", "user__name")
    )
    if request.method == "POST":
        known = {str(user) for user, _name in people}
        rules = {
            event.code: {
                "is_on": f"{event.code}.on" in request.POST,
                "tells_responsible": f"{event.code}.responsible" in request.POST,
                "also": [int(user) for user in request.POST.getlist(f"{event.code}.also") if user in known],
            }
            for event in events
        }
        actions.set_event_rules(by=member, rules=rules)
        return see(request, _at(request, "rules"), toast=_("Réglages enregistrés."))
    current = {rule.event: rule for rule in EventRule.objects.filter(organization_id=member.organization_id)}
    rows = [(event, current.get(event.code) or EventRule(event=event.code)) for event in events]
    return render_administration(request, "notifications/rules.html", {"rows": rows, "people": people})


def _unread(member) -> int:
    unread = Notification.objects.for_reader(member).filter(read_at__isnull=True).order_by("-id")
    return len(unread.values_list("pk", flat=True)[: MOST_COUNTED + 1])


def _lines(rows) -> list[Line]:
    declared = all_events()
    return [
        Line(
            id=row["id"],
            icon=declared[row["event"]].icon,
            sentence=declared[row["event"]].sentence(row["words"]),
            by_name=row["by_name"],
            created_at=row["created_at"],
            is_read=row["read_at"] is not None,
        )
        for row in rows
    ]


def _among(given: str | None, choices: list[tuple[str, str]], current: str) -> str:
    """What was chosen; what nobody could choose leaves it as it is."""
    return given if given in dict(choices) else current


def _at(request: MemberRequest, name: str) -> str:
    return reverse(f"notifications:{name}", kwargs={"organization": request.member.organization.slug})
