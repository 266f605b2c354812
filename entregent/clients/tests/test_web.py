"""Pages on clients: who may open them, what they show, what they refuse, how many queries they cost."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from entregent.clients import actions
from entregent.clients.models import Address, BusinessObjectType, Client, CreditHold, Person
from entregent.clients.web import listing
from testing.cast import enter, grant, make_client, make_member

ORG = "/eaux"


def body(response) -> str:
    """The page as it reads: non-breaking spaces are spaces, and the token of forms is not looked at."""
    return re.sub(r'(content|value)="[0-9A-Za-z]{64}"', "", response.content.decode().replace("\xa0", " "))


def own_queries(get) -> list[str]:
    """What a page asks of the database beyond who is asking: statements that read tables of this area or sectors."""
    with CaptureQueriesContext(connection) as captured:
        assert get().status_code == 200
    return [
        query["sql"]
        for query in captured
        if '"clients_' in query["sql"] or '"audit_' in query["sql"] or 'FROM "organizations_sector"' in query["sql"]
    ]


def post(http, path, data=None, **more):
    return http.post(f"{ORG}{path}", data or {}, **more)


@pytest.fixture
def moreau(manager, client_north):
    """A client with a bit of everything."""
    enter(manager)
    actions.seed_object_types(manager.organization)
    actions.set_address(by=manager, client=client_north, street="12 rue des Tanneurs", city="Saint-Aubin")
    actions.create_person(
        by=manager, first_name="Claire", last_name="Moreau", phones=["0261910042"], client=client_north, is_primary=True
    )
    contract = actions.sync_business_object(
        by=manager, client=client_north, type_code="contract", key="C-2023-0481", label="Eau potable", state="active"
    )
    actions.sync_business_object(by=manager, client=client_north, type_code="contract", key="C-2019-1130")
    actions.sync_business_object(
        by=manager, client=client_north, type_code="invoice", key="F-1", contract=contract, amount="1126.40",
        state="unpaid", due_on="2020-11-03",
    )  # fmt: skip
    actions.sync_business_object(by=manager, client=client_north, type_code="invoice", key="F-2", amount="10")
    for month in range(1, 5):
        actions.sync_business_object(
            by=manager, client=client_north, type_code="reading", key=f"R-{month}", dated_on=f"2026-0{month}-01",
            attributes={"volume": 100 * month},
        )  # fmt: skip
    actions.set_credit_hold(client_north, by=manager, reason="overdue", note="2 factures")
    return client_north


class TestList:
    def test_it_shows_what_is_in_reach_sorted_by_name(
        self, agent, signed_in, client_north, client_south, client_elsewhere
    ):
        page = body(signed_in(agent).get(f"{ORG}/clients/"))
        assert "Blanchisserie Moreau" in page
        assert "Dupont" not in page
        assert "Marqueur Étranger" not in page
        assert "1 client<" in page

    def test_the_manager_sees_all_sectors(self, manager, signed_in, client_north, client_south):
        page = body(signed_in(manager).get(f"{ORG}/clients/"))
        assert page.index("Blanchisserie Moreau") < page.index("Jeanne Dupont")

    @pytest.mark.parametrize("order", ["nom", "-nom", "numero", "-numero", "-cree", "inconnu"])
    def test_pages_follow_each_other_without_gap_or_repetition(self, manager, signed_in, org, order):
        for number in range(230):
            make_client(org, f"{number:04}", f"Client {number % 7}")
        http = signed_in(manager)
        seen, address, pages = [], f"{ORG}/clients/?tri={order}", 0
        while address:
            page = body(http.get(address))
            seen += re.findall(r'data-client="(\d{4})"', page)
            further = re.search(r'href="([^"]+)" rel="next"', page)
            address = further.group(1).replace("&amp;", "&") if further else ""
            pages += 1
        assert pages == 3
        assert len(seen) == len(set(seen)) == 230

    def test_htmx_gets_the_further_rows_alone(self, manager, signed_in, org):
        for number in range(101):
            make_client(org, f"{number:04}", f"Client {number:03}")
        http = signed_in(manager)
        first = body(http.get(f"{ORG}/clients/"))
        address = re.search(r'href="([^"]+)" rel="next"', first).group(1).replace("&amp;", "&")
        rows = body(http.get(address, htmx=True))
        assert rows.count("<tr") == 1
        assert "<html" not in rows
        assert rows.strip() in body(http.get(address))

    def test_a_text_narrows_by_the_search(self, manager, signed_in, client_north, client_south):
        http = signed_in(manager)
        page = body(http.get(f"{ORG}/clients/?q=moreau+blanch"))
        assert "Blanchisserie Moreau" in page
        assert "Dupont" not in page
        assert "Saisissez au moins 2 caractères." in body(http.get(f"{ORG}/clients/?q=m"))

    def test_nothing_found_says_so_and_offers_the_next_step(self, manager, signed_in, client_north):
        page = body(signed_in(manager).get(f"{ORG}/clients/?q=zzzzqqq"))
        assert "Aucun client ne répond à ce filtre." in page
        assert "Créer le prospect « zzzzqqq »" in page

    def test_the_filters_narrow(self, manager, signed_in, client_north, client_south):
        http = signed_in(manager)
        assert "Dupont" not in body(http.get(f"{ORG}/clients/?secteur=NORD"))
        assert "Aucun client" in body(http.get(f"{ORG}/clients/?statut=prospect"))
        assert "Aucun client" in body(http.get(f"{ORG}/clients/?categorie=commune"))

    def test_an_empty_organization_is_told_what_to_do(self, manager, signed_in):
        assert "Créez le premier ou importez une liste." in body(signed_in(manager).get(f"{ORG}/clients/"))

    @pytest.mark.parametrize("cursor", ["x", "e30", "WzEsMl0", "WyJhIiwieCJd", "é"])
    def test_a_broken_cursor_is_the_beginning(self, manager, signed_in, client_north, cursor):
        assert signed_in(manager).get(f"{ORG}/clients/", {"apres": cursor}).status_code == 200

    def test_its_queries_do_not_grow_with_the_rows(self, manager, signed_in, org, client_north):
        http = signed_in(manager)
        # Sectors for the filter, the rows, their number.
        assert len(own_queries(lambda: http.get(f"{ORG}/clients/"))) == 3
        for number in range(90):
            make_client(org, f"{number:04}", f"Client {number:03}")
        assert len(own_queries(lambda: http.get(f"{ORG}/clients/"))) == 3

    def test_scripts_in_names_are_text(self, manager, signed_in, org):
        make_client(org, "X1", "<script>alert(1)</script>")
        page = body(signed_in(manager).get(f"{ORG}/clients/"))
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page


class TestProspect:
    def test_one_small_form_makes_a_prospect(self, agent, signed_in, north):
        answer = post(
            signed_in(agent), "/clients/nouveau/", {"kind": "person", "name": "Morel", "phone": "02 61 91 01 07"}
        )
        assert answer.status_code == 303
        client = Client.objects.get()
        assert (client.status, client.sector, client.main_phone) == ("prospect", north, "+33261910107")
        assert answer.headers["Location"] == f"{ORG}/clients/{client.number}/"

    def test_what_is_wrong_is_said_at_its_field_and_typing_stays(self, agent, signed_in):
        answer = post(signed_in(agent), "/clients/nouveau/", {"kind": "person", "name": "Morel", "phone": "bonjour"})
        page = body(answer)
        assert answer.status_code == 422
        assert "Numéro de téléphone invalide" in page
        assert 'value="Morel"' in page
        assert 'value="bonjour"' in page

    def test_a_prospect_without_means_of_contact_is_refused(self, agent, signed_in):
        answer = post(signed_in(agent), "/clients/nouveau/", {"kind": "person", "name": " "})
        assert "Indiquez un téléphone, un courriel ou une adresse." in body(answer)
        assert "Nom est obligatoire." in body(answer)

    def test_the_same_form_sent_twice_makes_one(self, agent, signed_in):
        http = signed_in(agent)
        data = {"kind": "person", "name": "Morel", "phone": "0261910107", "idempotency_key": "abc"}
        assert (
            post(http, "/clients/nouveau/", data).headers["Location"]
            == post(http, "/clients/nouveau/", data).headers["Location"]
        )
        enter(agent)
        assert Client.objects.count() == 1

    def test_likely_duplicates_are_shown_with_their_reason(self, manager, agent, signed_in, moreau, client_south):
        http = signed_in(agent)
        hint = body(http.get(f"{ORG}/clients/nouveau/doublons/?phone=02.61.91.00.42", htmx=True))
        assert "Blanchisserie Moreau" in hint
        assert "même téléphone" in hint
        assert "même nom" in body(http.get(f"{ORG}/clients/nouveau/doublons/?name=MOREAU blanchisserie"))
        assert "Dupont" not in body(http.get(f"{ORG}/clients/nouveau/doublons/?name=dupont&first_name=jeanne"))
        assert body(http.get(f"{ORG}/clients/nouveau/doublons/?name=mo&phone=02&email=x")).strip() == ""

    def test_a_reader_creates_nothing(self, reader, signed_in):
        assert signed_in(reader).get(f"{ORG}/clients/nouveau/").status_code == 403


class TestEdit:
    def form_of(self, http, number):
        page = body(http.get(f"{ORG}/clients/{number}/modifier/"))
        return {
            "version": re.search(r'name="version" value="(\d+)"', page).group(1),
            "kind": "company",
            "name": "Blanchisserie Moreau",
            "number": number,
            "language": "fr",
            "sector": re.search(r'<option value="(\d+)" selected>Nord', page).group(1),
        }

    def test_it_saves_all_fields(self, manager, signed_in, client_north):
        http = signed_in(manager)
        data = self.form_of(http, "N1") | {
            "emails": "a@moreau.example\nb@moreau.example",
            "phones": "Standard : 02 61 91 00 40",
            "siren": "732 829 320",
            "category": "Professionnel",
        }
        assert post(http, "/clients/N1/modifier/", data).status_code == 303
        client_north.refresh_from_db()
        assert client_north.emails == ["a@moreau.example", "b@moreau.example"]
        assert client_north.phones == [{"label": "Standard", "number": "+33261910040"}]
        assert client_north.identifiers == {"siren": "732829320"}

    def test_refusals_stand_at_their_fields(self, manager, signed_in, client_north):
        http = signed_in(manager)
        data = self.form_of(http, "N1") | {
            "emails": "a@b.example b@b.example c@b.example d@b.example", "siren": "123", "name": "x" * 201,
        }  # fmt: skip
        answer = post(http, "/clients/N1/modifier/", data)
        page = body(answer)
        assert answer.status_code == 422
        for sentence in (
            "Trois adresses au maximum.",
            "SIREN invalide.",
            "Raison sociale : 200 caractères au maximum.",
        ):
            assert sentence in page
        assert "x" * 201 in page

    def test_a_stale_save_shows_both_versions_and_loses_nothing(self, manager, agent, signed_in, client_north):
        http = signed_in(manager)
        data = self.form_of(http, "N1") | {"name": "Blanchisserie Moreau SARL", "category": "Ma catégorie"}
        enter(agent)
        actions.update_client(client_north, by=agent, version=1, category="Sa catégorie", phones=["0261910040"])
        answer = post(http, "/clients/N1/modifier/", data)
        page = body(answer)
        assert answer.status_code == 409
        assert "Cette fiche a été modifiée par Omar Agent à" in page
        for text in ("Ma catégorie", "Sa catégorie", "Garder les miennes", "Voir ses modifications"):
            assert text in page
        # What only the colleague changed is taken over, what both changed is the person's until they choose.
        assert "02 61 91 00 40</textarea>" in page
        assert 'value="Blanchisserie Moreau SARL"' in page
        again = data | {"version": re.search(r'name="version" value="(\d+)"', page).group(1), "phones": "0261910040"}
        assert post(http, "/clients/N1/modifier/", again).status_code == 303
        client_north.refresh_from_db()
        assert (client_north.category, client_north.main_phone) == ("Ma catégorie", "+33261910040")

    @pytest.mark.parametrize(
        "path",
        ["modifier/", "suppression/", "blocage-de-credit/", "historique/", "acces/", "volets/identite/",
         "adresses/nouvelle/", "personnes/nouvelle/", "personnes/rattachement/"],
    )  # fmt: skip
    def test_out_of_sector_and_unknown_look_the_same(self, manager, outsider, signed_in, client_north, path):
        http = signed_in(outsider)
        hidden = http.get(f"{ORG}/clients/N1/{path}")
        unknown = http.get(f"{ORG}/clients/N9/{path}")
        assert hidden.status_code == unknown.status_code
        assert hidden.status_code in (403, 404)
        assert body(hidden).replace("N1", "N9") == body(unknown)

    def test_a_reader_reads_only(self, reader, signed_in, client_north):
        http = signed_in(reader)
        for path in ("modifier/", "suppression/", "blocage-de-credit/", "acces/", "adresses/nouvelle/"):
            assert http.get(f"{ORG}/clients/N1/{path}").status_code == 403, path
        assert http.get(f"{ORG}/clients/N1/historique/").status_code == 200


class TestLife:
    def test_a_client_is_deleted_and_restored(self, manager, signed_in, client_north):
        http = signed_in(manager)
        assert "sort des listes" in body(http.get(f"{ORG}/clients/N1/suppression/"))
        assert post(http, "/clients/N1/suppression/").status_code == 303
        assert http.get(f"{ORG}/clients/N1/modifier/").status_code == 404
        assert post(http, "/clients/N1/restauration/").status_code == 303
        assert http.get(f"{ORG}/clients/N1/modifier/").status_code == 200

    def test_an_agent_of_another_sector_restores_nothing(self, manager, outsider, signed_in, client_north):
        enter(manager)
        actions.delete_client(client_north, by=manager)
        assert post(signed_in(outsider), "/clients/N1/restauration/").status_code in (403, 404)

    def test_inactive_and_back(self, manager, signed_in, client_north):
        http = signed_in(manager)
        post(http, "/clients/N1/statut/", {"to": "inactive"})
        client_north.refresh_from_db()
        assert client_north.status == "inactive"
        post(http, "/clients/N1/statut/", {"to": "client"})
        client_north.refresh_from_db()
        assert client_north.status == "client"

    def test_the_credit_hold_is_set_and_lifted(self, agent, signed_in, client_north):
        http = signed_in(agent)
        assert "Motif est obligatoire." in body(post(http, "/clients/N1/blocage-de-credit/", {"note": "x"}))
        assert post(http, "/clients/N1/blocage-de-credit/", {"reason": "dispute"}).status_code == 303
        assert "Litige" in body(http.get(f"{ORG}/clients/N1/blocage-de-credit/"))
        assert post(http, "/clients/N1/blocage-de-credit/", {"lift": "1"}).status_code == 303
        enter(agent)
        assert CreditHold.objects.get().lifted_by == agent.user


class TestPeopleAndAddresses:
    def test_a_person_is_created_at_a_client_with_a_role(self, agent, signed_in, client_north):
        data = {"last_name": "Moreau", "first_name": "Claire", "language": "fr", "is_primary": "on"}
        assert post(signed_in(agent), "/clients/N1/personnes/nouvelle/", data).status_code == 303
        enter(agent)
        assert client_north.client_people.get().is_primary
        assert Person.objects.get().file_as == "Moreau, Claire"

    def test_a_person_without_a_name_is_refused(self, agent, signed_in, client_north):
        answer = post(signed_in(agent), "/clients/N1/personnes/nouvelle/", {"title": "Gérante", "language": "fr"})
        assert answer.status_code == 422
        assert "Classer sous est obligatoire." in body(answer)

    def test_a_known_person_is_found_and_tied(self, agent, manager, signed_in, client_north):
        enter(manager)
        person = actions.create_person(by=manager, first_name="Paul", last_name="Nguyen")
        http = signed_in(agent)
        found = body(http.get(f"{ORG}/clients/N1/personnes/rattachement/?q=nguy", htmx=True))
        assert "Paul Nguyen" in found
        assert "<html" not in found
        post(http, "/clients/N1/personnes/rattachement/", {"person": person.pk})
        enter(agent)
        assert client_north.client_people.get().person == person

    def test_a_role_changes_and_a_person_is_detached(self, agent, manager, signed_in, client_north):
        enter(manager)
        person = actions.create_person(by=manager, last_name="Nguyen", client=client_north)
        http = signed_in(agent)
        assert http.get(f"{ORG}/clients/N1/personnes/{person.pk}/").status_code == 200
        post(http, f"/clients/N1/personnes/{person.pk}/", {"is_billing": "on"})
        enter(agent)
        assert client_north.client_people.get().is_billing
        post(http, f"/clients/N1/personnes/{person.pk}/", {"detach": "1"})
        enter(agent)
        assert not client_north.client_people.exists()

    def test_the_page_of_a_person_shows_clients_in_reach_only(
        self, agent, manager, signed_in, client_north, client_south
    ):
        enter(manager)
        person = actions.create_person(by=manager, last_name="Nguyen", client=client_north)
        actions.attach_person(person, client=client_south, by=manager)
        page = body(signed_in(agent).get(f"{ORG}/personnes/{person.pk}/"))
        assert "Blanchisserie Moreau" in page
        assert "Dupont" not in page

    def test_a_person_of_another_sector_is_not_found(self, agent, manager, signed_in, client_south):
        enter(manager)
        person = actions.create_person(by=manager, last_name="Nguyen", client=client_south)
        for path in ("", "modifier/"):
            assert signed_in(agent).get(f"{ORG}/personnes/{person.pk}/{path}").status_code == 404

    def test_a_person_is_changed_then_deleted_unless_primary(self, manager, signed_in, client_north):
        enter(manager)
        person = actions.create_person(by=manager, last_name="Nguyen", client=client_north, is_primary=True)
        http = signed_in(manager)
        data = {"last_name": "Nguyen", "first_name": "Paul", "file_as": "Nguyen", "language": "fr", "version": "1"}
        assert post(http, f"/personnes/{person.pk}/modifier/", data).status_code == 303
        assert post(http, f"/personnes/{person.pk}/modifier/", data | {"title": "Tard"}).status_code == 409
        refused = post(http, f"/personnes/{person.pk}/suppression/")
        assert refused.status_code == 409
        assert "Désignez d’abord une autre personne principale." in body(refused)
        enter(manager)
        actions.mark_person(person, client=client_north, by=manager, is_primary=False)
        assert post(http, f"/personnes/{person.pk}/suppression/").status_code == 303
        assert http.get(f"{ORG}/personnes/{person.pk}/").status_code == 404

    def test_an_address_is_added_changed_and_taken_away(self, agent, signed_in, client_north):
        http = signed_in(agent)
        assert http.get(f"{ORG}/clients/N1/adresses/nouvelle/").status_code == 200
        data = {"kind": "main", "street": "12 rue des Tanneurs", "postal_code": "4199", "country": "FR"}
        refused = post(http, "/clients/N1/adresses/nouvelle/", data)
        assert refused.status_code == 422
        assert "Code postal invalide (ex. 57000)." in body(refused)
        assert post(http, "/clients/N1/adresses/nouvelle/", data | {"postal_code": "41999"}).status_code == 303
        enter(agent)
        address = Address.objects.get()
        path = f"/clients/N1/adresses/{address.pk}/"
        changed = data | {"postal_code": "41998", "version": "1"}
        assert post(http, path, changed).status_code == 303
        assert post(http, path, changed | {"city": "Trop tard"}).status_code == 409
        assert post(http, path, {"remove": "1"}).status_code == 303
        enter(agent)
        assert not Address.objects.exists()

    def test_a_person_has_addresses_too(self, manager, signed_in):
        enter(manager)
        person = actions.create_person(by=manager, last_name="Huot")
        http = signed_in(manager)
        data = {"kind": "main", "city": "Saint-Aubin", "country": "FR"}
        assert post(http, f"/personnes/{person.pk}/adresses/nouvelle/", data).status_code == 303
        enter(manager)
        address = person.addresses.get()
        assert http.get(f"{ORG}/personnes/{person.pk}/adresses/{address.pk}/").status_code == 200


class TestPanes:
    @pytest.mark.parametrize("pane", ["identite", "adresses", "personnes", "objets"])
    def test_each_pane_comes_alone_and_as_in_the_page(self, agent, signed_in, moreau, pane):
        http = signed_in(agent)
        alone = body(http.get(f"{ORG}/clients/N1/volets/{pane}/", htmx=True))
        assert "<html" not in alone
        assert re.sub(r"\s+", " ", alone).strip() in re.sub(r"\s+", " ", body(http.get(f"{ORG}/clients/N1/")))
        assert http.get(f"{ORG}/clients/N1/volets/{pane}/").status_code == 302

    def test_choosing_a_contract_narrows_the_objects(self, agent, signed_in, moreau):
        http = signed_in(agent)
        everything = body(http.get(f"{ORG}/clients/N1/volets/objets/", htmx=True))
        assert "F-1" in everything
        assert "F-2" in everything
        narrowed = body(http.get(f"{ORG}/clients/N1/volets/objets/?contrat=C-2023-0481", htmx=True))
        assert "F-1" in narrowed
        assert "F-2" not in narrowed
        assert "C-2019-1130" in narrowed
        assert "Impayée" in narrowed
        assert narrowed.count('aria-current="true"') == 1

    def test_readings_make_a_sparkline(self, agent, signed_in, moreau):
        pane = body(signed_in(agent).get(f"{ORG}/clients/N1/volets/objets/?type=reading", htmx=True))
        assert pane.count("<rect") == 4
        assert "+100 %" in pane

    @pytest.mark.parametrize(("pane", "queries"), [("identite", 2), ("adresses", 2), ("personnes", 2), ("objets", 3)])
    def test_a_pane_costs_few_queries(self, agent, signed_in, moreau, pane, queries):
        http = signed_in(agent)
        address = f"{ORG}/clients/N1/volets/{pane}/"
        assert len(own_queries(lambda: http.get(address, htmx=True))) == queries

    def test_a_service_point_out_of_reach_is_not_shown(self, agent, manager, signed_in, moreau, south):
        enter(manager)
        actions.sync_business_object(by=manager, client=moreau, type_code="service_point", key="PDL-SUD", sector=south)
        actions.sync_business_object(by=manager, client=moreau, type_code="service_point", key="PDL-0")
        pane = body(signed_in(agent).get(f"{ORG}/clients/N1/volets/objets/?type=service_point", htmx=True))
        assert "PDL-0" in pane
        assert "PDL-SUD" not in pane


class TestHistory:
    def test_it_tells_who_changed_what(self, manager, signed_in, moreau):
        enter(manager)
        actions.update_client(moreau, by=manager, version=moreau.version, category="Professionnel")
        page = body(signed_in(manager).get(f"{ORG}/clients/N1/historique/"))
        for text in (
            "Fiche modifiée",
            "Nadia Gest",
            "Professionnel",
            "Adresse enregistrée",
            "Blocage de crédit",
            "Claire",
        ):
            assert text in page, text

    def test_older_events_follow(self, manager, signed_in, client_north):
        enter(manager)
        for number in range(60):
            actions.update_client(client_north, by=manager, version=None, category=f"c{number}")
        http = signed_in(manager)
        page = body(http.get(f"{ORG}/clients/N1/historique/"))
        assert ">c59<" in page
        assert ">c1<" not in page
        address = re.search(r'hx-get="([^"]+avant=\d+)"', page).group(1)
        older = body(http.get(address, htmx=True))
        assert ">c1<" in older
        assert "<html" not in older


class TestAccess:
    def test_it_says_who_sees_the_file_and_why(self, manager, agent, outsider, signed_in, client_north):
        page = body(signed_in(manager).get(f"{ORG}/clients/N1/acces/"))
        assert re.search(r"Omar Agent</td><td>.*?Voit et modifie.*?Nord", page, re.DOTALL)
        assert re.search(r"Suzanne Sud</td><td>.*?Ne voit pas", page, re.DOTALL)

    def test_one_member_can_be_asked_about(self, manager, agent, outsider, signed_in, client_north):
        page = body(signed_in(manager).get(f"{ORG}/clients/N1/acces/?membre={outsider.pk}"))
        assert "Ne voit pas" in page
        assert "Omar Agent</td>" not in page


class TestObjectTypes:
    LABELS = {"label_fr": "Bail", "label_en": "Lease", "plural_fr": "Baux", "plural_en": "Leases", "position": "60"}

    def test_an_administrator_adds_and_changes_a_type(self, admin, signed_in):
        http = signed_in(admin)
        path = "/administration/objets-metier/"
        data = self.LABELS | {"code": "lease", "states": "live ; En cours ; Running ; ok"}
        assert post(http, f"{path}nouveau/", data).status_code == 303
        assert "Bail" in body(http.get(f"{ORG}{path}"))
        assert "live ; En cours ; Running ; ok" in body(http.get(f"{ORG}{path}lease/"))
        assert post(http, f"{path}lease/", data | {"version": "1", "plural_fr": "Les baux"}).status_code == 303
        assert post(http, f"{path}lease/", data | {"version": "1"}).status_code == 409
        assert post(http, f"{path}lease/", {"delete": "1"}).status_code == 303
        enter(admin)
        assert not BusinessObjectType.objects.filter(code="lease").exists()

    def test_a_line_that_cannot_be_read_is_refused(self, admin, signed_in):
        data = self.LABELS | {"code": "lease", "states": "seulement un mot"}
        answer = post(signed_in(admin), "/administration/objets-metier/nouveau/", data)
        assert answer.status_code == 422
        assert "Une ligne n’est pas de la forme demandée." in body(answer)

    def test_others_may_not(self, manager, signed_in):
        assert signed_in(manager).get(f"{ORG}/administration/objets-metier/").status_code == 403


def test_a_refused_prospect_keeps_the_hint_of_likely_duplicates(agent, signed_in, client_north):
    http = signed_in(agent)
    typed = {"kind": "company", "name": "Blanchisserie Moreau", "idempotency_key": "k"}
    hint = http.get(f"{ORG}/clients/nouveau/doublons/", typed).content.decode()
    assert "N1" in hint
    for answer in (http.post(f"{ORG}/clients/nouveau/", typed), http.post(f"{ORG}/clients/nouveau/", typed, htmx=True)):
        assert answer.status_code == 422
        assert "Indiquez un téléphone, un courriel ou une adresse." in body(answer)
        assert hint.strip() in answer.content.decode()


class TestDeletedClients:
    URL = f"{ORG}/clients/supprimes/"

    def test_they_are_listed_the_latest_first_and_brought_back(self, manager, signed_in, client_north, client_south):
        enter(manager)
        for client in (client_north, client_south):
            actions.delete_client(client, by=manager)
        http = signed_in(manager)
        page = body(http.get(self.URL))
        assert page.index("Jeanne Dupont") < page.index("Blanchisserie Moreau")
        assert "Nadia Gest" in page
        assert post(http, "/clients/N1/restauration/").status_code == 303
        page = body(http.get(self.URL))
        assert ">Blanchisserie Moreau<" not in page
        assert "Jeanne Dupont" in page

    def test_they_come_by_the_hundred_with_the_same_number_of_queries(
        self, manager, org, signed_in, django_assert_num_queries
    ):
        http = signed_in(manager)
        http.get(self.URL)
        for number in range(103):
            make_client(org, f"D{number}", f"Parti {number:03}", deleted_at=timezone.now() - timedelta(hours=number))
        with django_assert_num_queries(6):
            first = body(http.get(self.URL))
        assert "Parti 099" in first
        assert "Parti 100" not in first
        more = html.unescape(re.search(r'rel="next" href="([^"]+)"', first).group(1))
        rest = http.get(more, htmx=True).content.decode()
        assert "Parti 100" in rest
        assert "Parti 102" in rest
        assert "Parti 099" not in rest
        assert "<table" not in rest
        assert body(http.get(f"{self.URL}?apres=n'importe")) is not None

    def test_only_within_reach_and_for_those_who_may_delete(self, org, north, agent, signed_in, client_south):
        limited = make_member(org, "nord@eaux.example", "Noé Nord", "manager")
        grant(limited, "sector", north.pk)
        Client.objects.filter(pk=client_south.pk).update(deleted_at=timezone.now())
        assert "Jeanne Dupont" not in body(signed_in(limited).get(self.URL))
        assert signed_in(agent).get(self.URL).status_code == 403


def test_more_than_ten_thousand_are_counted_once_a_minute(
    signed_in, manager, client_north, client_south, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(listing, "COUNTED", 1)
    monkeypatch.setattr(listing, "_many", {})
    browser = signed_in(manager)
    assert "Plus de 1" in browser.get(f"/{manager.organization.slug}/clients/").content.decode()
    with django_assert_num_queries(7):
        again = browser.get(f"/{manager.organization.slug}/clients/")
    assert "Plus de 1" in again.content.decode()
    for key in listing._many:
        listing._many[key] -= listing.MANY_SECONDS
    with django_assert_num_queries(8):
        browser.get(f"/{manager.organization.slug}/clients/")
