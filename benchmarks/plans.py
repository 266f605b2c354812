# ruff: noqa: E501 (statements in SQL)
"""Plans of action, as many as there are clients: what is due, « Mon travail », the list and the page of dossiers.

Run by `benchmarks.__main__` for one database, of which it takes a copy with plans in it (`bench_plans_…`): dossiers,
plans of seven steps and their jobs, made by sets as everything else. Kept until this file, the generator of the
clients or a migration changes. What it writes while it measures is rolled back.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import django
import psutil
import psycopg

from benchmarks import database, figures, queries
from benchmarks.search import MEMBERS, connection_pid, member_of

TIMES, VISITS = 15, 40
# Milliseconds in the database for what is due and for « Mon travail », p95 (issue D); for lists of teams and the first
# page of dossiers, p50 (speed.md: a list in 25 ms); what a page may cost in bare pages and raw SQL.
WORK_AT_MOST, LIST_AT_MOST, RATIO_AT_MOST = 10, 25, 3.0
# A count is asked for by the page, after its rows.
COUNTED = ", counted"
BODY = """
process: banc
name: {fr: Réclamation, en: Complaint}
subjects: [case]
steps:
- key: qualifier
  name: {fr: Qualifier la demande, en: Qualify the request}
  who: clientele
  due: 2 working days
  remind: [{before: 1 working day}]
  late: [{after: 2 days, do: [{escalate: {to: team_lead}}]}]
  form: {properties: {motif: {type: string, title: {fr: Motif}}, recevable: {type: boolean, title: {fr: Recevable}}}, required: [motif]}
- key: releve
  name: {fr: Demander une relève, en: Ask for a reading}
  if: [qualifier.recevable, "=", true]
  who: exploitation
  due: 10 days
  form: {properties: {index: {type: integer, title: {fr: Index}}}, required: [index]}
