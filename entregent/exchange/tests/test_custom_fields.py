"""Custom fields come in with files, go out with exports, and are put back by an undo."""

import csv
import io

import pytest

from entregent.clients.models import Client, Person
from entregent.exchange import actions
from entregent.exchange.exports import export_rows
from entregent.interactions.models import Interaction, Topic
from entregent.listing.custom_field_actions import create_custom_field
from testing.cast import enter


@pytest.fixture
def custom(admin):
    def define(code, type="text", *, subject="client", **more):
        label = more.pop("label", code.capitalize())
        return create_custom_field(
            by=enter(admin), subject=subject, type=type, code=code, label_fr=label, label_en=f"{label} (en)", **more
        )

    options = [{"id": "cave", "fr": "Cave", "en": "Cellar"}, {"id": "rue", "fr": "Sur rue", "en": "Street"}]
    define("acces", "choice", label="Accès compteur", options=options)
    define("pieces", "number")
    define("pose", "date")
    define("chien", "boolean")
    define("releveur", "member")
    return define


CUSTOM_FILE = """numéro;nom;Accès compteur;custom.pieces;Pose;Chien;releveur
C1;Un;Sur rue;1 842,5;31/12/2025;oui;agent@eaux.example
C2;Deux;cellar;;;non;
C3;Trois;grenier;;;;
C4;Quatre;;douze;;;
"""


@pytest.mark.usefixtures("custom")
def test_custom_fields_come_by_label_and_by_code(bringing, manager, agent):
    batch = bringing.check(manager, "clients", CUSTOM_FILE)
    assert {targets[0].to for targets in actions.mapping_of(batch).columns.values()} == {
        "number", "name", "custom.acces", "custom.pieces", "custom.pose", "custom.chien", "custom.releveur",
    }  # fmt: skip
    assert batch.counts == {"create": 2, "reject": 2}
    reasons = list(batch.rows.filter(verdict="reject").order_by("line").values_list("reason", flat=True))
    assert reasons == ["Accès compteur : choix inconnu.", "Pieces : nombre invalide."]
    bringing.apply(batch, manager)
    assert dict(Client.objects.values_list("number", "custom")) == {
        "C1": {"acces": "rue", "pieces": 1842.5, "pose": "2025-12-31", "chien": True, "releveur": agent.user_id},
        "C2": {"acces": "cave"},
    }
    again = bringing.check(manager, "clients", CUSTOM_FILE)
    assert again.counts == {"unchanged": 2, "reject": 2}


@pytest.mark.usefixtures("custom")
def test_a_file_changes_the_custom_fields_that_it_names_and_its_undo_puts_them_back(bringing, manager):
    bringing.bring(manager, "clients", "numéro;nom;custom.acces;chien\nC1;Un;cave;oui\nC2;Deux;rue;non\n")
    change = "numéro;nom;pieces;chien\nC1;Un;3;non\nC2;Deux;;non\n"
    batch = bringing.check(manager, "clients", change)
    assert batch.counts == {"update": 1, "unchanged": 1}
    bringing.apply(batch, manager)
    assert Client.objects.get(number="C1").custom == {"acces": "cave", "pieces": 3}
    bringing.undo(batch, manager)
    assert Client.objects.get(number="C1").custom == {"acces": "cave", "chien": True}


def test_rows_without_a_required_custom_field_are_refused_where_they_create(bringing, manager, custom):
    bringing.bring(manager, "clients", "numéro;nom\nC1;Un\n")
    custom("dossier", is_required=True)
    batch = bringing.check(manager, "clients", "numéro;nom;dossier\nC1;Premier;\nC2;Deux;\nC3;Trois;D3\n")
    assert batch.counts == {"update": 1, "reject": 1, "create": 1}
    assert batch.rows.get(verdict="reject").reason == "Dossier est obligatoire."


def test_people_and_interactions_bring_custom_fields(bringing, manager, custom, client_north):
    custom("surnom", subject="person", is_searchable=True)
    custom("duree", "number", subject="interaction")
    bringing.bring(manager, "people", "clé;nom;surnom\nP1;Petit;Fanfan\n")
    assert Person.objects.get().custom == {"surnom": "Fanfan"}
    Topic.objects.create(organization_id=manager.organization_id, code="r", label_fr="R", label_en="R")
    bringing.bring(manager, "interactions", "clé;client;rubrique;canal;duree\nI1;N1;r;note;12,5\n")
    assert Interaction.objects.get().custom == {"duree": 12.5}


@pytest.mark.usefixtures("custom")
def test_an_export_brings_custom_fields_back(bringing, manager, agent):
    bringing.bring(manager, "clients", CUSTOM_FILE)
    header, rows = export_rows("clients", enter(manager))
    lines = [dict(zip(header, row, strict=True)) for row in rows]
    assert {name: lines[0][name] for name in ("Accès compteur", "Pieces", "Pose", "Chien", "Releveur")} == {
        "Accès compteur": "Sur rue", "Pieces": "1842.5", "Pose": "2025-12-31", "Chien": "oui",
        "Releveur": agent.user.email,
    }  # fmt: skip
    text = io.StringIO()
    writer = csv.DictWriter(text, header, delimiter=";")
    writer.writeheader()
    writer.writerows(lines)
    assert bringing.check(manager, "clients", text.getvalue()).counts == {"unchanged": 2}
