"""The HTTP API against a real server with two workers, by one program that keeps its connection.

`client` is one client by number with addresses, credit hold, custom fields; `list` a hundred of them with everything
preloaded. Beside them, in the same rounds: `bare`, a JSON answer of one query behind the same door (token, wall,
right), and `plain`, the same query without any door, to see what the door costs.
"""

import http.client
import itertools
import json
import time
from pathlib import Path

import click
import django
import psycopg

from benchmarks import figures, queries
from benchmarks.pages import server

ROUNDS = 8
A_ROUND = 40
# How many times `bare` each may take (issue F).
WANTED = {"client": 2.0, "list": 4.0}


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--into", type=click.Path())
def main(clients: int, into: str | None) -> None:
    django.setup()
    from django.conf import settings
    from django.db import connections

    parts = settings.DATABASES["default"]
    raw = psycopg.connect(
        dbname=parts["NAME"], user=parts["USER"], host=parts["HOST"], port=parts["PORT"], autocommit=True
    )
    numbers = [client.number for client in queries.known_clients(raw, 300, seed=3)]
    token = _token()
    asked = {
        "plain": [f"/json-sans-porte/{number}/" for number in numbers],
        "bare": [f"/json-nu/{number}/" for number in numbers],
        "client": [f"/api/v1/clients/{number}" for number in numbers],
        "list": ["/api/v1/clients?limit=100"],
    }
    counts = {name: _statements(paths[0], token) for name, paths in asked.items()}
    connections.close_all()
    with server() as (port, _pid):
        times = _measure(port, token, asked)
    result = {"clients": clients, "machine": figures.machine(), "answers": {}}
    bare = figures.percentile(times["bare"], 0.5)
    rows, missed = [], []
    for name, latencies in times.items():
        summary = figures.summary(latencies)
        ratio = summary["p50"] / bare
        result["answers"][name] = {"ms": summary, "times_bare": round(ratio, 2), **counts[name]}
        rows.append([name, summary["samples"], summary["p50"], summary["p95"], ratio, WANTED.get(name, ""),
                     counts[name]["statements"], counts[name]["bytes"] / 1024])  # fmt: skip
        if ratio > WANTED.get(name, ratio):
            missed.append(name)
    figures.table(
        f"API, {clients:,} clients (one program, server of two workers; ms)",
        ["answer", "n", "p50", "p95", "times bare", "wanted", "statements", "kB"],
        rows,
    )
    if into:
        Path(into).write_text(json.dumps(result, indent=1, ensure_ascii=False))
    if missed:
        raise SystemExit(f"too slow: {', '.join(missed)}")


def _token() -> str:
    from entregent.access.wall import in_organization
    from entregent.organizations.actions import create_api_token
    from entregent.organizations.models import Membership

    with in_organization(queries.BIG, user_id=1):
        member = Membership.objects.select_related("user", "organization").get(organization_id=queries.BIG, user_id=1)
        return create_api_token(member=member, name="Banc", by=member)[1]


def _statements(path: str, token: str) -> dict:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    program = Client(HTTP_HOST="127.0.0.1", headers={"Authorization": f"Bearer {token}"})
    program.get(path)
    with CaptureQueriesContext(connection) as captured:
        response = program.get(path)
    if response.status_code != 200:
        raise SystemExit(f"{path}: {response.status_code} {response.content[:300]!r}")
    return {"statements": len(captured), "bytes": len(response.content)}


def _measure(port: int, token: str, asked: dict[str, list[str]]) -> dict[str, list[float]]:
    """Round after round, so that what else the machine does strikes all alike; the first round warms up."""
    times: dict[str, list[float]] = {name: [] for name in asked}
    turns = itertools.count()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    for turn in range(ROUNDS + 1):
        for name, paths in asked.items():
            for _ in range(A_ROUND):
                path = paths[next(turns) % len(paths)]
                began = time.perf_counter()
                connection.request("GET", path, headers=headers)
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    raise SystemExit(f"{path}: {response.status}")
                if turn:
                    times[name].append((time.perf_counter() - began) * 1000)
    connection.close()
    return times


if __name__ == "__main__":
    main()