- {key: note, name: {fr: Noter, en: Note}, do: [{log_entry: {text: Relevé}}]}
- {key: delai, name: {fr: Délai de réflexion, en: Time to think}, wait: {for: 10 days}}
- {key: avoir, name: {fr: Valider l’avoir, en: Approve the credit note}, who: facturation, due: 5 working days, form: {properties: {numero: {type: string, title: {fr: Numéro}}}, required: [numero]}}
- {key: rappel, name: {fr: Rappeler le client, en: Call the customer back}, who: clientele, due: 5 working days, form: {}}
- {key: cloture, name: {fr: Clôturer, en: Close}, do: [{close_case: {}}]}
"""

# A plan stands at one of its steps: mostly at one that somebody fills in, some wait, one in a hundred is at work now.
STAGE = """(CASE WHEN pg_temp.u({n}, 201) < 0.01 THEN CASE WHEN pg_temp.u({n}, 202) < 0.5 THEN 3 ELSE 7 END
    WHEN pg_temp.u({n}, 201) < 0.15 THEN 4 ELSE (ARRAY[1, 2, 5, 6])[1 + floor(pg_temp.u({n}, 203) * 4)::int] END)"""
PARTS = {
    # One for each plan, and one in five besides that is closed. Whoever answers for it can see its client.
    "dossiers": """
        INSERT INTO cases_case (id, organization_id, number, client_id, case_type_id, title, state, sub_status, priority,
            opened_at, due_on, closed_at, closing_reason, responsible_id, team_id, origin, is_confidential, external_ref,
            external_state, automatic_key, created_by_id, created_at, version)
        SELECT i, 1, i, c.id, 1 + floor(pg_temp.u(i, 210) * 24)::int, 'Réclamation sur la facture ' || i,
            CASE WHEN i > %(plans)s THEN 'done' ELSE (ARRAY['new', 'in_progress', 'in_progress', 'deferred'])[1 + floor(pg_temp.u(i, 211) * 4)::int] END,
            '', (ARRAY['low', 'normal', 'normal', 'normal', 'high'])[1 + floor(pg_temp.u(i, 212) * 5)::int],
            now() - power(pg_temp.u(i, 213), 2) * interval '700 days', current_date + 40 - floor(pg_temp.u(i, 214) * 60)::int,
            CASE WHEN i > %(plans)s THEN now() - pg_temp.u(i, 215) * interval '300 days' END, '',
            CASE WHEN pg_temp.u(i, 216) < 0.3 AND (c.sector_id - 1100) / 8 BETWEEN 1 AND 10 THEN 20 + (c.sector_id - 1100) / 8
                 WHEN pg_temp.u(i, 216) < 0.6 AND (c.sector_id - 1100) %% 8 = 0 AND (c.sector_id - 1100) / 8 BETWEEN 1 AND 9 THEN 30 + (c.sector_id - 1100) / 8
                 ELSE 1 + floor(pg_temp.u(i, 217) * 20)::int END,
            1 + floor(power(pg_temp.u(i, 218), 1.5) * 12)::int, 'manual', pg_temp.u(i, 219) < 0.01, '', 'none', '',
            1 + floor(pg_temp.u(i, 217) * 20)::int, now() - pg_temp.u(i, 213) * interval '700 days', 1
        FROM generate_series(1, %(plans)s + %(plans)s / 5) i
        JOIN clients_client c ON c.id = 1 + floor(pg_temp.u(i, 220) * %(clients)s)::int AND c.organization_id = 1""",
    "words of dossiers": """
        INSERT INTO cases_words (case_id, organization_id, words)
        SELECT id, 1, interactions_lexemes(concat_ws(' ', number, title, external_ref)) FROM cases_case""",
    "their agents": """
        INSERT INTO cases_caseagent (organization_id, case_id, user_id, role)
        SELECT 1, id, created_by_id, 'originator' FROM cases_case
        UNION ALL SELECT 1, id, responsible_id, 'responsible' FROM cases_case WHERE responsible_id <> created_by_id""",
    "their contacts": """
        INSERT INTO cases_caseinteraction (organization_id, case_id, interaction_id, is_first, added, attached_at)
        SELECT 1, c.id, i.id, row_number() OVER (PARTITION BY c.id ORDER BY i.id) = 1, '{}', now()
        FROM cases_case c CROSS JOIN LATERAL (
            SELECT id FROM interactions_interaction i WHERE i.client_id = c.client_id ORDER BY occurred_at DESC, id DESC LIMIT 2) i""",
    "their notes": """
        INSERT INTO cases_caselogentry (organization_id, case_id, kind, text, data, author_id, created_at)
        SELECT 1, id, 'note', 'Le client attend une réponse écrite.', '{}', created_by_id, opened_at FROM cases_case""",
    "plans": """
        INSERT INTO processes_processrun (id, organization_id, definition_id, process_version_id, case_id, client_id, state,
            facts, start_key, started_by_id, started_at, why_ended, version)
        SELECT c.id, 1, %(definition)s, %(live)s, c.id, c.client_id, 'running', '{}', 'banc:' || c.id, c.created_by_id,
            c.opened_at, '', 1
        FROM cases_case c WHERE c.closed_at IS NULL""",
    "steps": f"""
        INSERT INTO processes_processstep (organization_id, run_id, client_id, key, attempt, position, kind, state, name_fr, name_en,
            assignee_id, team_id, ready_at, due_at, done_at, done_by_id, data, why_skipped, wait_key, is_ad_hoc, version)
        SELECT 1, r.id, r.client_id, s.key, 1, s.n * 100, s.kind,
            CASE WHEN s.n < r.stage THEN 'done' WHEN s.n = r.stage THEN 'ready' ELSE 'coming' END, s.name, '',
            CASE WHEN s.kind = 'form' AND s.n = r.stage AND r.share < 0.7 THEN r.responsible_id END,
            CASE s.key WHEN 'releve' THEN 2 WHEN 'avoir' THEN 3 WHEN 'rappel' THEN r.team_id WHEN 'qualifier' THEN r.team_id END,
            CASE WHEN s.n <= r.stage THEN r.due_at - interval '5 days' END,
            CASE WHEN s.n <= r.stage AND s.kind = 'form' THEN r.due_at END,
            CASE WHEN s.n < r.stage THEN r.due_at - interval '5 days' END,
            CASE WHEN s.n < r.stage AND s.kind = 'form' THEN r.responsible_id END,
            CASE WHEN s.n < r.stage AND s.n = 1 THEN '{{"motif": "Fuite", "recevable": true}}' ELSE '{{}}' END::jsonb, '', '', false, 1
        FROM (SELECT p.id, p.client_id, c.responsible_id, c.team_id, {STAGE.format(n="p.id")} AS stage, pg_temp.u(p.id, 205) AS share,
                     date_trunc('minute', now() + interval '40 days' - power(pg_temp.u(p.id, 204), 1.2) * interval '60 days') AS due_at
              FROM processes_processrun p JOIN cases_case c ON c.id = p.case_id) r
        CROSS JOIN (VALUES (1, 'qualifier', 'form', 'Qualifier la demande'), (2, 'releve', 'form', 'Demander une relève'),
            (3, 'note', 'do', 'Noter'), (4, 'delai', 'wait', 'Délai de réflexion'), (5, 'avoir', 'form', 'Valider l’avoir'),
            (6, 'rappel', 'form', 'Rappeler le client'), (7, 'cloture', 'do', 'Clôturer')) s (n, key, kind, name)
        ORDER BY r.id, s.n""",
    # A reminder and what follows lateness for what somebody has to do, the end of waits, actions that are due.
    "jobs": """
        INSERT INTO processes_processjob (organization_id, run_id, step_id, kind, index, run_at, state, tries, error, done_at)
        SELECT 1, s.run_id, s.id, j.kind, 0, j.run_at, CASE WHEN j.run_at > now() OR j.kind = 'action' THEN 'waiting' ELSE 'done' END,
            0, '', CASE WHEN j.run_at <= now() AND j.kind <> 'action' THEN j.run_at END
        FROM processes_processstep s CROSS JOIN LATERAL (VALUES
            ('remind', s.due_at - interval '1 day', s.kind = 'form'), ('late', s.due_at + interval '2 days', s.kind = 'form'),
            ('wait', now() + pg_temp.u(s.run_id, 206) * interval '10 days', s.kind = 'wait'),
            ('action', now() - pg_temp.u(s.run_id, 206) * interval '1 hour', s.kind = 'do')) j (kind, run_at, is_so)
        WHERE s.state = 'ready' AND j.is_so""",
}
# One open dossier in ten was promised a solution; of these one in six waits for its client, its clock held.
PROMISES = (
    """
    INSERT INTO cases_slarule (organization_id, category, first_answer, next_answer, solution, is_active, version)
    VALUES (1, '', '', '', '20 working days', true, 1)""",
    """
    INSERT INTO cases_slaclock (organization_id, case_id, kind, target, started_at, due_at, paused_since, paused_seconds, check_at)
    SELECT 1, id, 'solution', '20 working days', opened_at, due, held, 0, CASE WHEN held IS NULL THEN due END
    FROM (SELECT id, opened_at, now() + (pg_temp.u(id, 222) * 40 - 15) * interval '1 day' AS due,
                 CASE WHEN pg_temp.u(id, 223) < 0.17 THEN now() - interval '2 days' END AS held
          FROM cases_case WHERE closed_at IS NULL AND pg_temp.u(id, 221) < 0.1) c""",
    """
    UPDATE cases_case c SET sla_due_at = k.due_at FROM cases_slaclock k
    WHERE k.case_id = c.id AND k.paused_since IS NULL""",
)
TABLES = (
    "cases_case", "cases_caseagent", "cases_caseinteraction", "cases_caselogentry", "processes_processrun",
    "processes_processstep", "processes_processjob",
)  # fmt: skip
# A step completed in the plainest way: the step, the next one with its jobs, the plan, each beside its journal.
RAW_COMPLETE = [
    "SELECT * FROM processes_processrun WHERE id = %(run)s FOR UPDATE",
    "SELECT * FROM processes_processstep WHERE run_id = %(run)s ORDER BY position, attempt",
    "SELECT body FROM processes_processversion WHERE id = (SELECT process_version_id FROM processes_processrun WHERE id = %(run)s)",
    "UPDATE processes_processstep SET state = 'done', done_at = now(), done_by_id = 1, data = '{\"note\": \"fait\"}', version = version + 1 WHERE id = %(step)s",
    "UPDATE processes_processjob SET state = 'cancelled' WHERE step_id = %(step)s AND state = 'waiting'",
    "UPDATE processes_processstep SET state = 'ready', ready_at = now(), due_at = now() + interval '5 days', team_id = 1, version = version + 1 WHERE id = (SELECT id FROM processes_processstep WHERE run_id = %(run)s AND state = 'coming' ORDER BY position LIMIT 1)",
    "INSERT INTO processes_processjob (organization_id, run_id, step_id, kind, index, run_at, state, tries, error) SELECT 1, run_id, id, 'remind', 99, now() + interval '4 days', 'waiting', 0, '' FROM processes_processstep WHERE run_id = %(run)s AND state = 'ready'",
    "UPDATE processes_processrun SET version = version + 1 WHERE id = %(run)s",
]


def prepare(clients: int, plans: int) -> str:
    """The address of the copy with plans, made now unless it is there."""
    source, name = f"bench_{clients}", f"bench_plans_{plans}_of_{clients}"
    running = database.server()
    dsn = running.dsn_for(name)
    mark = hashlib.sha256(
        database.fingerprint().encode() + "".join([BODY, *PARTS, *PARTS.values()]).encode()
    ).hexdigest()
    with psycopg.connect(running.dsn_for("postgres"), autocommit=True) as connection:
        found = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if found and (found[0] == mark or os.environ.get("ENTREGENT_BENCH_KEEP")):
            database.migrate(dsn)
            promise(dsn)
            return dsn
        started = time.monotonic()
        connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY FILE_COPY')
        print(f"{plans:,} plans: copied in {time.monotonic() - started:.0f} s", flush=True)
    filling = [sys.executable, "-m", "benchmarks.plans", "--clients", str(clients), "--plans", str(plans), "--fill"]
    subprocess.run(filling, check=True, cwd=database.ROOT, env=database.environment(dsn))
    with psycopg.connect(running.dsn_for("postgres"), autocommit=True) as connection:
        connection.execute(f"COMMENT ON DATABASE \"{name}\" IS '{mark}'")
        connection.execute("CHECKPOINT")
    promise(dsn)
    return dsn


def promise(dsn: str) -> None:
    """Open promises, unless they are there."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        run = connection.execute
        if run("SELECT 1 FROM cases_slarule WHERE organization_id = 1").fetchone():
            return
        run("SET session_replication_role = replica")
        run("SET synchronous_commit = off")
        database._functions(run)
        for statement in PROMISES:
            run(statement)
        run("VACUUM ANALYZE cases_case, cases_slaclock")


