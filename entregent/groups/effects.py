"""What a request changes when it takes effect: who is in the group and who works with it, set by set, in the one
transaction of its end (R002-28). Marks of reach and the number of members follow by triggers (`marks.sql`), the journal
has a row for each client."""

from collections.abc import Collection

from django.db import connection

from entregent.access.statements import rows_of
from entregent.groups.models import ProcessingRequest

# « IS TRUE » keeps the rows a set that is looked things up in: joined, of a group that has just been filled and of rows
# that have just been written, the planner expects one, and compares every one with every other.
_CLOSE = """
    UPDATE groups_groupmember m SET left_at = statement_timestamp()
    WHERE m.organization_id = %(organization)s AND m.group_id = %(group)s AND m.left_at IS NULL
      AND (m.client_id IN (
            SELECT r.client_id FROM groups_processingrow r
            WHERE r.request_id = %(request)s AND r.result = 'ok' AND r.change = 'remove')) IS TRUE
"""
_OPEN = """
    INSERT INTO groups_groupmember (organization_id, group_id, client_id)
    SELECT r.organization_id, %(group)s, r.client_id FROM groups_processingrow r
    WHERE r.request_id = %(request)s AND r.result = 'ok' AND r.change = 'add'
    ORDER BY r.client_id
"""
# A role that is replaced is another assignment, so that what held when is told by the rows themselves.
_END = """
    UPDATE groups_groupassignment a SET ended_at = statement_timestamp() FROM groups_processingrow r
    WHERE r.request_id = %(request)s AND r.result = 'ok' AND r.change = 'role'
      AND a.group_id = %(group)s AND a.user_id = r.user_id AND a.ended_at IS NULL AND a.role <> r.role_after
"""
_BEGIN = """
    INSERT INTO groups_groupassignment (organization_id, group_id, user_id, role)
    SELECT r.organization_id, %(group)s, r.user_id, r.role_after FROM groups_processingrow r
    WHERE r.request_id = %(request)s AND r.result = 'ok' AND r.change = 'role' AND r.role_after <> ''
    ORDER BY r.user_id
    ON CONFLICT (group_id, user_id) WHERE ended_at IS NULL DO NOTHING
"""
_EMPTY = """
    UPDATE groups_groupmember SET left_at = statement_timestamp()
    WHERE organization_id = %(organization)s AND group_id = %(group)s AND left_at IS NULL
"""
_DISMISS = """
    UPDATE groups_groupassignment SET ended_at = statement_timestamp() WHERE group_id = %(group)s AND ended_at IS NULL
"""


def one_after_the_other(organization_id: int) -> None:
    """Until the transaction ends, nobody else changes groups of the organization. Taken before any group, request or
    number of one is: whoever held one of those and waited here would be waited for."""
    rows_of("SELECT pg_advisory_xact_lock(hashtext('groups-effect'), %s::int)", [organization_id % 2**31])


def if_nobody_else(organization_id: int) -> bool:
    """The same where nobody changes groups at the moment; False, without waiting, where somebody does."""
    lock = "SELECT pg_try_advisory_xact_lock(hashtext('groups-effect'), %s::int)"
    return rows_of(lock, [organization_id % 2**31])[0][0]


def take_effect(request: ProcessingRequest) -> None:
    """Changes the group of `request` by its rows. Called after the action is recorded, when each row was checked and
    the group, which a creation makes, is there."""
    values = {"request": request.pk, "organization": request.organization_id, "group": request.group_id}
    steps = [_CLOSE, _OPEN, _END, _BEGIN]
    if request.operation == ProcessingRequest.Operation.DELETE:
        steps = [_EMPTY, _DISMISS]
    with connection.cursor() as cursor:
        for statement in steps:
            cursor.execute(statement, values)
    write_grants([request.group_id], given_by=request.initiated_by_id)


def write_grants(group_ids: Collection[int | None], *, given_by: int | None = None) -> None:
    """Brings the accesses of employees in line with who works with these groups."""
    wanted = """
        SELECT m.organization_id, m.id AS membership_id, a.group_id, a.role
        FROM groups_groupassignment a JOIN groups_clientgroup g ON g.id = a.group_id AND g.deleted_at IS NULL
        JOIN organizations_membership m ON m.organization_id = a.organization_id AND m.user_id = a.user_id
        WHERE a.group_id = ANY (%(groups)s) AND a.ended_at IS NULL
    """
    values = {"groups": [pk for pk in group_ids if pk is not None], "by": given_by}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            DELETE FROM organizations_grant g
            WHERE g.scope_type = 'group' AND g.scope_id = ANY (%(groups)s) AND NOT EXISTS (
                SELECT 1 FROM ({wanted}) w
                WHERE w.membership_id = g.membership_id AND w.group_id = g.scope_id AND w.role = g.role)
            """,  # noqa: S608  the constant above
            values,
        )
        cursor.execute(
            f"""
            INSERT INTO organizations_grant (organization_id, membership_id, role, scope_type, scope_id, granted_by_id)
            SELECT w.organization_id, w.membership_id, w.role, 'group', w.group_id, %(by)s FROM ({wanted}) w
            WHERE NOT EXISTS (
                SELECT 1 FROM organizations_grant g
                WHERE g.scope_type = 'group' AND g.scope_id = w.group_id AND g.membership_id = w.membership_id)
            ORDER BY w.membership_id, w.group_id
            """,  # noqa: S608  the same
            values,
        )
