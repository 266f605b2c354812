"""The whole of the real files, where they stand beside the checkout, else as many rows of the same form."""

from pathlib import Path

import pytest
from django.db import connection

from entregent.access.wall import in_organization
from entregent.clients.models import Client
from entregent.exchange.tests.conftest import FILES
from entregent.organizations.models import Sector
from testing.cast import enter

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def luhn(digits):
    """The SIREN that begins with these eight digits."""
    total = 0
    for place, digit in enumerate(digits):
        number = int(digit) * (2 if place % 2 else 1)
        total += number - 9 if number > 9 else number
    return f"{digits}{-total % 10}"


@pytest.fixture
def real(tmp_path):
    """name → path of the real file, or of one made in its form."""
    if (DATA / "communes.csv").exists():
        return lambda name: DATA / name
    communes = ["code_insee,nom,siren,codes_postaux,departement,region,population,epci_siren"]
    for number in range(34_969):
        code = f"{number % 95 + 1:02d}{number // 95:03d}"
        if code[:2] == "20":
            code = f"21{900 + number // 95:03d}"
        siren = luhn(f"2{number:07d}") if number % 50 else ""
        postal = f"{code[:2]}{number % 900:03d}|{code[:2]}{number % 900 + 1:03d}" if number % 7000 else ""
        communes.append(f"{code},L'Été-sur-Œuvre n° {number},{siren},{postal},{code[:2]},84,{number},200069193")
    (tmp_path / "communes.csv").write_text("\n".join(communes) + "\n", encoding="utf-8")
    epci = ["SIREN;Nom;Type;Population;Nb membres"]
    epci += [f"{luhn(f'29{n:06d}')};CC du Pré-Brûlé {n};CC;{n};7" for n in range(1255)]
    (tmp_path / "epci.csv").write_bytes("\r\n".join([*epci, ""]).encode("cp1252"))
    for name in ("territoires.csv", "communes.yaml", "epci.yaml", "territoires.yaml"):
        (tmp_path / name).write_bytes((FILES / name).read_bytes())
    return lambda name: tmp_path / name


def test_every_commune_and_grouping_comes_in_and_goes_out_again(admin, manager, bringing, real):
    bringing.bring(admin, "sectors", real("territoires.csv"), real("territoires.yaml"))
    assert Sector.objects.count() == 135
    communes = bringing.bring(manager, "clients", real("communes.csv"), real("communes.yaml"))
    assert (communes.rows_read, communes.count("created"), communes.count("reject")) == (34_969, 34_969, 0)
    groupings = bringing.bring(manager, "clients", real("epci.csv"), real("epci.yaml"))
    assert (groupings.rows_read, groupings.count("created")) == (1_255, 1_255)
    assert (groupings.format["encoding"], groupings.format["delimiter"]) == ("cp1252", ";")
    enter(manager)
    assert Client.objects.filter(sector__isnull=False).count() == 34_969
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM search_entry WHERE organization_id = %s", [manager.organization_id])
        assert cursor.fetchone()[0] == 36_224
    again = bringing.check(manager, "clients", real("communes.csv"), real("communes.yaml"))
    assert again.counts == {"unchanged": 34_969}
    bringing.undo(communes, manager)
    assert communes.undo_result["deleted"] == 34_969
    with in_organization(manager.organization_id, user_id=manager.user_id):
        assert Client.objects.count() == 1_255
