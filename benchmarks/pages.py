# ruff: noqa: E501 (statements in SQL)
"""Pages over HTTP, against a real server with two workers: each page, the bare page and raw SQL of the same work.

Run by `benchmarks.__main__` for one database, settings in the environment.
"""

import contextlib
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import django
import psycopg

from benchmarks import figures, queries
from benchmarks.load import Request, Sample, ask, cpu_of, memory_of
from entregent.config.embedded_postgres import signalled_when_parent_dies

SLUG = "banc"
ROUNDS = 5
USERS = 8
RAW = {
    # What a page shows, asked for in the plainest way, by the application's role within its wall.
    "list": """
        SELECT c.number, c.display_name, c.kind, c.status, c.category, c.phones, c.emails, s.name, u.name, a.city, h.reason
        FROM clients_client c
        LEFT JOIN organizations_sector s ON s.id = c.sector_id LEFT JOIN organizations_user u ON u.id = c.responsible_id
        LEFT JOIN clients_address a ON a.client_id = c.id AND a.kind = 'main'
        LEFT JOIN clients_credithold h ON h.client_id = c.id AND h.lifted_at IS NULL
        WHERE c.organization_id = 1 AND c.deleted_at IS NULL ORDER BY c.sort_key, c.id LIMIT 101""",
    "file": """
        SELECT * FROM clients_client WHERE organization_id = 1 AND number = %(number)s;
        SELECT a.* FROM clients_address a JOIN clients_client c ON c.id = a.client_id
        WHERE c.organization_id = 1 AND c.number = %(number)s;
        SELECT p.* FROM clients_clientperson t JOIN clients_person p ON p.id = t.person_id
        JOIN clients_client c ON c.id = t.client_id WHERE c.organization_id = 1 AND c.number = %(number)s;
        SELECT o.* FROM clients_businessobject o JOIN clients_client c ON c.id = o.client_id
        WHERE c.organization_id = 1 AND c.number = %(number)s ORDER BY o.dated_on DESC LIMIT 60;
        SELECT h.* FROM clients_credithold h JOIN clients_client c ON c.id = h.client_id
        WHERE c.organization_id = 1 AND c.number = %(number)s;
        SELECT i.*, e.notes, u.name FROM interactions_interaction i JOIN clients_client c ON c.id = i.client_id
        LEFT JOIN interactions_interactionentry e ON e.interaction_id = i.id
        LEFT JOIN organizations_user u ON u.id = i.created_by_id
        WHERE c.organization_id = 1 AND c.number = %(number)s AND i.deleted_at IS NULL
        ORDER BY i.occurred_at DESC, i.id DESC LIMIT 26;
        SELECT i.number, i.follow_up_on, i.subject FROM interactions_interaction i
        JOIN clients_client c ON c.id = i.client_id WHERE c.organization_id = 1 AND c.number = %(number)s
        AND i.follow_up_on IS NOT NULL AND i.follow_up_done_at IS NULL AND i.deleted_at IS NULL""",
    "search": """
        SELECT c.number, c.display_name FROM search_entry e JOIN clients_client c ON c.id = e.subject_id
        WHERE e.organization_id = 1 AND e.kind = 1 AND c.organization_id = 1 AND e.doc LIKE ALL (%(patterns)s) LIMIT 25""",
    "log": """
        UPDATE organizations_counter SET value = value + 1 WHERE organization_id = 1 AND name = 'interaction';
        WITH i AS (INSERT INTO interactions_interaction (organization_id, number, client_id, topic_id, channel, direction,
            subject, occurred_at, status, priority, contact_name, contact_phone, reference, origin, external_key,
            created_by_id, version)
            SELECT 1, v.value, c.id, 1, 'phone_call', 'none', '', now(), 'open', 'normal', '', '', '', 'screen', '', 1, 1
            FROM clients_client c, organizations_counter v WHERE c.organization_id = 1 AND c.number = %(number)s
            AND v.organization_id = 1 AND v.name = 'interaction' RETURNING id),
        e AS (INSERT INTO interactions_interactionentry (organization_id, interaction_id, seq, author_id, entry_name,
            internal, incoming, notify, notes) SELECT 1, id, 1, 1, 'Agent 1', false, false, false, 'Rappeler.' FROM i)
        INSERT INTO interactions_interactionagent (organization_id, interaction_id, user_id, role)
        SELECT 1, id, 1, 'originator' FROM i""",
    "home": """
        SELECT i.number, i.follow_up_on, i.subject, c.display_name FROM interactions_interaction i
        JOIN clients_client c ON c.id = i.client_id
        WHERE i.organization_id = 1 AND i.follow_up_owner_id = 1 AND i.follow_up_on IS NOT NULL
        AND i.follow_up_done_at IS NULL AND i.deleted_at IS NULL ORDER BY i.follow_up_on LIMIT 50;
        SELECT i.number, i.occurred_at, i.subject, c.display_name FROM interactions_interaction i
        JOIN clients_client c ON c.id = i.client_id WHERE i.organization_id = 1 AND i.deleted_at IS NULL
        ORDER BY i.occurred_at DESC, i.id DESC LIMIT 10""",
    "bare": "SELECT number, display_name FROM clients_client WHERE organization_id = 1 AND deleted_at IS NULL "
    "ORDER BY sort_key, id LIMIT 25",
}


