"""Workers killed in a mass launch: no invoice is lost, none has two dossiers or two plans."""

import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from entregent.access.wall import in_organization
from entregent.cases.models import Case, CaseObject, CaseParticipant, CaseType
from entregent.clients.actions.objects import seed_object_types
from entregent.clients.models import BusinessObject, BusinessObjectType
from entregent.dunning import actions
from entregent.dunning.models import DunningRun
from entregent.jobs.models import Job
from entregent.processes.actions import create_process, publish
from entregent.processes.models import ProcessDefinition, ProcessRun, ProcessStep
from entregent.processes.tests.conftest import process, step
from entregent.toolbox.dates import today_in
from testing.cast import grant, make_client, make_member, make_organization
from testing.worker import work_with_kills

BODY = process("relance", step("delai", wait={"for": "15 days"}), step("appel"), subjects=["case"], service="water")


@pytest.fixture
def manager(transactional_db):
    """A manager whom other processes see."""
    with transaction.atomic():
        member = make_member(make_organization("eaux", "Eaux du Val"), "manager@eaux.example", "Nadia", "admin")
        grant(member)
    yield member
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def test_kills_lose_and_double_nothing(manager, settings):
    small = ("entregent.dunning.tests.small_chunks",)
    assert killed(manager, settings, invoices=600, kills=4, modules=small) == 4


@pytest.mark.long
def test_twenty_kills_lose_and_double_nothing(manager, settings):
    assert killed(manager, settings, invoices=20_000, kills=20, seconds=4 * 3600) >= 15


def killed(manager, settings, *, invoices: int, kills: int, modules: tuple[str, ...] = (), seconds: float = 300) -> int:
    org = manager.organization
    inside = {"organization_id": org.pk, "user_id": manager.user_id}
    with in_organization(**inside):
        seed_object_types(org)
        CaseType.objects.create(organization=org, code="relance", path="relance", label_fr="Relance", label_en="D")
        create_process(by=manager, body=BODY)
        definition = ProcessDefinition.objects.get(code="relance")
        publish(definition, by=manager)
        plan = actions.create_plan(
            by=manager, name_fr="Eau", service="water", daily_cap=100_000,
            definition=ProcessDefinition.objects.select_related("live").get(pk=definition.pk),
        )  # fmt: skip
        kind = BusinessObjectType.objects.get(organization=org, code="invoice")
        client = make_client(org, "N1", "Moreau")
        BusinessObject.objects.bulk_create(
            BusinessObject(
                organization=org, client=client, type=kind, key=f"F-{n}", state="unpaid", amount=Decimal(50),
                due_on=today_in(org.time_zone) - timedelta(days=1 + n % 9),
            )
            for n in range(invoices)
        )  # fmt: skip
        actions.launch_dunning(plan, by=manager)

    def job():
        with in_organization(**inside):
            return Job.objects.get()

    storage = f"file://{settings.MEDIA_ROOT}"
    happened = work_with_kills(
        job,
        kills=kills,
        chance=random.Random(5),
        pause=0.15,
        modules=modules,
        seconds=seconds,
        ENTREGENT_STORAGE_URL=storage,
    )
    with in_organization(**inside):
        assert job().state == Job.State.DONE
        assert job().result == {"begun": invoices}
        for found in (Case, ProcessRun, DunningRun, CaseParticipant, CaseObject):
            assert found.objects.count() == invoices
        assert len(set(Case.objects.values_list("number", flat=True))) == invoices
        assert set(Counter(DunningRun.objects.values_list("invoice_id", flat=True)).values()) == {1}
        assert ProcessStep.objects.count() == 2 * invoices
    return happened
