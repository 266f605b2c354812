"""The advanced search: by form, by address, saved and subscribed to."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import QueryDict

from entregent.clients.actions import seed_object_types
from entregent.clients.models import BusinessObject, BusinessObjectType, ClientPerson, Person
from entregent.listing.actions import save_view
from entregent.listing.conditions import mend
from entregent.listing.lists import lists
from entregent.listing.models import Subscription, View
from entregent.listing.web import question
from testing.cast import enter, make_client

PAGE = "/eaux/recherche/avancee/"
FULL = {
    "all": [
        ["status", "in", ["client", "prospect"]],
        {"any": [["city", "contains", "Metz"], ["created_at", "between", ["2020-01-01", "2030-01-01"]]]},
        {"not": {"any": [["credit_hold", "is", True], ["category", "empty"]]}},
        {
            "has": "invoices",
            "where": {
                "all": [["dated_on", "days_ago_more", 30], {"has_not": "interactions", "since": "dated_on"}],
            },
        },
        {"count": "people", "is": ["at_least", 2]},
    ]
}


def fields_of(node):
    """What the form sends for a tree, as a browser would."""
    query = QueryDict(mutable=True)
    for one in node.nodes():
        if one.place:
            query[f"t-{one.place}"] = one.type[0]
        query[f"g-{one.place}"] = one.group
        query[f"f-{one.place}"] = one.code
        query[f"o-{one.place}"] = one.operator
        query.setlist(f"v-{one.place}", one.values)
        query[f"m-{one.place}"], query[f"s-{one.place}"] = one.mode, one.since
        query[f"b-{one.place}"], query[f"n-{one.place}"] = one.bound, one.number
    return query


def test_a_question_goes_through_the_form_unchanged(admin):
    seed_object_types(admin.organization)
    enter(admin)
    definition = lists(admin)["clients"]
    tree = question.from_form(fields_of(question.from_data(FULL)))
    assert mend(question.to_data(tree, definition, admin), definition, admin) == (FULL, [])


@pytest.mark.parametrize("data", [["name", "contains", "x"], {"any": [["name", "is", "x"]]}, {"not": FULL}, None])
def test_every_shape_of_condition_can_be_shown(admin, signed_in, data):
    seed_object_types(admin.organization)
    answer = signed_in(admin).get(PAGE, {"filtre": json.dumps(data)} if data else {})
    assert answer.status_code == 200


def test_the_page_finds_counts_and_keeps_the_question_in_its_address(manager, signed_in, client_north, client_south):
    browser = signed_in(manager)
    answer = browser.get(PAGE, {"filtre": json.dumps(["name", "contains", "moreau"])})
    text = answer.content.decode()
    assert "1 client" in text
    assert "Blanchisserie Moreau" in text
    assert "Jeanne Dupont" not in text
    form = {
        "liste": "clients", "liste-avant": "clients", "g-": "all", "t-0": "c", "f-0": "name", "o-0": "contains",
        "v-0": "dupont", "t-1": "c", "f-1": "", "tri": "", "q": "",
    }  # fmt: skip
    answer = browser.get(PAGE, form, htmx=True)
    assert "Jeanne Dupont" in answer.content.decode()
    assert "<html" not in answer.content.decode()
    address = parse_qs(urlsplit(answer.headers["HX-Replace-Url"]).query)
    assert json.loads(address["filtre"][0]) == ["name", "contains", "dupont"]


def test_buttons_add_and_take_away_rows(manager, signed_in):
    browser = signed_in(manager)
    form = {"liste": "clients", "liste-avant": "clients", "g-": "all", "t-0": "c", "f-0": "name", "o-0": "is"}
    for word, mark in [("c:", "f-1"), ("g:", "g-1"), ("r:", "m-1")]:
        assert f'name="{mark}"' in browser.get(PAGE, form | {"faire": word}).content.decode()
    assert 'name="f-0"' not in browser.get(PAGE, form | {"faire": "x:0"}).content.decode()
    opened = browser.get(PAGE, form | {"faire": "volet:champs"}).content.decode()
    assert 'name="colonnes"' in opened
    moved = browser.get(
        PAGE, form | {"volet": "champs", "colonnes": ["number", "name"], "faire": "up:name"}
    ).content.decode()
    assert moved.index('id="col-name"') < moved.index('id="col-number"')


def test_another_list_begins_a_new_question(manager, signed_in, client_north):
    form = {
        "liste": "people",
        "liste-avant": "clients",
        "g-": "all",
        "t-0": "c",
        "f-0": "city",
        "o-0": "is",
        "v-0": "x",
    }
    person = Person.objects.create(organization=manager.organization, file_as="Noé", sort_key="noe")
    ClientPerson.objects.create(organization=manager.organization, client=client_north, person=person)
    text = signed_in(manager).get(PAGE, form).content.decode()
    assert "1 personne" in text
    assert "Ce champ n’existe" not in text


def test_business_objects_are_searched_with_their_client(manager, signed_in, client_north):
    seed_object_types(manager.organization)
    enter(manager)
    invoice = BusinessObjectType.objects.get(organization=manager.organization, code="invoice")
    BusinessObject.objects.create(
        organization=manager.organization, client=client_north, type=invoice, key="F-77", state="unpaid", amount=12
    )
    question = {"liste": "invoices", "filtre": json.dumps({"has": "clients", "where": ["number", "is", "N1"]})}
    text = signed_in(manager).get(PAGE, question).content.decode()
    assert "1 facture" in text
    assert "F-77" in text
    for words, found in [("f 77", "1 facture"), ("moreau", "1 facture"), ("f 78", "0 facture")]:
        assert found in signed_in(manager).get(PAGE, {"liste": "invoices", "q": words}).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"filtre": "{"},
        {"filtre": "[" * 5000},
        {"filtre": json.dumps(["gone", "is", "x"])},
        {"filtre": json.dumps({"all": [["name", "is", "\x00"]]})},
        {"liste": "nothing"},
        {"vue": "999999"},
        {"vue": "x"},
        {"tri": "nothing"},
        {"champs": "nothing,,name"},
        {"apres": "zzz"},
        {"q": "x"},
        {"q": "x", "volet": "champs"},
        {"q": "\x00\x00abc"},
        {"g-": "all", "t-0.0.0.0.0.0.0.0.0.0.0.0.0": "g", "t-9999999": "c", "t-x": "c", "faire": "g:0.0"},
        {"g-": "all", "t-0": "r", "f-0": "interactions", "m-0": "count", "n-0": "beaucoup"},
        {"g-": "all", "t-0": "c", "f-0": "created_at", "o-0": "between", "v-0": ["2020-01-01", "x"]},
    ],
)
def test_whatever_the_address_says_the_page_stands(manager, signed_in, client_north, query):
    answer = signed_in(manager).get(PAGE, query)
    assert answer.status_code == 200


def test_a_view_is_saved_opened_subscribed_to_and_deleted(manager, agent, signed_in, client_north, client_south):
    browser = signed_in(manager)
    form = {
        "liste": "clients", "filtre": json.dumps(["name", "contains", "moreau"]), "champs": "city,name", "tri": "-city",
        "nom": "Moreau et autres", "partagee": "1", "abonnement": "1",
    }  # fmt: skip
    answer = browser.post(f"{PAGE}vues/", form)
    enter(manager)
    view = View.objects.get()
    assert answer.headers["Location"] == f"{PAGE}?vue={view.pk}"
    assert (view.condition, view.sort, view.is_shared) == (["name", "contains", "moreau"], "-city", True)
    assert view.column_codes == ["city", "name"]
    assert Subscription.objects.filter(view=view, user=manager.user).exists()
    text = signed_in(agent).get(f"{PAGE}?vue={view.pk}").content.decode()
    assert "Moreau et autres" in text
    assert "1 client" in text
    browser.post(f"{PAGE}vues/", form | {"tri": "name"})
    enter(manager)
    assert View.objects.get().sort == "name"
    browser.post(f"{PAGE}vues/{view.pk}/abonnement/", {"abonnement": "0"})
    enter(manager)
    assert not Subscription.objects.exists()
    assert signed_in(agent).post(f"{PAGE}vues/{view.pk}/suppression/").status_code == 403
    browser.post(f"{PAGE}vues/{view.pk}/suppression/")
    enter(manager)
    assert not View.objects.exists()


def test_a_view_whose_field_was_deleted_says_so_and_keeps_the_rest(manager, signed_in, client_north, client_south):
    enter(manager)
    view = save_view(by=manager, list_code="clients", name="V", condition=["name", "contains", "moreau"])
    View.objects.update(condition={"all": [["custom.gone", "is", "x"], view.condition]})
    text = signed_in(manager).get(f"{PAGE}?vue={view.pk}").content.decode()
    assert "Ce champ n’existe plus : custom.gone." in text
    assert "1 client" in text


def test_further_rows_come_alone(manager, signed_in):
    for place in range(102):
        make_client(manager.organization, f"K{place:03}", f"Nom {place:03}")
    browser = signed_in(manager)
    enter(manager)
    first = browser.get(PAGE).content.decode()
    address = first.split('rel="next" hx-get="')[1].split('"')[0].replace("&amp;", "&")
    rest = browser.get(address, htmx=True).content.decode()
    assert rest.count('<tr class="g-row"') == 2
    assert "<form" not in rest


def test_the_page_costs_a_fixed_number_of_queries(manager, signed_in, client_north, django_assert_num_queries):
    browser = signed_in(manager)
    browser.get(PAGE)
    question = {"filtre": json.dumps(["status", "is", "client"])}
    with django_assert_num_queries(10):
        browser.get(PAGE, question)


def test_the_same_question_opens_where_many_are_changed_and_exported(manager, reader, signed_in, client_north):
    form = {"filtre": json.dumps(["name", "contains", "moreau"]), "champs": "name,city"}
    browser = signed_in(manager)
    text = browser.get(PAGE, form).content.decode()
    for start in ("/eaux/gestion-des-clients/?", "/eaux/exports/listes/?"):
        address = text.split(f'href="{start}')[1].split('"')[0].replace("&amp;", "&")
        answer = browser.get(start + address)
        assert answer.status_code == 200
        assert "« moreau »" in answer.content.decode().replace("\u00a0", " ")
    assert "/eaux/exports/listes/?" not in signed_in(reader).get(PAGE, form).content.decode()
