"""What reaches no view, or leaves one as something else than an answer."""

import pytest
from django.test import RequestFactory

from entregent.ui.web.errors import fault


@pytest.mark.parametrize(
    "address",
    [
        "/eaux/clients/?q=%00",
        "/eaux/clients/?categorie=%00",
        "/eaux/clients/?secteur=%00",
        "/eaux/clients/?apres=%00",
        "/eaux/clients/%00/",
        "/eaux/clients/N1/volets/objets/?contrat=%00",
        "/eaux/clients/nouveau/doublons/?name=a%00b&phone=%00&email=a%00@b.fr",
        "/eaux/clients/N1/personnes/rattachement/?q=ab%00",
        "/eaux/interactions/?rubrique=%C2%B2&agent=%C2%B2&apres=%00&du=%00",
        "/eaux/interactions/?rubrique=99999999999999999999999999&agent=99999999999999999999999999",
        "/eaux/contacts/nouveau/?client=%00&person=%C2%B2&participants=%C2%B2",
        "/eaux/contacts/nouveau/?client=N1&person=99999999999999999999999999",
        "/eaux/recherche/?q=%00",
        "/eaux/administration/boite-d-envoi/?etat=%00&avant=%C2%B2",
        "/%00/",
    ],
)
def test_a_text_that_no_column_can_hold_is_no_fault_of_ours(signed_in, manager, client_north, address):
    assert signed_in(manager).get(address).status_code in (200, 302, 400, 404, 422)


@pytest.mark.parametrize("text", ["\x00", "²", "9" * 5000, "-1", ""])
@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("/eaux/contacts/nouveau/", ("client", "person", "participants", "contract", "topic", "idempotency_key")),
        ("/eaux/clients/N1/personnes/rattachement/", ("person",)),
        ("/eaux/clients/N1/blocage-de-credit/", ("reason", "note")),
        ("/eaux/clients/N1/statut/", ("to",)),
        ("/eaux/clients/N1/modifier/", ("name", "version", "sector", "responsible", "number", "phones", "identifiers")),
        ("/eaux/clients/N1/adresses/nouvelle/", ("kind", "street", "version")),
        ("/eaux/mon-absence/", ("substitute", "starts_on", "end")),
    ],
)
def test_neither_is_it_in_a_form(signed_in, manager, client_north, address, names, text):
    response = signed_in(manager).post(address, dict.fromkeys(names, text))
    assert response.status_code in (200, 302, 303, 400, 403, 404, 409, 422)


def test_no_cache_keeps_what_a_member_was_answered(signed_in, agent, client_north):
    http = signed_in(agent)
    for address in ("/eaux/", "/eaux/clients/N1/", "/eaux/recherche/?q=mor", "/compte/"):
        assert "no-store" in http.get(address).headers["Cache-Control"]


def test_an_address_writes_no_line_of_the_log(caplog):
    fault(RequestFactory().get("/eaux/%0A2026-11-21 sign-in of admin/"))
    (line,) = [record.getMessage() for record in caplog.records if record.name == "entregent.faults"][:1]
    assert "\n" not in line


def test_what_is_absent_refused_or_elsewhere_keeps_the_top_bar_of_a_member(agent, client_south, signed_in, client):
    http = signed_in(agent)
    pages = {
        path: http.get(path)
        for path in ("/eaux/clients/S1/", "/eaux/clients/X9/", "/eaux/nulle-part/", "/autre/clients/", "/inconnue/")
    }
    for path, page in pages.items():
        text = page.content.decode()
        assert page.status_code == 404, path
        assert 'class="g-topbar"' in text, path
        assert 'href="/eaux/clients/"' in text, path
        assert "Introuvable." in text
        assert text.count("<h1") == 1
    refused = http.get("/eaux/administration/journal/")
    assert refused.status_code == 403
    assert 'class="g-topbar"' in refused.content.decode()
    assert 'class="g-topbar"' not in client.get("/inconnue/").content.decode()
