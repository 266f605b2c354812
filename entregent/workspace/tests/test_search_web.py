"""The page and the JSON of the quick search."""

import pytest

from testing.cast import enter, make_client


def as_json(client, text):
    return client.get("/eaux/recherche/", {"q": text}, headers={"Accept": "application/json"})


def test_the_palette_is_answered_in_json(signed_in, manager, org, north):
    client = make_client(org, "01001", "L'Abergement-Clémenciat", sector=north)
    enter(manager)
    client.addresses.create(organization=org, postal_code="01400", city="L'Abergement-Clémenciat")
    answer = as_json(signed_in(manager), "abergement clemenciat")
    assert answer.json() == {
        "query": "abergement clemenciat",
        "groups": [
            {
                "kind": "clients",
                "label": "Clients",
                "count": 1,
                "items": [
                    {
                        "number": "01001",
                        "label": "L'Abergement-Clémenciat",
                        "detail": "01400 · Nord",
                        "url": "/eaux/clients/01001/",
                        "icon": "building",
                    }
                ],
            }
        ],
    }


def test_one_character_is_refused(signed_in, manager):
    answer = as_json(signed_in(manager), "a")
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:entregent:E-001-SEARCH-SHORT"
    page = signed_in(manager).get("/eaux/recherche/", {"q": "a"})
    assert page.status_code == 422
    assert "Saisissez au moins 2 caractères." in page.content.decode()
    assert 'value="a"' in page.content.decode()


def test_the_page_shows_the_groups_and_marks_the_hits(signed_in, manager, client_north):
    page = signed_in(manager).get("/eaux/recherche/", {"q": "moréau"}).content.decode()
    assert 'href="/eaux/clients/N1/"' in page
    assert "<mark>Moreau</mark>" in page


def test_the_page_says_what_it_corrected(signed_in, manager, client_north):
    page = signed_in(manager).get("/eaux/recherche/", {"q": "blanchiserie"}).content.decode()
    assert "Résultats pour « blanchisserie »" in page.replace("\u00a0", " ")


def test_the_empty_page_asks(signed_in, manager):
    page = signed_in(manager).get("/eaux/recherche/")
    assert page.status_code == 200
    assert 'name="q" value=""' in page.content.decode()


def test_nothing_found_offers_a_prospect_to_those_who_may_create_one(signed_in, manager, reader):
    offer = "/eaux/clients/nouveau/?name=Zygmunt+%26+Fils"
    assert offer in signed_in(manager).get("/eaux/recherche/", {"q": "Zygmunt & Fils"}).content.decode()
    assert offer not in signed_in(reader).get("/eaux/recherche/", {"q": "Zygmunt & Fils"}).content.decode()


def test_out_of_reach_looks_like_not_there(signed_in, agent, outsider, client_north, client_south):
    """What an outsider is told of a name that exists elsewhere is, byte for byte, what they are told of none."""
    there, absent = as_json(signed_in(outsider), "moreau").content, as_json(signed_in(outsider), "zzzzzz").content
    assert there.replace(b"moreau", b"zzzzzz") == absent
    there = as_json(signed_in(agent), "jeanne dupont").content
    assert there.replace(b"jeanne dupont", b"zzzzzz") == absent


def test_a_stranger_does_not_get_in(signed_in, stranger, client, client_north):
    assert as_json(signed_in(stranger), "moreau").status_code == 404
    assert as_json(client, "moreau").status_code == 401


@pytest.mark.parametrize(("text", "queries"), [("moreau", 9), ("0261910042", 9), ("zzzz", 9)])
def test_the_number_of_queries_stays(signed_in, manager, client_north, django_assert_num_queries, text, queries):
    browser = signed_in(manager)
    as_json(browser, text)
    with django_assert_num_queries(queries):
        as_json(browser, text)
