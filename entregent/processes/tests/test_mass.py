"""Plans for many clients at once, and those that a process starts on its days."""

from datetime import UTC, date, datetime

import pytest

from entregent.cases.models import Case
from entregent.clients.models import BulkRow, Client
from entregent.jobs.models import Job
from entregent.jobs.tasks import run_job
from entregent.processes import actions
from entregent.processes.actions import mass
from entregent.processes.actions.scheduling import day_of, run_schedules
from entregent.processes.definitions import problems
from entregent.processes.models import ProcessRun, ProcessVersion, ScheduledStart
from entregent.processes.tests.conftest import process, step
from entregent.toolbox.errors import Refusal
from testing.cast import enter, enter_organization, make_client


@pytest.fixture
def clients(org, manager, client_north):
    enter(manager)
    return [client_north, *(make_client(org, f"M{number}X", f"Client {number}") for number in range(6))]


@pytest.fixture
def definition(live, case_type):
    return live(process("enquete", step("a"), step("b"), case_types=["reclamation"], subjects=["case"]))


def everybody(**more):
    return {"list": "clients", "condition": None, "text": "", "ids": None, "except": []} | more


def launched(definition, by, selection=None, most=1000) -> Job:
    enter(by)
    job = mass.launch_mass(definition, by=by, selection=selection or everybody(), most=most)
    run_job(job.pk, job.organization_id)
    enter(by)
    return Job.objects.get(pk=job.pk)


def test_a_preview_says_who_is_left_out_and_the_job_does_just_that(definition, clients, manager):
    enter(manager)
    Client.objects.filter(pk=clients[1].pk).update(status="inactive")
    busy = mass.begin(definition, Client.objects.filter(pk=clients[2].pk), by=manager, key="x")
    assert busy == {clients[2].pk}
    told = mass.preview_mass(definition, by=manager, selection=everybody(), most=3)
    assert (told.total, told.starting) == (7, 3)
    assert dict(told.left_out) == {
        "Client inactif ou retiré": 1, "Ce plan d’action est déjà en cours pour ce client": 1,
        "Au-delà du maximum demandé": 2,
    }  # fmt: skip
    job = launched(definition, manager, most=3)
    assert job.result == {"begun": 3}
    assert ProcessRun.objects.filter(start_key__startswith="mass:").count() == 3
    assert Case.objects.filter(automatic_key__startswith="mass:", origin="automatic").count() == 3
    assert BulkRow.objects.filter(job_id=job.pk, verdict="changed").count() == 3
    assert BulkRow.objects.filter(job_id=job.pk, verdict="refused").exclude(reason="").count() == 4


def test_a_second_launch_starts_nothing_that_runs(definition, clients, manager):
    assert launched(definition, manager).result == {"begun": 7}
    assert launched(definition, manager).result == {"begun": 0}
    assert ProcessRun.objects.count() == 7


def test_only_clients_in_reach_and_chosen_get_a_plan(definition, clients, manager, client_south):
    job = launched(definition, manager, everybody(ids=[clients[0].pk, clients[3].pk, 999_999]))
    assert job.result == {"begun": 2}
    assert set(ProcessRun.objects.values_list("client_id", flat=True)) == {clients[0].pk, clients[3].pk}


def test_what_cannot_be_launched_in_bulk_is_refused(live, clients, case_type, manager):
    asking = live(
        process("demande", step("a"), case_types=["reclamation"],
                facts={"properties": {"x": {"type": "string"}}, "required": ["x"]})
    )  # fmt: skip
    enter(manager)
    assert mass.launchable(manager.organization_id) == []
    with pytest.raises(Refusal) as refused:
        mass.launch_mass(asking, by=manager, selection=everybody(), most=10)
    assert refused.value.code == "E-001-PROCESS-TYPE"
    fitting = live(process("simple", step("a"), case_types=["reclamation"]))
    enter(manager)
    with pytest.raises(Refusal) as refused:
        mass.launch_mass(fitting, by=manager, selection=everybody(), most=0)
    assert refused.value.code == "E-001-MASS"
    mass.launch_mass(fitting, by=manager, selection=everybody(), most=5)
    with pytest.raises(Refusal) as refused:
        mass.launch_mass(fitting, by=manager, selection=everybody(), most=5)
    assert refused.value.status == 409


