"""Groups come in from a file: a row is a client with its group."""

import csv
from pathlib import Path

import pytest
from django.db import connection

from entregent.clients.models import Client
from entregent.exchange.command import run_import
from entregent.exchange.tests.test_real_files import DATA
from entregent.groups.models import ClientGroup, GroupMember, ProcessingRequest
from entregent.groups.tests.scene import assign, group, relate
from entregent.toolbox.errors import Refusal, RightMissing
from testing.cast import enter, make_client, make_member

MAPPING = """
kind: groups
key: number
columns: {epci: number, commune: members.number}
names: {from: noms.csv, key: Code, column: Nom}
on_duplicate_name: {suffix: number}
"""


@pytest.fixture
def broker(org):
    org.provider_kind = "customs_broker"
    org.save()
    return org


@pytest.fixture
def clients(broker):
    made = [make_client(broker, f"C{n}", f"Commune {n}") for n in range(1, 7)]
    for client in made[:5]:
        relate(client)
    return made


@pytest.fixture
def files(tmp_path):
    def write(rows, names="1;Rivières\n2;Vallée\n3;rivieres\n", mapping=MAPPING):
        (tmp_path / "groupes.csv").write_text("commune,epci\n" + "\n".join(rows) + "\n")
        (tmp_path / "noms.csv").write_text(f"Code;Nom\n{names}")
        (tmp_path / "groupes.yaml").write_text(mapping)
        return {"path": tmp_path / "groupes.csv", "mapping": tmp_path / "groupes.yaml", "organization": "eaux"}

    return write


def standing():
    members = GroupMember.objects.live().values_list("group__name", "client__number")
    return {name: sorted(number for group, number in members if group == name) for name, _number in members}


def test_groups_of_one_name_take_their_code_and_the_dry_run_says_so(admin, clients, files):
    given = files(["C1,1", "C2,2", "C3,3", "C4,1", "C5,", "C6,2", "C9,2"])
    told = run_import(kind="groups", dry_run=True, **given)
    assert (told["created"], told["unchanged"], told["rejected"]) == (4, 1, 2)
    assert "1, 3" in told["notes"][0]
    enter(admin)
    assert not ClientGroup.objects.exists()
    told = run_import(kind="groups", **given)
    assert (told["created"], told["unchanged"], told["rejected"]) == (4, 1, 2)
    reasons = Path(told["report"]).read_text()
    assert "Aucune relation d’affaires active" in reasons
    assert "Client inconnu" in reasons
    enter(admin)
    assert standing() == {"Rivières (1)": ["C1", "C4"], "Vallée": ["C2"], "rivieres (3)": ["C3"]}
    assert list(ClientGroup.objects.values_list("member_count", flat=True)) == [2, 1, 1]
    request = ProcessingRequest.objects.get()
    assert (request.operation, request.state, request.total, request.rows.count()) == ("import", "done", 4, 4)
    # The same file once more changes nothing.
    assert run_import(kind="groups", **given)["unchanged"] == 5


def test_without_a_suffix_groups_of_one_name_are_refused(admin, clients, files):
    given = files(["C1,1", "C2,2", "C3,3"], mapping=MAPPING.replace("on_duplicate_name: {suffix: number}", ""))
    told = run_import(kind="groups", dry_run=True, **given)
    assert (told["created"], told["rejected"]) == (1, 2)
    assert "1, 3" in told["notes"][0]


def test_a_client_of_another_group_and_the_name_of_a_deleted_group_are_refused(admin, clients, broker, files):
    group(broker, "Ouest", clients[0])
    old = group(broker, "VALLEE")
    old.deleted_at = old.created_at
    old.save()
    told = run_import(kind="groups", **files(["C1,1", "C2,2", "C3,1"], names="1;Est\n2;Vallée\n"))
    assert (told["created"], told["rejected"]) == (1, 2)
    reasons = Path(told["report"]).read_text()
    assert "déjà dans le groupe « Ouest »" in reasons.replace("\N{NO-BREAK SPACE}", " ")
    assert "actif ou supprimé" in reasons


def test_an_import_of_groups_is_undone_but_for_what_somebody_uses(admin, clients, bringing, broker):
    text = "client;groupe;nom du groupe\nC1;1;Est\nC2;1;Est\nC3;2;Sud\n"
    batch = bringing.bring(admin, "groups", text)
    assert standing() == {"Est": ["C1", "C2"], "Sud": ["C3"]}
    worker = make_member(broker, "e@eaux.example", "Éric", "editor")
    assign(ClientGroup.objects.get(name="Sud"), worker, "editor")
    bringing.undo(batch, admin)
    enter(admin)
    assert not GroupMember.objects.exists()
    assert list(ClientGroup.objects.values_list("name", "member_count")) == [("Sud", 0)]


