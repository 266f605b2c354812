"""A worker that is killed in the middle of a change of ten thousand: nothing lost, nothing twice, a result for each."""

import random

import pytest
from django.db import connection, transaction
from django.db.models import Count

from entregent.access.wall import in_organization
from entregent.audit.models import Action, Change
from entregent.clients.actions.bulk import change_clients
from entregent.clients.models import BulkRow, Client
from entregent.jobs.models import Job
from testing.cast import grant, make_member, make_organization
from testing.worker import work_with_kills

CLIENTS = 10_000
KILLS = 5


@pytest.fixture
def committed_manager(transactional_db):
    with transaction.atomic():
        member = make_member(make_organization("eaux", "Eaux du Val"), "manager@eaux.example", "Nadia", "manager")
        grant(member)
    yield member
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def test_kills_lose_and_double_nothing(committed_manager, settings):
    manager = committed_manager
    inside = {"organization_id": manager.organization_id, "user_id": manager.user_id}
    with in_organization(**inside):
        Client.objects.bulk_create(
            Client(
                organization=manager.organization, number=f"K{n}", kind="company", name=f"Maison {n}",
                display_name=f"Maison {n}", sort_key=f"maison {n}", responsible=manager.user if n % 10 == 0 else None,
            )
            for n in range(CLIENTS)
        )  # fmt: skip
        change_clients(by=manager, selection={}, change="responsible", value=str(manager.user_id))

    def job():
        with in_organization(**inside):
            return Job.objects.get()

    storage = f"file://{settings.MEDIA_ROOT}"
    kills = work_with_kills(job, kills=KILLS, chance=random.Random(11), pause=0.1, ENTREGENT_STORAGE_URL=storage)
    assert kills >= 3
    with in_organization(**inside):
        assert job().state == Job.State.DONE
        assert job().result == {"changed": CLIENTS * 9 // 10, "unchanged": CLIENTS // 10}
        assert Client.objects.filter(responsible=manager.user).count() == CLIENTS
        # Once each: a client that was changed twice would be of version 3.
        assert dict(Client.objects.order_by().values_list("version").annotate(Count("pk"))) == {
            1: CLIENTS // 10, 2: CLIENTS * 9 // 10,
        }  # fmt: skip
        verdicts = BulkRow.objects.order_by().values_list("verdict").annotate(Count("pk"))
        assert dict(verdicts) == {"changed": CLIENTS * 9 // 10, "unchanged": CLIENTS // 10}
        action = Action.objects.get(name="change_clients")
        changes = Change.objects.filter(table_name="clients_client", action_id=action.pk)
        assert changes.count() == changes.values("row_id").distinct().count() == CLIENTS * 9 // 10
