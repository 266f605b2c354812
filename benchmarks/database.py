# ruff: noqa: E501 (statements in SQL)
"""The server and the data of the benchmarks: an embedded PostgreSQL under `benchmarks/data/`, one database per size.

The data are made in the database, by sets: a million clients with all that belongs to them take minutes. Chance is a
hash of the row's number and a seed, so that the same row always comes out the same. They are kept until the generator
or a migration changes.
"""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from benchmarks import names
from entregent.config.embedded_postgres import EmbeddedPostgres
from entregent.toolbox.text import search_key

HERE = Path(__file__).parent
DATA = Path(os.environ.get("ENTREGENT_BENCH_DIR") or HERE / "data")
ROOT = HERE.parent

# Tables that are filled, in an order that their references allow.
TABLES = [
    "clients_client",
    "clients_person",
    "clients_clientperson",
    "clients_address",
    "clients_businessobject",
    "clients_credithold",
    "interactions_interaction",
    "interactions_interactionentry",
    "interactions_interactionagent",
    "search_entry",
    "search_word",
]
FILLED = [*TABLES, "clients_clientsummary", "clients_duplicateprofile"]


def server() -> EmbeddedPostgres:
    return EmbeddedPostgres(DATA, os.environ.get("ENTREGENT_PG_BIN_DIR"))


def fingerprint() -> str:
    """Of everything that the data depend on."""
    digest = hashlib.sha256()
    files = [HERE / "database.py", HERE / "names.py", *sorted((ROOT / "entregent").glob("*/migrations/0*.py"))]
    for path in [*files, *sorted((ROOT / "entregent").glob("*/*.sql"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def prepare(running: EmbeddedPostgres, clients: int, *, keep: bool = False) -> str:
    """The address of the database with `clients` clients, made now unless it is there. `keep`: as it is, migrated."""
    name = f"bench_{clients}"
    dsn = running.dsn_for(name)
    mark = fingerprint()
    with psycopg.connect(running.dsn_for("postgres"), autocommit=True) as connection:
        found = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if found and (keep or found[0] == mark):
            if keep:
                migrate(dsn)
            return dsn
        print(f"making {clients:,} clients…", flush=True)
        connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
        connection.execute(f'CREATE DATABASE "{name}"')
    migrate(dsn)
    started = time.monotonic()
    with psycopg.connect(dsn, autocommit=True) as connection:
        _fill(connection, clients)
    with psycopg.connect(running.dsn_for("postgres"), autocommit=True) as connection:
        connection.execute(f"COMMENT ON DATABASE \"{name}\" IS '{mark}'")
        connection.execute("CHECKPOINT")
    print(f"made in {time.monotonic() - started:.0f} s", flush=True)
    return dsn


def environment(dsn: str) -> dict[str, str]:
    """What the product's processes are given to work on this database."""
    return os.environ | {
        "ENTREGENT_DATABASE_URL": dsn,
        "ENTREGENT_DATA_DIR": str(DATA / "instance"),
        "ENTREGENT_SECRET_KEY": "only-for-benchmarks-" * 3,
        "ENTREGENT_DEBUG": "false",
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "PYTHONPATH": str(ROOT),
    }


def collect_static(dsn: str) -> None:
    """The server of the benchmarks serves the same compressed files as that of an instance."""
    _manage(dsn, "collectstatic", "--clear")


def migrate(dsn: str) -> None:
    _manage(dsn, "migrate", "--skip-checks")


def _manage(dsn: str, *command: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *command, "--verbosity", "0", "--no-input"],
        cwd=ROOT,
        check=True,
        env=environment(dsn) | {"DJANGO_SETTINGS_MODULE": "entregent.config.settings"},
    )


def _fill(connection: psycopg.Connection, clients: int) -> None:
    run = connection.execute
    run("SET synchronous_commit = off")
    run("SET maintenance_work_mem = '512MB'")
    run("SET work_mem = '128MB'")
    # No trigger and no check of references while loading: the entries of the search are written by their own function
    # below, and the journal begins with what the benchmarks do.
    run("SET session_replication_role = replica")
    _functions(run)
    kept = _drop_indexes(run)
    _organizations(run, clients)
    # One big organization holds most, five small ones the rest.
    first = 0
    for organization, size in [(1, clients)] + [(n, 2_000) for n in range(2, 7)]:
        step = 100_000
        for start in range(0, size, step):
            _clients(run, organization, first + start, min(step, size - start))
        first += size
    for what, statement in PARTS.items():
        started = time.monotonic()
        run(statement)
        print(f"  {what}: {time.monotonic() - started:.0f} s", flush=True)
    started = time.monotonic()
    for table in ["clients_clientperson", "clients_address"]:
        run(f"CREATE INDEX bench_{table} ON {table} (client_id)")
    run("CREATE INDEX bench_of_person ON clients_clientperson (person_id)")
    run("ANALYZE")
    total = run("SELECT max(id) FROM clients_client").fetchone()[0]
    for start in range(1, total + 1, 50_000):
        run("SELECT clients_index(array(SELECT generate_series(%s::bigint, %s)))", [start, start + 49_999])
        run("SELECT clients_write_reach(array(SELECT generate_series(%s::bigint, %s)))", [start, start + 49_999])
    total = run("SELECT coalesce(max(id), 0) FROM clients_person").fetchone()[0]
    for start in range(1, total + 1, 50_000):
        run("SELECT people_index(array(SELECT generate_series(%s::bigint, %s)))", [start, start + 49_999])
    for table in ["clients_clientperson", "clients_address"]:
        run(f"DROP INDEX bench_{table}")
    run("DROP INDEX bench_of_person")
    print(f"  search entries: {time.monotonic() - started:.0f} s", flush=True)
    started = time.monotonic()
    for statement in kept:
        run(statement)
    print(f"  indexes: {time.monotonic() - started:.0f} s", flush=True)
    started = time.monotonic()
    words = run("SELECT pg_get_indexdef('interactions_words_found'::regclass)").fetchone()[0]
    run("DROP INDEX interactions_words_found")
    total = run("SELECT coalesce(max(id), 0) FROM interactions_interaction").fetchone()[0]
    for start in range(1, total + 1, 50_000):
        run("SELECT interactions_index(array(SELECT generate_series(%s::bigint, %s)))", [start, start + 49_999])
    run(words)
    print(f"  words of interactions: {time.monotonic() - started:.0f} s", flush=True)
    for table in TABLES:
        run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 1) FROM {table}))")
    run(
        """INSERT INTO organizations_counter (organization_id, name, value)
           SELECT organization_id, 'interaction', max(number) FROM interactions_interaction GROUP BY 1
           UNION ALL SELECT id, 'client', 100000000 FROM organizations_organization"""
    )
    run("VACUUM ANALYZE")


