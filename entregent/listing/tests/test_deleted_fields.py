"""Views whose field was deleted: every page that reads them says so, and keeps the rest."""

import json

import pytest

from entregent.clients.actions import create_client
from entregent.listing.custom_field_actions import create_custom_field, delete_custom_field
from entregent.listing.models import View
from testing.cast import enter

GONE = "Ce champ n’existe plus"


@pytest.fixture
def view(admin):
    field = create_custom_field(
        by=enter(admin), subject="client", type="text", code="remarque", label_fr="Remarque", label_en="Note"
    )
    create_client(by=admin, kind="company", name="Moreau", category="Or", custom={"remarque": "x"})
    create_client(by=admin, kind="company", name="Autre", category="Argent")
    view = View.objects.create(
        organization_id=admin.organization_id, owner=admin.user, list_code="clients", name="Les notés", is_shared=True,
        condition={"all": [["category", "is", "Or"], ["custom.remarque", "contains", "x"]]},
        columns=[{"code": "name", "width": 0}, {"code": "custom.remarque", "width": 0}], sort="name",
    )  # fmt: skip
    delete_custom_field(field, by=admin)
    return view


def test_the_workspace_says_so_and_keeps_the_rest(view, admin, signed_in):
    page = signed_in(admin).get(f"/eaux/gestion-des-clients/?vue={view.pk}").content.decode()
    assert GONE in page
    assert "Moreau" in page
    assert "Autre" not in page


def test_the_advanced_search_says_so_and_keeps_the_rest(view, admin, signed_in):
    page = signed_in(admin).get(f"/eaux/recherche/avancee/?vue={view.pk}").content.decode()
    assert GONE in page
    assert "Moreau" in page
    assert "Autre" not in page


def test_an_address_that_still_names_the_field_is_no_fault(view, admin, signed_in):
    browser = signed_in(admin)
    condition = json.dumps(view.condition)
    for address in ("gestion-des-clients/", "recherche/avancee/", "exports/listes/"):
        answer = browser.get(
            f"/eaux/{address}", {"filtre": condition, "colonnes": "name,custom.remarque", "liste": "clients"}
        )
        assert answer.status_code < 500, address


def test_a_filter_that_matches_nothing_says_so(admin, signed_in):
    page = signed_in(admin).get(
        "/eaux/gestion-des-clients/", {"filtre": json.dumps(["category", "is", "Personne n’a cela"])}
    )
    assert page.status_code == 200
    assert "g-empty" in page.content.decode()