def fill(clients: int, plans: int) -> None:
    django.setup()
    from entregent.access.wall import in_organization
    from entregent.organizations.models import Organization
    from entregent.processes import actions

    dsn = os.environ["ENTREGENT_DATABASE_URL"]
    with psycopg.connect(dsn, autocommit=True) as connection:
        run = connection.execute
        run("SET session_replication_role = replica")
        run(
            """INSERT INTO organizations_team (id, organization_id, code, label_fr, label_en, lead_id, is_active, version)
               SELECT i, 1, coalesce((ARRAY['clientele', 'exploitation', 'facturation'])[i], 'equipe-' || i), 'Équipe ' || i,
                      'Team ' || i, 1, true, 1 FROM generate_series(1, 12) i"""
        )
        run("""INSERT INTO organizations_teammember (organization_id, team_id, user_id)
               SELECT 1, t, u FROM generate_series(1, 12) t, generate_series(1, 39) u WHERE (u + t) % 4 = 0""")
        run(
            """INSERT INTO cases_casetype (id, organization_id, code, path, label_fr, label_en, position, is_active,
                   sub_statuses, due_rule, warn_days, is_confidential, version)
               SELECT i, 1, 'type-' || i, 'type-' || i, 'Type ' || i, 'Type ' || i, i, true, '[]', '', 2, false, 1
               FROM generate_series(1, 24) i"""
        )  # fmt: skip
        for table in ("organizations_team", "cases_casetype"):
            run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    with in_organization(queries.BIG, user_id=1):
        live = actions.install(Organization.objects.get(pk=queries.BIG), BODY, by=None)
        if live is None or live.state != "live":
            sys.exit("the process of the benchmark could not be published")
    with psycopg.connect(dsn, autocommit=True) as connection:
        run = connection.execute
        run("SET session_replication_role = replica")
        run("SET synchronous_commit = off")
        run("SET work_mem = '256MB'")
        database._functions(run)
        values = {"plans": plans, "clients": clients, "definition": live.definition_id, "live": live.pk}
        for what, statement in PARTS.items():
            started = time.monotonic()
            run(statement, values if "%(" in statement else None)
            print(f"  {what}: {time.monotonic() - started:.0f} s", flush=True)
        for table in TABLES:
            run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 1) FROM {table}))")
        run(
            "INSERT INTO organizations_counter (organization_id, name, value) SELECT 1, 'case', max(number) FROM cases_case"
        )
        run(f"VACUUM ANALYZE {', '.join([*TABLES, 'cases_words'])}")
        # The small ones as well: what the product's tables are told to do by themselves.
        run("ANALYZE")