def _drop_indexes(run) -> list[str]:
    """Drops what slows loading down, except keys; gives the statements that bring it back."""
    rows = run(
        """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), c.conname, pg_get_constraintdef(c.oid),
                  i.indrelid::regclass::text, i.indisprimary, d.description
           FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
           LEFT JOIN pg_description d ON d.objoid = i.indexrelid AND d.classoid = 'pg_class'::regclass
           WHERE i.indrelid = ANY (%s::regclass[])
             -- What a foreign key points to cannot go.
             AND NOT EXISTS (SELECT 1 FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = i.indexrelid)""",
        [FILLED],
    ).fetchall()
    statements = []
    for index, definition, constraint, body, table, is_primary, _ in rows:
        # Upserts of the search need their keys.
        if is_primary or (table in ("search_entry", "search_word") and "UNIQUE" in definition):
            continue
        if constraint:
            run(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
            statements.append(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {body}")
        else:
            run(f"DROP INDEX {index}")
            statements.append(definition)
    return statements


def _functions(run) -> None:
    # u(row, salt): from 0 to 1, the same for ever. pick: skewed to the front of a list.
    run(
        """CREATE FUNCTION pg_temp.u(i bigint, salt int) RETURNS float LANGUAGE sql IMMUTABLE AS $$
             SELECT (hashint8extended(i, 20261121 + salt) & 1099511627775)::float / 1099511627776 $$"""
    )
    for name, words in {
        "surname": names.surnames(),
        "first_name": names.spoken(names.FIRST_NAMES),
        "trade": names.spoken(names.TRADES),
        "form": names.FORMS,
        "city": names.spoken(names.CITIES),
        "street": names.spoken(names.STREETS),
        "domain": names.DOMAINS,
    }.items():
        run(f"CREATE TEMP TABLE word_{name} (id int PRIMARY KEY, word text, key text)")
        with run_cursor(run).copy(f"COPY word_{name} FROM STDIN") as copy:
            for position, word in enumerate(words):
                copy.write_row((position, word, search_key(word)))
        run(f"ANALYZE word_{name}")


def run_cursor(run):
    return run.__self__.cursor()


def _organizations(run, clients: int) -> None:
    run(
        """INSERT INTO organizations_organization (slug, name, trade, modules, provider_kind, time_zone, language, country,
                currency, crm_list_label, terminology, second_factor_required, version, mail_sender_name,
                mail_sender_address, mail_reply_address, mail_signature_fr, mail_signature_en, replies_by_mail)
           SELECT CASE i WHEN 1 THEN 'banc' ELSE 'petit-' || i END, 'Banc d''essai ' || i, 'water',
                  '{mortgage,casework,delegation,portal,client_mgmt,file_transfer}', '', 'Europe/Paris', 'fr', 'FR', 'EUR',
                  'GRC', '{}', false, 1, '', '', '', '', '', false
           FROM generate_series(1, 6) i"""
    )
    # Thirteen regions with eight departments each: the path is what the trigger would write.
    run(
        """INSERT INTO organizations_sector (id, organization_id, code, name, level, parent_id, path, version)
           SELECT o * 1000 + r, o, 'R' || r, 'Région ' || r, 'Région', NULL, '/' || (o * 1000 + r) || '/', 1
           FROM generate_series(1, 6) o, generate_series(1, 13) r
           UNION ALL
           SELECT o * 1000 + 100 + r * 8 + d, o, 'D' || (r * 8 + d), 'Département ' || (r * 8 + d), 'Département',
                  o * 1000 + r, '/' || (o * 1000 + r) || '/' || (o * 1000 + 100 + r * 8 + d) || '/', 1
           FROM generate_series(1, 6) o, generate_series(1, 13) r, generate_series(0, 7) d"""
    )
    run(
        """INSERT INTO organizations_user (email, name, password, language, theme, single_key_shortcuts, is_active, date_joined)
           SELECT 'agent' || i || '@banc.example', 'Agent ' || i, '!', 'fr', 'system', true, true, now()
           FROM generate_series(1, 40) i"""
    )
    # Agents 1 to 20 see the whole of the big organization, 21 to 30 one region, 31 to 39 one department; 40 is elsewhere.
    run(
        """INSERT INTO organizations_membership
               (organization_id, user_id, role, functions, rights_added, rights_removed, is_active, version)
           SELECT CASE WHEN i = 40 THEN 2 ELSE 1 END, i, CASE WHEN i <= 20 THEN 'manager' ELSE 'editor' END, '{agent}',
                  '{}', '{}', true, 1 FROM generate_series(1, 40) i"""
    )
    run(
        """INSERT INTO organizations_grant (organization_id, membership_id, scope_type, scope_id)
           SELECT m.organization_id, m.id, CASE WHEN m.user_id <= 20 OR m.user_id = 40 THEN 'organization' ELSE 'sector' END,
                  CASE WHEN m.user_id <= 20 OR m.user_id = 40 THEN NULL
                       WHEN m.user_id <= 30 THEN 1000 + m.user_id - 20
                       ELSE 1100 + (m.user_id - 30) * 8 END
           FROM organizations_membership m"""
    )
    run(
        """INSERT INTO clients_businessobjecttype
               (organization_id, code, label_fr, label_en, plural_fr, plural_en, position, states, attributes, version)
           SELECT o, code, fr, en, fr || 's', en || 's', position,
                  '[{"code": "active", "fr": "Actif", "en": "Active", "tone": "ok"},
                    {"code": "late", "fr": "En retard", "en": "Late", "tone": "bad"},
                    {"code": "unpaid", "fr": "Impayée", "en": "Unpaid", "tone": "warn"},
                    {"code": "overdue", "fr": "Échue", "en": "Overdue", "tone": "bad"},
                    {"code": "paid", "fr": "Payée", "en": "Paid", "tone": "ok"}]', '[]', 1
           FROM generate_series(1, 6) o, (VALUES ('contract', 'Contrat', 'Contract', 10),
                ('service_point', 'Point de service', 'Service point', 20), ('meter', 'Compteur', 'Meter', 30),
                ('reading', 'Relevé', 'Reading', 40), ('invoice', 'Facture', 'Invoice', 50)) t (code, fr, en, position)"""
    )
    run(
        """INSERT INTO interactions_topic (organization_id, code, label_fr, label_en, applies_to, position, is_active, version)
           SELECT o, 'topic-' || t, 'Rubrique ' || t, 'Topic ' || t, '{client,prospect,person}', t, true, 1
           FROM generate_series(1, 6) o, generate_series(1, 9) t"""
    )
    for table in ["organizations_sector"]:
        run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")


def _clients(run, organization: int, first: int, size: int) -> None:
    """Six in ten are persons, three companies named after somebody, one a company named after a place."""
    run(
        """
        INSERT INTO clients_client (id, organization_id, number, kind, name, first_name, display_name, sort_key, status,
            category, language, responsible_id, sector_id, sector_reach, emails, phones, identifiers, created_at, updated_at,
            version)
        SELECT i, %(organization)s, 'C' || lpad(i::text, 7, '0'),
            CASE WHEN is_person THEN 'person' ELSE 'company' END, name, first_name,
            trim(first_name || ' ' || name), trim(name_key || ' ' || first_key),
            CASE WHEN pg_temp.u(i, 10) < 0.08 THEN 'prospect' WHEN pg_temp.u(i, 10) < 0.1 THEN 'inactive' ELSE 'client' END,
            CASE WHEN is_person THEN 'particulier' ELSE 'professionnel' END,
            CASE WHEN pg_temp.u(i, 11) < 0.1 THEN 'en' ELSE 'fr' END,
            1 + floor(pg_temp.u(i, 12) * 39)::int, sector, ARRAY[sector],
            CASE WHEN pg_temp.u(i, 13) < 0.7
                 THEN ARRAY[replace(trim(first_key || '.' || name_key, '.'), ' ', '-') || i %% 997 || '@' || domain]
                 ELSE '{}' END,
            CASE WHEN pg_temp.u(i, 14) < 0.9 THEN jsonb_build_array(
                jsonb_build_object('label', 'Mobile', 'number', '+33' || (6 + i %% 2) || lpad(floor(pg_temp.u(i, 15) * 1e8)::bigint::text, 8, '0')))
                 ELSE '[]' END ||
            CASE WHEN pg_temp.u(i, 16) < 0.4 THEN jsonb_build_array(
                jsonb_build_object('label', 'Fixe', 'number', '+33' || (1 + i %% 5) || lpad(floor(pg_temp.u(i, 17) * 1e8)::bigint::text, 8, '0')))
                 ELSE '[]' END,
            CASE WHEN is_person THEN '{}' ELSE jsonb_build_object('siren', lpad(floor(pg_temp.u(i, 18) * 1e9)::bigint::text, 9, '0')) END,
            now() - pg_temp.u(i, 19) * interval '2000 days', now() - pg_temp.u(i, 20) * interval '300 days', 1
        FROM (
            SELECT i, u < 0.6 AS is_person,
                CASE WHEN u < 0.6 THEN s.word
                     WHEN u < 0.9 THEN trim(t.word || ' ' || s.word || ' ' || f.word)
                     ELSE trim(t.word || ' de ' || c.word || ' ' || f.word) END AS name,
                CASE WHEN u < 0.6 THEN s.key
                     WHEN u < 0.9 THEN trim(t.key || ' ' || s.key || ' ' || f.key)
                     ELSE trim(t.key || ' de ' || c.key || ' ' || f.key) END AS name_key,
                CASE WHEN u < 0.6 THEN p.word ELSE '' END AS first_name,
                CASE WHEN u < 0.6 THEN p.key ELSE '' END AS first_key,
                d.word AS domain,
                (%(organization)s * 1000 + 108 + floor(power(pg_temp.u(i, 8), 1.6) * 104))::bigint AS sector
            FROM generate_series(%(first)s + 1, %(first)s + %(size)s) i
            CROSS JOIN LATERAL (SELECT pg_temp.u(i, 1) AS u) chance
            JOIN word_surname s ON s.id = floor(power(pg_temp.u(i, 2), 2.4) * (SELECT count(*) FROM word_surname))::int
            JOIN word_first_name p ON p.id = floor(power(pg_temp.u(i, 3), 1.7) * (SELECT count(*) FROM word_first_name))::int
            JOIN word_trade t ON t.id = floor(pg_temp.u(i, 4) * (SELECT count(*) FROM word_trade))::int
            JOIN word_form f ON f.id = floor(pg_temp.u(i, 5) * (SELECT count(*) FROM word_form))::int
            JOIN word_city c ON c.id = floor(power(pg_temp.u(i, 6), 1.5) * (SELECT count(*) FROM word_city))::int
            JOIN word_domain d ON d.id = floor(pg_temp.u(i, 7) * (SELECT count(*) FROM word_domain))::int
        ) made
        """,
        {"organization": organization, "first": first, "size": size},
    )


PARTS = {
    "addresses": """
        INSERT INTO clients_address (organization_id, client_id, kind, label, street, unit, postal_code, city, region,
            country, external_key, version)
        SELECT c.organization_id, c.id, 'main', '', 1 + floor(pg_temp.u(c.id, 30) * 150)::int || ' ' || s.word, '',
            lpad((1000 + floor(pg_temp.u(c.id, 31) * 94000))::text, 5, '0'), v.word, '', 'FR', '', 1
        FROM clients_client c
        JOIN word_street s ON s.id = floor(pg_temp.u(c.id, 32) * (SELECT count(*) FROM word_street))::int
        JOIN word_city v ON v.id = floor(power(pg_temp.u(c.id, 33), 1.5) * (SELECT count(*) FROM word_city))::int""",
    # Two clients in three have a person, some of them two.
    "people": """
        INSERT INTO clients_person (id, organization_id, file_as, first_name, last_name, title, company, sort_key,
            language, emails, phones, external_key, version)
        SELECT row_number() OVER (ORDER BY c.id, n), c.organization_id, s.word || ', ' || p.word, p.word, s.word,
            CASE WHEN n = 1 THEN 'Gérant' ELSE 'Comptable' END, '', s.key || ' ' || p.key, 'fr',
            CASE WHEN pg_temp.u(c.id, 40 + n) < 0.5
                 THEN ARRAY[p.key || '.' || replace(s.key, ' ', '-') || c.id % 97 || '@exemple.fr'] ELSE '{}' END,
            jsonb_build_array(jsonb_build_object('label', 'Mobile', 'number', '+337' || lpad(floor(pg_temp.u(c.id, 42 + n) * 1e8)::bigint::text, 8, '0'))),
            c.id::text || '-' || n, 1
        FROM clients_client c CROSS JOIN generate_series(1, 2) n
        JOIN word_surname s ON s.id = floor(power(pg_temp.u(c.id, 44 + n), 2.4) * (SELECT count(*) FROM word_surname))::int
        JOIN word_first_name p ON p.id = floor(power(pg_temp.u(c.id, 46 + n), 1.7) * (SELECT count(*) FROM word_first_name))::int
        WHERE pg_temp.u(c.id, 48) < CASE n WHEN 1 THEN 0.66 ELSE 0.1 END""",
    "links": """
        INSERT INTO clients_clientperson (organization_id, client_id, person_id, is_primary, is_preferred, is_billing)
        SELECT organization_id, split_part(external_key, '-', 1)::bigint, id, external_key LIKE '%-1', false, false
        FROM clients_person""",
    "contracts": """
        INSERT INTO clients_businessobject (id, organization_id, client_id, type_id, source_system, key, label, state,
            dated_on, currency, attributes, version)
        SELECT row_number() OVER (ORDER BY c.id, n), c.organization_id, c.id, t.id, '',
            'CT-' || lpad(c.id::text, 7, '0') || '-' || n, 'Fourniture', 'active',
            current_date - floor(pg_temp.u(c.id, 50) * 1500)::int, 'EUR', '{}', 1
        FROM clients_client c CROSS JOIN generate_series(1, 3) n
        JOIN clients_businessobjecttype t ON t.organization_id = c.organization_id AND t.code = 'contract'
        WHERE pg_temp.u(c.id, 51) < CASE n WHEN 1 THEN 0.92 WHEN 2 THEN 0.2 ELSE 0.05 END""",
    "invoices and points": """
        INSERT INTO clients_businessobject (id, organization_id, client_id, type_id, contract_id, source_system, key,
            label, state, dated_on, due_on, amount, currency, attributes, version)
        SELECT (SELECT max(id) FROM clients_businessobject) + row_number() OVER (ORDER BY o.id, t.id), o.organization_id,
            o.client_id, t.id, o.id, '', upper(left(t.code, 1)) || '-' || lpad(o.id::text, 8, '0'), '',
            CASE WHEN t.code <> 'invoice' THEN 'active' WHEN pg_temp.u(o.id, 52) < 0.1 THEN 'unpaid' ELSE 'paid' END,
            o.dated_on + 60, o.dated_on + 90,
            CASE t.code WHEN 'invoice' THEN round((pg_temp.u(o.id, 53) * 900)::numeric, 2) END, 'EUR', '{}', 1
        FROM clients_businessobject o
        JOIN clients_businessobjecttype t ON t.organization_id = o.organization_id
            AND t.code IN ('invoice', 'service_point') WHERE o.key LIKE '%-1'""",
    "credit holds": """
        INSERT INTO clients_credithold (organization_id, client_id, reason, note, since)
        SELECT organization_id, id, 'overdue', '', now() - pg_temp.u(id, 61) * interval '400 days'
        FROM clients_client WHERE pg_temp.u(id, 60) < 0.03""",
    # Five for each client on average: one in a hundred of them with the hundred most talkative clients.
    "interactions": """
        INSERT INTO interactions_interaction (id, organization_id, number, client_id, topic_id, channel, direction, subject,
            occurred_at, status, priority, follow_up_on, follow_up_owner_id, follow_up_done_at, contact_name,
            contact_phone, reference, origin, external_key, created_by_id, entry_sort_key, version)
        SELECT i, c.organization_id, i, c.id, (c.organization_id - 1) * 9 + 1 + floor(pg_temp.u(i, 70) * 9)::int,
            (ARRAY['phone_call', 'phone_call', 'phone_call', 'email', 'front_desk', 'letter', 'note', 'web'])
                [1 + floor(pg_temp.u(i, 71) * 8)::int],
            CASE WHEN pg_temp.u(i, 72) < 0.6 THEN 'incoming' ELSE 'outgoing' END, 'Échange n° ' || i,
            now() - power(pg_temp.u(i, 73), 2) * interval '1800 days', 'closed', 'normal',
            CASE WHEN pg_temp.u(i, 74) < 0.05 THEN current_date + 60 - floor(pg_temp.u(i, 75) * 400)::int END,
            CASE WHEN pg_temp.u(i, 74) < 0.05 THEN 1 + floor(pg_temp.u(i, 76) * 39)::int END,
            CASE WHEN pg_temp.u(i, 74) < 0.049 THEN now() END, '', '', '', 'screen', '',
            1 + floor(pg_temp.u(i, 76) * 39)::int, 'agent ' || 1 + floor(pg_temp.u(i, 76) * 39)::int, 1
        FROM generate_series(1, 5 * (SELECT count(*) FROM clients_client)) i
        JOIN clients_client c ON c.id = 1 + CASE WHEN pg_temp.u(i, 77) < 0.01 THEN floor(power(pg_temp.u(i, 78), 2) * 100)
            ELSE floor(pg_temp.u(i, 79) * (SELECT count(*) FROM clients_client)) END""",
    "entries": """
        INSERT INTO interactions_interactionentry (organization_id, interaction_id, seq, author_id, entry_name, internal,
            incoming, notify, notes)
        SELECT organization_id, id, 1, created_by_id, 'Agent ' || created_by_id, pg_temp.u(id, 80) < 0.2, false, false,
            'Le client demande où en est son dossier ; rappelé le jour même, réponse donnée. Référence ' || id || '.'
        FROM interactions_interaction""",
    # What triggers keep: none ran.
    "summaries": """
        INSERT INTO clients_clientsummary (client_id, organization_id, city, city_key, postal_code, balance_cents,
            contracts, last_interaction_at, next_follow_up_on, interactions)
        SELECT c.id, c.organization_id, coalesce(a.city, ''), nullif(search_key(a.city), ''), nullif(a.postal_code, ''),
            coalesce(o.balance_cents, 0), coalesce(o.contracts, 0), i.last_at, i.next_on, coalesce(i.how_many, 0)
        FROM clients_client c
        LEFT JOIN clients_address a ON a.client_id = c.id AND a.kind = 'main'
        LEFT JOIN (
            SELECT o.client_id, count(*) FILTER (WHERE t.code = 'contract') AS contracts,
                (sum(o.amount * 100) FILTER (WHERE t.code = 'invoice' AND o.state = 'unpaid'))::bigint AS balance_cents
            FROM clients_businessobject o JOIN clients_businessobjecttype t ON t.id = o.type_id GROUP BY o.client_id
        ) o ON o.client_id = c.id
        LEFT JOIN (
            SELECT client_id, max(occurred_at) AS last_at, count(*) AS how_many,
                min(follow_up_on) FILTER (WHERE follow_up_done_at IS NULL) AS next_on
            FROM interactions_interaction GROUP BY client_id
        ) i ON i.client_id = c.id""",
    "agents": """
        INSERT INTO interactions_interactionagent (organization_id, interaction_id, user_id, role)
        SELECT organization_id, id, created_by_id, 'originator' FROM interactions_interaction""",
}
