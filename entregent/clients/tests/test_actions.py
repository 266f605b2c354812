"""Verbs on clients, people, addresses, credit holds and business objects: effect, refusal, journal."""

from datetime import date

import pytest

from entregent.audit.models import Action, Change
from entregent.clients import actions, extension_points
from entregent.clients.models import Address, BusinessObject, BusinessObjectType, Client, ClientPerson, Person
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from testing.cast import enter


def refused(code, call, /, *args, **kwargs):
    with pytest.raises((Refusal, Refusals)) as caught:
        call(*args, **kwargs)
    error = caught.value
    refusals = error.refusals if isinstance(error, Refusals) else [error]
    assert code in [refusal.code for refusal in refusals]
    return next(refusal for refusal in refusals if refusal.code == code)


class TestCreateClient:
    def test_it_keeps_what_was_given_in_clean_form(self, manager, north):
        client = actions.create_client(
            by=manager,
            kind="company",
            name="  Blanchisserie\u200b  Moreau ",
            number="100482",
            emails=["contact@moreau.example", "CONTACT@moreau.example"],
            phones=[("Standard", "02 61 91 00 40"), {"label": "", "number": "+33 6 39 98 00 17"}],
            identifiers={"siren": "732 829 320"},
            sector=north,
            addresses=[
                {"kind": "main", "street": "12 rue des Tanneurs", "postal_code": "41 999", "city": "Saint-Aubin"}
            ],
        )
        client.refresh_from_db()
        assert client.name == client.display_name == "Blanchisserie Moreau"
        assert client.sort_key == "blanchisserie moreau"
        assert client.emails == ["contact@moreau.example"]
        assert [phone["number"] for phone in client.phones] == ["+33261910040", "+33639980017"]
        assert client.identifiers == {"siren": "732829320"}
        assert client.sector_reach == [north.pk]
        assert client.created_by == manager.user
        assert client.addresses.get().postal_code == "41999"

    def test_a_person_is_sorted_by_last_name(self, manager):
        client = actions.create_client(by=manager, kind="person", name="Lefèvre", first_name="Zoé")
        assert (client.display_name, client.sort_key) == ("Zoé Lefèvre", "lefevre zoe")

    def test_it_is_given_a_number_that_nobody_has(self, manager):
        first = actions.create_client(by=manager, kind="company", name="Un")
        taken = f"C{int(first.number[1:]) + 1}"
        actions.create_client(by=manager, kind="company", name="Deux", number=taken)
        third = actions.create_client(by=manager, kind="company", name="Trois")
        assert third.number == f"C{int(first.number[1:]) + 2}"

    def test_an_agent_of_a_sector_creates_in_that_sector(self, agent, north):
        client = actions.create_client(by=agent, kind="company", name="Du Nord")
        assert client.sector == north
        assert client in Client.objects.visible_to(agent)

    def test_an_agent_of_a_sector_cannot_create_in_another(self, agent, south):
        refused("E-SECTOR", actions.create_client, by=agent, kind="company", name="Du Sud", sector=south)

    def test_it_is_journaled_under_its_name(self, manager):
        client = actions.create_client(by=manager, kind="company", name="Un")
        change = Change.objects.get(table_name="clients_client", row_id=client.pk)
        assert Action.objects.get(pk=change.action_id).name == "create_client"
        assert (change.operation, change.user_id, change.client_id) == ("I", manager.user_id, client.pk)

    def test_the_same_idempotency_key_makes_one_client(self, manager):
        first = actions.create_client(by=manager, kind="company", name="Un", idempotency_key="k-1")
        assert actions.create_client(by=manager, kind="company", name="Un", idempotency_key="k-1") == first
        refused("E-IDEMPOTENCY", actions.create_client, by=manager, kind="company", name="Deux", idempotency_key="k-1")

    @pytest.mark.parametrize(
        ("fields", "code", "field"),
        [
            ({"name": "   "}, "E-REQUIRED", "name"),
            ({"name": "\u200b\u202e"}, "E-REQUIRED", "name"),
            ({"name": "x" * 201}, "E-LENGTH", "name"),
            ({"category": "x" * 61}, "E-LENGTH", "category"),
            ({"kind": "robot"}, "E-CHOICE", "kind"),
            ({"number": "N° 1"}, "E-004-ID", "number"),
            ({"number": "été"}, "E-004-ID", "number"),
            ({"number": "nouveau"}, "E-004-ID", "number"),
            ({"emails": ["a@b.fr", "c@d.fr", "e@f.fr", "g@h.fr"]}, "E-004-EMAILS", "emails"),
            ({"emails": ["pas une adresse"]}, "E-004-EMAILS", "emails"),
            ({"phones": ["bonjour"]}, "E-PHONE", "phones"),
            ({"identifiers": {"siren": "123456789"}}, "E-IDENTIFIER", "identifiers.siren"),
            ({"identifiers": {"bn": "123456789"}}, "E-IDENTIFIER", "identifiers.bn"),
            ({"birth_date": "31/02/1980"}, "E-DATE", "birth_date"),
            ({"birth_date": date(2999, 1, 1)}, "E-DATE", "birth_date"),
            ({"addresses": [{"street": "1 rue", "postal_code": "4199"}]}, "E-000-POSTAL", "postal_code"),
            (
                {"addresses": [{"street": "1 rue", "postal_code": "J8X 1A", "country": "CA"}]},
                "E-000-POSTAL",
                "postal_code",
            ),
            ({"addresses": [{"street": "1 rue", "country": "ZZZ"}]}, "E-COUNTRY", "country"),
            ({"addresses": [{"label": "vide"}]}, "E-REQUIRED", "street"),
        ],
    )
    def test_bad_input_is_refused_at_its_field(self, manager, fields, code, field):
        refusal = refused(code, actions.create_client, **({"by": manager, "kind": "company", "name": "Un"} | fields))
        assert refusal.field == field
        assert not Client.objects.exists()

    def test_everything_wrong_is_said_at_once(self, manager):
        with pytest.raises(Refusals) as caught:
            actions.create_client(by=manager, kind="company", name="", emails=["x"], phones=["y"])
        assert {refusal.field for refusal in caught.value.refusals} == {"name", "emails", "phones"}

    def test_a_number_is_never_given_twice_even_after_a_deletion(self, manager):
        client = actions.create_client(by=manager, kind="company", name="Un", number="A-1")
        actions.delete_client(client, by=manager)
        refused("E-004-ID", actions.create_client, by=manager, kind="company", name="Deux", number="A-1")

    def test_a_canadian_postal_code_is_put_in_its_usual_form(self, manager):
        client = actions.create_client(
            by=manager,
            kind="company",
            name="Un",
            addresses=[{"city": "Gatineau", "postal_code": "j8x1a1", "country": "ca"}],
        )
        assert client.addresses.get().postal_code == "J8X 1A1"

    def test_scripts_and_other_writings_are_kept_as_text(self, manager):
        client = actions.create_client(by=manager, kind="company", name="<script>alert(1)</script> שלום")
        client.refresh_from_db()
        assert client.name == "<script>alert(1)</script> שלום"

    def test_a_responsible_agent_belongs_to_the_organization(self, manager, stranger):
        enter(manager)
        refused("E-000-AGENT", actions.create_client, by=manager, kind="company", name="Un", responsible=stranger.user)

    def test_two_hundred_ligatures_fit(self, manager):
        client = actions.create_client(by=manager, kind="company", name="œ" * 200)
        assert len(client.sort_key) == 310


