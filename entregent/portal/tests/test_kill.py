"""The web server killed while clients write by the portal: no message is lost, none is there twice.

As browsers do it: a form is fetched, sent with its key, and sent again until it was answered. A real web server, which
is killed with all its processes at random points and started anew; one form in ten is sent twice even so.
"""

import http.client
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection, transaction

from entregent.access.wall import in_organization
from entregent.interactions.models import Interaction, InteractionEntry, PublishedEntry, PublishedFile, Topic
from entregent.portal.sessions import COOKIE
from entregent.portal.tests.conftest import door, give_access
from testing.cast import grant, make_client, make_member, make_organization
from testing.worker import free_port, test_database_url

NEW = "/portail/eaux/echanges/nouveau/"
FILE = b"Le releve du compteur"


class WebServer:
    """`entregent.config.wsgi` as an instance serves it, with one process for requests and one that watches it."""

    def __init__(self):
        self.port = free_port()
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self.port),
             "--workers", "1", "--blocking-threads", "4", "--log-level", "critical",
             "entregent.config.wsgi:application"],
            env=os.environ | {
                "ENTREGENT_DATABASE_URL": test_database_url(), "ENTREGENT_STORAGE_URL": f"file://{settings.MEDIA_ROOT}",
            },
            start_new_session=True,
        )  # fmt: skip

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def ask(self, method, path, *, body=None, headers=None):
        """The answer, its headers and its text; OSError or HTTPException where the server went away meanwhile."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()


class Writer(threading.Thread):
    """Somebody at a client who sends `count` messages one after the other: a new request, then answers to it."""

    def __init__(self, web, number, session_key, count):
        super().__init__(daemon=True)
        self.web, self.number, self.count = web, number, count
        self.cookies = {COOKIE: session_key}
        self.said, self.answered, self.sent_again, self.trouble = [], 0, 0, ""

    def run(self):
        try:
            where = NEW
            for number in range(self.count):
                text = f"Message {self.number}-{number}."
                where = self._write(NEW if number % 5 == 0 else where, text, number)
                self.said.append(text)
        except AssertionError as error:
            self.trouble = str(error)

    def _write(self, url, text, number):
        _status, headers, page = self._until(200, "GET", url)
        cookie = re.search(r"entregent_csrf=([^;]+)", headers.get("Set-Cookie", ""))
        if cookie:
            self.cookies["entregent_csrf"] = cookie[1]
        form = {
            "csrfmiddlewaretoken": re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1],
            "key": re.search(r'name="key" value="([^"]+)"', page)[1],
            "text": text,
        }
        if url == NEW:
            form |= {"topic": "compteur", "subject": f"Compteur {self.number}"}
        body, kind = _with_file(form) if number % 4 == 0 else (urlencode(form), "application/x-www-form-urlencoded")
        for _time in range(2 if number % 10 == 9 else 1):
            _status, headers, _page = self._until(303, "POST", url, body=body, headers={"Content-Type": kind})
        self.answered += 1
        return headers["Location"].partition("#")[0]

    def _until(self, wanted, method, url, *, body=None, headers=None):
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        deadline = time.monotonic() + 120
        while True:
            assert time.monotonic() < deadline, f"{method} {url}: no answer"
            try:
                answer = self.web.ask(method, url, body=body, headers=(headers or {}) | cookies)
            except ConnectionRefusedError:
                time.sleep(0.05)
                continue
            except (OSError, http.client.HTTPException):
                self.sent_again += method == "POST"
                continue
            assert answer[0] == wanted, f"{method} {url}: {answer[0]}\n{answer[2][:2000]}"
            return answer


def _with_file(form):
    mark = uuid4().hex
    parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
             for name, value in form.items()]  # fmt: skip
    head = f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="releve.txt"\r\n'
    parts.append(head.encode() + b"Content-Type: text/plain\r\n\r\n" + FILE + b"\r\n")
    return b"".join([*parts, f"--{mark}--\r\n".encode()]), f"multipart/form-data; boundary={mark}"


@pytest.fixture
def manager(transactional_db):
    """A manager whom the web server sees as well."""
    with transaction.atomic():
        org = make_organization("eaux", "Eaux du Val")
        member = make_member(org, "manager@eaux.example", "Nadia", "admin")
        grant(member)
        Topic.objects.create(organization=org, code="compteur", label_fr="Compteur", label_en="Meter")
    yield member
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture
def web():
    server = WebServer()
    server.start()
    yield server
    server.kill()


def killed(manager, web, *, people: int, each: int, kills: int) -> None:
    doors = []
    for number in range(people):
        with transaction.atomic():
            client = make_client(manager.organization, f"C{number}", f"Client {number}")
            access = give_access(manager, client, email=f"p{number}@client.example", last_name=f"Nom {number}")
            doors.append(door(access.user).cookies[COOKIE].value)
    writers = [Writer(web, number, key, each) for number, key in enumerate(doors)]
    for writer in writers:
        writer.start()
    chance, happened, total = random.Random(11), 0, people * each

    def wait_until(count):
        while sum(writer.answered for writer in writers) < count and any(writer.is_alive() for writer in writers):
            time.sleep(0.005)

    for kill in range(kills):
        wait_until(total * (kill + chance.random()) // (kills + 1) + 1)
        time.sleep(chance.random() * 0.1)
        if any(writer.is_alive() for writer in writers):
            web.kill()
            web.start()
            happened += 1
    for writer in writers:
        writer.join()
    assert [writer.trouble for writer in writers if writer.trouble] == []
    assert happened == kills
    # Some were hit: they got no answer, and were sent again.
    assert sum(writer.sent_again for writer in writers) >= kills // 2
    with in_organization(manager.organization_id, user_id=manager.user_id):
        wanted = Counter(text for writer in writers for text in writer.said)
        assert wanted.total() == total
        entries = InteractionEntry.objects.filter(incoming=True)
        assert Counter(entries.values_list("notes", flat=True)) == wanted
        assert Counter(PublishedEntry.objects.values_list("text", flat=True)) == wanted
        assert Interaction.objects.count() == people * -(-each // 5)
        assert PublishedFile.objects.count() == people * -(-each // 4)


def test_kills_of_the_web_server_lose_and_double_no_message(manager, web):
    killed(manager, web, people=5, each=20, kills=5)


@pytest.mark.long
def test_twenty_kills_during_a_thousand_messages_lose_and_double_none(manager, web):
    killed(manager, web, people=20, each=50, kills=20)
