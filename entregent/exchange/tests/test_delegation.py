"""Business accounts and relationships come in from files: by the operator's command; on the page as requests."""

import csv
import re
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from entregent.access.rights import Role
from entregent.audit.models import Action
from entregent.clients.actions import seed_object_types
from entregent.clients.models import BusinessObject, Client
from entregent.exchange import actions
from entregent.exchange.command import run_import
from entregent.exchange.mapping import from_yaml
from entregent.exchange.models import Import
from entregent.exchange.tests.conftest import FILES
from entregent.exchange.tests.test_real_files import DATA
from entregent.groups.models import ClientGroup, GroupMember
from entregent.relationships.actions import approve_access
from entregent.relationships.models import (
    AccessRequest,
    AccountUser,
    BusinessAccount,
    ProgramAccount,
    Relationship,
    RelationshipProgram,
    today_of,
)
from entregent.toolbox.errors import Refusal, RightMissing
from testing.cast import enter, enter_organization, make_client, make_member

DOCUMENTED = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "import.md"


@pytest.fixture
def broker(org):
    org.provider_kind = "customs_broker"
    org.save()
    return org


@pytest.fixture
def bring(admin, broker, tmp_path):
    """The command on a text, with its mapping if there is one."""

    def bring(kind, text, mapping="", **more):
        path = tmp_path / f"{kind}.csv"
        path.write_text(text)
        if mapping:
            (tmp_path / f"{kind}.yaml").write_text(mapping)
            more["mapping"] = tmp_path / f"{kind}.yaml"
        told = run_import(kind=kind, path=path, organization="eaux", **more)
        enter(admin)
        return told

    return bring


def figures(told):
    return told["created"], told["updated"], told["unchanged"], told["rejected"]


ACCOUNTS = """siren;nom;code postal;ville;programmes;client
210100012;L'Abergement;01400;L'Abergement;RM0001;A1
;Sans numéro;;;;A2
"""
AUTO = """
kind: business-accounts
key: number
columns:
  siren: number
  nom: name
  code postal: postal_code
  ville: city
  programmes: {to: programs, split: "|"}
  client: client
constants: {number: auto}
"""


def test_accounts_come_with_their_programs_and_a_number_of_ours_where_none_is_known(bring, broker):
    clients = [make_client(broker, number, f"Commune {number}") for number in ("A1", "A2")]
    assert figures(bring("business-accounts", ACCOUNTS, AUTO)) == (2, 0, 0, 0)
    known, ours = BusinessAccount.objects.order_by("-number")
    assert (known.number, known.name, known.postal_code, known.country) == ("210100012", "L'Abergement", "01400", "FR")
    assert (ours.number, ours.name) == ("000000001", "Sans numéro")
    assert list(ProgramAccount.objects.values_list("number", flat=True)) == ["210100012RM0001"]
    for client in clients:
        client.refresh_from_db()
    assert [client.business_account for client in clients] == [known, ours]
    # The same file once more gives nobody another number.
    assert figures(bring("business-accounts", ACCOUNTS, AUTO)) == (0, 0, 2, 0)
    changed = ACCOUNTS.replace(";RM0001;", ";RM0001|RM0002;").replace("Sans numéro", "Ville-Neuve")
    assert figures(bring("business-accounts", changed, AUTO)) == (0, 2, 0, 0)
    ours.refresh_from_db()
    assert (ours.name, ours.version, known.programs.count()) == ("Ville-Neuve", 2, 2)


def test_accounts_that_cannot_be_are_refused_with_a_reason(bring, broker, tmp_path):
    make_client(broker, "A1", "Un", business_account=BusinessAccount.objects.create(number="300000001", name="Un"))
    make_client(broker, "A2", "Deux")
    told = bring(
        "business-accounts",
        "siren;nom;programmes;client\n12;Court;;\n300000001;Volé;;A2\n300000002;Autre;;A1\n"
        "300000003;;;\n300000004;X;RM1;\n300000005;Y;300000006RM0001;\n300000007;Z;;A9\n;Rien;;\n",
    )
    assert figures(told) == (0, 0, 0, 8)
    reasons = Path(told["report"]).read_text()
    for reason in ("neuf chiffres", "déjà rattachés ailleurs", "Nom est obligatoire", "Client inconnu : A9"):
        assert reason in reasons.replace("\N{NO-BREAK SPACE}", " ")
    assert BusinessAccount.objects.count() == 1