class TestCreateProspect:
    def test_a_prospect_needs_a_means_of_contact(self, agent):
        refusal = refused("E-001-PROSPECT", actions.create_prospect, by=agent, kind="person", name="Morel")
        assert str(refusal.message) == "Indiquez un téléphone, un courriel ou une adresse."

    @pytest.mark.parametrize(
        "means", [{"phone": "0261910042"}, {"email": "a@morel.example"}, {"address": {"city": "Saint-Aubin"}}]
    )
    def test_any_of_the_three_will_do(self, agent, means):
        client = actions.create_prospect(by=agent, kind="person", name="Morel", **means)
        assert client.is_prospect
        assert client.responsible == agent.user

    def test_the_first_contract_makes_a_client_of_a_prospect(self, manager):
        actions.seed_object_types(manager.organization)
        client = actions.create_prospect(by=manager, kind="person", name="Morel", phone="0261910042")
        actions.sync_business_object(by=manager, client=client, type_code="meter", key="M-1")
        assert client.is_prospect
        actions.sync_business_object(by=manager, client=client, type_code="contract", key="C-1", state="active")
        client.refresh_from_db()
        assert client.status == "client"


class TestUpdateClient:
    def test_it_changes_and_counts_versions(self, manager, client_north):
        updated = actions.update_client(client_north, by=manager, version=1, name="Blanchisserie Moreau et Fils")
        assert (updated.version, updated.sort_key) == (2, "blanchisserie moreau et fils")
        assert updated.updated_by == manager.user

    def test_a_stale_save_is_refused_and_says_who_and_when(self, manager, agent, client_north):
        actions.update_client(client_north, by=agent, version=1, category="pro")
        refusal = refused("E-STALE", actions.update_client, client_north, by=manager, version=1, category="autre")
        assert isinstance(refusal, Stale)
        assert "Omar Agent" in str(refusal.message)
        assert refusal.current.category == "pro"
        assert refusal.status == 409

    def test_nothing_changed_makes_no_version(self, manager, client_north):
        assert actions.update_client(client_north, by=manager, version=1, name=client_north.name).version == 1

    def test_a_status_moves_as_it_may(self, manager, client_north):
        refused("E-001-TRANSITION", actions.update_client, client_north, by=manager, version=1, status="prospect")
        assert actions.deactivate_client(client_north, by=manager).status == "inactive"
        assert actions.reactivate_client(client_north, by=manager).status == "client"

    def test_an_agent_cannot_move_a_client_out_of_reach(self, agent, client_north, south):
        enter(agent)
        refused("E-SECTOR", actions.update_client, client_north, by=agent, version=1, sector=south)

    def test_a_taken_number_is_refused(self, manager, client_north, client_south):
        enter(manager)
        refused("E-004-ID", actions.update_client, client_north, by=manager, version=1, number="S1")

    def test_a_client_of_another_organization_is_not_found(self, manager, client_elsewhere):
        enter(manager)
        with pytest.raises(NotFound):
            actions.update_client(client_elsewhere, by=manager, version=1, name="Pris")

    def test_a_change_keeps_before_in_the_journal(self, manager, client_north):
        actions.update_client(client_north, by=manager, version=1, category="pro")
        change = Change.objects.filter(table_name="clients_client", operation="U").latest("id")
        assert change.before["category"] == ""


