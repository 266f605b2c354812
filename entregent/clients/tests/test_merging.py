"""Two clients become one, and two again."""

import pytest

from entregent.clients import actions
from entregent.clients.actions import merge_clients, undo_merge
from entregent.clients.history import history_of
from entregent.clients.merging import by_number, compare_for_merge, plan_undo
from entregent.clients.models import Address, BusinessObject, Client, ClientPerson, CreditHold
from entregent.listing.models import CustomField
from entregent.organizations.models import Grant
from entregent.search.models import Entry
from entregent.toolbox.errors import Refusal, Stale
from testing.cast import enter, grant, make_client, make_member


@pytest.fixture
def anne(manager, org, north):
    client = actions.create_client(
        by=manager, kind="person", name="Moreau", first_name="Anne", sector=north, emails=["anne@moreau.example"],
        phones=["02 61 91 00 42"], addresses=[{"kind": "main", "street": "12 rue des Lilas", "postal_code": "57000",
        "city": "Metz"}],
    )  # fmt: skip
    actions.create_person(by=manager, first_name="Paul", last_name="Moreau", client=client, is_primary=True)
    return client


@pytest.fixture
def double(manager, org, south):
    actions.seed_object_types(org)
    client = actions.create_client(
        by=manager, kind="person", name="Moreaux", first_name="Anne", sector=south, category="Résidentiel",
        emails=["a.moreau@travail.example"], phones=["02 61 91 00 42", "06 12 34 56 78"],
        addresses=[{"kind": "main", "street": "3 place d’Armes", "postal_code": "57000", "city": "Metz"}],
        birth_date="1980-02-03", identifiers={"vat": "FR40303265045"},
    )  # fmt: skip
    actions.create_person(by=manager, first_name="Lise", last_name="Klein", client=client, is_primary=True)
    actions.sync_business_object(by=manager, client=client, type_code="contract", key="C-77", label="Eau", sector=south)
    actions.set_credit_hold(client, by=manager, reason="overdue")
    return client


def numbers_found(text):
    return [entry.number_key for entry in Entry.objects.filter(kind=1, doc__contains=f" {text} ")]