@click.command()
@click.option("--clients", required=True, type=int)
@click.option("--plans", type=int, default=None, help="As many as clients unless it is said.")
@click.option("--into", type=click.Path())
@click.option("--fill", "is_filling", is_flag=True, hidden=True)
def main(clients: int, plans: int | None, into: str | None, is_filling: bool) -> None:
    plans = plans or clients
    if is_filling:
        fill(clients, plans)
        return
    os.environ["ENTREGENT_DATABASE_URL"] = prepare(clients, plans)
    django.setup()
    from entregent.access.wall import in_organization

    result: dict = {"machine": figures.machine(), "clients": clients, "plans": plans, "work": {}, "lists": {}}
    for who, user_id in MEMBERS.items():
        with in_organization(queries.BIG, user_id=user_id):
            member = member_of(user_id)
            result["work"][who] = timed_all(work_of(member), f"Due and to do ({who}), ms in the database")
            result["lists"][who] = timed_all(lists_of(member), f"Dossiers ({who}), ms in the database")
    result["pages"] = pages_of()
    if into:
        Path(into).write_text(json.dumps(result, indent=1, ensure_ascii=False))
    slow = [f"{name} ({who})" for who, found in result["work"].items() for name, one in found.items()
            if is_slow(name, one)]  # fmt: skip
    slow += [f"{name} ({who})" for who, found in result["lists"].items() for name, one in found.items()
             if not name.endswith(COUNTED) and one["p50"] > LIST_AT_MOST]  # fmt: skip
    if slow:
        sys.exit(f"slower than {WORK_AT_MOST} ms (p95), a list than {LIST_AT_MOST} (p50): {', '.join(slow)}")