class TestDeleteClient:
    def test_it_is_soft_and_taken_back(self, manager, client_north):
        actions.delete_client(client_north, by=manager)
        assert not Client.objects.visible_to(manager).filter(pk=client_north.pk).exists()
        actions.restore_client(client_north, by=manager)
        assert Client.objects.visible_to(manager).filter(pk=client_north.pk).exists()

    def test_it_is_refused_while_something_is_open(self, manager, client_north):
        extension_points.deletion_blockers.add(lambda client: ["2 dossiers ouverts"], name="test")
        try:
            refusal = refused("E-004-CLIENT-IN-USE", actions.delete_client, client_north, by=manager)
        finally:
            extension_points.deletion_blockers._contributions.pop("test")
        assert "2 dossiers ouverts" in str(refusal.message)
        assert refusal.status == 409
        client_north.refresh_from_db()
        assert client_north.deleted_at is None

    def test_its_people_remain_on_their_own(self, manager, agent, client_south):
        enter(manager)
        person = actions.create_person(by=manager, last_name="Nguyen", client=client_south)
        assert person not in Person.objects.visible_to(agent)
        actions.delete_client(client_south, by=manager)
        assert person in Person.objects.visible_to(agent)


class TestCreditHold:
    def test_it_is_set_once_and_lifted_once(self, manager, client_north):
        hold = actions.set_credit_hold(client_north, by=manager, reason="overdue", note="2 factures")
        assert (hold.set_by, hold.lifted_at) == (manager.user, None)
        refused("E-CREDIT-HOLD", actions.set_credit_hold, client_north, by=manager, reason="limit")
        actions.lift_credit_hold(client_north, by=manager)
        refused("E-CREDIT-HOLD", actions.lift_credit_hold, client_north, by=manager)
        assert Client.objects.on_credit_hold().count() == 0

    def test_a_reason_is_required(self, manager, client_north):
        assert refused("E-REQUIRED", actions.set_credit_hold, client_north, by=manager, reason="").field == "reason"


