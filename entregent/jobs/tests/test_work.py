import random

import pytest
from django.db import connection, transaction

from entregent.access.wall import in_organization
from entregent.audit.models import Change
from entregent.jobs.actions import cancel_job, start_job
from entregent.jobs.models import Job
from entregent.jobs.tasks import run_job
from entregent.jobs.tests import sample  # noqa: F401
from entregent.organizations.models import Sector
from testing.cast import enter, grant, make_member, make_organization
from testing.worker import work_with_kills


@pytest.fixture
def committed_manager(transactional_db):
    """A manager whom other processes see."""
    with transaction.atomic():
        member = make_member(make_organization("eaux", "Eaux du Val"), "manager@eaux.example", "Nadia", "manager")
        grant(member)
    yield member
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def run(job):
    run_job(job_id=job.pk, organization_id=job.organization_id)
    job.refresh_from_db()
    return job


def queued(job):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE args ->> 'job_id' = %s", [str(job.pk)])
        return cursor.fetchone()[0]


def test_a_job_is_done_in_chunks_with_its_journal(manager):
    job = start_job(by=manager, kind="test.sectors", label="Essai", data={"rows": 600}, total=600)
    assert queued(job) == 1
    run(job)
    assert (job.state, job.done, job.error) == ("done", 600, "")
    enter(manager)
    assert Sector.objects.filter(code__startswith="T").count() == 600
    assert Change.objects.filter(table_name="organizations_sector", user_id=manager.user_id).count() == 600


def test_a_finished_job_does_nothing_when_it_is_run_again(manager):
    job = run(start_job(by=manager, kind="test.sectors", label="Essai", data={"rows": 10}))
    run(job)
    enter(manager)
    assert Sector.objects.filter(code__startswith="T").count() == 10


def test_a_job_goes_on_from_its_marker(manager):
    job = start_job(by=manager, kind="test.sectors", label="Essai", data={"rows": 10, "cursor": {"next": 8}})
    run(job)
    enter(manager)
    assert sorted(Sector.objects.values_list("code", flat=True)) == ["T10", "T8", "T9"]


def test_a_fault_keeps_what_is_done_and_tells_no_details(manager, caplog):
    job = run(start_job(by=manager, kind="test.fails", label="Essai"))
    assert (job.state, job.done) == ("failed", 1)
    assert "ZeroDivision" not in job.error
    assert "ZeroDivisionError" in caplog.text


def test_a_job_stops_when_its_initiator_has_lost_the_right(manager):
    job = start_job(by=manager, kind="test.sectors", label="Essai", data={"rows": 10})
    manager.role = "reader"
    manager.save()
    run(job)
    assert job.state == "failed"
    enter(manager)
    assert not Sector.objects.exists()


def test_a_waiting_job_is_cancelled_at_once(manager):
    job = cancel_job(start_job(by=manager, kind="test.sectors", label="Essai", data={"rows": 10}), by=manager)
    assert job.state == "cancelled"
    run(job)
    enter(manager)
    assert not Sector.objects.exists()


def test_a_running_job_is_cancelled_after_the_chunk_at_hand(manager):
    job = start_job(by=manager, kind="test.sectors", label="Essai", data={"rows": 10})
    Job.objects.filter(pk=job.pk).update(state="running", cancel_asked=True)
    assert run(job).state == "cancelled"


def test_an_unknown_kind_is_not_started(manager):
    with pytest.raises(LookupError):
        start_job(by=manager, kind="nothing", label="Rien")


def test_five_kills_lose_and_double_nothing(committed_manager):
    manager = committed_manager
    with in_organization(manager.organization_id, user_id=manager.user_id):
        job = start_job(by=manager, kind="test.sectors", label="Essai", data={"rows": 10_000}, total=10_000)

    def state():
        with in_organization(manager.organization_id, user_id=manager.user_id):
            return Job.objects.get(pk=job.pk)

    chance = random.Random(4)
    kills = work_with_kills(state, kills=5, chance=chance, pause=0.03, modules=("entregent.jobs.tests.sample",))
    assert kills >= 3
    with in_organization(manager.organization_id, user_id=manager.user_id):
        assert (state().state, state().done) == ("done", 10_000)
        codes = set(Sector.objects.values_list("code", flat=True))
        assert codes == {f"T{n}" for n in range(1, 10_001)}
        assert Sector.objects.count() == 10_000
        assert Change.objects.filter(table_name="organizations_sector", operation="I").count() == 10_000


def test_a_rolled_back_request_leaves_no_job_and_a_committed_one_is_queued(committed_manager):
    manager = committed_manager
    with in_organization(manager.organization_id, user_id=manager.user_id):
        job = start_job(by=manager, kind="test.sectors", label="Essai", data={"rows": 10})
        transaction.set_rollback(True)
    assert queued(job) == 0
    with in_organization(manager.organization_id, user_id=manager.user_id):
        kept = start_job(by=manager, kind="test.sectors", label="Essai", data={"rows": 10})
    assert queued(kept) == 1
