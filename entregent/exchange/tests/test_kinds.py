"""What each kind of row becomes, and why a row is refused."""

import json

import pytest
from django.core.files.base import ContentFile
from django.db import connection

from entregent.access.wall import in_organization
from entregent.audit.models import Action, Change
from entregent.clients import actions as client_actions
from entregent.clients.models import Address, BusinessObject, Client, ClientPerson, Person
from entregent.exchange import actions
from entregent.exchange.mapping import from_yaml
from entregent.interactions.models import Interaction, Topic
from entregent.jobs.tasks import run_job
from entregent.organizations.extension_points import organization_defaults
from entregent.organizations.models import Grant, Membership
from entregent.toolbox.errors import Refusal, RightMissing
from testing.cast import enter, enter_organization, grant, make_client, make_member


@pytest.fixture
def furnished(manager):
    """The organization with its standard types and topics."""
    enter(manager)
    for seed in organization_defaults:
        seed(manager.organization)
    return manager


def reasons(batch):
    found = batch.rows.exclude(reason="").values_list("line", "reason")
    return {line: reason.replace("\u00a0", " ") for line, reason in found}


HEAD = "N° client;Nom;Prénom;Téléphone;Courriel;Adresse;Code postal;Ville\n"
MOREAU = "A1;Moreau;Claire;02 61 91 00 42;claire@example.com;1 rue Haute;57000;Metz\n"


def test_a_client_comes_in_whole_and_is_found(manager, bringing):
    batch = bringing.bring(manager, "clients", HEAD + MOREAU)
    client = Client.objects.get(number="A1")
    assert (client.kind, client.display_name, client.sort_key) == ("person", "Claire Moreau", "moreau claire")
    assert client.phones == [{"label": "", "number": "+33261910042"}]
    assert client.emails == ["claire@example.com"]
    assert client.addresses.get().lines == ["1 rue Haute", "57000 Metz"]
    assert (client.created_by_id, client.version) == (manager.user_id, 1)
    action = Action.objects.get(pk=batch.action_id)
    assert (action.name, action.user_id) == ("import", manager.user_id)
    change = Change.objects.get(table_name="clients_client", row_id=client.pk)
    assert (change.operation, change.action_id, change.client_id) == ("I", action.pk, client.pk)


def test_a_row_that_is_known_updates_what_it_says_and_nothing_else(manager, bringing):
    bringing.bring(manager, "clients", HEAD + MOREAU)
    batch = bringing.bring(manager, "clients", "N° client;Nom;Ville;Téléphone\nA1;Moreau-Petit;Nancy;\n")
    assert batch.count("updated") == 1
    client = Client.objects.get(number="A1")
    assert (client.display_name, client.version) == ("Claire Moreau-Petit", 2)
    assert client.phones
    assert client.addresses.get().lines == ["1 rue Haute", "57000 Nancy"]
    bringing.undo(batch, manager)
    client.refresh_from_db()
    assert client.display_name == "Claire Moreau"
    assert client.addresses.get().city == "Metz"


def test_the_dry_run_changes_nothing_and_says_what_the_run_does(manager, bringing):
    bringing.bring(manager, "clients", HEAD + MOREAU)
    content = (
        HEAD
        + MOREAU
        + "A2;Dupont;;;;;;\n"
        + "A1;Autre;;;;;;\n"
        + "A3;;;;;;;\n"
        + "A4;Long;;;pas une adresse;;;\n"
        + "A5;Faux;;12;;;;\n"
        + "A6;Code;;;;;5700;Metz\n"
        + "A/7;Numéro;;;;;;\n"
        + "A8;=1+1;;;;;;\n"
        + f"A9;{'x' * 201};;;;;;\n"
        + "B1;Moreau;Claire;0261910042;;;;\n"
        + "B2;trop;peu\n"
    )
    batch = bringing.check(manager, "clients", content)
    assert Client.objects.count() == 1
    assert batch.counts == {"unchanged": 1, "create": 1, "reject": 9, "duplicate": 1}
    told = reasons(batch)
    assert told[4].startswith("La même clé figure déjà à la ligne 2")
    assert told[5] == "Nom est obligatoire."
    assert told[6] == "Adresse de courriel invalide."
    assert "Numéro de téléphone invalide" in told[7]
    assert "Code postal invalide" in told[8]
    assert "lettres et chiffres" in told[9]
    assert "Formule refusée" in told[10]
    assert "200" in told[11]
    assert told[12] == "Doublon probable de A1."
    assert told[13] == "3 colonnes au lieu de 8."
    bringing.apply(batch, manager)
    assert (batch.count("created"), batch.count("updated"), batch.count("refused")) == (1, 0, 0)
    assert Client.objects.count() == 2


