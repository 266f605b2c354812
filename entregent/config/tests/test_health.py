"""What machines ask: alive, ready with reasons, figures for those who may read them."""

import json

import pytest
from django.db import connection

from entregent.config import health
from entregent.config.environment import load

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker(request):
    """A worker that was heard of so many seconds ago."""

    def heard_of(seconds):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s * interval '1 second')",
                [seconds],
            )

    return heard_of


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


def test_the_process_is_alive_without_asking_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "alive"}


def test_ready_when_database_worker_and_storage_are_well(client, worker):
    worker(3)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {"pages": "ok", "database": "ok", "worker": "ok", "storage": "ok"},
        "reasons": {},
    }


def test_not_ready_without_a_worker(client):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == {"worker": "No worker is running."}


def test_not_ready_with_a_worker_not_heard_of_for_long(client, worker):
    worker(120)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "120" in answer.json()["reasons"]["worker"]


def test_not_ready_when_files_cannot_be_written_and_no_path_is_told(client, worker, media):
    worker(3)
    media.touch()  # A file where the folder should be.
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert list(answer.json()["reasons"]) == ["storage"]
    assert str(media.parent) not in json.dumps(answer.json())


def test_a_database_that_does_not_answer_is_a_reason_and_not_an_error(client, monkeypatch):
    def refuse():
        raise health.DatabaseError("no")

    monkeypatch.setattr(health.connection, "cursor", refuse)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json()["reasons"]) == {"database", "worker"}


def test_only_reading_is_answered(client):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.post(path).status_code == 405


def test_figures_for_this_machine(client, worker):
    worker(3)
    answer = client.get("/metrics")
    assert answer.status_code == 200
    told = answer.content.decode()
    assert 'entregent_ready{check="worker"} 1.0' in told
    assert 'entregent_queue_jobs{state="todo"} 0.0' in told
    assert "entregent_worker_heartbeat_age_seconds" in told


@pytest.mark.parametrize(
    "headers",
    [{"REMOTE_ADDR": "192.0.2.7"}, {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, {"HTTP_FORWARDED": "for=192.0.2.7"}],
)
def test_no_figures_for_strangers_also_behind_a_proxy_on_this_machine(client, headers):
    assert client.get("/metrics", **headers).status_code == 403


def test_figures_from_elsewhere_with_the_token_alone(client, monkeypatch):
    monkeypatch.setattr(health, "environment", load(metrics_token="right-token"))
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer right-token", **elsewhere).status_code == 200
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer wrong-token", **elsewhere).status_code == 403


def test_not_ready_when_no_page_can_be_loaded(client, worker, settings, tmp_path, monkeypatch):
    (tmp_path / "broken_addresses.py").write_text("from nowhere import views\n")
    monkeypatch.syspath_prepend(tmp_path)
    worker(3)
    settings.ROOT_URLCONF = "broken_addresses"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == {"pages": "The pages cannot be loaded."}
    assert client.get("/healthz").status_code == 200
