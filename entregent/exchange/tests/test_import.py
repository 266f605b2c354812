"""From a file to records and back."""

from entregent.clients.models import Client
from entregent.exchange.tests.conftest import FILES
from entregent.organizations.models import Sector
from testing.cast import enter


def reasons(batch):
    return list(batch.rows.exclude(reason="").order_by("line").values_list("line", "reason"))


def test_sectors_come_as_a_tree_whatever_their_order(admin, bringing):
    batch = bringing.bring(
        admin,
        "sectors",
        "code,nom,parent\nA1,Un,A\nA,Tout,\n",
        "kind: sectors\nkey: code\ncolumns: {code: code, nom: name, parent: parent}",
    )
    assert batch.counts == {"create": 2, "created": 2, "updated": 0, "refused": 0}
    assert Sector.objects.get(code="A1").parent.code == "A"


def test_the_real_files_come_in_and_a_second_time_change_nothing(admin, manager, bringing):
    bringing.bring(admin, "sectors", FILES / "territoires.csv", FILES / "territoires.yaml")
    batch = bringing.bring(manager, "clients", FILES / "communes.csv", FILES / "communes.yaml")
    assert reasons(batch) == []
    assert (batch.count("created"), batch.rows_read) == (39, 39)
    client = Client.objects.get(number="01001")
    assert client.display_name == "L'Abergement-Clémenciat"
    assert client.sector.code == "D01"
    assert client.identifiers == {"siren": "210100012"}
    address = client.addresses.get()
    assert (address.postal_code, address.city, address.country) == ("01400", "L'Abergement-Clémenciat", "FR")
    again = bringing.check(manager, "clients", FILES / "communes.csv", FILES / "communes.yaml")
    assert again.counts == {"unchanged": 39}
    groups = bringing.bring(manager, "clients", FILES / "epci.csv", FILES / "epci.yaml")
    assert groups.format["encoding"] == "cp1252"
    assert Client.objects.filter(name__contains="Pontchâteau").exists()


def test_an_import_is_undone_but_for_what_was_touched_since(admin, manager, bringing):
    bringing.bring(admin, "sectors", FILES / "territoires.csv", FILES / "territoires.yaml")
    batch = bringing.bring(manager, "clients", FILES / "communes.csv", FILES / "communes.yaml")
    from entregent.clients.actions import update_client

    enter(admin)
    touched = Client.objects.get(number="01002")
    update_client(touched, by=admin, version=touched.version, category="ville")
    bringing.undo(batch, manager)
    assert batch.state == "undone"
    assert list(Client.objects.values_list("number", flat=True)) == ["01002"]
    (kept,) = batch.undo_result["kept_rows"]
    assert (kept["who"], batch.undo_result["deleted"], batch.undo_result["kept"]) == ("Ada Min", 38, 1)
