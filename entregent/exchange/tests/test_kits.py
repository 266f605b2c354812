"""Migration kits: small files in the form in which each product exports its accounts and contacts, brought in whole."""

from pathlib import Path

import pytest

from entregent.access.wall import outside
from entregent.clients.models import Client, Person
from entregent.exchange.command import run_import
from entregent.exchange.fields import kind_named
from entregent.exchange.kits import KITS, kit_for
from testing.cast import enter

FILES = Path(__file__).parent / "files" / "kits"
PRODUCTS = ["Salesforce", "HubSpot", "EspoCRM", "SuiteCRM", "Dolibarr"]


@pytest.mark.parametrize("product", PRODUCTS)
def test_accounts_and_contacts_come_in_without_a_mapping_by_hand(product, org, admin):
    for kind in ("clients", "people"):
        with outside():
            told = run_import(kind=kind, path=FILES / f"{product.lower()}-{kind}.csv", organization=org.slug)
        assert (told["created"], told["rejected"]) == (2, 0), (kind, told)
    enter(admin)
    brewery = Client.objects.get(name="Brasserie du Lac")
    address = brewery.addresses.get(kind="main")
    assert (brewery.kind, brewery.status) == ("company", "client")
    assert (address.street, address.postal_code, address.city, address.country) == (
        "12 quai des Brumes", "74000", "Annecy", "FR",
    )  # fmt: skip
    camille = Person.objects.get(last_name="Roche")
    assert (camille.first_name, camille.title) == ("Camille", "Directrice")
    assert list(camille.emails) == ["camille.roche@brasserie.example"]
    assert list(Client.objects.filter(client_people__person=camille)) == [brewery]
    # The same files again change nothing and make nobody twice.
    for kind in ("clients", "people"):
        with outside():
            told = run_import(kind=kind, path=FILES / f"{product.lower()}-{kind}.csv", organization=org.slug)
        assert (told["created"], told["unchanged"]) == (0, 2), (kind, told)


def test_each_kit_names_known_fields_and_recognises_its_own_files_alone():
    assert {kit.product for kit in KITS} == set(PRODUCTS)
    for kit in KITS:
        kind = kind_named(kit.kind)
        for given in kit.columns.values():
            assert kind.knows(getattr(given, "to", given)), (kit.product, given)
        path = FILES / f"{kit.product.lower()}-{kit.kind}.csv"
        header = path.read_text().splitlines()[0].replace(";", ",").split(",")
        assert [one for one in KITS if one.kind == kit.kind and one.fits(header)] == [kit]
    assert kit_for("clients", ["Nom", "Ville"]) is None
    assert kit_for("clients", ["code_insee", "nom", "siren"]) is None
