"""How a request is done: rows are written down in chunks, then each has its result and all of them take effect in one
transaction, or none does. Killed anywhere, it goes on where it stood: `payload["after"]` and `staged` are saved with
the rows of each chunk."""

from enum import Enum
from typing import Any

from django.db import connection
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entregent.audit.actions import record
from entregent.clients.models import Client
from entregent.groups.availability import available, is_there, why_not
from entregent.groups.draft_models import Draft
from entregent.groups.effects import one_after_the_other, take_effect
from entregent.groups.models import GROUP_ROLES, ClientGroup, GroupMember, ProcessingRequest, ProcessingRow
from entregent.groups.news import tell_employees
from entregent.organizations.models import Membership, User
from entregent.toolbox.errors import Refusal

KIND = "groups.request"
AT_ONCE = 200  # rows within the call itself
CHUNK = 5_000
LEFT = "not_member"
_NAMED = 3

Operation = ProcessingRequest.Operation
State = ProcessingRequest.State
_Change, _Result = ProcessingRow.Change, ProcessingRow.Result


class Made(Enum):
    STAGED = "staged"  # a chunk more; there may be others
    DONE = "done"
    LOST = "lost"  # some client can not be had any more: its row says so, and nothing took effect


class Lost(Refusal):
    """Somebody grouped a client meanwhile, or its relationship ended: the whole change is refused, by its name."""

    def __init__(self, request: ProcessingRequest):
        lost = _lost(request)
        number = lost.count()
        ids = list(lost.order_by("position").values_list("client_id", flat=True)[:_NAMED])
        names = list(Client.objects.filter(pk__in=ids).order_by("sort_key").values_list("display_name", flat=True))
        if len(names) < min(number, _NAMED):
            users = lost.filter(user__isnull=False).order_by("position").values("user_id")
            found = User.objects.filter(pk__in=users).order_by("name").values_list("name", flat=True)
            names += found[: _NAMED - len(names)]
        if number == 1:
            sentence = _("%(client)s n'est plus disponible.") % {"client": names[0] if names else "?"}
        elif number <= _NAMED:
            sentence = _("%(clients)s ne sont plus disponibles.") % {"clients": ", ".join(names)}
        else:
            rest = ngettext("%(n)d autre", "%(n)d autres", number - len(names)) % {"n": number - len(names)}
            sentence = _("%(clients)s et %(rest)s ne sont plus disponibles.") % {
                "clients": ", ".join(names), "rest": rest,
            }  # fmt: skip
        super().__init__("E-002-UNAVAILABLE", sentence, field="clients", status=409)


def _lost(request: ProcessingRequest) -> QuerySet[ProcessingRow]:
    """What keeps a request from taking effect. A client that was to leave and has left by itself does not."""
    lost = request.rows.filter(result=_Result.UNAVAILABLE)
    return lost.exclude(change=_Change.REMOVE, reason=LEFT)


def carry_out(request: ProcessingRequest, *, by: Membership) -> Made:
    """The next piece of the work, in the caller's transaction: a chunk of rows, or the effect of all."""
    if request.state == State.WAITING:
        request.state = State.RUNNING
    number = _stage(request)
    if number:
        request.staged += number
        request.save(update_fields=["state", "staged", "payload"])
        return Made.STAGED
    return _finish(request, by)


def _stage(request: ProcessingRequest) -> int:
    """One chunk of rows; 0 when all are there. Whether they hold is looked at once, when they take effect."""
    if "reverses" in request.payload:
        return _insert(request, _REVERSED, {"old": request.payload["reverses"]})
    if request.operation == Operation.DELETE:
        return _insert(request, _EVERYBODY, {"group": request.group_id})
    if request.operation == Operation.ASSIGN:
        return _stage_roles(request)
    return _insert(request, _CHOSEN, {"draft": request.payload["draft"]})


# Each gives (id, client_id, user_id, change, role_before, role_after) after the id where the last chunk ended.
_CHOSEN = """
    SELECT id, client_id, NULL::bigint AS user_id, change, '' AS role_before, '' AS role_after
    FROM groups_draftrow WHERE draft_id = %(draft)s AND id > %(after)s ORDER BY id LIMIT %(most)s
"""
_REVERSED = """
    SELECT position::bigint AS id, client_id, user_id,
           CASE change WHEN 'add' THEN 'remove' WHEN 'remove' THEN 'add' ELSE change END AS change,
           role_after AS role_before, role_before AS role_after
    FROM groups_processingrow WHERE request_id = %(old)s AND position > %(after)s AND result = 'ok'
    ORDER BY position LIMIT %(most)s
"""
# Employees first: their ids, below 0 and rising, come before those of members.
_EVERYBODY = """
    SELECT * FROM (
        (SELECT id - 9000000000000000000 AS id, NULL::bigint AS client_id, user_id, 'role' AS change,
                role AS role_before, '' AS role_after
         FROM groups_groupassignment WHERE group_id = %(group)s AND ended_at IS NULL
           AND id - 9000000000000000000 > %(after)s ORDER BY id LIMIT %(most)s)
        UNION ALL
        (SELECT id, client_id, NULL, 'remove', '', ''
         FROM groups_groupmember WHERE group_id = %(group)s AND left_at IS NULL AND id > %(after)s
         ORDER BY id LIMIT %(most)s)
    ) both_kinds ORDER BY id LIMIT %(most)s
"""
_START = -9_100_000_000_000_000_000


