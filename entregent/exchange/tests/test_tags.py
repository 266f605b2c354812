"""Tags come in with files, go out with exports, and are put back by an undo."""

import pytest

from entregent.clients import actions
from entregent.clients.models import Client
from entregent.exchange.exports import export_rows
from testing.cast import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(manager):
    return actions.create_client(by=manager, kind="company", name="Moreau", number="T1", tags=["ancien"])


def tags(member):
    enter(member)
    return dict(Client.objects.order_by("number").values_list("number", "tags"))


def test_a_column_of_tags_is_matched_by_its_name_and_undone(manager, bringing, known):
    file = "N° client;Nom;Étiquettes\nT1;Moreau;VIP, Presse\nT2;Petit;\nT3;Grand;vip\n"
    batch = bringing.bring(manager, "clients", file)
    assert (batch.counts["update"], batch.counts["create"]) == (1, 2)
    assert tags(manager) == {"T1": ["Presse", "VIP"], "T2": [], "T3": ["vip"]}
    assert bringing.check(manager, "clients", file).counts == {"unchanged": 3}
    bringing.undo(batch, manager)
    assert tags(manager)["T1"] == ["ancien"]


def test_what_goes_out_comes_in_again(manager, bringing, known):
    actions.update_client(known, by=manager, version=None, tags=["VIP", "presse"])
    header, rows = export_rows("clients", manager)
    place = header.index("étiquettes")
    (row,) = list(rows)
    assert row[place] == "presse, VIP"
    enter(manager)
    assert bringing.check(manager, "clients", f"numéro;nom;étiquettes\nT1;Moreau;{row[place]}\n").counts == {
        "unchanged": 1
    }


def test_a_tag_that_is_too_long_is_a_reason(manager, bringing):
    batch = bringing.check(manager, "clients", f"numéro;nom;étiquettes\nT1;Moreau;{'x' * 41}\n")
    assert batch.counts == {"reject": 1}