def test_only_who_manages_groups_of_a_provider_brings_them_in(admin, manager, clients, broker, files):
    given = files(["C1,1"])
    with pytest.raises(RightMissing):
        run_import(kind="groups", email=manager.user.email, **given)
    broker.provider_kind = ""
    broker.save()
    with pytest.raises(RightMissing):
        run_import(kind="groups", **given)


@pytest.mark.parametrize(
    "line",
    [
        "names: {from: ../noms.csv, key: Code, column: Nom}",
        "names: {from: noms.csv}",
        "on_duplicate_name: {suffix: nom}",
    ],
)
def test_a_mapping_that_means_nothing_is_refused(admin, clients, files, line):
    with pytest.raises(Refusal):
        run_import(kind="groups", **files(["C1,1"], mapping="\n".join(MAPPING.split("\n")[:4]) + f"\n{line}\n"))


def _communes(organization, folder):
    """The communes as clients with a business account by SIREN, or by a made number, and a relationship each."""
    with (folder / "communes.csv").open(encoding="utf-8") as file, connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.search_deferred', 'on', true)")
        cursor.execute("CREATE TEMP TABLE communes (number text, name text, siren text) ON COMMIT DROP")
        with cursor.copy("COPY communes FROM STDIN") as copy:
            for place, row in enumerate(csv.DictReader(file)):
                copy.write_row((row["code_insee"], row["nom"], row["siren"] or f"{990_000_000 + place}"))
        cursor.execute(
            """
            INSERT INTO relationships_businessaccount (number, name, postal_code, city, country, version)
            SELECT siren, name, '', '', 'FR', 1 FROM communes
            """
        )
        cursor.execute(
            """
            INSERT INTO clients_client (organization_id, number, kind, name, first_name, display_name, sort_key, status,
                category, language, sector_reach, emails, phones, identifiers, version, business_account_id)
            SELECT %s, c.number, 'company', c.name, '', c.name, search_key(c.name), 'client', '', 'fr', '{}', '{}',
                   '[]', '{}', 1, a.id
            FROM communes c JOIN relationships_businessaccount a ON a.number = c.siren
            """,
            [organization.pk],
        )
        cursor.execute(
            """
            INSERT INTO relationships_relationship (organization_id, account_id, level, visibility, state, starts_on,
                approved_by_name, ended_by_name, version)
            SELECT %s, a.id, 'business', '{own}', 'active', CURRENT_DATE, '', '', 1
            FROM relationships_businessaccount a JOIN communes c ON c.siren = a.number
            """,
            [organization.pk],
        )


@pytest.fixture
def real(tmp_path):
    """The folder of the real files, or of files of the same form: two groups of one name, 98 communes in none."""
    if (DATA / "communes.csv").exists():
        return DATA
    lines = ["code_insee,nom,siren,codes_postaux,departement,region,population,epci_siren"]
    for n in range(34_969):
        lines.append(f"{n:05d},Commune {n},{f'2{n:08d}' if n % 372 else ''},,01,84,{n},{n % 1255 if n >= 98 else ''}")
    (tmp_path / "communes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    names = [f"{n};CC des Quatre Rivières" if n < 2 else f"{n};CC du Pré-Brûlé {n}" for n in range(1_255)]
    (tmp_path / "epci.csv").write_bytes("\r\n".join(["SIREN;Nom", *names, ""]).encode("cp1252"))
    (tmp_path / "groupes.yaml").write_text("""
kind: groups
key: number
columns: {epci_siren: number, code_insee: members.number}
names: {from: epci.csv, key: SIREN, column: Nom}
on_duplicate_name: {suffix: number}
ignore: [nom, siren, codes_postaux, departement, region, population]
""")
    return tmp_path


def test_the_groups_of_the_communes_come_in_whole(admin, broker, real):
    enter(admin)
    _communes(broker, real)
    assert Client.objects.count() == 34_969
    given = {"path": real / "communes.csv", "mapping": real / "groupes.yaml", "organization": broker.slug}
    told = run_import(kind="groups", dry_run=True, **given)
    assert (told["created"], told["unchanged"], told["rejected"]) == (34_871, 98, 0)
    assert len(told["notes"]) == 1
    assert "CC des Quatre Rivières" in told["notes"][0]
    told = run_import(kind="groups", **given)
    assert told["created"] == 34_871
    enter(admin)
    assert ClientGroup.objects.count() == 1_255
    assert GroupMember.objects.live().count() == 34_871
    names = ClientGroup.objects.filter(name__startswith="CC des Quatre Rivières (").values_list("name", flat=True)
    assert len(names) == 2