def test_the_days_of_a_schedule():
    assert day_of({"every": "day"}, date(2026, 2, 3)) == (date(2026, 2, 3), "2026-02-03")
    assert day_of({"every": "week", "day": 5}, date(2026, 1, 1)) == (date(2026, 1, 2), "2026-W01")
    assert day_of({"every": "month", "day": 31}, date(2026, 2, 3)) == (date(2026, 2, 28), "2026-02")
    assert day_of({"every": "year", "day": 29, "month": 2}, date(2027, 5, 3)) == (date(2027, 2, 28), "2027")


def test_a_process_starts_on_its_day_once_for_each_client(live, case_type, clients, manager):
    definition = live(
        process("bilan", step("a"), case_types=["reclamation"], subjects=["case"],
                start=[{"event": "schedule", "every": "month", "day": 15, "if": ["client.kind", "=", "company"]}])
    )  # fmt: skip
    enter(manager)
    companies = Client.objects.filter(kind="company", status="client").count()
    ProcessVersion.objects.filter(pk=definition.live_id).update(published_at=datetime(2026, 3, 10, tzinfo=UTC))
    organization_id = definition.organization_id
    assert run_schedules(organization_id, datetime(2026, 3, 14, 12, tzinfo=UTC)) == 0
    assert run_schedules(organization_id, datetime(2026, 3, 15, 2, tzinfo=UTC)) == 0
    assert run_schedules(organization_id, datetime(2026, 3, 15, 12, tzinfo=UTC)) == companies > 0
    assert run_schedules(organization_id, datetime(2026, 3, 15, 13, tzinfo=UTC)) == 0
    enter(manager)
    for run in ProcessRun.objects.all():
        actions.abandon_run(run, by=manager, reason="Essai")
    assert run_schedules(organization_id, datetime(2026, 3, 20, 12, tzinfo=UTC)) == 0
    # A worker that was off on the day makes up for it; a day before the version went live it does not.
    assert run_schedules(organization_id, datetime(2026, 4, 17, 12, tzinfo=UTC)) == companies
    enter(manager)
    assert ScheduledStart.objects.filter(done_at__isnull=False).count() == 2


def test_a_schedule_that_cannot_be_is_told(case_type, org):
    def told(**start):
        body = process("x", step("a"), case_types=["reclamation"], subjects=["case"],
                       start=[{"event": "schedule", **start}])  # fmt: skip
        return [problem.sentence for problem in problems(body, org)]

    enter_organization(org)
    assert told(every="month", day=15) == []
    assert any("chaque jour" in sentence for sentence in told(every="hour"))
    assert any("n’existe pas" in sentence for sentence in told(every="week", day=8))
    assert told(every="month", hour=3) != []


def test_from_the_client_list_one_sees_what_will_happen_and_launches_it(definition, clients, manager, agent, signed_in):
    http = signed_in(manager)
    listed = http.get("/eaux/gestion-des-clients/").content.decode()
    assert 'formaction="/eaux/gestion-des-clients/plans-d-action/"' in listed
    address = "/eaux/gestion-des-clients/plans-d-action/"
    chosen = {"ids": [clients[0].pk, clients[1].pk], "tout": "", "sauf": ""}
    choice = http.post(address, chosen).content.decode()
    assert "Plan enquete" in choice
    shown = http.post(address, chosen | {"processus": "enquete", "maximum": "50"}).content.decode()
    assert "2 plans d’action seront lancés" in shown
    assert f'name="ids" value="{clients[1].pk}"' in shown
    answer = http.post(address, chosen | {"processus": "enquete", "maximum": "50", "lancer": "1"})
    job = Job.objects.get(kind=mass.KIND)
    assert answer.headers["Location"] == f"/eaux/plans-d-action/lancements/{job.pk}/"
    run_job(job.pk, job.organization_id)
    page = http.get(answer.headers["Location"]).content.decode()
    assert "2 plans d’action lancés" in page
    assert clients[1].display_name in page
    assert http.get(answer.headers["Location"] + "?vue=ecartes").status_code == 200
    assert http.post(address, {"ids": []}).status_code == 422
    assert signed_in(agent).post(address, chosen).status_code in (403, 404)