class Work:
    """The requests of the pages, over clients and questions chosen once."""

    def __init__(self, connection: psycopg.Connection):
        chance = random.Random(3)
        self.numbers = [client.number for client in queries.known_clients(connection, 300, seed=3)]
        self.questions = [text for texts in queries.varied(connection).values() for text in texts]
        chance.shuffle(self.questions)

    def pages(self) -> dict[str, Callable[[int], Request]]:
        return {
            "bare": lambda n: Request(f"/{SLUG}/page-nue/"),
            "home": lambda n: Request(f"/{SLUG}/"),
            "list": lambda n: Request(f"/{SLUG}/clients/"),
            "file": lambda n: Request(f"/{SLUG}/clients/{self.number(n)}/"),
            "search": lambda n: Request(
                f"/{SLUG}/recherche/?{urllib.parse.urlencode({'q': self.question(n)})}", accept="application/json"
            ),
            "log": lambda n: Request(
                f"/{SLUG}/contacts/nouveau/",
                urllib.parse.urlencode(
                    {"client": self.number(n), "topic": "1", "channel": "phone_call", "notes": f"Rappeler {n}.",
                     "visibility": "incoming", "follow_up": "tomorrow" if n % 4 == 0 else ""}
                ),
                expected=(303,),
            ),
        }  # fmt: skip

    def number(self, n: int) -> str:
        return self.numbers[n % len(self.numbers)]

    def question(self, n: int) -> str:
        return self.questions[n % len(self.questions)]


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--seconds", default=1.0, help="of each page in each round, with eight users")
@click.option("--postgres", type=int, default=0, help="process of the database server")
@click.option("--into", type=click.Path())
@click.option("--only", multiple=True)
def main(clients: int, seconds: float, postgres: int, into: str | None, only: tuple[str, ...]) -> None:
    django.setup()
    from django.conf import settings

    parts = settings.DATABASES["default"]
    raw = psycopg.connect(
        dbname=parts["NAME"], user=parts["USER"], host=parts["HOST"], port=parts["PORT"], autocommit=True
    )
    work = Work(raw)
    pages = {name: make for name, make in work.pages().items() if not only or name in only or name == "bare"}
    session = sign_in()
    counts = {name: statements(make) for name, make in pages.items()}
    from django.db import connections

    connections.close_all()
    result = {"clients": clients, "machine": figures.machine(), "pages": {}}
    with server() as (port, pid):
        measured = measure(pages, port, session, seconds, lambda: cpu_of([pid, postgres] if postgres else [pid]))
        result["memory_of_workers_mb"] = memory_of(pid)
    plain = {name: raw_times(raw, name, work) for name in pages}
    report(result, measured, plain, counts)
    if into:
        Path(into).write_text(json.dumps(result, indent=1, ensure_ascii=False))


