"""What a service provider sees of a client's objects follows from what the client lets it see (R002-32)."""

from datetime import timedelta

import pytest

from entregent.access.rights import Right
from entregent.clients.actions import sync_business_object
from entregent.clients.lists import list_code
from entregent.clients.models import BusinessObject, Client, ClientSummary
from entregent.clients.tests.test_ties import NUMBER, approve, broker, company, owner  # noqa: F401
from entregent.listing.lists import lists
from entregent.relationships import actions as relationship_actions
from entregent.relationships.models import Relationship, RelationshipProgram, today_of
from entregent.toolbox.errors import Refusal
from testing.cast import enter


@pytest.fixture
def scene(broker, admin, owner, seeded_types):  # noqa: F811
    """A client with two programs, and an invoice of each kind: its own, by program, by who submitted it."""
    relationship_actions.add_program(owner.account, "RM0002", "Exportation")
    approve(admin, owner)
    Relationship.objects.update(visibility=["own", "business", "others"])
    client = Client.objects.get(business_account=owner.account)
    for key, program, by in [
        ("OWN", "", "own"), ("P1", "RM0001", "own"), ("P2", "RM0002", "own"), ("P2-BUS", "RM0002", "business"),
        ("P2-OTH", "RM0002", "others"), ("BUS", "", "business"),
    ]:  # fmt: skip
        sync_business_object(
            by=admin, client=client, type_code="invoice", key=key, program_account=program, submitted_by=by,
            amount="10.00", state="unpaid",
        )  # fmt: skip
    return client


@pytest.fixture
def seeded_types(org):
    from entregent.clients.actions import seed_object_types

    seed_object_types(org)


def seen(member) -> set[str]:
    enter(member)
    return set(BusinessObject.objects.visible_to(member).values_list("key", flat=True))


def limit(level="business", visibility=("own",), programs=(), **dates) -> None:
    Relationship.objects.update(level=level, visibility=list(visibility), **dates)
    RelationshipProgram.objects.all().delete()
    given = Relationship.objects.get()
    for number in programs:
        program = given.account.programs.get(number__endswith=number)
        RelationshipProgram.objects.create(organization=given.organization, relationship=given, program=program)


ALL = {"OWN", "P1", "P2", "P2-BUS", "P2-OTH", "BUS"}


@pytest.mark.parametrize(("level", "visibility", "programs", "expected"), [
    ("business", ["own", "business", "others"], [], ALL),
    ("business", ["own"], [], {"OWN", "P1", "P2"}),
    ("business", ["own", "business"], [], {"OWN", "P1", "P2", "P2-BUS", "BUS"}),
    ("program", ["own"], ["RM0002"], {"OWN", "P2"}),
    ("program", ["own", "others"], ["RM0002"], {"OWN", "P2", "P2-OTH"}),
    ("program", ["own", "business", "others"], ["RM0001", "RM0002"], ALL - {"BUS"}),
])  # fmt: skip
def test_level_programs_and_visibility_decide(scene, admin, level, visibility, programs, expected):
    limit(level, visibility, programs)
    assert seen(admin) == expected


def test_the_day_after_the_last_one_nothing_of_the_client_is_seen_before_any_job_has_run(scene, admin, broker):  # noqa: F811
    today = today_of(broker)
    limit(visibility=["own", "business", "others"], starts_on=today - timedelta(days=9), ends_on=today)
    assert seen(admin) == ALL
    limit(visibility=["own", "business", "others"], ends_on=today - timedelta(days=1))
    assert Relationship.objects.get().state == "active"
    assert seen(admin) == {"OWN"}


def test_an_access_that_is_taken_back_ends_at_the_next_question(scene, admin, owner):  # noqa: F811
    relationship_actions.revoke_relationship(Relationship.objects.get(), by=owner)
    assert seen(admin) == {"OWN"}


def test_module_off_lets_nothing_out(scene, admin, broker):  # noqa: F811
    limit("program", ["own"], ["RM0002"])
    broker.modules = [module for module in broker.modules if module != "delegation"]
    broker.save()
    assert seen(admin) == {"OWN", "P2"}


def test_the_pages_the_api_the_search_and_the_lists_show_no_more(scene, admin, signed_in):
    limit("program", ["own"], ["RM0002"])
    http = signed_in(admin)
    slug = admin.organization.slug
    file = http.get(f"/{slug}/clients/{scene.number}/").content.decode()
    assert "P2-BUS" not in file
    found = http.get(f"/{slug}/recherche/?q=P2-BUS", headers={"accept": "application/json"}).json()
    assert not any(group["count"] for group in found["groups"])
    enter(admin)
    listed = lists(admin)[list_code("invoice")].records(admin)
    assert set(listed.values_list("key", flat=True)) == {"OWN", "P2"}


def test_the_balance_of_lists_is_of_what_the_firm_holds_by_itself(scene, admin):
    enter(admin)
    assert ClientSummary.objects.get(client=scene).balance_cents == 1000


def test_a_program_that_was_not_given_looks_as_if_it_did_not_exist(scene, admin):
    limit("program", ["own"], ["RM0002"])
    enter(admin)
    said = set()
    for number in ("RM0001", "RM0009", f"{NUMBER}RM0001", "999999999RM0001"):
        with pytest.raises(Refusal) as refused:
            sync_business_object(by=admin, client=scene, type_code="invoice", key="N", program_account=number)
        said.add((refused.value.code, str(refused.value.message)))
    assert len(said) == 1
    assert not BusinessObject.objects.filter(key="N").exists()


def test_an_organization_that_is_no_provider_has_no_programs(org, admin, seeded_types):
    client = company(admin, "Alpha")
    for values in ({"program_account": "RM0001"}, {"submitted_by": "others"}):
        with pytest.raises(Refusal) as refused:
            sync_business_object(by=admin, client=client, type_code="invoice", key="N", **values)
        assert refused.value.code == "E-002-PROVIDER"
    with pytest.raises(Refusal):
        sync_business_object(by=admin, client=client, type_code="invoice", key="N", submitted_by="nobody")
    assert admin.can(Right.OBJECT_SYNC)


def test_an_editor_within_reach_sees_no_more_than_the_firm(scene, admin, colleague):
    from entregent.organizations.actions import grant_access

    enter(admin)
    grant_access(member=colleague, scope_type="client", scope_id=scene.pk, by=admin)
    limit("program", ["own"], ["RM0002"])
    colleague.__dict__.pop("reach", None)
    assert seen(colleague) == {"OWN", "P2"}