def is_slow(name: str, one: dict) -> bool:
    if name.startswith(("due jobs", "my work")):
        return one["p95"] > WORK_AT_MOST
    return one["p50"] > LIST_AT_MOST


def work_of(member) -> dict[str, Callable[[], object]]:
    """The questions of the worker and of « Mon travail », as the product asks them."""
    from entregent.organizations.models import Team
    from entregent.processes import questions
    from entregent.processes.actions.due import due_jobs
    from entregent.processes.web import board
    from entregent.processes.web.work import Scope, listed

    teams = list(Team.objects.of(member))
    asked: dict[str, Callable[[], object]] = {}
    if member.user_id == 1:
        asked["due jobs, one round"] = lambda: list(due_jobs(queries.BIG))
        run = due_jobs(queries.BIG)[0][1]
        asked["due jobs of one plan"] = lambda: list(due_jobs(queries.BIG, run_id=run))

    def pages(name: str, steps: Callable[[], object], **order) -> None:
        def page(mark: str):
            # What is in reach is asked for once per request.
            member.__dict__.pop("_reached", None)
            return listed(steps(), mark, questions.order_of(member, **order))

        mark = ""
        for number in range(1, 11):
            if number in (1, 2, 10):
                asked[f"{name}, page {number}"] = lambda mark=mark: page(mark)
            _rows, mark = page(mark)
            if not mark:
                break

    pages("my work", lambda: questions.my_steps(member), mine=True)
    pages("one team", lambda: questions.team_steps(member, teams[0]), teams=teams[:1])
    pages("a small team", lambda: questions.team_steps(member, teams[-1]), teams=teams[-1:])
    pages("my teams", lambda: questions.team_steps(member), teams=teams)
    free = {"assignee": None}
    pages("my teams, not taken", lambda: questions.team_steps(member).filter(**free), teams=teams, only_free=True)
    pages("everybody's", lambda: questions.all_steps(member))

    def columns(scope: Scope):
        member.__dict__.pop("_reached", None)
        return board.columns_of(scope)

    asked["board of my work"] = lambda: columns(Scope(member, "mine", [], None, []))
    asked["board of my teams' work"] = lambda: columns(Scope(member, "team", teams, None, teams))
    asked["board of everybody's work"] = lambda: columns(Scope(member, "team", teams, None, None))
    return asked


