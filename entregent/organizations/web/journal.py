"""The audit journal of the organization: what was done, by whom, and what each change was before and after."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.utils.translation import gettext as _

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.audit.models import Action, Change
from entregent.organizations.journal import action_label, client_side, described, subjects, table_label
from entregent.organizations.models import Membership
from entregent.organizations.web.administration import render_administration
from entregent.toolbox.dates import start_of_day
from entregent.toolbox.errors import NotFound

PAGE = 50


def _reads_all(request: MemberRequest) -> bool:
    """Who was given the settings without the whole organization reads of its organization, not of its clients."""
    return request.member.reach.is_whole(Right.CLIENT_VIEW)


def _actions(request: MemberRequest):
    found = Action.objects.filter(organization_id=request.member.organization_id)
    return found if _reads_all(request) else found.filter(client_id=None, subject_type__startswith="organizations.")


def _changes(request: MemberRequest):
    found = Change.objects.filter(organization_id=request.member.organization_id)
    return found if _reads_all(request) else found.filter(client_id=None, table_name__startswith="organizations_")


@requires(Right.SETTINGS)
def journal(request: MemberRequest) -> HttpResponse:
    """Newest first; `avant` is the last entry shown. `vue=modifications` lists rows changed instead of actions."""
    by_row = request.GET.get("vue") == "modifications"
    found = _changes(request) if by_row else _actions(request)
    person, day, before = request.GET.get("personne", ""), request.GET.get("jour", ""), request.GET.get("avant", "")
    if person.isascii() and person.isdigit() and len(person) < 19:
        found = found.filter(user_id=int(person))
    chosen_day = _day(day)
    if chosen_day is not None:
        zone = request.member.organization.time_zone
        next_day = start_of_day(chosen_day + timedelta(days=1), zone)
        found = found.filter(at__gte=start_of_day(chosen_day, zone), at__lt=next_day)
    if before.isascii() and before.isdigit() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found.order_by("-pk")[: PAGE + 1])
    more = rows[PAGE - 1].pk if len(rows) > PAGE else None
    rows = rows[:PAGE]
    people = _people(request)
    context = {
        "rows": _told_changes(rows, people) if by_row else _told_actions(rows, people),
        "by_row": by_row,
        "more": more,
        "people": [(str(pk), name) for pk, name in people.items()],
        "person": person,
        "day": chosen_day.isoformat() if chosen_day is not None else "",
        "limited": not _reads_all(request),
    }
    return render_administration(request, "organizations/journal.html", context, fragment="rows")


@requires(Right.SETTINGS)
def entry(request: MemberRequest, pk: int) -> HttpResponse:
    """One action with the rows that it changed."""
    action = _actions(request).filter(pk=pk).first()
    if action is None:
        raise NotFound
    # Each half has its index; changes to other clients' files (an import) are told by their own pages.
    found = _changes(request).filter(action_id=pk)
    changes = list(found.filter(client_id=None).order_by("pk")[: PAGE * 4])
    if action.client_id is not None:
        changes += found.filter(client_id=action.client_id).order_by("pk")[: PAGE * 4]
    changes = sorted(changes, key=lambda change: change.pk)[: PAGE * 4]
    people = _people(request)
    context = {
        "entry": _told_actions([action], people)[0],
        "rows": _told_changes(changes, people),
        "cut": len(changes) == PAGE * 4,
    }
    return render_administration(request, "organizations/journal_entry.html", context)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _people(request: MemberRequest) -> dict[int, str]:
    members = Membership.objects.filter(organization_id=request.member.organization_id)
    return dict(members.order_by("user__name").values_list("user_id", "user__name"))


def _name(user_id: int | None, people: dict[int, str]) -> str:
    return people.get(user_id, "") if user_id is not None else _("Entregent")


def _told_actions(rows: list[Action], people: dict[int, str]) -> list[dict]:
    on = subjects(rows)
    return [
        {
            "pk": row.pk,
            "at": row.at,
            "who": client_side(row.data) or _name(row.user_id, people),
            "what": action_label(row.name, row.data),
            "about": _about(row.data, on[row.pk]),
            "reason": row.reason,
        }
        for row in rows
    ]


_NAMED_IN_DATA = (
    "name", "display_name", "label_fr", "label", "title", "key", "number", "code", "email", "file", "mapping",
)  # fmt: skip


def _about(data: dict, subject: str) -> str:
    """What was acted upon as the action noted it, where its record has no name (any more); which part of a file."""
    if subject:
        part = next((str(data[key]) for key in ("key", "object", "party") if data.get(key)), "")
        return f"{part} · {subject}" if part else subject
    return next((str(data[key]) for key in _NAMED_IN_DATA if data.get(key)), "")


def _told_changes(rows: list[Change], people: dict[int, str]) -> list[dict]:
    told = described(rows)
    # What is no member's was done by somebody at the client, or by nobody.
    strange = {row.action_id for row in rows if row.action_id and row.user_id not in people}
    doers = {action.pk: client_side(action.data) for action in Action.objects.filter(pk__in=strange)} if strange else {}
    operations = {"I": _("Création"), "U": _("Modification"), "D": _("Suppression")}
    return [
        {
            "pk": row.pk,
            "at": row.at,
            "who": doers.get(row.action_id or 0) or _name(row.user_id, people),
            "what": _("%(operation)s : %(what)s")
            % {"operation": operations[row.operation], "what": table_label(row.table_name)},
            "about": told[row.pk].name,
            "lines": [(line.label, line.before, line.after) for line in told[row.pk].lines],
        }
        for row in rows
    ]
