"""The administration of custom fields, and the forms and pages in which they show."""

import pytest

from entregent.clients.actions import create_client, create_person
from entregent.clients.models import Client, Person
from entregent.interactions.models import Interaction, Topic
from entregent.listing.custom_field_actions import create_custom_field
from entregent.listing.models import CustomField
from testing.cast import enter

PAGES = "/eaux/administration/champs/"
OPTIONS = "cave ; Cave ; Cellar\nrue ; Sur rue ; In the street"


@pytest.fixture
def define(admin):
    def make(code, type="text", *, subject="client", **more):
        label = code.capitalize()
        return create_custom_field(
            by=enter(admin), subject=subject, type=type, code=code, label_fr=label, label_en=f"{label} (en)", **more
        )

    return make


@pytest.fixture
def browser(admin, signed_in):
    return signed_in(admin)


def listed(text):
    return [dict(zip(("id", "fr", "en"), line.split(" ; "), strict=True)) for line in text.splitlines()]


def test_an_administrator_defines_a_list(browser, admin):
    page = browser.get(f"{PAGES}nouveau/?sur=person")
    assert '<option value="person" selected>' in page.content.decode()
    data = {"subject": "client", "type": "choice", "label_fr": "Accès", "label_en": "Access", "options": OPTIONS,
            "is_searchable": "on"}  # fmt: skip
    answer = browser.post(f"{PAGES}nouveau/", data)
    assert answer.status_code == 303
    enter(admin)
    field = CustomField.objects.get()
    assert (field.code, field.is_searchable, [one["id"] for one in field.options]) == ("acces", True, ["cave", "rue"])
    page = browser.get(PAGES).content.decode()
    assert "Accès" in page
    assert "Dans la recherche" in page


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(browser):
    data = {"subject": "client", "type": "choice", "label_fr": "Accès", "label_en": "", "options": "trop-long-là ; a"}
    page = browser.post(f"{PAGES}nouveau/", data)
    text = page.content.decode()
    assert page.status_code == 422
    assert "Libellé anglais est obligatoire." in text
    assert "Identifiant d’option" in text
    assert "trop-long-là ; a" in text


def test_an_option_that_is_left_out_is_no_longer_offered(browser, define, admin):
    field = define("acces", "choice", options=listed(OPTIONS))
    data = {"version": "1", "label_fr": "Accès", "label_en": "Access", "options": "rue ; Rue ; Street"}
    assert browser.post(f"{PAGES}{field.pk}/", data).status_code == 303
    enter(admin)
    field.refresh_from_db()
    assert [(one["id"], one["is_active"]) for one in field.options] == [("rue", True), ("cave", False)]
    assert "cave (Cave)" in browser.get(f"{PAGES}{field.pk}/").content.decode()
    stale = browser.post(f"{PAGES}{field.pk}/", data)
    assert stale.status_code == 409
    assert 'name="version" value="2"' in stale.content.decode()


def test_a_field_is_archived_deleted_and_restored(browser, define, admin):
    field = define("remarque")
    create_client(by=admin, kind="company", name="Un", custom={"remarque": "x"})
    assert "1 fiche a une valeur." in browser.get(f"{PAGES}{field.pk}/suppression/").content.decode()
    assert browser.post(f"{PAGES}{field.pk}/archivage/", {"to": "archived"}).status_code == 303
    assert "Archivé" in browser.get(PAGES).content.decode()
    assert browser.post(f"{PAGES}{field.pk}/suppression/").status_code == 303
    assert browser.get(f"{PAGES}{field.pk}/").status_code == 404
    assert "Champs supprimés" in browser.get(PAGES).content.decode()
    assert browser.post(f"{PAGES}{field.pk}/effacement/", {"word": "non"}).status_code == 422
    assert browser.post(f"{PAGES}{field.pk}/retablissement/").status_code == 303
    assert browser.get(f"{PAGES}{field.pk}/").status_code == 200