class TestPeople:
    def test_file_as_is_made_of_the_name(self, manager):
        person = actions.create_person(by=manager, first_name="Claire", last_name="Moreau")
        assert (person.file_as, person.full_name, person.sort_key) == (
            "Moreau, Claire",
            "Claire Moreau",
            "moreau claire",
        )

    def test_file_as_is_required(self, manager):
        assert refused("E-REQUIRED", actions.create_person, by=manager, title="Gérante").field == "file_as"

    def test_a_fourth_email_is_refused(self, manager):
        emails = [f"{number}@moreau.example" for number in range(4)]
        refusal = refused("E-004-EMAILS", actions.create_person, by=manager, last_name="Moreau", emails=emails)
        assert str(refusal.message) == "Trois adresses au maximum."

    def test_there_is_one_primary_person_at_a_client(self, manager, client_north):
        first = actions.create_person(by=manager, last_name="Un", client=client_north, is_primary=True, is_billing=True)
        second = actions.create_person(by=manager, last_name="Deux", client=client_north, is_primary=True)
        ties = {tie.person_id: tie for tie in ClientPerson.objects.all()}
        assert not ties[first.pk].is_primary
        assert ties[first.pk].is_billing
        assert ties[second.pk].is_primary

    def test_one_person_stands_for_several_clients(self, manager, client_north, client_south):
        enter(manager)
        person = actions.create_person(by=manager, last_name="Nguyen", client=client_north)
        actions.attach_person(person, client=client_south, by=manager, is_billing=True)
        actions.attach_person(person, client=client_south, by=manager)
        assert person.client_people.count() == 2
        actions.detach_person(person, client=client_north, by=manager)
        assert person.client_people.get().is_billing

    def test_a_primary_person_is_not_deleted(self, manager, client_north):
        person = actions.create_person(by=manager, last_name="Moreau", client=client_north, is_primary=True)
        refusal = refused("E-004-PRIMARY", actions.delete_person, person, by=manager)
        assert refusal.status == 409
        actions.mark_person(person, client=client_north, by=manager, is_primary=False)
        actions.delete_person(person, by=manager)
        assert not ClientPerson.objects.exists()
        assert not Person.objects.visible_to(manager).exists()

    def test_a_stale_save_is_refused(self, manager):
        person = actions.create_person(by=manager, last_name="Moreau")
        actions.update_person(person, by=manager, version=1, title="Gérante")
        refused("E-STALE", actions.update_person, person, by=manager, version=1, title="Comptable")


class TestAddresses:
    def test_the_main_address_is_one(self, manager, client_north):
        actions.set_address(by=manager, client=client_north, street="1 rue A", city="Ville")
        actions.set_address(by=manager, client=client_north, street="2 rue B")
        address = Address.objects.get()
        assert (address.street, address.city, address.country, address.version) == ("2 rue B", "Ville", "FR", 2)

    def test_another_address_that_becomes_main_takes_its_place(self, manager, client_north):
        main = actions.set_address(by=manager, client=client_north, street="1 rue A")
        other = actions.set_address(by=manager, client=client_north, kind="other", street="2 rue B")
        actions.set_address(by=manager, client=client_north, kind="main", address=other)
        main.refresh_from_db()
        assert main.kind == "other"
        assert Address.objects.get(kind="main") == other

    def test_it_is_taken_away_and_the_journal_keeps_it(self, manager, client_north):
        address = actions.set_address(by=manager, client=client_north, street="1 rue A")
        actions.remove_address(address, by=manager)
        change = Change.objects.get(table_name="clients_address", operation="D")
        assert change.before["street"] == "1 rue A"


