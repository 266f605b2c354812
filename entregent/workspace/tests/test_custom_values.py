"""Custom fields in the grid: edited in place, changed for many at once."""

import pytest

from entregent.clients.actions import create_person
from entregent.clients.models import Client, Person
from entregent.jobs.models import Job
from entregent.listing.custom_field_actions import create_custom_field
from entregent.workspace.tests.test_client_management import at, run
from testing.cast import enter, make_client

ACCESS = [{"id": "cave", "fr": "Cave", "en": "Cellar"}, {"id": "rue", "fr": "Sur rue", "en": "In the street"}]


@pytest.fixture
def fields(admin):
    kinds = {"remarque": "text", "pieces": "number", "pose": "date", "chien": "boolean", "acces": "choice"}
    for code, kind in [*kinds.items(), ("releveur", "member")]:
        create_custom_field(
            by=enter(admin), subject="client", type=kind, code=code, label_fr=code.capitalize(), label_en=code,
            options=ACCESS if kind == "choice" else (),
        )  # fmt: skip
    create_custom_field(by=admin, subject="person", type="text", code="surnom", label_fr="Surnom", label_en="Nickname")


def held(member, number="N1"):
    enter(member)
    return Client.objects.get(number=number).custom


@pytest.mark.parametrize(
    ("code", "typed", "kept", "wrong"),
    [
        ("remarque", "Portail vert", "Portail vert", "x" * 600), ("pieces", "2,5", 2.5, "deux"),
        ("pose", "2026-03-01", "2026-03-01", "hier"), ("chien", "true", True, "peut-être"),
        ("acces", "rue", "rue", "toit"),
    ],
)  # fmt: skip
def test_each_kind_is_edited_in_place(signed_in, manager, fields, client_north, code, typed, kept, wrong):
    http = signed_in(manager)
    url = at("client_value", manager, number="N1", field=f"custom.{code}")
    assert 'name="value"' in http.get(url).content.decode()
    refused = http.post(url, {"value": wrong, "version": 1}, htmx=True)
    assert refused.status_code == 422
    saved = http.post(url, {"value": typed, "version": 1}, htmx=True)
    assert saved.status_code == 200
    assert held(manager) == {code: kept}
    assert http.post(url, {"value": "", "version": 2}, htmx=True).status_code == 200
    assert held(manager) == {}


def test_a_field_of_people_and_the_cells_of_the_grid(signed_in, manager, fields, client_north):
    person = create_person(by=enter(manager), last_name="Moreau", client=client_north)
    http = signed_in(manager)
    url = at("person_value", manager, pk=person.pk, field="custom.surnom")
    assert http.post(url, {"value": "Momo", "version": 1}).status_code == 303
    enter(manager)
    assert Person.objects.get().custom == {"surnom": "Momo"}
    page = http.get(at("client_management", manager), {"tri": "name"})
    assert page.status_code == 200
    assert http.get(at("client_value", manager, number="N1", field="custom.inconnu")).status_code == 404


def test_many_get_one_value_and_lose_it_again(signed_in, manager, fields, org, client_north):
    make_client(org, "M1", "Autre", custom={"remarque": "reste"})
    http = signed_in(manager)
    assert "custom.acces" in http.get(at("client_management", manager)).content.decode()
    for value, left in (("rue", {"acces": "rue"}), ("", {})):
        sent = {"tout": "1", "changement": "custom.acces", "valeur-custom.acces": value}
        assert http.post(at("bulk_create", manager), sent).status_code == 303
        enter(manager)
        run(Job.objects.order_by("-pk").first())
        assert (held(manager), held(manager, "M1")) == (left, {"remarque": "reste"} | left)
    wrong = {"tout": "1", "changement": "custom.acces", "valeur-custom.acces": "toit"}
    assert http.post(at("bulk_create", manager), wrong).status_code == 422


def test_applying_before_choosing_changes_nothing(signed_in, manager, fields, client_north):
    http = signed_in(manager)
    for change in ("responsible", "sector", "status", "custom.acces"):
        sent = {"tout": "1", "changement": change, f"valeur-{change}": "?"}
        answer = http.post(at("bulk_create", manager), sent)
        assert answer.status_code == 422
        assert "Choisissez d’abord la nouvelle valeur." in answer.content.decode()
    enter(manager)
    assert not Job.objects.exists()