def test_only_who_holds_the_right_gets_there(manager, signed_in, define):
    field = define("remarque")
    browser = signed_in(manager)
    for address in ("", "nouveau/", f"{field.pk}/", f"{field.pk}/suppression/"):
        assert browser.get(f"{PAGES}{address}").status_code == 403


def test_the_form_of_a_client_asks_and_keeps(browser, define, admin):
    define("dossier", is_required=True, help_fr="Sur la boîte.")
    define("chien", "boolean")
    page = browser.get("/eaux/clients/nouveau/client/").content.decode()
    assert 'name="custom_dossier"' in page
    assert "Sur la boîte." in page
    data = {"kind": "company", "name": "Un", "language": "fr", "custom_chien": "on"}
    refused = browser.post("/eaux/clients/nouveau/client/", data)
    assert refused.status_code == 422
    assert "Dossier est obligatoire." in refused.content.decode()
    assert browser.post("/eaux/clients/nouveau/client/", data | {"custom_dossier": "D1"}).status_code == 303
    enter(admin)
    client = Client.objects.get()
    assert client.custom == {"dossier": "D1", "chien": True}
    file = browser.get(f"/eaux/clients/{client.number}/").content.decode()
    assert "<dt>Dossier</dt>" in file
    assert "<dt>Chien</dt>" in file


def test_two_people_who_edit_one_client_see_both_values(browser, define, admin):
    define("chien", "boolean")
    define("pieces", "number")
    client = create_client(by=admin, kind="company", name="Un", custom={"pieces": 2.5})
    form = {"kind": "company", "name": "Un", "language": "fr", "number": client.number, "version": "1"}
    edit = f"/eaux/clients/{client.number}/modifier/"
    assert browser.post(edit, form | {"custom_pieces": "2,5", "custom_chien": "on"}).status_code == 303
    stale = browser.post(edit, form | {"custom_pieces": "3"})
    text = stale.content.decode()
    assert stale.status_code == 409
    assert "2,5" in text
    assert 'value="3"' in text


def test_a_person_has_theirs(browser, define, admin):
    define("surnom", subject="person")
    person = create_person(by=admin, last_name="Petit")
    data = {"last_name": "Petit", "file_as": "Petit", "language": "fr", "version": "1", "custom_surnom": "Fanfan"}
    assert browser.post(f"/eaux/personnes/{person.pk}/modifier/", data).status_code == 303
    enter(admin)
    assert Person.objects.get().custom == {"surnom": "Fanfan"}
    assert "<dt>Surnom</dt>" in browser.get(f"/eaux/personnes/{person.pk}/").content.decode()


def test_the_composer_asks_what_the_channel_asks(browser, define, admin, client_north):
    define("humeur", "choice", subject="interaction", variants=["phone_call"], is_required=True,
           options=listed(OPTIONS))  # fmt: skip
    define("duree", "number", subject="interaction", variants=["note"])
    topic = Topic.objects.create(organization_id=admin.organization_id, code="r", label_fr="R", label_en="R")
    page = browser.get("/eaux/contacts/nouveau/?client=N1").content.decode()
    assert '<div data-channels="phone_call">' in page
    assert '<div data-channels="note">' in page
    data = {"client": "N1", "topic": str(topic.pk), "channel": "phone_call", "visibility": "none", "custom_duree": "4"}
    refused = browser.post("/eaux/contacts/nouveau/", data)
    assert refused.status_code == 422
    assert "Humeur est obligatoire." in refused.content.decode()
    assert browser.post("/eaux/contacts/nouveau/", data | {"custom_humeur": "rue"}).status_code == 303
    enter(admin)
    logged = Interaction.objects.get()
    assert logged.custom == {"humeur": "rue"}
    page = browser.get(f"/eaux/interactions/{logged.number}/").content.decode()
    assert "<dt>Humeur</dt><dd>Sur rue</dd>" in page
    general = browser.get(f"/eaux/interactions/{logged.number}/?onglet=general").content.decode()
    assert 'name="custom_humeur"' in general
    assert "custom_duree" not in general