def _insert(request: ProcessingRequest, source: str, values: dict[str, Any]) -> int:
    statement = f"""
        WITH chunk AS MATERIALIZED ({source}),
        written AS (
            INSERT INTO groups_processingrow
                (organization_id, request_id, position, client_id, user_id, change, role_before, role_after, result,
                 reason)
            SELECT %(organization)s, %(request)s, %(first)s + row_number() OVER (ORDER BY id), client_id, user_id,
                   change, role_before, role_after, 'ok', ''
            FROM chunk
        )
        SELECT count(*), max(id) FROM chunk
    """  # noqa: S608  one of the constants above
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "organization": request.organization_id, "request": request.pk, "first": request.staged,
                "after": request.payload.get("after", _START), "most": CHUNK, **values,
            },
        )  # fmt: skip
        number, last = cursor.fetchone()
    if number:
        request.payload["after"] = last
    return number


def _stage_roles(request: ProcessingRequest) -> int:
    if "after" in request.payload:
        return 0
    rows = [
        ProcessingRow(
            organization_id=request.organization_id, request=request, position=place, user_id=user_id,
            change=_Change.ROLE, role_before=before, role_after=after, result=_Result.OK,
        )
        for place, (user_id, before, after) in enumerate(request.payload["roles"], start=1)
    ]  # fmt: skip
    ProcessingRow.objects.bulk_create(rows)
    request.payload["after"] = len(rows)
    return len(rows)


def _check(request: ProcessingRequest) -> None:
    """Marks those rows whose client is no longer available, or no longer in the group, where nothing is to be done."""
    rows = request.rows.filter(result=_Result.OK)
    free = available(request.organization).filter(pk=OuterRef("client_id"))
    taken = list(rows.filter(is_there(free, False), change=_Change.ADD))
    reasons = why_not(request.organization, [row.client_id for row in taken if row.client_id]) if taken else {}
    # As a set, not row by row: of a group that has just been filled the planner knows nothing.
    inside = GroupMember.objects.live().filter(group_id=request.group_id).values("client_id")
    away = list(rows.filter(change=_Change.REMOVE).exclude(client_id__in=inside))
    for row in taken:
        row.reason = reasons[row.client_id][0] if row.client_id in reasons else "gone"
    left = set(
        GroupMember.objects.filter(
            group_id=request.group_id, client_id__in=[row.client_id for row in away], left_at__isnull=False
        ).values_list("client_id", flat=True)
    )
    for row in away:
        row.reason = LEFT if row.client_id in left else "gone"
    absent = list(rows.filter(change=_Change.ROLE).exclude(role_after="").exclude(user_id__in=_employees(request)))
    for row in absent:
        row.reason = "gone"
    lost = [*taken, *away, *absent]
    for row in lost:
        row.result = _Result.UNAVAILABLE
    if lost:
        ProcessingRow.objects.bulk_update(lost, ["result", "reason"], batch_size=1000)


def _employees(request: ProcessingRequest) -> QuerySet:
    """Who may have a role in a group: whoever works here, and does not reach all clients anyway."""
    members = Membership.objects.active().filter(organization_id=request.organization_id, role__in=list(GROUP_ROLES))
    return members.values("user_id")


def _finish(request: ProcessingRequest, by: Membership) -> Made:
    """All rows are there: they take effect together, one change of an organization after the other."""
    one_after_the_other(request.organization_id)
    group = ClientGroup.objects.select_for_update().get(pk=request.group_id) if request.group_id else None
    _check(request)
    lost = _lost(request).exists()
    holds = request.rows.filter(result=_Result.OK).exists() or bool(request.payload.get("revives"))
    goes_without = bool(request.payload.get("without_unavailable"))
    if lost and not goes_without and "reverses" in request.payload:
        # Who works here no longer keeps nothing from being taken back.
        goes_without = not _lost(request).exclude(change=_Change.ROLE).exists()
    if lost and not (goes_without and holds):
        refusal = Lost(request)
        request.failure = {"code": refusal.code, "message": str(refusal.message)}
        request.save(update_fields=["state", "failure"])
        return Made.LOST
    _write_group(request, group, by)
    take_effect(request)
    if request.group is not None:
        request.group.refresh_from_db(fields=["member_count"])  # a trigger writes it
    request.state = State.DONE
    request.ended_at = timezone.now()
    request.failure = None
    request.version += 1
    request.save(update_fields=["state", "ended_at", "failure", "version", "group"])
    if "draft" in request.payload:
        Draft.objects.filter(pk=request.payload["draft"], organization_id=request.organization_id).delete()
    tell_employees(request, by=by)
    return Made.DONE


_ACTIONS = {
    Operation.CREATE: "create_group",
    Operation.UPDATE: "update_group",
    Operation.DELETE: "delete_group",
    Operation.ASSIGN: "assign_group",
}


def _write_group(request: ProcessingRequest, group: ClientGroup | None, by: Membership) -> None:
    """The row of the group itself; who is in it and who works with it is `take_effect`'s."""
    payload = request.payload
    record(
        _ACTIONS[Operation(request.operation)], by=by, subject=group, request=request.number, name=request.group_name
    )
    if group is None:
        group = ClientGroup.objects.create(
            organization_id=request.organization_id, name=payload["name"], name_key=payload["name_key"],
            created_by_id=by.user_id,
        )  # fmt: skip
        request.group = group
        request.save(update_fields=["group"])
        return
    if payload.get("name"):
        group.name, group.name_key = payload["name"], payload["name_key"]
    if request.operation == Operation.DELETE:
        group.deleted_at = timezone.now()
    elif payload.get("revives"):
        group.deleted_at = None
    group.version += 1
    group.changed_at = Now()
    group.save(update_fields=["name", "name_key", "deleted_at", "version", "changed_at"])
    request.group = group