class TestMerge:
    def test_everything_moves_and_the_old_number_finds_the_client(self, manager, anne, double, org):
        merge_clients(anne, double, by=manager)
        anne.refresh_from_db()
        double.refresh_from_db()
        assert anne.emails == ["anne@moreau.example", "a.moreau@travail.example"]
        assert [phone["number"] for phone in anne.phones] == ["+33261910042", "+33612345678"]
        assert (anne.category, str(anne.birth_date)) == ("Résidentiel", "1980-02-03")
        assert anne.identifiers == {"vat": "40303265045"}
        assert sorted(anne.addresses.values_list("street", "kind")) == [
            ("12 rue des Lilas", "main"), ("3 place d’Armes", "other"),
        ]  # fmt: skip
        assert sorted(anne.client_people.values_list("person__last_name", "is_primary")) == [
            ("Klein", False), ("Moreau", True),
        ]  # fmt: skip
        assert anne.business_objects.get().key == "C-77"
        assert anne.credit_holds.get().lifted_at is None
        assert (double.status, double.merged_into_id) == ("removed", anne.pk)
        assert not Client.objects.visible_to(manager).filter(pk=double.pk).exists()
        assert by_number(Client.objects.visible_to(manager), double.number) == anne
        assert numbers_found(double.number.lower()) == [anne.number.lower()]

    def test_the_comparison_says_what_differs_and_what_would_move(self, manager, anne, double):
        comparison = compare_for_merge(manager, anne, double)
        choices = {choice.code: choice for choice in comparison.choices}
        assert (choices["name"].winner, choices["name"].loser) == (
            "Anne Moreau (particulier)", "Anne Moreaux (particulier)",
        )  # fmt: skip
        assert (choices["sector_id"].winner, choices["sector_id"].loser) == ("Nord", "Sud")
        assert (choices["category"].winner, choices["category"].chosen) == ("", "loser")
        assert (choices["is_primary"].winner, choices["is_primary"].loser) == ("Paul Moreau", "Lise Klein")
        assert not choices["language"].is_open
        assert "1 adresse" in comparison.moves
        assert "1 contrat ou objet métier" in comparison.moves
        phones = next(one for one in comparison.gatherings if one.code == "phones")
        assert [value.text for value in phones.values] == ["02 61 91 00 42", "06 12 34 56 78"]

    def test_what_was_chosen_is_kept(self, manager, anne, double, south):
        merge_clients(
            anne, double, by=manager, choices={"name": "loser", "sector_id": "loser", "is_primary": "loser"},
            lists={"emails": ["a.moreau@travail.example"], "phones": ["+33612345678"]},
        )  # fmt: skip
        anne.refresh_from_db()
        assert (anne.display_name, anne.sector) == ("Anne Moreaux", south)
        assert anne.emails == ["a.moreau@travail.example"]
        assert anne.client_people.get(is_primary=True).person.last_name == "Klein"

    def test_two_credit_holds_two_ties_and_the_same_address_do_not_collide(self, manager, anne, double):
        actions.set_credit_hold(anne, by=manager, reason="limit")
        shared = ClientPerson.objects.get(client=double).person
        actions.attach_person(shared, client=anne, by=manager)
        actions.set_address(by=manager, client=double, kind="main", street="12 Rue des Lilas")
        merge = merge_clients(anne, double, by=manager, choices={"is_primary": "loser"})
        assert anne.credit_holds.get(lifted_at=None).reason == "limit"
        assert anne.client_people.get(is_primary=True).person == shared
        assert anne.addresses.count() == 1
        undo_merge(merge, by=manager)
        assert anne.client_people.get(is_primary=True).person.last_name == "Moreau"
        assert double.client_people.get(is_primary=True).person == shared
        assert double.credit_holds.get(lifted_at=None).reason == "overdue"
        assert double.addresses.get().kind == "main"

    def test_a_given_access_moves_along(self, manager, anne, double, org):
        helper = make_member(org, "aide@eaux.example", "Aïda Aide", "editor")
        grant(helper, "client", double.pk)
        enter(manager)
        merge_clients(anne, double, by=manager)
        assert Grant.objects.get(membership=helper).scope_id == anne.pk

    def test_it_refuses_with_a_sentence(self, manager, anne, double, org):
        with pytest.raises(Refusal, match="E-MERGE-SELF"):
            merge_clients(anne, anne, by=manager)
        with pytest.raises(Stale):
            merge_clients(anne, double, by=manager, versions=(anne.version, double.version + 1))
        extra = make_client(org, "X3", "X", emails=["b@x.example", "c@x.example", "d@x.example"])
        enter(manager)
        with pytest.raises(Refusal, match="E-MERGE-LIST"):
            merge_clients(
                anne, extra, by=manager,
                lists={"emails": ["anne@moreau.example", "b@x.example", "c@x.example", "d@x.example"]},
            )  # fmt: skip
        merge_clients(anne, double, by=manager)
        with pytest.raises(Refusal, match=r"E-MERGED.*déjà été fusionnée"):
            merge_clients(extra, double, by=manager)

    def test_a_chain_of_merges_leads_to_the_last(self, manager, anne, double, org):
        third = make_client(org, "Z9", "Moreau", first_name="A.", kind="person")
        enter(manager)
        first = merge_clients(anne, double, by=manager)
        second = merge_clients(third, Client.objects.get(pk=anne.pk), by=manager)
        for number in (anne.number, double.number):
            assert by_number(Client.objects.visible_to(manager), number) == third
        with pytest.raises(Refusal, match="annulez d’abord"):
            undo_merge(first, by=manager)
        undo_merge(second, by=manager)
        undo_merge(first, by=manager)
        assert by_number(Client.objects.visible_to(manager), double.number) == double
        assert double.business_objects.count() == 1


