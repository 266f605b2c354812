"""Groups by rule: who is in them follows a filter on clients. A client that fits and may enter one does, one that fits
no longer leaves it; by the product itself, in a request of its own that has a row for each.

A client that somebody changes is looked at in the transaction of the change; whatever changes by other ways, every few
minutes (`tasks`).
"""

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from entregent.access.statements import rows_of
from entregent.audit.actions import record
from entregent.clients.models import Client
from entregent.groups.availability import available
from entregent.groups.effects import take_effect
from entregent.groups.models import ClientGroup, GroupMember, ProcessingRequest, ProcessingRow
from entregent.interactions.templating import the_product
from entregent.listing.conditions import as_q, mend
from entregent.listing.lists import lists
from entregent.organizations.actions import next_numbers
from entregent.organizations.models import Membership, Module, Organization


def with_rules(organization: Organization) -> QuerySet[ClientGroup]:
    return ClientGroup.objects.of(organization).live().filter(rule__isnull=False)


def is_at_work(organization: Organization) -> bool:
    return bool(organization.provider_kind) and organization.has_module(Module.DELEGATION)


def fitting(group: ClientGroup) -> QuerySet[Client] | None:
    """The clients that the rule means, in the group or not. None where a criterion means nothing any more (a custom
    field was removed): what is left of the rule would mean more than somebody wanted, so the group stays as it is."""
    reader = the_product(group.organization)
    definition = lists(reader)["clients"]
    condition, notes = mend(group.rule, definition, reader)
    if condition is None or notes:
        return None
    clients = Client.objects.filter(organization_id=group.organization_id, deleted_at__isnull=True)
    return clients.filter(as_q(condition, definition, reader))


def client_changed(client: Client, *, by: Membership, what: str) -> None:
    """Contribution to `clients.client_changed`. Changes of many are followed by the task, in one request."""
    if what != "change_clients" and is_at_work(by.organization):
        for group in with_rules(by.organization):
            apply_rule(group, only=client.pk)


def apply_rule(group: ClientGroup, *, only: int | None = None) -> ProcessingRequest | None:
    """Brings the group in line with its rule (`only` one client), in the caller's transaction. A group that somebody
    is changing at this moment waits for the next time."""
    ((is_free,),) = rows_of(
        "SELECT pg_try_advisory_xact_lock(hashtext('groups-effect'), %s::int)", [group.organization_id % 2**31]
    )
    if not is_free:
        return None
    locked = with_rules(group.organization).select_for_update(skip_locked=True, of=("self",)).filter(pk=group.pk)
    found = locked.select_related("organization").first()
    if found is None or found.requests.open().exists():
        return None
    changes = changes_of(found)
    if changes is None:
        return None
    entering, leaving = changes
    if only is not None:
        entering, leaving = entering.filter(pk=only), leaving.filter(client_id=only)
    if not entering.exists() and not leaving.exists():
        return None
    return _request(found, entering, leaving)


def changes_of(group: ClientGroup) -> tuple[QuerySet[Client], QuerySet[GroupMember]] | None:
    """The clients that the rule would bring in, and the members that it would let go."""
    clients = fitting(group)
    if clients is None:
        return None
    entering = available(group.organization).filter(pk__in=clients.values("pk"))
    members = GroupMember.objects.live().filter(group_id=group.pk)
    return entering, members.filter(~Exists(clients.filter(pk=OuterRef("client_id"))))


def _request(group: ClientGroup, entering: QuerySet, leaving: QuerySet) -> ProcessingRequest:
    record("apply_group_rule", organization_id=group.organization_id, subject=group, name=group.name)
    request = ProcessingRequest.objects.create(
        organization_id=group.organization_id,
        number=next_numbers(group.organization_id, "processing_request"),
        operation=ProcessingRequest.Operation.RULE,
        group=group,
        group_name=group.name,
        state=ProcessingRequest.State.RUNNING,
    )
    request.total = _write_rows(request, leaving.values("client_id"), ProcessingRow.Change.REMOVE)
    request.total += _write_rows(request, entering.values("pk"), ProcessingRow.Change.ADD)
    take_effect(request)
    request.state, request.staged, request.ended_at = ProcessingRequest.State.DONE, request.total, timezone.now()
    request.save(update_fields=["total", "staged", "state", "ended_at"])
    ClientGroup.objects.filter(pk=group.pk).update(changed_at=request.ended_at)
    return request


def _write_rows(request: ProcessingRequest, clients: QuerySet, change: str) -> int:
    sql, parameters = clients.order_by().query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO groups_processingrow
                (organization_id, request_id, position, client_id, change, role_before, role_after, result, reason)
            SELECT %s, %s, %s + row_number() OVER (ORDER BY c.id), c.id, %s, '', '', 'ok', '' FROM ({sql}) c (id)
            """,  # noqa: S608  what the ORM wrote
            [request.organization_id, request.pk, request.total, change, *parameters],
        )
        return cursor.rowcount