@pytest.mark.parametrize(
    ("choice", "clients", "number"), [("reject", 1, "A1"), ("create", 2, "A1"), ("update", 1, "A1")]
)
def test_probable_duplicates_are_left_created_or_brought_up_to_date(manager, bringing, choice, clients, number):
    bringing.bring(manager, "clients", HEAD + MOREAU)
    batch = bringing.check(manager, "clients", HEAD + "B1;Moreau;Claire;0261910042;;2 rue Basse;;Metz\n")
    assert batch.counts == {"duplicate": 1}
    bringing.apply(batch, manager, on_duplicate=choice)
    assert Client.objects.count() == clients
    street = Client.objects.get(number=number).addresses.get().street
    assert street == ("2 rue Basse" if choice == "update" else "1 rue Haute")


def test_rows_without_a_number_get_one_and_come_in_once(manager, bringing):
    batch = bringing.bring(manager, "clients", "Nom;Ville\nMoreau;Metz\nDupont;Metz\nMoreau;Metz\n")
    assert batch.count("created") == 2
    assert sorted(Client.objects.values_list("name", flat=True)) == ["Dupont", "Moreau"]
    assert all(number.startswith("C") for number in Client.objects.values_list("number", flat=True))


def test_a_deleted_client_is_not_silently_passed_over(manager, bringing):
    bringing.bring(manager, "clients", HEAD + MOREAU)
    client_actions.delete_client(Client.objects.get(number="A1"), by=enter(manager))
    batch = bringing.check(manager, "clients", HEAD + MOREAU)
    assert "supprimée le" in reasons(batch)[2]


def test_a_client_changed_between_dry_run_and_run_is_kept_as_it_is(manager, bringing):
    bringing.bring(manager, "clients", HEAD + MOREAU)
    batch = bringing.check(manager, "clients", "N° client;Nom\nA1;Nouveau\nA2;Autre\n")
    client = Client.objects.get(number="A1")
    client_actions.update_client(client, by=enter(manager), version=client.version, category="vip")
    make_client(manager.organization, "A2", "Arrivé entre-temps")
    bringing.apply(batch, manager)
    assert (batch.count("updated"), batch.count("created"), batch.count("refused")) == (0, 0, 2)
    assert Client.objects.get(number="A1").name == "Moreau"
    assert len(reasons(batch)) == 2


def test_a_manager_of_one_sector_imports_there_and_learns_nothing_of_the_others(
    org, north, south, client_south, bringing
):
    limited = make_member(org, "nord@eaux.example", "Noé Nord", "manager")
    grant(limited, "sector", north.pk)
    batch = bringing.check(
        limited,
        "clients",
        "N° client;Nom;Secteur;Prénom\nX1;Un;NORD;\nX2;Deux;SUD;\nX3;Trois;;\nS1;Dupont;NORD;Jeanne\n",
    )
    assert batch.counts == {"create": 1, "reject": 3}
    told = reasons(batch)
    assert "périmètre" in told[3]
    assert "périmètre" in told[4]
    assert told[5] == "Ce numéro n’est pas disponible."


@pytest.fixture
def limited(org, north):
    member = make_member(org, "nord@eaux.example", "Noé Nord", "manager")
    grant(member, "sector", north.pk)
    return member


def moved(client, sector):
    """By a path that leaves the version as it was: reach is what counts."""
    enter_organization(client.organization)
    Client.objects.filter(pk=client.pk).update(sector=sector)