class TestUndo:
    def test_untouched_all_is_as_before(self, manager, anne, double):
        states = [snapshot(client) for client in (anne, double)]
        merge = merge_clients(
            anne, double, by=manager, choices={"name": "loser", "is_primary": "loser", "category": "loser"}
        )
        assert not plan_undo(manager, fresh(merge)).has_conflicts
        undo_merge(merge, by=manager)
        assert [snapshot(client) for client in (anne, double)] == states

    def test_what_was_edited_since_is_listed_and_chosen(self, manager, anne, double):
        merge = merge_clients(anne, double, by=manager)
        anne.refresh_from_db()
        actions.update_client(anne, by=manager, version=anne.version, category="Professionnel")
        address = Address.objects.get(client=anne, street="3 place d’Armes")
        actions.set_address(by=manager, client=anne, address=address, kind="other", street="4 place d’Armes")
        klein = ClientPerson.objects.get(client=anne, person__last_name="Klein")
        actions.detach_person(klein.person, client=anne, by=manager)
        new = actions.create_person(by=manager, first_name="Nouvelle", last_name="Venue", client=anne)
        plan = plan_undo(manager, fresh(merge))
        assert [(one.code, one.before, one.after, one.now) for one in plan.fields] == [
            ("category", "", "Résidentiel", "Professionnel")
        ]
        assert [(row.kind, row.name) for row in plan.rows] == [
            ("deleted", "Klein, Lise"), ("edited", "4 place d’Armes 57000 Metz"),
        ]  # fmt: skip
        assert [(one.what, one.name) for one in plan.made] == [("1 personne-ressource", "Venue, Nouvelle")]
        with pytest.raises(Refusal, match="E-MERGE-STALE"):
            undo_merge(merge, by=manager, token="autre")
        answers = {plan.fields[0].key: "give", plan.rows[0].key: "give", plan.made[0].key: "give"}
        undo_merge(merge, by=manager, token=plan.token, answers=answers)
        anne.refresh_from_db()
        double.refresh_from_db()
        assert (anne.category, double.category) == ("", "Professionnel")
        assert double.addresses.get().street == "4 place d’Armes"
        assert set(double.client_people.values_list("person_id", flat=True)) == {klein.person_id, new.pk}
        assert double.client_people.get(is_primary=True).person_id == klein.person_id

    def test_it_is_undone_once(self, manager, anne, double):
        merge = merge_clients(anne, double, by=manager)
        undo_merge(merge, by=manager)
        with pytest.raises(Refusal, match="E-MERGE-UNDONE"):
            undo_merge(merge, by=manager)
        again = merge_clients(Client.objects.get(pk=anne.pk), Client.objects.get(pk=double.pk), by=manager)
        undo_merge(again, by=manager)

    def test_a_deletion_after_the_merge_keeps_it_from_being_undone(self, manager, anne, double):
        merge = merge_clients(anne, double, by=manager)
        actions.delete_client(Client.objects.get(pk=anne.pk), by=manager)
        with pytest.raises(Refusal, match="E-NOTFOUND"):
            undo_merge(merge, by=manager)

    def test_what_a_field_was_may_be_no_more(self, manager, admin, anne, double, north, south, org):
        field = {"organization": org, "subject": "client", "code": "compteur", "type": "text"}
        field = CustomField.objects.create(**field, label_fr="Compteur", label_en="Meter")
        Client.objects.filter(pk=anne.pk).update(custom={"compteur": "A-1"})
        Client.objects.filter(pk=double.pk).update(custom={"compteur": "B-2"})
        anne.refresh_from_db()
        choices = {"sector_id": "loser", "custom.compteur": "loser"}
        merge = merge_clients(anne, double, by=manager, choices=choices)
        assert not plan_undo(manager, fresh(merge)).has_conflicts
        north.delete()
        field.delete()
        Client.objects.update(custom={})
        manager = fresh_member(manager)
        plan = plan_undo(manager, fresh(merge))
        assert [(one.code, one.before, one.is_lost) for one in plan.fields] == [
            ("sector_id", "secteur supprimé depuis", True), ("custom.compteur", "champ supprimé depuis", True),
        ]  # fmt: skip
        undo_merge(merge, by=manager, token=plan.token, answers={one.key: "give" for one in plan.fields})
        anne.refresh_from_db()
        double.refresh_from_db()
        assert (anne.sector, anne.custom, double.sector) == (south, {}, south)