def lists_of(member) -> dict[str, Callable[[], object]]:
    """The list of dossiers in each order that a column offers: all, the open ones; its filters; its count."""
    from entregent.cases.web.listing import COLUMNS
    from entregent.listing.lists import lists
    from entregent.listing.pages import ask

    definition = lists(member)["cases"]
    conditions = {
        "all": None,
        "open": {"all": [["is_open", "is", True]]},
        "mine": {"all": [["is_open", "is", True], ["responsible", "me"]]},
        "late": {"all": [["is_open", "is", True], ["late", "is", True]]},
        "new": {"all": [["state", "is", "new"]]},
        "done": {"all": [["state", "is", "done"]]},
        "promise late": {"all": [["is_open", "is", True], ["sla_late", "is", True]]},
        "one type": {"all": [["is_open", "is", True], ["case_type", "is", "7"]]},
        "one team": {"all": [["is_open", "is", True], ["team", "is", "9"]]},
    }
    asked: dict[str, Callable[[], object]] = {}
    for column in definition.columns_by_code(member).values():
        for sort in (column.code, f"-{column.code}") if column.is_sortable else ():
            for name, condition in conditions.items():
                asked[f"{name} by {sort}"] = lambda sort=sort, condition=condition: ask(
                    definition, member, condition=condition
                ).page(columns=COLUMNS, sort=sort)
    for name, condition in conditions.items():
        asked[f"{name}{COUNTED}"] = lambda condition=condition: ask(definition, member, condition=condition).count()
    asked["three words"] = lambda: ask(definition, member, text="réclamation facture 777").page(columns=COLUMNS)
    return asked


def timed_all(asked: dict[str, Callable[[], object]], title: str) -> dict:
    answer = {name: timed(once) for name, once in asked.items()}
    figures.table(
        title, ["", "statements", "least", "p50", "p95", "blocks"],
        [[name, one["statements"], one["least"], one["p50"], one["p95"], one["blocks"]] for name, one in answer.items()],
    )  # fmt: skip
    return answer


def timed(once: Callable[[], object]) -> dict:
    """Time in the database alone, of several after a first; blocks touched, which other work does not change."""
    from django.db import connection

    spent, kept = 0.0, []

    def watch(execute, sql, params, many, context):
        nonlocal spent
        kept.append((sql, params))
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent += (time.perf_counter() - started) * 1000

    times = []
    with connection.execute_wrapper(watch):
        for _number in range(TIMES + 1):
            spent = 0.0
            kept.clear()
            once()
            times.append(spent)
    blocks = 0
    with connection.cursor() as cursor:
        for sql, params in kept:
            if sql.lstrip().upper().startswith(("SELECT", "WITH")):
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
                plan = cursor.fetchone()[0]
                plan = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
                blocks += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return figures.summary(times[1:]) | {"least": round(min(times[1:]), 2), "statements": len(kept), "blocks": blocks}