def test_relationships_of_the_command_hold_and_say_who_approved_them(bring, broker):
    tied = make_client(
        broker, "A1", "Un", business_account=BusinessAccount.objects.create(number="300000001", name="Un")
    )
    named = make_client(broker, "A2", "Deux", identifiers={"siren": "300000002"})
    account = BusinessAccount.objects.create(number="300000002", name="Deux")
    program = ProgramAccount.objects.create(account=account, number="300000002RM0002")
    BusinessAccount.objects.create(number="300000003", name="Nouvelle SA", city="Metz")
    text = (
        "siren;client;niveau;programmes;visibilité;jusqu'au;approuvée par\n"
        ";A1;;;;;\n300000002;;program;RM0002;others;2999-12-31;Mandat 2026-7\n300000003;;;;;;\n"
    )
    assert figures(bring("relationships", text, dry_run=True)) == (3, 0, 0, 0)
    assert not Relationship.objects.exists()
    assert figures(bring("relationships", text)) == (3, 0, 0, 0)
    first, second, third = Relationship.objects.order_by("account__number").select_related("account")
    assert (first.account_id, first.level, first.visibility) == (tied.business_account_id, "business", ["own"])
    assert (first.state, first.starts_on, first.approved_by_name) == (
        "active", today_of(broker), "Exploitant de l’instance (relationships.csv)",
    )  # fmt: skip
    assert (second.level, second.visibility, second.approved_by_name) == ("program", ["own", "others"], "Mandat 2026-7")
    assert str(second.ends_on) == "2999-12-31"
    assert list(RelationshipProgram.objects.values_list("relationship", "program")) == [(second.pk, program.pk)]
    # The account is the client that carries its number, or a new client.
    named.refresh_from_db()
    assert named.business_account_id == second.account_id
    assert Client.objects.get(business_account=third.account).display_name == "Nouvelle SA"
    action = Action.objects.filter(name="import").latest("pk")
    assert action.data["by_operator"] is True
    assert figures(bring("relationships", text)) == (0, 0, 3, 0)


def test_what_a_business_agreed_to_itself_no_file_changes(bring, broker):
    account = BusinessAccount.objects.create(number="300000001", name="Un")
    make_client(broker, "A1", "Un", business_account=account)
    enter_organization(broker)
    Relationship.objects.create(organization=broker, account=account, level="business", starts_on=today_of(broker))
    told = bring("relationships", "siren;visibilité;depuis;jusqu'au\n300000001;business;;\n")
    assert figures(told) == (0, 0, 0, 1)
    assert "autres conditions" in Path(told["report"]).read_text()
    told = bring(
        "relationships",
        "siren;niveau;depuis;jusqu'au\n300000009;;;\n300000001;;2999-01-01;\n300000001;;;2020-01-01\n300000001;program;;\n",
    )
    assert figures(told) == (0, 0, 0, 4)
    assert Relationship.objects.get().visibility == ["own"]


def test_on_the_page_a_file_of_relationships_asks_the_businesses(admin, broker, bringing):
    account = BusinessAccount.objects.create(number="300000001", name="Un")
    make_client(broker, "A1", "Un", identifiers={"siren": "300000001"})
    text = "siren;client;niveau;commentaires\n;A1;business;Mandat 2026\n300000002;;;\n300000002;;;\n"
    batch = bringing.check(admin, "relationships", text)
    assert batch.counts == {"create": 2, "reject": 1}
    assert "demande d’accès" in batch.notes[0]
    assert "niveau" not in batch.mapping["columns"]  # It is for the client to decide.
    bringing.apply(batch, admin)
    assert not Relationship.objects.exists()
    asked = AccessRequest.objects.order_by("account_number")
    assert [(one.account_number, one.state, one.comments) for one in asked] == [
        ("300000001", "pending", "Mandat 2026"), ("300000002", "pending", ""),
    ]  # fmt: skip
    assert asked[0].asked_by_name == admin.name
    # Who waits already is not asked again.
    assert bringing.check(admin, "relationships", text).counts == {"unchanged": 2, "reject": 1}
    # What was answered meanwhile stays when the import is undone.
    owner = AccountUser.objects.create(account=account, user=admin.user, role=Role.ADMIN)
    approve_access(asked[0], by=owner, level="business")
    bringing.undo(batch, admin)
    assert [one.state for one in AccessRequest.objects.all()] == ["approved"]
    assert Relationship.objects.count() == 1


def test_no_member_brings_in_accounts_or_goes_on_with_what_the_operator_brings(
    admin, manager, broker, signed_in, bring
):
    enter(admin)
    with pytest.raises(RightMissing):
        actions.create_import(by=admin, kind="business-accounts", file=ContentFile(b"siren;nom\n"), filename="x.csv")
    make_client(broker, "A1", "Un", business_account=BusinessAccount.objects.create(number="300000001", name="Un"))
    bring("relationships", "siren\n300000001\n", dry_run=True)
    batch = Import.objects.get()
    browser = signed_in(admin)
    address = [admin.organization.slug, batch.pk]
    page = browser.get(reverse("exchange:import", args=address)).content.decode()
    assert "par la commande" in page
    assert reverse("exchange:run", args=address) not in page
    for name in ("run", "undo"):
        assert browser.post(reverse(f"exchange:{name}", args=address)).status_code == 403
    enter(admin)
    with pytest.raises(Refusal):
        actions.set_mapping(batch, by=admin, mapping=actions.mapping_of(batch))
    assert not Relationship.objects.exists()
    with pytest.raises(RightMissing):
        bring("relationships", "siren\n300000001\n", email=make_member(broker, "e@x.fr", "É", "editor").user.email)
    broker.provider_kind = ""
    broker.save()
    with pytest.raises(RightMissing):
        bring("relationships", "siren\n300000001\n")


