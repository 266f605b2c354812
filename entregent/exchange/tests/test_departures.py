"""« Export complet »: the job, the page, what the journal keeps of it, and its end."""

import hashlib
import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone

from entregent.access.rights import Right
from entregent.access.wall import outside
from entregent.audit.models import Action
from entregent.config.cli import main
from entregent.documents.files import storage
from entregent.exchange import departures, leaving, tasks
from entregent.exchange.command import run_arrival, run_departure
from entregent.exchange.models import Departure
from entregent.jobs.models import Job
from entregent.jobs.tasks import run_job
from entregent.organizations.models import Organization
from entregent.toolbox.errors import Refusal, RightMissing
from testing.cast import enter, grant, make_member

URL = "/eaux/administration/export-complet/"


@pytest.fixture
def page(signed_in, admin):
    return signed_in(admin)


def made(admin) -> Departure:
    enter(admin)
    job = Job.objects.get(kind=departures.LEAVE)
    with outside():
        run_job(job_id=job.pk, organization_id=job.organization_id)
    enter(admin)
    assert Job.objects.get().state == "done"
    return Departure.objects.get()


def test_it_is_asked_for_made_and_taken(page, admin, client_north):
    assert "Aucun export complet" in page.get(URL).content.decode()
    for _again in range(2):  # while one is being made, no other is begun
        assert page.post(URL).status_code == 303
    assert "en préparation" in page.get(URL).content.decode()
    departure = made(admin)
    answer = page.post(f"{URL}{departure.pk}/archive.zip")
    content = b"".join(answer.streaming_content)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert (len(content), hashlib.sha256(content).hexdigest()) == (departure.size, departure.sha256)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        rows = [json.loads(line) for line in archive.read("tables/clients_client.jsonl").splitlines()]
        assert archive.testzip() is None
        table = archive.read("csv/clients.csv").decode("utf-8-sig")
    assert [row["number"] for row in rows] == [client_north.number]
    assert client_north.number in table
    enter(admin)
    names = set(Action.objects.values_list("name", flat=True))
    assert {"ask_for_everything", "take_everything"} <= names
    assert page.post(f"{URL}{departure.pk}/suppression/").status_code == 303
    assert page.post(f"{URL}{departure.pk}/archive.zip").status_code == 404


def test_no_formula_stands_in_the_lists(page, admin, client_north):
    client_north.name = client_north.display_name = '=HYPERLINK("http://x")'
    client_north.save()
    page.post(URL)
    with storage().open(made(admin).key) as file, zipfile.ZipFile(file) as archive:
        assert "'=HYPERLINK" in archive.read("csv/clients.csv").decode()


def test_lists_are_read_page_after_page(admin, org, client_north, monkeypatch):
    for number in range(7):
        client_north.pk, client_north.number = None, f"P{number}"
        client_north.save(force_insert=True)
    for size in (2, 4, 8, 5000):  # 8 clients: pages that end even and pages that do not
        monkeypatch.setattr(leaving, "CSV_PAGE", size)
        for name, (header, selected) in leaving.CSV_FILES.items():
            rows = list(leaving._csv_rows(selected, org.pk))
            assert all(len(row) == len(header) for row in rows)
            if name == "clients":
                assert [row[0] for row in rows] == ["N1", *(f"P{number}" for number in range(7))]


def test_it_expires(page, admin, client_north, django_capture_on_commit_callbacks):
    page.post(URL)
    departure = made(admin)
    Departure.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert page.post(f"{URL}{departure.pk}/archive.zip").status_code == 404
    with django_capture_on_commit_callbacks(execute=True), outside():
        tasks.expire(timestamp=0)
    assert not storage().exists(departure.key)
    enter(admin)
    assert Departure.objects.get().key == ""


def test_only_who_sees_all_takes_all(signed_in, org, north, manager):
    local = make_member(org, "local@eaux.example", "Loïc Al", "manager")
    local.rights_added = [Right.LEAVE.value]
    local.save()
    grant(local, "sector", north.pk)
    enter(local)
    with pytest.raises(RightMissing):
        departures.ask_for_departure(by=local)
    assert signed_in(local).get(URL).status_code == 403
    assert signed_in(manager).get(URL).status_code == 403


def test_by_the_command_line_out_and_in(org, admin, client_north, tmp_path):
    path = tmp_path / "tout.zip"
    told = run_departure(path=path, organization=org.slug)
    assert path.stat().st_mode & 0o777 == 0o600
    assert told["exported"] > 5
    with pytest.raises(Refusal, match="E-WHOLE-FILE"):
        run_departure(path=path, organization=org.slug)
    with outside():
        summary = run_arrival(path=path, organization="retour")
    assert summary["organization"] == "retour"
    assert Organization.objects.get(slug="retour").name == org.name
    assert "everything" in main.commands["export"].params[0].type.choices
