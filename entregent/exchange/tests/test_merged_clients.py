"""Files know nothing of merges: an old number means the client that remained; the rules for duplicates are the same."""

import pytest

from entregent.clients import actions
from entregent.clients.models import Address, Client
from testing.cast import enter


@pytest.fixture
def merged(manager):
    kept = actions.create_client(by=manager, kind="company", name="Blanchisserie Moreau", number="B1")
    gone = actions.create_client(by=manager, kind="company", name="Moreau SARL", number="B2")
    actions.merge_clients(kept, gone, by=manager)
    return kept


def test_a_row_with_the_old_number_is_about_the_client_that_remained(manager, bringing, merged):
    batch = bringing.bring(manager, "clients", "numero;nom;categorie\nB2;Blanchisserie Moreau;Pro\n")
    assert batch.counts["update"] == 1
    enter(manager)
    merged.refresh_from_db()
    assert (merged.number, merged.category) == ("B1", "Pro")
    assert Client.objects.filter(number="B2", deleted_at=None).count() == 0


def test_two_rows_about_one_client_are_told(manager, bringing, merged):
    batch = bringing.check(manager, "clients", "numero;nom;categorie\nB1;Moreau;Pro\nB2;Moreau;Particulier\n")
    assert batch.counts == {"update": 1, "reject": 1}


def test_what_hangs_on_the_old_number_goes_to_the_client_that_remained(manager, bringing, merged):
    bringing.bring(manager, "addresses", "client;type;rue;ville\nB2;main;1 rue Neuve;Metz\n")
    enter(manager)
    assert Address.objects.get(street="1 rue Neuve").client == merged


def test_a_row_with_the_key_of_a_person_who_is_part_of_another_is_about_the_one_who_remained(manager, bringing):
    kept = actions.create_person(by=manager, last_name="Moreau", first_name="Anne", external_key="P1")
    gone = actions.create_person(by=manager, last_name="Moreau", first_name="A.", external_key="P2")
    actions.merge_people(kept, gone, by=manager)
    batch = bringing.bring(manager, "people", "cle;nom;fonction\nP2;Moreau;Gérante\n")
    assert batch.counts["update"] == 1
    enter(manager)
    kept.refresh_from_db()
    assert kept.title == "Gérante"


def test_the_weights_of_the_organization_hold_for_imports(manager, admin, bringing):
    enter(manager)
    actions.create_client(
        by=manager, kind="person", first_name="Jeanne", name="Lefèvre", number="L1", phones=["02 61 91 00 42"]
    )
    file = "numero;nature;nom;prenom;telephone\nN1;person;Lefebvre;Jeanne;02 61 91 00 42\n"
    assert bringing.check(manager, "clients", file).counts == {"duplicate": 1}
    enter(admin)
    actions.set_duplicate_rules(
        by=admin, weights={"name": 10, "phone": 10, "email": 90}, threshold=80, hint_threshold=5
    )
    assert bringing.check(manager, "clients", file).counts == {"create": 1}