def sign_in() -> str:
    """A session of the agent who sees the whole organization."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from entregent.organizations.models import User

    user = User.objects.get(pk=1)
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return store.session_key


def statements(make: Callable[[int], Request]) -> dict:
    """How many statements a page takes and how long, in this process."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from entregent.organizations.models import User

    browser = Client(HTTP_HOST="127.0.0.1")
    browser.force_login(User.objects.get(pk=1), backend="entregent.organizations.sessions.SignIn")
    found = []
    for turn in range(3):
        request = make(turn)
        with CaptureQueriesContext(connection) as captured:
            if request.body is None:
                response = browser.get(request.path, headers={"accept": request.accept})
            else:
                response = browser.post(request.path, request.body, content_type="application/x-www-form-urlencoded")
        if response.status_code not in request.expected:
            raise SystemExit(f"{request.path}: {response.status_code} {response.content[:300]!r}")
        found.append((len(captured), sum(float(query["time"]) for query in captured) * 1000, len(response.content)))
    count, spent, size = sorted(found)[1]
    return {"statements": count, "database_ms": round(spent, 1), "bytes": size}


@contextlib.contextmanager
def server() -> Iterator[tuple[int, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += [
        "--workers",
        "2",
        "--blocking-threads",
        "4",
        "--log-level",
        "warning",
        "entregent.config.wsgi:application",
    ]
    process = subprocess.Popen(command, env=os.environ, preexec_fn=signalled_when_parent_dies(signal.SIGTERM))
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the web server does not start")
            time.sleep(0.2)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def measure(pages, port, session, seconds, watched) -> dict[str, dict[str, Sample]]:
    """One user, then eight, page by page, and again: so that what else the machine does strikes all alike."""
    numbers = itertools.count()
    for make in pages.values():
        ask(port, session, make, users=4, count=5, numbers=numbers, watched=watched)
    samples = {name: {"one": Sample(), "eight": Sample()} for name in pages}
    for _ in range(ROUNDS):
        for name, make in pages.items():
            samples[name]["one"].add(ask(port, session, make, users=1, count=10, numbers=numbers, watched=watched))
            samples[name]["eight"].add(
                ask(port, session, make, users=USERS, seconds=seconds, numbers=numbers, watched=watched)
            )
    for name, by_users in samples.items():
        wrong = by_users["one"].wrong + by_users["eight"].wrong
        if wrong:
            raise SystemExit(f"{name}: {len(wrong)} wrong answers, the first: {wrong[0]}")
    return samples


def raw_times(raw: psycopg.Connection, name: str, work: Work) -> list[float]:
    """Milliseconds of the same work in SQL, each time in a transaction behind the wall."""
    times = []
    for turn in range(40):
        words = [f"%{word}%" for word in queries.search_key(work.question(turn)).split()]
        values = {"number": work.number(turn), "patterns": words}
        statements = RAW[name].split(";")
        with raw.transaction():
            raw.execute("SET LOCAL ROLE entregent_app")
            raw.execute("SELECT set_config('app.org_id', '1', true), set_config('app.user_id', '1', true)")
            began = time.perf_counter()
            for statement in statements:
                cursor = raw.execute(statement, values if "%(" in statement else None)
                if cursor.description:
                    cursor.fetchall()
            spent = time.perf_counter() - began
        times.append(spent * 1000)
    return times[10:]


def report(result: dict, measured: dict, plain: dict, counts: dict) -> None:
    bare = figures.percentile(measured["bare"]["one"].latencies, 0.5)
    rows = []
    for name, by_users in measured.items():
        one, eight = by_users["one"], by_users["eight"]
        summary = figures.summary(one.latencies)
        in_sql = figures.percentile(plain[name], 0.5)
        ratio = summary["p50"] / (bare + (in_sql if name != "bare" else 0))
        result["pages"][name] = {
            "one_user_ms": summary,
            "eight_users": {
                "requests_per_second": round(eight.per_second, 1),
                "cpu_ms_per_request": round(eight.cpu_per_request, 1),
                "latency_ms": figures.summary(eight.latencies),
            },
            "raw_sql_ms": figures.summary(plain[name]),
            "ratio_to_bare_page_and_raw_sql": round(ratio, 2),
            **counts[name],
        }
        rows.append(
            [name, summary["samples"], summary["p50"], summary["p95"], eight.per_second, eight.cpu_per_request, in_sql,
             ratio, counts[name]["statements"], counts[name]["bytes"] / 1024]
        )  # fmt: skip
    figures.table(
        f"Pages, {result['clients']:,} clients (server of two workers; ms at one user, requests/s at {USERS} users)",
        ["page", "n", "p50", "p95", "requests/s", "CPU ms", "raw SQL", "ratio", "statements", "kB"],
        rows,
    )
    print(f"  memory of the workers, MB: {result['memory_of_workers_mb']}")


if __name__ == "__main__":
    main()