class TestBusinessObjects:
    @pytest.fixture(autouse=True)
    def _types(self, manager):
        actions.seed_object_types(manager.organization)

    def test_it_is_created_then_brought_up_to_date(self, manager, client_north):
        fields = {"by": manager, "client": client_north, "type_code": "invoice", "key": "F-2410-07731"}
        first = actions.sync_business_object(**fields, amount="1 126,40", state="unpaid", due_on="2026-11-03")
        second = actions.sync_business_object(**fields, amount="1 126,40", state="paid", due_on="2026-11-03")
        assert first == second
        assert (second.state, str(second.amount), second.currency) == ("paid", "1126.40", "EUR")
        assert BusinessObject.objects.get().version == 2

    def test_a_contract_narrows_and_is_of_the_client(self, manager, client_north, client_south):
        enter(manager)
        contract = actions.sync_business_object(by=manager, client=client_north, type_code="contract", key="C-1")
        meter = actions.sync_business_object(
            by=manager, client=client_north, type_code="meter", key="M-1", contract="C-1"
        )
        assert meter.contract == contract
        refused(
            "E-001-OBJECT",
            actions.sync_business_object,
            by=manager,
            client=client_south,
            type_code="meter",
            key="M-2",
            contract=contract,
        )

    def test_a_number_of_another_client_is_refused(self, manager, client_north, client_south):
        enter(manager)
        actions.sync_business_object(by=manager, client=client_north, type_code="contract", key="C-1")
        refused(
            "E-OBJECT-KEY",
            actions.sync_business_object,
            by=manager,
            client=client_south,
            type_code="contract",
            key="C-1",
        )

    def test_the_sector_of_a_service_point_opens_the_client(self, manager, outsider, client_north, south):
        enter(manager)
        actions.sync_business_object(
            by=manager, client=client_north, type_code="service_point", key="P-1", sector=south
        )
        assert Client.objects.visible_to(outsider).filter(pk=client_north.pk).exists()

    def test_an_unknown_type_is_refused(self, manager, client_north):
        refused("E-TYPE", actions.sync_business_object, by=manager, client=client_north, type_code="yacht", key="1")

    def test_an_administrator_adds_changes_and_deletes_a_type(self, admin):
        labels = {"label_fr": "Bail", "label_en": "Lease", "plural_fr": "Baux", "plural_en": "Leases"}
        states = [{"code": "live", "fr": "En cours", "en": "Running", "tone": "ok"}]
        created = actions.create_object_type(by=admin, code="lease", **labels, states=states)
        refused("E-CODE", actions.create_object_type, by=admin, code="lease", **labels)
        refused("E-CODE", actions.create_object_type, by=admin, code="Bail été", **labels)
        refused("E-REQUIRED", actions.create_object_type, by=admin, code="other", **(labels | {"label_en": " "}))
        updated = actions.update_object_type(created, by=admin, version=1, plural_fr="Les baux")
        assert (updated.version, updated.states) == (2, states)
        refused("E-STALE", actions.update_object_type, created, by=admin, version=1, plural_fr="Trop tard")
        actions.delete_object_type(created, by=admin)
        assert not BusinessObjectType.objects.filter(code="lease").exists()

    def test_a_type_in_use_stays(self, admin, client_north):
        enter(admin)
        labels = {"label_fr": "Bail", "label_en": "Lease", "plural_fr": "Baux", "plural_en": "Leases"}
        created = actions.create_object_type(by=admin, code="lease", **labels)
        actions.sync_business_object(by=admin, client=client_north, type_code="lease", key="B-1")
        refused("E-TYPE-IN-USE", actions.delete_object_type, created, by=admin)


def test_tags_are_kept_once_in_alphabetical_order_and_stand_in_the_journal(manager, client_north):
    changed = actions.update_client(client_north, by=manager, version=None, tags="VIP, à relancer,vip , Économie")
    assert changed.tags == ["à relancer", "Économie", "VIP"]
    change = Change.objects.filter(client_id=client_north.pk, table_name="clients_client").latest("pk")
    assert change.before["tags"] == []
    with pytest.raises(Refusal, match="Vingt"):
        actions.update_client(client_north, by=manager, version=None, tags=[f"n{n}" for n in range(21)])
    with pytest.raises(Refusal, match="invalide"):
        actions.update_client(client_north, by=manager, version=None, tags=["x" * 41])