def test_what_left_the_reach_between_dry_run_and_run_is_refused(limited, client_north, south, bringing):
    clients = bringing.check(limited, "clients", "N° client;Nom\nN1;Nouveau nom\n")
    addresses = bringing.check(limited, "addresses", "client;rue;ville\nN1;1 rue Haute;Metz\n")
    assert (clients.counts, addresses.counts) == ({"update": 1}, {"create": 1})
    moved(client_north, south)
    for batch in (clients, addresses):
        bringing.apply(batch, limited)
        assert (batch.count("updated"), batch.count("created"), batch.count("refused")) == (0, 0, 1)
        assert reasons(batch) == {2: "Cette fiche n’est plus dans votre périmètre."}
    enter_organization(client_north.organization)
    client_north.refresh_from_db()
    assert client_north.name == "Blanchisserie Moreau"


def test_a_sector_that_left_the_reach_takes_no_new_clients(limited, north, south, bringing):
    batch = bringing.check(limited, "clients", "N° client;Nom;Secteur\nX1;Un;NORD\n")
    Grant.objects.filter(membership=limited).update(scope_id=south.pk)
    bringing.apply(batch, limited)
    assert (batch.count("created"), batch.count("refused")) == (0, 1)
    assert not Client.objects.filter(number="X1").exists()


def test_an_undo_keeps_what_left_the_reach_and_does_not_name_it(limited, north, south, bringing):
    batch = bringing.bring(limited, "clients", "N° client;Nom;Secteur\nX1;Un;NORD\nX2;Deux;NORD\n")
    away = Client.objects.get(number="X1")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.action_id', %s, true)", [str(batch.action_id)])
    moved(away, south)
    enter(limited)
    bringing.undo(batch, limited)
    assert list(Client.objects.values_list("number", flat=True)) == ["X1"]
    assert batch.undo_result["kept"] == 1
    assert [row["label"] for row in batch.undo_result["kept_rows"]] == ["Cette fiche n’est plus dans votre périmètre."]


def test_who_may_import_no_more_is_told_so_and_nothing_is_done(limited, bringing):
    batch = bringing.check(limited, "clients", "N° client;Nom;Secteur\nX1;Un;NORD\n")
    job = actions.start_import(batch, by=enter(limited), in_background=False)
    Membership.objects.filter(pk=limited.pk).update(role="reader")
    run_job(job_id=job.pk, organization_id=job.organization_id)
    enter(limited)
    batch.refresh_from_db()
    job.refresh_from_db()
    assert (job.state, batch.error) == ("failed", "Vous n’avez plus l’habilitation nécessaire.")
    assert not Client.objects.filter(number="X1").exists()


def test_numbers_of_another_organization_do_not_count(manager, client_elsewhere, bringing):
    batch = bringing.bring(manager, "clients", "N° client;Nom\nE1;Marqueur\n")
    assert batch.count("created") == 1


def test_people_come_with_their_client_and_their_marks(manager, client_north, bringing):
    content = (
        "cle;client;nom;prenom;fonction;telephone;principale\n"
        "P1;N1;Moreau;Claire;Gérante;0261910042;oui\n"
        "P2;N1;Petit;Luc;;;non\nP3;;Maître;Ève;Notaire;;\nP4;N9;Nul;;;;\n"
    )
    batch = bringing.bring(manager, "people", content)
    assert batch.count("created") == 3
    assert reasons(batch) == {5: "Client inconnu : N9."}
    tie = ClientPerson.objects.get(client=client_north, is_primary=True)
    assert (tie.person.file_as, tie.person.sort_key) == ("Moreau, Claire", "moreau claire")
    assert bringing.check(manager, "people", content).counts == {"unchanged": 3, "reject": 1}
    bringing.bring(manager, "people", "cle;client;principale\nP2;N1;oui\n")
    assert ClientPerson.objects.get(client=client_north, is_primary=True).person.external_key == "P2"
    bringing.undo(batch, manager)
    assert set(Person.objects.values_list("external_key", flat=True)) <= {"P1", "P2"}


