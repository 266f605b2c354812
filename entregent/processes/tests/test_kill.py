"""Workers killed at random points of many plans: none is lost, no mail, note or dossier is doubled."""

import random
from collections import Counter
from dataclasses import dataclass

import pytest
from django.db import connection, transaction

from entregent.access.wall import in_organization
from entregent.cases.actions import open_case
from entregent.cases.models import Case, CaseLogEntry, CaseType
from entregent.documents.models import DocumentTemplate
from entregent.outbox.models import Message
from entregent.processes import actions
from entregent.processes.models import ProcessDefinition, ProcessJob, ProcessRun
from entregent.processes.tests.conftest import process, step
from testing.cast import grant, make_client, make_member, make_organization
from testing.worker import work_with_kills

BODY = process(
    "masse",
    step("note", do=[{"log_entry": {"text": "Première"}}, {"log_entry": {"text": "Seconde"}}]),
    step("courriel", do=[{"send_mail": {"template": "avis"}}]),
    step("cloture", do=[{"close_case": {}}]),
    subjects=["case"],
)


@pytest.fixture
def manager(transactional_db):
    """A manager whom other processes see."""
    with transaction.atomic():
        member = make_member(make_organization("eaux", "Eaux du Val"), "manager@eaux.example", "Nadia", "admin")
        grant(member)
    yield member
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@dataclass
class Progress:
    done: int
    is_over: bool


def killed(manager, *, plans: int, kills: int, pause: float) -> int:
    org = manager.organization
    with in_organization(org.pk, user_id=manager.user_id):
        client = make_client(org, "N1", "Moreau", emails=["client@example.org"])
        case_type = CaseType.objects.create(organization=org, code="r", path="r", label_fr="R", label_en="R")
        DocumentTemplate.objects.create(
            organization=org, code="avis", kind="mail", name_fr="Avis", name_en="Notice",
            subject_fr="Dossier {{ case.number }}", body_fr="Bonjour {{ client.name }}.",
        )  # fmt: skip
        cases = [open_case(by=manager, client=client, case_type=case_type, title=f"D{n}") for n in range(plans)]
        actions.create_process(by=manager, body=BODY)
        definition = ProcessDefinition.objects.get(code="masse")
        actions.publish(definition, by=manager)
        definition = ProcessDefinition.objects.select_related("live").get(code="masse")
        starts = [actions.Start(client, case, start_key=f"invoice:{case.pk}") for case in cases]
        assert len(actions.launch_many(organization=org, definition=definition, starts=starts)) == plans
        # Asked twice, nothing starts twice.
        assert actions.launch_many(organization=org, definition=definition, starts=starts) == []

    def progress() -> Progress:
        with in_organization(org.pk):
            done = ProcessJob.objects.filter(state="done").count()
            return Progress(done, not ProcessRun.objects.exclude(state="done").exists())

    happened = work_with_kills(progress, kills=kills, chance=random.Random(7), pause=pause)
    with in_organization(org.pk):
        assert Counter(ProcessRun.objects.values_list("state", flat=True)) == {"done": plans}
        assert Counter(ProcessJob.objects.values_list("kind", "state")) == {("action", "done"): 4 * plans}
        assert Case.objects.filter(state="done").count() == plans == Case.objects.count()
        told = Counter(Message.objects.filter(nature="letter").values_list("subject_id", flat=True))
        assert told == dict.fromkeys([case.pk for case in cases], 1)
        notes = Counter(CaseLogEntry.objects.filter(kind="system").values_list("case_id", "text"))
        assert set(notes.values()) == {1}
        assert len(notes) == 2 * plans
    return happened


def test_killed_workers_lose_and_double_nothing(manager):
    assert killed(manager, plans=40, kills=4, pause=0.4) >= 2


@pytest.mark.long
def test_killed_workers_lose_and_double_nothing_at_length(manager):
    assert killed(manager, plans=1000, kills=20, pause=2) >= 10
