"""A client whose relationship has ended leaves its group, at once and by the product itself (R002-10, A16).

Whoever works with the group has lost the client by then: the mark of the client says until when it holds.
"""

from django.db.models import QuerySet
from django.utils import timezone

from entregent.access.statements import rows_of
from entregent.audit.actions import record
from entregent.clients.models import Client
from entregent.groups.effects import one_after_the_other
from entregent.groups.models import ClientGroup, GroupMember, ProcessingRequest, ProcessingRow
from entregent.groups.rules import apply_rule, is_at_work, with_rules
from entregent.organizations.actions import next_numbers
from entregent.relationships.models import Relationship, today_of


def relationship_happened(event: str, about) -> None:
    """Contribution to `relationships.relationship_events`."""
    if event == "relationship.ended":
        _take_out(about)
    elif event == "relationship.approved" and is_at_work(about.organization):
        # A client that may be grouped from now on, where a rule wants it.
        tied = Client.objects.filter(organization_id=about.organization_id, business_account_id=about.account_id)
        for client_id in tied.values_list("pk", flat=True):
            for group in with_rules(about.organization):
                apply_rule(group, only=client_id)


def client_removed(client: Client, *, by, what: str) -> None:
    """Contribution to `clients.client_changed`: a client who is removed (« retiré ») leaves its group too, by whatever
    change; likewise one who came into a group by a merge, or back out of one, and is no business that gives access."""
    members = GroupMember.objects.live().filter(organization_id=client.organization_id, client=client)
    if client.status == Client.Status.REMOVED:
        one_after_the_other(client.organization_id)
        _leave(members)
    elif what in ("merge_clients", "undo_merge") and not _lets_act(client):
        _leave(members)


def _lets_act(client: Client) -> bool:
    given = Relationship.objects.of(client.organization).active(today_of(client.organization))
    return given.filter(account_id=client.business_account_id).exists()


def _take_out(relationship: Relationship) -> None:
    # A change that is taking effect at this moment may be bringing the client in.
    one_after_the_other(relationship.organization_id)
    _leave(
        GroupMember.objects.live().filter(
            organization_id=relationship.organization_id, client__business_account_id=relationship.account_id
        )
    )


def _leave(members: QuerySet[GroupMember]) -> None:
    for member in members.select_related("group"):
        record(
            "expire_group_members", organization_id=member.organization_id, subject=member.group,
            client_id=member.client_id, name=member.group.name,
        )  # fmt: skip
        request = _request_of(member.group)
        request.total += 1
        ProcessingRow.objects.create(
            organization_id=member.organization_id, request=request, position=request.total, client_id=member.client_id,
            change=ProcessingRow.Change.REMOVE, result=ProcessingRow.Result.OK,
        )  # fmt: skip
        request.staged = request.total
        request.save(update_fields=["total", "staged"])
        member.left_at = timezone.now()
        member.save(update_fields=["left_at"])
        ClientGroup.objects.filter(pk=member.group_id).update(changed_at=member.left_at)


def _request_of(group: ClientGroup) -> ProcessingRequest:
    """One for all clients of a group whose relationships end in the transaction at hand."""
    ((at_hand,),) = rows_of("SELECT pg_current_xact_id()::text", [])
    done = ProcessingRequest.objects.filter(
        group=group, operation=ProcessingRequest.Operation.EXPIRE, payload__transaction=at_hand
    )
    return done.first() or ProcessingRequest.objects.create(
        organization_id=group.organization_id,
        number=next_numbers(group.organization_id, "processing_request"),
        operation=ProcessingRequest.Operation.EXPIRE,
        group=group,
        group_name=group.name,
        state=ProcessingRequest.State.DONE,
        payload={"transaction": at_hand},
        ended_at=timezone.now(),
    )