def test_addresses_find_their_owner(manager, client_north, bringing):
    content = (
        "client;type;rue;cp;ville\nN1;main;1 rue Haute;57000;Metz\nN1;mailing;BP 12;57001;Metz\nN9;main;x;57000;Metz\n"
    )
    batch = bringing.bring(manager, "addresses", content)
    assert batch.count("created") == 2
    assert reasons(batch) == {4: "Client inconnu : N9."}
    assert bringing.check(manager, "addresses", content).counts == {"unchanged": 2, "reject": 1}
    second = bringing.bring(manager, "addresses", "client;type;rue\nN1;main;2 rue Haute\n")
    assert second.counts == {"update": 1, "created": 0, "updated": 1, "refused": 0}, reasons(second)
    assert Address.objects.get(kind="main").street == "2 rue Haute"
    bringing.undo(batch, manager)
    assert Address.objects.count() == 1


def test_a_contract_makes_a_prospect_a_client_and_objects_hang_on_it(furnished, bringing):
    make_client(furnished.organization, "P1", "Prospect", status="prospect", emails=["p@example.com"])
    contracts = (
        "numéro;client;libellé;date;montant;attributes.puissance\nC-1;P1;Eau;01/02/2026;1 842,60;9\nC-1;P9;x;;;\n"
    )
    batch = bringing.bring(furnished, "contracts", contracts)
    assert batch.count("created") == 1
    contract = BusinessObject.objects.get(key="C-1")
    assert (str(contract.amount), contract.currency, contract.attributes) == ("1842.60", "EUR", {"puissance": "9"})
    assert Client.objects.get(number="P1").status == "client"
    invoices = (
        "type,numero,client,contrat,montant,echeance\ninvoice,F-1,P1,C-1,12.50,2026-12-01\n"
        "invoice,F-2,P1,C-9,1,\nlune,F-3,P1,,1,\n"
    )
    second = bringing.bring(furnished, "business-objects", invoices)
    assert BusinessObject.objects.get(key="F-1").contract == contract
    assert set(reasons(second)) == {3, 4}
    assert bringing.check(furnished, "business-objects", invoices).counts == {"unchanged": 1, "reject": 2}
    bringing.undo(second, furnished)
    bringing.undo(batch, furnished)
    assert not BusinessObject.objects.exists()
    assert Client.objects.get(number="P1").status == "prospect"


def test_interactions_come_with_their_notes_author_and_follow_up(furnished, client_north, bringing):
    content = (
        "cle;client;rubrique;canal;date;notes;suivi\n"
        "I1;N1;Renseignement;Appel téléphonique;20/11/2026 09:12;Ligne une;2099-01-01\n"
        "I2;N1;paiement;phone_call;2019-01-01;;\n"
        "I3;N1;inconnue;phone_call;2019-01-01;;\n"
        "I4;;paiement;phone_call;2019-01-01;;\n"
        "I5;N1;paiement;phone_call;2199-01-01;;\n"
    )
    batch = bringing.bring(furnished, "interactions", content)
    assert batch.count("created") == 2, reasons(batch)
    assert set(reasons(batch)) == {4, 5, 6}
    first = Interaction.objects.get(external_key="I1")
    assert (first.client, first.origin, first.created_by_id) == (client_north, "import", furnished.user_id)
    assert first.entries.get().notes == "Ligne une"
    assert first.agents.get().role == "originator"
    assert first.participants.get().client == client_north
    assert first.follow_up_owner_id == furnished.user_id
    assert bringing.check(furnished, "interactions", content).counts == {"unchanged": 2, "reject": 3}
    bringing.undo(batch, furnished)
    assert not Interaction.objects.exists()


def test_topics_are_an_administrators(admin, manager, bringing):
    content = "code;libellé français;libellé anglais;ordre\nfuite;Fuite;Leak;3\nFUITE 2;x;;\n"
    with pytest.raises(RightMissing):
        bringing.check(manager, "topics", content)
    batch = bringing.bring(admin, "topics", content)
    assert batch.count("created") == 1
    assert Topic.objects.get(code="fuite").label_en == "Leak"
    bringing.undo(batch, admin)
    assert not Topic.objects.exists()


