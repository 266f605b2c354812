"""A worker that is killed in the middle of a change of ten thousand: nothing lost, nothing twice, a result for each."""

import random
import signal
import time

import pytest
from django.db import connection, transaction
from django.db.models import Count

from entregent.access.wall import in_organization
from entregent.audit.models import Action, Change
from entregent.clients.actions.bulk import change_clients
from entregent.clients.models import BulkRow, Client
from entregent.jobs.models import Job
from testing.cast import grant, make_member, make_organization
from testing.worker import start_worker

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
    chance = random.Random(11)
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
    begun = time.monotonic()
    workers = []

    def worker():
        workers.append(start_worker(ENTREGENT_STORAGE_URL=f"file://{settings.MEDIA_ROOT}"))
        return workers[-1]

    def job():
        with in_organization(**inside):
            return Job.objects.get()

    try:
        for _kill in range(KILLS):
            at_work, before = worker(), job().done
            while job().done == before and not job().is_over:
                time.sleep(0.01)
                assert time.monotonic() - begun < 300
            time.sleep(chance.random() * 0.1)
            at_work.kill()
            at_work.wait()
        at_work = worker()
        while not job().is_over:
            time.sleep(0.1)
            assert time.monotonic() - begun < 300
        at_work.send_signal(signal.SIGTERM)
        assert at_work.wait(timeout=40) == 0
    finally:
        for one in workers:
            if one.poll() is None:
                one.kill()
                one.wait()
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
