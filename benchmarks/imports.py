# ruff: noqa: E501 (statements in SQL)
"""The import of clients, by the product's own command, against raw COPY and INSERT … SELECT of the same rows.

Both go into databases of their own, made for the purpose and dropped, with every index in place. The memory is that of
the command with its children.
"""

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from benchmarks import database, figures, names
from entregent.toolbox.text import without_accents

COLUMNS = ["numero", "nature", "nom", "prenom", "courriel", "telephone", "rue", "code_postal", "ville"]
MAPPING = """
kind: clients
key: number
columns:
  numero: number
  nature: kind
  nom: name
  prenom: first_name
  courriel: emails
  telephone: phones
  rue: addresses.main.street
  code_postal: addresses.main.postal_code
  ville: addresses.main.city
constants: {status: client, category: importé, addresses.main.country: FR}
"""
SLUG = "import"
EMAIL = "admin@import.example"


@click.command()
@click.option("--clients", required=True, type=int, help="Rows of the file.")
@click.option("--into", type=click.Path())
def main(clients: int, into: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file, mapping = Path(folder) / "clients.csv", Path(folder) / "mapping.yaml"
        write_rows(file, clients)
        mapping.write_text(MAPPING)
        raw = raw_load(file)
        ours = product_import(file, mapping)
    ratio = raw["seconds"] / ours["seconds"]
    narrow = raw["seconds_without_search_and_journal"] / ours["seconds"]
    result = {"rows": clients, "machine": figures.machine(), "raw": raw, "import": ours}
    result |= {"share_of_raw_rate": round(ratio, 3), "share_of_raw_rate_without_search_and_journal": round(narrow, 3)}
    figures.table(
        f"Import of {clients:,} clients",
        ["", "seconds", "rows/s", "memory MB"],
        [
            ["raw: COPY, INSERT … SELECT of clients and addresses", raw["seconds_without_search_and_journal"],
             clients / raw["seconds_without_search_and_journal"], ""],
            ["raw, with search entries and journal", raw["seconds"], clients / raw["seconds"], ""],
            ["entregent import", ours["seconds"], clients / ours["seconds"], ours["peak_memory_mb"]],
            ["share of the raw rate, all tables (target 0.2)", "", f"{ratio:.2f}", ""],
            ["share of the raw rate, clients and addresses only", "", f"{narrow:.2f}", ""],
        ],
    )  # fmt: skip
    print(f"  {ours['summary']}")
    if into:
        Path(into).write_text(json.dumps(result, indent=1, ensure_ascii=False))


def write_rows(path: Path, count: int) -> None:
    chance = random.Random(17)
    surnames, first_names = names.surnames(), names.spoken(names.FIRST_NAMES)
    streets, cities = names.spoken(names.STREETS), names.spoken(names.CITIES)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(COLUMNS)
        for n in range(count):
            surname = surnames[int(len(surnames) * chance.random() ** 2.4)]
            first_name = chance.choice(first_names)
            is_person = chance.random() < 0.7
            mail = without_accents(f"{first_name}.{surname}{n}@exemple.fr").lower().replace(" ", "-").replace("'", "")
            writer.writerow(
                [
                    f"IMP{n:07}", "person" if is_person else "company",
                    surname if is_person else f"{chance.choice(names.spoken(names.TRADES))} {surname} {n}",
                    first_name if is_person else "", mail, f"0{6 + n % 2}{n + 10_000_000:08}",
                    f"{1 + n % 150} {chance.choice(streets)}", f"{1000 + n % 94_000:05}", chance.choice(cities),
                ]
            )  # fmt: skip


def fresh_database(name: str) -> str:
    """An empty database of the product, on the server of the benchmarks."""
    parts = conninfo_to_dict(os.environ["ENTREGENT_DATABASE_URL"])
    with psycopg.connect(make_conninfo(**parts | {"dbname": "postgres"}), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
        connection.execute(f'CREATE DATABASE "{name}"')
    dsn = os.environ["ENTREGENT_DATABASE_URL"].replace(f"/{parts['dbname']}?", f"/{name}?")
    database.migrate(dsn)
    return dsn


def drop_database(name: str) -> None:
    parts = conninfo_to_dict(os.environ["ENTREGENT_DATABASE_URL"])
    with psycopg.connect(make_conninfo(**parts | {"dbname": "postgres"}), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def set_up(dsn: str, *code: str) -> None:
    """Runs a piece of Python with the product set up on a database."""
    subprocess.run(
        [sys.executable, "-c", "import django; django.setup()\n" + "\n".join(code)],
        cwd=database.ROOT, check=True, env=product_environment(dsn),
    )  # fmt: skip


def product_environment(dsn: str) -> dict[str, str]:
    return database.environment(dsn) | {"DJANGO_SETTINGS_MODULE": "entregent.config.settings"}


def make_organization(dsn: str) -> None:
    set_up(
        dsn,
        "from entregent.organizations.actions import create_organization, create_first_user",
        f"o = create_organization(slug={SLUG!r}, name='Import', trade='water')",
        f"create_first_user(organization=o, email={EMAIL!r}, name='Ada', role='admin', password='un long mot de passe')",
    )


def product_import(file: Path, mapping: Path) -> dict:
    dsn = fresh_database("bench_import")
    try:
        make_organization(dsn)
        command = [sys.executable, "-m", "entregent.config.cli", "import", "clients", str(file)]
        command += ["--organization", SLUG, "--email", EMAIL, "--mapping", str(mapping)]
        began, peak = time.perf_counter(), 0
        process = subprocess.Popen(
            command, cwd=database.ROOT, env=product_environment(dsn), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                family = [watched, *watched.children(recursive=True)]
                peak = max(peak, sum(one.memory_info().rss for one in family))
            except psutil.NoSuchProcess:
                pass
            time.sleep(0.1)
        seconds = time.perf_counter() - began
        output = process.stdout.read().decode() if process.stdout else ""
        if process.returncode:
            raise SystemExit(f"the import failed: {output[-500:]}")
        summary = json.loads(output.strip().splitlines()[-1])
        return {"seconds": round(seconds, 2), "peak_memory_mb": round(peak / 1024 / 1024), "summary": summary}
    finally:
        drop_database("bench_import")


def raw_load(file: Path) -> dict:
    """No trigger, no check: only the rows, into the same tables with the same indexes."""
    dsn = fresh_database("bench_raw")
    try:
        make_organization(dsn)
        with psycopg.connect(dsn, autocommit=True) as connection:
            run = connection.execute
            run("SET session_replication_role = replica")
            organization = run("SELECT id FROM organizations_organization WHERE slug = %s", [SLUG]).fetchone()[0]
            run(f"CREATE UNLOGGED TABLE staging ({', '.join(f'{column} text' for column in COLUMNS)})")
            began = time.perf_counter()
            into_staging = "COPY staging FROM STDIN (FORMAT csv, HEADER, DELIMITER ';', FORCE_NOT_NULL (prenom))"
            with file.open("rb") as source, connection.cursor().copy(into_staging) as copy:
                while piece := source.read(1 << 16):
                    copy.write(piece)
            for statement in RAW_CLIENTS:
                run(statement, {"organization": organization})
            narrow = time.perf_counter() - began
            for statement in RAW_REST:
                run(statement, {"organization": organization})
            return {
                "seconds": round(time.perf_counter() - began, 2),
                "seconds_without_search_and_journal": round(narrow, 2),
            }
    finally:
        drop_database("bench_raw")


RAW_CLIENTS = [
    """INSERT INTO clients_client (organization_id, number, kind, name, first_name, display_name, sort_key, status, category,
           language, sector_reach, emails, phones, identifiers, version)
       SELECT %(organization)s, numero, nature, nom, prenom, trim(prenom || ' ' || nom), lower(nom || ' ' || prenom),
           'client', 'importé', 'fr', '{}', ARRAY[courriel],
           jsonb_build_array(jsonb_build_object('label', '', 'number', '+33' || substr(telephone, 2))), '{}', 1
       FROM staging""",
    """INSERT INTO clients_address (organization_id, client_id, kind, label, street, unit, postal_code, city, region,
           country, external_key, version)
       SELECT %(organization)s, c.id, 'main', '', rue, '', code_postal, ville, '', 'FR', '', 1
       FROM staging JOIN clients_client c ON c.organization_id = %(organization)s AND c.number = numero""",
]
RAW_REST = [
    """INSERT INTO search_entry (organization_id, kind, subject_id, name_key, number_key, marks, doc)
       SELECT %(organization)s, 1, c.id, c.sort_key, lower(numero), ARRAY[-c.id],
           ' ' || concat_ws(' ', c.sort_key, lower(numero), courriel, substr(telephone, 2), lower(rue), code_postal,
           lower(ville)) || ' '
       FROM staging JOIN clients_client c ON c.organization_id = %(organization)s AND c.number = numero""",
    """INSERT INTO audit_change (at, organization_id, table_name, operation, row_id, client_id)
       SELECT now(), organization_id, 'clients_client', 'I', id, id FROM clients_client
       UNION ALL SELECT now(), organization_id, 'clients_address', 'I', id, client_id FROM clients_address""",
]


if __name__ == "__main__":
    main()
