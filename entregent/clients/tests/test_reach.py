"""The rows from which the clients of a sector are read say what the clients say, whatever changed them."""

from django.db import connection
from django.db.models.functions import Now

from entregent.access.statements import rows_of
from entregent.clients import actions
from entregent.clients.models import Client
from entregent.clients.reach import reached_clients
from entregent.clients.reach_models import ClientReach
from testing.cast import enter


def in_reach(*sectors, gone=False, most=100):
    statement = "SELECT clients_in_reach(%s::bigint[], '{}', '{}', %s, %s)"
    return sorted(row[0] for row in rows_of(statement, [[sector.pk for sector in sectors], gone, most]))


def rows():
    return set(ClientReach.objects.values_list("sector_id", "client_id", "gone"))


def said_by_clients():
    return {
        (sector, client.pk, client.deleted_at is not None)
        for client in Client.objects.all()
        for sector in client.sector_reach
    }


def test_rows_follow_sectors_service_points_and_deletion(manager, client_north, client_south):
    enter(manager)
    north, south = client_north.sector, client_south.sector
    assert rows() == said_by_clients() != set()
    assert (in_reach(north), in_reach(south)) == ([client_north.pk], [client_south.pk])

    actions.seed_object_types(manager.organization)
    point = actions.sync_business_object(
        by=manager, client=client_north, type_code="service_point", key="P-1", sector=south
    )
    assert rows() == said_by_clients()
    assert in_reach(south) == sorted([client_north.pk, client_south.pk])
    # Of two sectors of theirs, once; also where no more than that are asked for.
    assert in_reach(north, south) == sorted([client_north.pk, client_south.pk])
    assert len(in_reach(north, south, most=2)) == 2

    Client.objects.filter(pk=client_north.pk).update(deleted_at=Now())
    assert rows() == said_by_clients()
    assert in_reach(north, south) == [client_south.pk]
    assert in_reach(north, gone=True) == [client_north.pk]

    Client.objects.filter(pk=client_north.pk).update(sector=south)
    point.delete()
    assert rows() == said_by_clients()
    assert in_reach(north, gone=True) == []


def test_clients_of_another_organization_are_never_in_reach(stranger, client_north):
    enter(stranger)
    assert in_reach(client_north.sector, gone=True) == []


def test_a_member_of_a_sector_is_told_what_visible_to_tells(agent, manager, client_north, client_south):
    enter(agent)
    assert reached_clients(agent).ids == list(Client.objects.visible_to(agent).values_list("pk", flat=True))
    enter(manager)
    assert reached_clients(manager) is None
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM clients_client WHERE id = %s", [client_south.pk])
    assert rows() == said_by_clients()