def test_sectors_refuse_circles_and_unknown_parents_and_stay_when_used(admin, bringing):
    content = "code;nom;parent\nA;Un;B\nB;Deux;A\nC;Trois;Z\nD;Quatre;\nE;Cinq;D\n"
    batch = bringing.bring(admin, "sectors", content)
    assert batch.count("created") == 2
    assert set(reasons(batch)) == {2, 3, 4}
    from entregent.organizations.models import Sector

    make_client(admin.organization, "X", "Ancré", sector=Sector.objects.get(code="E"))
    bringing.undo(batch, admin)
    assert sorted(Sector.objects.values_list("code", flat=True)) == ["D", "E"]


def test_a_client_with_something_new_on_it_is_kept_when_the_import_is_undone(furnished, bringing):
    from entregent.interactions.actions import log_interaction

    batch = bringing.bring(furnished, "clients", HEAD + MOREAU + "A2;Dupont;;;;;;\n")
    log_interaction(by=enter(furnished), client=Client.objects.get(number="A1"), topic="paiement", channel="phone_call")
    bringing.undo(batch, furnished)
    assert list(Client.objects.values_list("number", flat=True)) == ["A1"]
    assert batch.undo_result["kept"] == 1
    assert Client.objects.get(number="A1").addresses.exists()


@pytest.mark.parametrize(
    "text",
    [
        "- une liste",
        "kind: clients\ncolumns: {Nom: inconnu}",
        "kind: lune\ncolumns: {Nom: name}",
        "kind: clients\ncolumns: {Nom: {to: name, par: x}}",
        "kind: clients\nautre: 1",
        "kind: clients\nkey: name\ncolumns: {Nom: name}",
        "kind: clients\ncolumns: {Nom: [name, &a x], Ville: *a}",
        "kind: sectors\ncolumns: {Nom: name, N: code}",
        "kind: clients\ncolumns: {Absente: name}",
        "kind: clients\nkey: number\ncolumns: {}",
        "a: !!python/object/apply:os.system [x]",
        "{" * 2000,
    ],
)
def test_a_mapping_that_is_none_is_refused_with_a_sentence(manager, text):
    enter(manager)
    file = ContentFile(b"Nom;Ville\nx;y\n")
    batch = actions.create_import(by=manager, kind="clients", file=file, filename="x.csv")
    with pytest.raises(Refusal) as refused:
        actions.set_mapping(batch, by=manager, mapping=from_yaml(text))
    assert refused.value.code in ("E-MAPPING", "E-IMPORT-KIND")


def test_the_command_imports_and_leaves_its_rejects_beside_the_file(admin, tmp_path, settings):
    from entregent.exchange.command import run_export, run_import

    path = tmp_path / "clients.csv"
    path.write_text("N° client;Nom\nA1;Moreau\nA2;\n")
    seen = []
    summary = run_import(kind="clients", path=path, organization="eaux", progress=lambda done, total: seen.append(done))
    report = tmp_path / "clients.rejets.csv"
    assert summary == {"created": 1, "updated": 0, "unchanged": 0, "rejected": 1, "report": str(report)}
    assert report.read_text() == "N° client;Nom;motif du rejet\nA2;;Nom est obligatoire.\n"
    assert seen
    json.dumps(summary)
    again = run_import(kind="clients", path=path, organization="eaux", dry_run=True)
    assert (again["created"], again["unchanged"]) == (0, 1)
    out = tmp_path / "sortie.csv"
    assert run_export(kind="clients", path=out, organization="eaux") == {"exported": 1, "file": str(out)}
    assert "Moreau" in out.read_text(encoding="utf-8-sig")
    with pytest.raises(Refusal):
        run_import(kind="groups", path=path, organization="eaux")
    with pytest.raises(Refusal):
        run_import(kind="clients", path=path, organization="nulle-part")
    with in_organization(admin.organization_id, user_id=admin.user_id):
        assert Client.objects.count() == 1


def test_rows_of_old_imports_are_forgotten_but_for_their_rejects(manager, bringing):
    from datetime import timedelta

    from django.utils import timezone

    from entregent.exchange.models import Import

    old = bringing.bring(manager, "clients", "N° client;Nom\nA1;Moreau\nA2;\n")
    Import.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=31))
    bringing.check(manager, "clients", "N° client;Nom\nA3;Dupont\n")
    assert list(old.rows.values_list("line", flat=True)) == [3]
