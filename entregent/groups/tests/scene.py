"""Groups in the database as requests leave them, for tests of what they mean."""

from datetime import timedelta

from django.db.models.functions import Now

from entregent.groups.effects import write_grants
from entregent.groups.models import ClientGroup, GroupAssignment, GroupMember, name_key
from entregent.relationships.models import BusinessAccount, Relationship, today_of
from testing.cast import enter_organization


def relate(client, *, ends_in=None):
    """An active relationship with the client's business; `ends_in` days from today is its last day."""
    enter_organization(client.organization)
    if client.business_account_id is None:
        number = f"{700_000_000 + client.pk}"
        client.business_account = BusinessAccount.objects.create(number=number, name=client.display_name)
        client.save(update_fields=["business_account"])
    today = today_of(client.organization)
    return Relationship.objects.create(
        organization=client.organization,
        account=client.business_account,
        level="business",
        starts_on=today - timedelta(days=30),
        ends_on=None if ends_in is None else today + timedelta(days=ends_in),
    )


def group(organization, name, *clients):
    enter_organization(organization)
    made = ClientGroup.objects.create(organization=organization, name=name, name_key=name_key(name))
    put(made, *clients)
    return made


def put(into, *clients):
    GroupMember.objects.bulk_create(
        GroupMember(organization_id=into.organization_id, group=into, client=client) for client in clients
    )


def take_out(of, *clients):
    of.members.live().filter(client__in=clients).update(left_at=Now())


def assign(to, member, role):
    """« Aucun accès »: role ""."""
    to.assignments.live().filter(user=member.user).update(ended_at=Now())
    if role:
        GroupAssignment.objects.create(organization_id=to.organization_id, group=to, user=member.user, role=role)
    write_grants([to.pk])