def documented(kind: str) -> str:
    """The mapping of the run that the how-to page describes."""
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENTED.read_text(encoding="utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if from_yaml(block).kind == kind and "code_insee" in block]
    return found


@pytest.fixture
def some(tmp_path):
    """A few hundred of the communes, those without SIREN among them, and two groups of one name."""
    source = DATA if (DATA / "communes.csv").exists() else FILES
    with (source / "communes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (source / "epci.csv").open(encoding="cp1252", newline="") as file:
        named = list(csv.DictReader(file, delimiter=";"))
    alike = {one["SIREN"] for one in named if one["Nom"] == "CC des Quatre Rivières"}
    chosen = rows[:200] + [row for row in rows[200:] if not row["siren"] or row["epci_siren"] in alike]
    with (tmp_path / "communes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(chosen)
    (tmp_path / "epci.csv").write_bytes((source / "epci.csv").read_bytes())
    return tmp_path, chosen


def test_the_run_that_the_how_to_page_describes(admin, broker, some):
    folder, rows = some
    enter(admin)
    for name in ("territoires.csv", "communes.yaml", "territoires.yaml"):
        (folder / name).write_bytes((FILES / name).read_bytes())
    for name, kind in (("comptes", "business-accounts"), ("relations", "relationships"), ("groupes", "groups")):
        (folder / f"{name}.yaml").write_text(documented(kind), encoding="utf-8")
    told = []
    for kind, file, mapping in (
        ("sectors", "territoires", "territoires"), ("clients", "communes", "communes"),
        ("business-accounts", "communes", "comptes"), ("relationships", "communes", "relations"),
        ("groups", "communes", "groupes"),
    ):  # fmt: skip
        told.append(
            run_import(kind=kind, path=folder / f"{file}.csv", mapping=folder / f"{mapping}.yaml", organization="eaux")
        )
    grouped = [row for row in rows if row["epci_siren"]]
    assert [one["created"] for one in told] == [135, len(rows), len(rows), len(rows), len(grouped)]
    assert not any(one["rejected"] for one in told)
    enter(admin)
    without = sum(1 for row in rows if not row["siren"])
    assert BusinessAccount.objects.filter(number__startswith="0").count() == without
    assert Relationship.objects.active(today_of(broker)).count() == len(rows)
    assert ClientGroup.objects.count() == len({row["epci_siren"] for row in grouped})
    assert GroupMember.objects.live().count() == len(grouped)


def test_objects_come_with_their_program_and_who_submitted_them(admin, broker, bringing):
    account = BusinessAccount.objects.create(number="300000001", name="Un")
    known, hidden = (
        ProgramAccount.objects.create(account=account, number=f"300000001RM000{place}") for place in (1, 2)
    )
    make_client(broker, "A1", "Un", business_account=account)
    enter_organization(broker)
    seed_object_types(broker)
    given = Relationship.objects.create(
        organization=broker, account=account, level="program", visibility=["own", "others"], starts_on=today_of(broker)
    )
    RelationshipProgram.objects.create(organization=broker, relationship=given, program=known)
    text = (
        "type;numéro;client;compte de programme;transmis par\n"
        "invoice;F1;A1;RM0001;others\ninvoice;F2;A1;300000001RM0001;\ninvoice;F3;A1;RM0002;\n"
        "invoice;F4;A1;RM1;\ninvoice;F5;A1;;nobody\ninvoice;F6;A1;;\n"
    )
    batch = bringing.bring(admin, "business-objects", text)
    assert (batch.count("created"), batch.count("reject")) == (3, 3)
    found = BusinessObject.objects.order_by("key").values_list("key", "program_account_id", "submitted_by")
    assert list(found) == [("F1", known.pk, "others"), ("F2", known.pk, "own"), ("F6", None, "own")]
    # What the client does not let the provider know of looks as if it did not exist.
    reasons = list(batch.rows.filter(verdict="reject").order_by("line").values_list("reason", flat=True))
    assert "aucun compte de programme" in reasons[0]
    assert not BusinessObject.objects.filter(program_account=hidden).exists()
    assert bringing.check(admin, "business-objects", text).counts == {"unchanged": 3, "reject": 3}
    moved = text.replace("F6;A1;;", "F6;A1;RM0001;business")
    assert bringing.bring(admin, "business-objects", moved).count("updated") == 1
    assert BusinessObject.objects.get(key="F6").program_account_id == known.pk
    broker.provider_kind = ""
    broker.save()
    assert bringing.check(enter(admin), "business-objects", text).count("reject") == 5
