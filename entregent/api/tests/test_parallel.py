"""Programs at a real web server of two processes: fifty that send the same thing at once, and the commands of the
documentation as they are written there."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from entregent.access.wall import in_organization
from entregent.clients.models import Client
from entregent.exchange.models import Import
from entregent.interactions.models import Interaction, Topic
from entregent.jobs.models import Job
from entregent.organizations.actions import create_api_token
from testing.cast import grant, make_client, make_member, make_organization
from testing.worker import free_port, test_database_url

AT_ONCE = 50


@pytest.fixture
def manager(transactional_db):
    with transaction.atomic():
        organization = make_organization("eaux", "Eaux du Val")
        member = make_member(organization, "nadia@eaux.example", "Nadia", "manager")
        grant(member)
        make_client(organization, "N1", "Blanchisserie Moreau")
        Topic.objects.create(organization=organization, code="compteur", label_fr="Compteur", label_en="Meter")
    return member


@pytest.fixture
def web():
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
         "--workers", "2", "--blocking-threads", "4", "--log-level", "critical", "entregent.config.wsgi:application"],
        env=os.environ | {
            "ENTREGENT_DATABASE_URL": test_database_url(), "ENTREGENT_STORAGE_URL": f"file://{settings.MEDIA_ROOT}",
        },
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if ask(port, "GET", "/healthz")[0] == 200:
                break
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
    yield port
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(30)


def ask(port, method, path, *, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_fifty_at_once_with_one_key_make_one_row(manager, web):
    with in_organization(manager.organization_id, user_id=manager.user_id):
        _token, text = create_api_token(member=manager, name="Essai", by=manager)
    headers = {"Authorization": f"Bearer {text}", "Content-Type": "application/json"}
    client = json.dumps({"kind": "company", "name": "Scierie du Lac"})
    contact = json.dumps({"client": "N1", "topic": "compteur", "channel": "phone_call", "notes": "Une seule fois."})
    for path, body in [("/api/v1/clients", client), ("/api/v1/interactions", contact)]:
        together = threading.Barrier(AT_ONCE)

        def send(_number, path=path, body=body, together=together):
            together.wait(30)
            return ask(web, "POST", path, body=body, headers=headers | {"Idempotency-Key": "commande-4711"})

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(send, range(AT_ONCE)))
        assert {status for status, _body in answers} == {201}, answers[0]
        assert len({body for _status, body in answers}) == 1
        # And once more later, after an answer that was cut.
        assert ask(web, "POST", path, body=body, headers=headers | {"Idempotency-Key": "commande-4711"}) == answers[0]
    with in_organization(manager.organization_id, user_id=manager.user_id):
        assert Client.objects.filter(name="Scierie du Lac").count() == 1
        assert Interaction.objects.count() == 1
        assert Interaction.objects.get().entries.count() == 1


def test_the_commands_of_the_documentation_do_what_they_say(manager, web, tmp_path):
    page = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "api.md").read_text()
    commands = re.findall(r"<!-- curl -->\n```sh\n(.*?)```", page, re.DOTALL)
    assert len(commands) == 2
    with in_organization(manager.organization_id, user_id=manager.user_id):
        make_client(manager.organization, "100482", "Garage Moreau")
        _token, text = create_api_token(member=manager, name="Essai", by=manager)
    for script in commands:
        # curl says nothing of refusals by itself.
        script = script.replace("curl -s", "curl -s --fail-with-body --noproxy '*'")
        done = subprocess.run(
            ["bash", "-euc", script], cwd=tmp_path, capture_output=True, text=True, timeout=60,
            env=os.environ | {"ENTREGENT_URL": f"http://127.0.0.1:{web}", "ENTREGENT_TOKEN": text},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    with in_organization(manager.organization_id, user_id=manager.user_id):
        assert Client.objects.get(number="100482").category == "Professionnel"
        assert Client.objects.filter(name="Boulangerie Petit").count() == 1
        assert Job.objects.filter(kind="clients.bulk").count() == 1
        assert Import.objects.get().filename == "clients.csv"
    assert "100482" in (tmp_path / "sortie.csv").read_text()
