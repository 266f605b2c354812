"""Lists as files by jobs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from entregent.access.wall import outside
from entregent.api.tests.test_api import call  # noqa: F401
from entregent.api.tests.test_templates import raw
from entregent.audit.models import Action
from entregent.documents.files import storage
from entregent.exchange import list_files
from entregent.jobs.models import Job
from entregent.jobs.tasks import run_job
from entregent.jobs.work import ending
from testing.cast import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(org, manager):
    def run(job_id):
        with outside():
            run_job(job_id=job_id, organization_id=org.pk)
        enter(manager)
        return Job.objects.get(pk=job_id)

    return run


def asked(ask, body=None, code="clients", **headers):
    return ask("POST", f"/exports/{code}", {"columns": ["number", "name"], **(body or {})}, **headers)


def test_a_list_is_made_into_a_file_by_a_job(call, done, manager, agent, client_north, client_south):  # noqa: F811
    ask = call(manager)
    job = asked(ask, {"sort": "number"}, Idempotency_Key="e1")
    assert (job.status_code, job.body["kind"], job.body["state"]) == (202, "exchange.list", "pending")
    assert asked(ask, {"sort": "number"}, Idempotency_Key="e1").body["id"] == job.body["id"]
    url = f"/jobs/{job.body['id']}/file"
    assert ask("GET", url).status_code == 404
    done(job.body["id"])
    told = ask("GET", f"/jobs/{job.body['id']}").body
    assert (told["state"], told["counts"]["rows"]) == ("done", 2)
    answer = raw(ask, "GET", url)
    content = b"".join(answer.streaming_content)
    # The same as at once.
    at_once = raw(ask, "GET", "/exports/clients?columns=number,name&sort=number")
    assert content == b"".join(at_once.streaming_content)
    assert len(content) == told["counts"]["size"]
    assert answer.headers["Content-Type"].startswith("text/csv")
    # Theirs alone, and the journal says who took it out.
    assert call(agent)("GET", url).status_code == 403
    enter(agent)
    agent.rights_added = ["data.export"]
    agent.save(update_fields=["rights_added"])
    elsewhere = [call(agent)("GET", one) for one in (url, "/jobs/987654321/file")]
    assert {one.status_code for one in elsewhere} == {404}
    assert len({one.content for one in elsewhere}) == 1
    enter(manager)
    assert Action.objects.filter(name="export", user_id=manager.user_id).count() == 2


@pytest.mark.parametrize("form", ["xlsx", "vcf"])
def test_the_other_formats(call, done, manager, client_north, form):  # noqa: F811
    ask = call(manager)
    job = asked(ask, {"format": form, "filter": ["name", "contains", "moreau"]}).body["id"]
    done(job)
    content = b"".join(raw(ask, "GET", f"/jobs/{job}/file").streaming_content)
    assert content.startswith(b"PK" if form == "xlsx" else b"BEGIN:VCARD")


def test_what_cannot_be_asked_for(call, manager, agent, reader):  # noqa: F811
    ask = call(manager)
    assert asked(ask, code="rien").status_code == 404
    wrong = asked(ask, {"format": "vcf"}, code="interactions")
    assert (wrong.status_code, wrong.body["errors"][0]["field"]) == (422, "format")
    assert asked(ask, {"view": 987654321}).status_code == 404
    assert asked(call(reader)).status_code == 403


def test_it_ends_with_the_right(call, done, agent, client_north, client_south):  # noqa: F811
    enter(agent)
    agent.rights_added = ["data.export"]
    agent.save(update_fields=["rights_added"])
    ask = call(agent)
    job = asked(ask).body["id"]
    assert done(job).result["rows"] == 1
    refused = asked(ask).body["id"]
    enter(agent)
    agent.rights_added = []
    agent.save(update_fields=["rights_added"])
    assert done(refused).state == "failed"
    assert ask("GET", f"/jobs/{job}/file").status_code == 403


def test_a_worker_that_ends_leaves_nothing_behind(call, done, manager, client_north):  # noqa: F811
    ask = call(manager)
    job = asked(ask).body["id"]
    # What a killed worker has written under the name that the job keeps is written over.
    enter(manager)
    first = f"lists/{manager.organization_id}/tué"
    storage().save(first, list_files.File(open(__file__, "rb"), name=first))  # noqa: SIM115
    row = Job.objects.get(pk=job)
    row.data["key"] = first
    row.save(update_fields=["data"])
    ended = done(job)
    assert ended.state == "done"
    assert not storage().exists(first)
    key = ended.data["key"]
    assert storage().exists(key)
    # It ends by itself.
    assert list_files.expire_lists(manager.organization_id) == 0
    Job.objects.filter(pk=job).update(finished_at=timezone.now() - timedelta(days=3))
    assert list_files.expire_lists(manager.organization_id) == 1
    assert "key" not in Job.objects.get(pk=job).data
    assert ask("GET", f"/jobs/{job}/file").status_code == 404
    assert not ending.is_set()


def test_of_two_workers_the_later_one_makes_the_file(call, done, manager, client_north, monkeypatch):  # noqa: F811
    job = asked(call(manager)).body["id"]
    keys = []

    def written(*args):
        row = Job.objects.get(pk=job)
        keys.append(row.data["key"])
        row.data["key"] = "lists/autre"
        row.save(update_fields=["data"])
        return 1

    monkeypatch.setattr(list_files, "write_list", written)
    assert done(job).state == "running"
    assert not storage().exists(keys[0])
    monkeypatch.undo()
    assert done(job).state == "done"
