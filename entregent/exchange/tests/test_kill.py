"""A worker that is killed in the middle of an import: nothing lost, nothing twice, and the undo puts all back."""

import random

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction

from entregent.access.wall import in_organization
from entregent.audit.models import Change
from entregent.clients.models import Address, Client
from entregent.exchange import actions
from entregent.exchange.models import Import
from entregent.jobs.models import Job
from testing.cast import grant, make_member, make_organization
from testing.worker import work_with_kills

ROWS = 12_000


@pytest.fixture
def committed_manager(transactional_db):
    with transaction.atomic():
        member = make_member(make_organization("eaux", "Eaux du Val"), "manager@eaux.example", "Nadia", "manager")
        grant(member)
    yield member
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def test_kills_lose_and_double_nothing_and_the_undo_puts_all_back(committed_manager, settings):
    manager = committed_manager
    chance = random.Random(7)
    inside = {"organization_id": manager.organization_id, "user_id": manager.user_id}
    lines = [f"K{n};Maison {n};0{261_000_000 + n};57000;Metz" for n in range(ROWS)]
    content = "\n".join(["N° client;Nom;Téléphone;Code postal;Ville", *lines, ""]).encode()

    def job():
        with in_organization(**inside):
            return Job.objects.order_by("-id").first()

    def done(*, kills):
        storage = f"file://{settings.MEDIA_ROOT}"
        killed = work_with_kills(job, kills=kills, chance=chance, pause=0.3, ENTREGENT_STORAGE_URL=storage)
        assert killed >= 1
        assert job().state == Job.State.DONE

    with in_organization(**inside):
        batch = actions.create_import(by=manager, kind="clients", file=ContentFile(content), filename="maisons.csv")
        actions.start_check(batch, by=manager)
    done(kills=1)
    with in_organization(**inside):
        batch = Import.objects.get()
        assert batch.counts == {"create": ROWS}
        actions.start_import(batch, by=manager)
    done(kills=2)
    with in_organization(**inside):
        batch = Import.objects.get()
        assert (batch.state, batch.count("created"), batch.count("refused")) == ("done", ROWS, 0)
        assert set(Client.objects.values_list("number", flat=True)) == {f"K{n}" for n in range(ROWS)}
        assert Address.objects.count() == ROWS
        assert Change.objects.filter(table_name="clients_client", action_id=batch.action_id).count() == ROWS
        actions.start_undo(batch, by=manager)
    done(kills=1)
    with in_organization(**inside):
        assert Import.objects.get().undo_result["deleted"] == ROWS
        assert not Client.objects.exists()
        assert not Address.objects.exists()