class TestReach:
    """What a member may not see moves as all else does, and is not told of."""

    @pytest.fixture
    def near(self, org, north, anne, double):
        member = make_member(org, "nord@eaux.example", "Norbert Nord", "manager")
        grant(member, "sector", north.pk)
        Client.objects.filter(pk=double.pk).update(sector=north)
        return enter(member)

    def test_the_comparison_counts_what_is_seen(self, manager, near, anne, double, org):
        helper = make_member(org, "aide@eaux.example", "Aïda Aide", "editor")
        grant(helper, "client", double.pk)
        shown = {who: compare_for_merge(who, anne, double).moves for who in (enter(manager), enter(near))}
        assert "1 contrat ou objet métier" in shown[manager]
        assert "1 contrat ou objet métier" not in shown[near]
        assert "1 adresse" in shown[near]
        helper = make_member(org, "lecture@eaux.example", "Luc Lecture", "reader")
        grant(helper)
        enter(helper)
        assert "1 accès accordé" in shown[manager]
        assert "1 accès accordé" not in compare_for_merge(helper, anne, double).moves

    def test_the_undo_names_only_what_is_seen_and_takes_all_back(self, manager, near, anne, double, south):
        enter(manager)
        merge = merge_clients(anne, double, by=manager)
        there = BusinessObject.objects.get(key="C-77")
        sync = {"by": manager, "client": anne, "type_code": "contract", "sector": south}
        actions.sync_business_object(**sync, key="C-77", label="Électricité secrète")
        actions.sync_business_object(**sync, key="C-78", label="Gaz")
        enter(near)
        plan = plan_undo(near, fresh(merge))
        assert "1 contrat ou objet métier" not in plan.goes_back
        assert [(row.name, row.lines) for row in plan.rows] == [("Hors de votre périmètre", [])]
        assert [row.name for row in plan.made] == ["Hors de votre périmètre"]
        assert plan.token == plan_undo(manager, fresh(merge)).token
        undo_merge(merge, by=near, token=plan.token)
        there.refresh_from_db()
        assert there.client_id == double.pk

    def test_after_the_undo_the_history_does_not_tell_of_the_other(self, manager, anne, double):
        merge = merge_clients(anne, double, by=manager)
        address = Address.objects.get(client=anne, street="3 place d’Armes")
        actions.set_address(by=manager, client=anne, address=address, kind="other", street="4 place d’Armes")
        undo_merge(merge, by=manager)
        address.refresh_from_db()
        actions.set_address(by=manager, client=double, address=address, kind="other", street="9 rue Cachée")
        assert "4 place d’Armes" in str(history_of(manager, anne)[0])
        assert "9 rue Cachée" not in str(history_of(manager, anne)[0])


def fresh_member(member):
    return type(member).objects.get(pk=member.pk)


def fresh(merge):
    return type(merge).objects.select_related("winner", "loser").get(pk=merge.pk)


def snapshot(client):
    client = Client.objects.get(pk=client.pk)
    columns = ("kind", "name", "first_name", "status", "category", "emails", "phones", "identifiers", "sector_id",
               "birth_date", "sector_reach", "deleted_at", "merged_into_id")  # fmt: skip
    return (
        [getattr(client, column) for column in columns],
        sorted(client.addresses.values_list("pk", "kind", "street")),
        sorted(client.client_people.values_list("pk", "is_primary", "is_preferred", "is_billing")),
        sorted(BusinessObject.objects.filter(client=client).values_list("pk", flat=True)),
        sorted(CreditHold.objects.filter(client=client).values_list("pk", flat=True)),
    )
