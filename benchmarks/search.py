"""The quick search, in the process: how long it takes in the database and whether it finds who was meant.

Run by `benchmarks.run` for one database: `python -m benchmarks.search --clients 100000`, settings in the environment.
"""

import json
import random
import time
from collections import defaultdict

import click
import django
import psutil

from benchmarks import figures, queries

# One who sees the whole, one who sees a region, one who sees a department (benchmarks/database.py).
MEMBERS = {"whole organization": 1, "one region": 22, "one department": 35}
EXCEPTED_BEYOND = 10


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--known", default=500)
@click.option("--into", type=click.Path())
def main(clients: int, known: int, into: str | None) -> None:
    django.setup()
    import psycopg
    from django.conf import settings

    parts = settings.DATABASES["default"]
    raw = psycopg.connect(
        dbname=parts["NAME"], user=parts["USER"], host=parts["HOST"], port=parts["PORT"], autocommit=True
    )
    result = {"clients": clients, "machine": figures.machine()}
    result["speed"] = {who: speed(raw, user_id, who) for who, user_id in MEMBERS.items()}
    result["quality"] = quality(raw, known)
    if into:
        with open(into, "w") as file:
            json.dump(result, file, indent=1, ensure_ascii=False)


def member_of(user_id: int):
    from entregent.organizations.models import Membership

    return Membership.objects.select_related("organization", "user").get(organization_id=queries.BIG, user_id=user_id)


def connection_pid(connection) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def speed(raw, user_id: int, who: str) -> dict:
    """Each question once to warm up, then three times; the median of the three counts."""
    from django.db import connection

    from entregent.access.wall import in_organization
    from entregent.search.quick import quick_search

    asked = queries.varied(raw)
    backend = psutil.Process(connection_pid(connection))
    in_database: dict[str, list[float]] = defaultdict(list)
    processor: dict[str, float] = {}
    whole: dict[str, list[float]] = defaultdict(list)
    spent = 0.0

    def watch(execute, sql, params, many, context):
        nonlocal spent
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent += time.perf_counter() - started

    with in_organization(queries.BIG, user_id=user_id), connection.execute_wrapper(watch):
        member = member_of(user_id)
        assert member.reach is not None
        for kind, texts in asked.items():
            before = sum(backend.cpu_times()[:2])
            for text in texts:
                times = []
                for _ in range(4):
                    spent, started = 0.0, time.perf_counter()
                    quick_search(member, text, limit=10)
                    times.append((spent * 1000, (time.perf_counter() - started) * 1000))
                in_database[kind].append(sorted(one for one, _ in times[1:])[1])
                whole[kind].append(sorted(one for _, one in times[1:])[1])
            # What the database itself worked, which does not depend on what else the machine does.
            processor[kind] = (sum(backend.cpu_times()[:2]) - before) * 1000 / (4 * len(texts))
    rows = []
    answer = {}
    everything = [value for values in in_database.values() for value in values]
    exact = [value for kind, values in in_database.items() if kind != "typo" for value in values]
    processor["all"] = sum(processor[kind] * len(texts) for kind, texts in asked.items()) / len(everything)
    for kind, values in [*in_database.items(), ("all", everything), ("all without typos", exact)]:
        one = answer[kind] = figures.summary(values)
        if kind in processor:
            one["mean_cpu"] = round(processor[kind], 2)
        rows.append([kind, one["samples"], one["p50"], one["p95"], one["max"], one.get("mean_cpu", "")])
    answer["with Python, all"] = figures.summary([value for values in whole.values() for value in values])
    one = answer["with Python, all"]
    rows.append(["all, with the work in Python", one["samples"], one["p50"], one["p95"], one["max"], ""])
    heads = ["questions", "n", "p50", "p95", "max", "mean CPU"]
    figures.table(f"Quick search in the database, ms ({who})", heads, rows)
    return answer


def quality(raw, how_many: int) -> dict:
    from entregent.access.wall import in_organization
    from entregent.search.quick import quick_search

    chance = random.Random(5)
    found: dict[str, int] = defaultdict(int)
    asked: dict[str, int] = defaultdict(int)
    excepted: dict[str, int] = defaultdict(int)
    missed: dict[str, list[str]] = defaultdict(list)
    with in_organization(queries.BIG, user_id=1):
        member = member_of(1)
        for client in queries.known_clients(raw, how_many):
            for way, text in queries.writings(client, chance).items():
                if text is None:
                    continue
                asked[way] += 1
                groups = quick_search(member, text, limit=10).groups
                urls = [item.url for group in groups for item in group.items]
                if any(f"/{client.number}/" in url for url in urls):
                    found[way] += 1
                elif client.homonyms > EXCEPTED_BEYOND and way not in ("phone", "number", "e-mail", "contract"):
                    excepted[way] += 1
                else:
                    missed[way].append(text)
    answer = {}
    for way in asked:
        counted = asked[way] - excepted[way]
        answer[way] = {
            "asked": asked[way],
            "excepted": excepted[way],
            "found": found[way],
            "share": round(found[way] / max(1, counted), 4),
            "missed": missed[way][:5],
        }
    figures.table(
        f"Of {how_many} known clients, found among the first 10",
        ["asked by", "asked", "homonyms beyond ten", "found", "share %"],
        [[way, one["asked"], one["excepted"], one["found"], one["share"] * 100] for way, one in answer.items()],
    )
    return answer


if __name__ == "__main__":
    main()