def pages_of() -> dict:
    """Whole pages in the process, beside the bare page and the raw SQL of the same work. All is rolled back."""
    from django.db import connection, transaction
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from benchmarks.pages import SLUG
    from entregent.organizations.models import User

    with psycopg.connect(os.environ["ENTREGENT_DATABASE_URL"], autocommit=True) as raw:
        chosen = raw.execute(
            """SELECT s.id, s.run_id, s.version FROM processes_processstep s JOIN processes_processrun r ON r.id = s.run_id
               JOIN cases_case c ON c.id = r.case_id
               WHERE s.state = 'ready' AND s.key = 'rappel' AND NOT c.is_confidential ORDER BY s.id LIMIT 60"""
        ).fetchall()
    found: dict[str, dict] = {}
    with transaction.atomic():
        browser = Client(HTTP_HOST="127.0.0.1")
        browser.force_login(User.objects.get(pk=1), backend="entregent.organizations.sessions.SignIn")

        def get(address: str):
            response = browser.get(address)
            if response.status_code != 200:
                sys.exit(f"{address}: {response.status_code}")

        def complete(place: int):
            step, _run, version = chosen[place]
            address = f"/{SLUG}/plans-d-action/etapes/{step}/terminer/"
            response = browser.post(address, {"version": version})
            if response.status_code not in (302, 303):
                sys.exit(f"{address}: {response.status_code}")

        visited: dict[str, Callable[[int], None]] = {
            "bare page": lambda place: get(f"/{SLUG}/page-nue/"),
            "my work": lambda place: get(f"/{SLUG}/plans-d-action/"),
            "my teams' work": lambda place: get(f"/{SLUG}/plans-d-action/equipe/"),
            "board of my work": lambda place: get(f"/{SLUG}/plans-d-action/tableau/"),
            "board of my teams' work": lambda place: get(f"/{SLUG}/plans-d-action/tableau/?vue=equipe"),
            "list of dossiers": lambda place: get(f"/{SLUG}/dossiers/"),
            "board": lambda place: get(f"/{SLUG}/dossiers/tableau/"),
            "page of a dossier": lambda place: get(f"/{SLUG}/dossiers/{chosen[place][1]}/"),
            "its plans": lambda place: get(f"/{SLUG}/plans-d-action/dossiers/{chosen[place][1]}/"),
            "page of a plan": lambda place: get(f"/{SLUG}/plans-d-action/{chosen[place][1]}/"),
            "a step completed": complete,
        }
        backend = psutil.Process(connection_pid(connection))
        for name, visit in visited.items():
            visit(0)
            with CaptureQueriesContext(connection) as captured:
                visit(1)
                statements = len(captured)
            times, began = [], processor(backend)
            for place in range(2, 2 + VISITS):
                started = time.perf_counter()
                visit(place)
                times.append((time.perf_counter() - started) * 1000)
            found[name] = figures.summary(times) | {
                "least": round(min(times), 2), "statements": statements,
                "processor_ms": round((processor(backend) - began) / VISITS, 2),
            }  # fmt: skip
        transaction.set_rollback(True)
    bare, plain = found["bare page"]["processor_ms"], raw_completion(chosen)
    for name, one in found.items():
        one["ratio"] = round(one["processor_ms"] / (bare + (plain if name == "a step completed" else 0)), 2)
    found["a step completed"]["raw_sql_processor_ms"] = plain
    figures.table(
        f"Pages in the process; a step completed is {RATIO_AT_MOST:g} × bare page + raw SQL at most, the others beside "
        "the bare page",
        ["", "statements", "processor, ms", "least, ms", "p50", "p95", "ratio"],
        [
            [name, one["statements"], one["processor_ms"], one["least"], one["p50"], one["p95"], one["ratio"]]
            for name, one in found.items()
        ],
    )
    return found


def processor(backend: psutil.Process) -> float:
    """Milliseconds of the processor so far, of this process and of its session: what other work disturbs least."""
    spent = backend.cpu_times()
    return (time.process_time() + spent.user + spent.system) * 1000


def raw_completion(chosen) -> float:
    """The same work by plain statements, with the journal that the tables keep by themselves."""
    with psycopg.connect(os.environ["ENTREGENT_DATABASE_URL"]) as raw:
        raw.execute("SET ROLE entregent_app")
        raw.execute("SELECT set_config('app.org_id', '1', false), set_config('app.user_id', '1', false)")
        backend = psutil.Process(raw.info.backend_pid)
        began = processor(backend)
        for step, run, _version in chosen[2 : 2 + VISITS]:
            for statement in RAW_COMPLETE:
                raw.execute(statement, {"run": run, "step": step})
        spent = processor(backend) - began
        raw.rollback()
    return round(spent / VISITS, 2)


if __name__ == "__main__":
    main()
