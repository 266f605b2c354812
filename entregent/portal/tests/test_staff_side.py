"""The staff's side: giving and taking access, « Voir comme le client », how the portal is set."""

import re

import pytest

from entregent.audit.models import Action
from entregent.clients.actions import people
from entregent.interactions.models import InteractionEntry
from entregent.interactions.portal_models import PortalAccess, PortalSettings
from entregent.organizations.models import Membership
from entregent.outbox.models import Message
from entregent.portal.tests.conftest import PASSWORD
from entregent.portal.tests.test_exchanges import INSIDE, logged, topic  # noqa: F401 — fixtures
from entregent.transfers.actions import request_files
from testing.cast import HtmxClient, enter


@pytest.fixture
def eve(agent, client_north):
    enter(agent)
    return people.create_person(
        by=agent, first_name="Ève", last_name="Roy", emails=["eve@client.example"], client=client_north
    )


def test_a_person_is_invited_from_the_client_and_their_access_managed(agent, client_north, eve, signed_in):
    http = signed_in(agent)
    url = f"/eaux/clients/{client_north.number}/portail/"
    page = http.get(url).content.decode()
    assert "Sans accès au portail" in page
    assert "Inviter au portail" in page

    def press(verb):
        answer = http.post(f"{url}{eve.pk}/{verb}/", follow=True)
        enter(agent)
        return answer.content.decode()

    assert "part par courriel" in press("inviter")
    assert "Non enregistré" in http.get(url).content.decode()
    link = re.search(r"/portail/invitation/\S+?/(?=\s|$)", Message.objects.get().text)[0]
    visitor = HtmxClient()
    visitor.post(link, {"name": "Ève Roy", "password": PASSWORD, "consents": "on"})
    assert visitor.get("/portail/eaux/").status_code == 200
    assert "Suspendre" in http.get(url).content.decode()
    assert "voit tous les échanges" in press("collegues")
    press("suspendre")
    assert visitor.get("/portail/eaux/").status_code == 404
    press("retablir")
    assert visitor.get("/portail/eaux/").status_code == 200
    press("suspendre")
    press("retirer")
    assert "Sans accès au portail" in http.get(url).content.decode()
    assert http.post(f"{url}{eve.pk}/suspendre/").status_code == 404
    assert http.post(f"{url}{eve.pk}/autre/").status_code == 404
    enter(agent)
    assert PortalAccess.objects.get().state == "closed"


def test_htmx_gets_the_pane_again(agent, client_north, eve, signed_in):
    http = signed_in(agent)
    url = f"/eaux/clients/{client_north.number}/portail/"
    answer = http.post(f"{url}{eve.pk}/inviter/", htmx=True)
    assert answer.status_code == 200
    assert "Renvoyer l’invitation" in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert "part par courriel" in answer.headers["HX-Trigger"].encode().decode("unicode_escape")


def test_a_person_without_client_is_invited_from_their_own_page(agent, signed_in):
    enter(agent)
    alone = people.create_person(by=agent, last_name="Seul", emails=["seul@ailleurs.example"])
    http = signed_in(agent)
    assert "En son nom propre" in http.get(f"/eaux/personnes/{alone.pk}/portail/").content.decode()
    http.post(f"/eaux/personnes/{alone.pk}/portail/inviter/")
    enter(agent)
    assert PortalAccess.objects.get().person == alone


def test_without_the_module_there_is_no_portal(agent, client_north, signed_in, org):
    type(org).objects.filter(pk=org.pk).update(modules=[])
    http = signed_in(agent)
    assert http.get(f"/eaux/clients/{client_north.number}/portail/").status_code == 403
    assert "/portail/" not in http.get(f"/eaux/clients/{client_north.number}/").content.decode()


def test_a_reader_sees_who_has_access_and_changes_nothing(reader, access, client_north, signed_in):
    http = signed_in(reader)
    url = f"/eaux/clients/{client_north.number}/portail/"
    page = http.get(url).content.decode()
    assert "lea@client.example" in page
    assert "Suspendre" not in page
    assert http.post(f"{url}{access.person_id}/suspendre/").status_code == 403


def test_a_manager_sees_the_portal_as_the_client_does_and_writes_nothing(manager, agent, access, logged, signed_in):  # noqa: F811
    http = signed_in(manager)
    base = f"/eaux/portail/voir/{access.pk}/"
    home = http.get(base).content.decode()
    assert "en lecture seule" in home
    assert "Livraison" in home
    assert f"{base}echanges/{logged.number}/" in home
    page = http.get(f"{base}echanges/{logged.number}/").content.decode()
    assert "Bonjour Léa" in page
    assert INSIDE not in page + home
    assert 'name="text"' not in page
    for path in ("echanges/", "documents/", "coordonnees/"):
        assert http.get(base + path).status_code == 200
    assert http.post(f"{base}echanges/{logged.number}/", {"text": "au nom de Léa"}).status_code == 403
    enter(manager)
    assert InteractionEntry.objects.filter(interaction=logged).count() == 2
    seen = Action.objects.filter(name="view_portal_as_client", user_id=manager.user_id)
    assert seen.count() == 5
    assert signed_in(agent).get(base).status_code == 403
    enter(manager)
    assert "non lu" in http.get(base).content.decode()


def test_a_manager_sees_transfers_as_the_client_does(manager, agent, access, client_north, signed_in):
    enter(agent)
    asked = request_files(by=agent, person=access.person, client=client_north, subject="Bail 2026")
    http = signed_in(manager)
    base = f"/eaux/portail/voir/{access.pk}/"
    assert "Bail 2026" in http.get(base).content.decode()
    assert "Bail 2026" in http.get(f"{base}transferts/").content.decode()
    page = http.get(f"{base}transferts/{asked.number}/").content.decode()
    assert "Bail 2026" in page
    assert "Déposer vos fichiers" not in page
    assert http.post(f"{base}transferts/{asked.number}/").status_code == 403
    # Who may not see transfers sees none here either.
    enter(manager)
    Membership.objects.filter(pk=manager.pk).update(rights_removed=["transfer.view"])
    assert "Bail 2026" not in http.get(base).content.decode()
    assert http.get(f"{base}transferts/{asked.number}/").status_code == 404


def test_the_portal_is_set_by_an_administrator(admin, agent, access, lea, signed_in):
    http = signed_in(admin)
    page = http.get("/eaux/administration/portail/").content.decode()
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    values = {
        "version": version, "files_in_messages": "on", "details": "applied", "temporary_days": "10",
        "welcome_fr": "Bienvenue chez nous", "welcome_en": "Welcome", "terms_fr": "Soyez polis.", "terms_en": "",
    }  # fmt: skip
    assert http.post("/eaux/administration/portail/", values).status_code == 303
    enter(admin)
    choices = PortalSettings.objects.get()
    assert (choices.new_requests, choices.details, choices.temporary_days) == (False, "applied", 10)
    home = lea.get("/portail/eaux/").content.decode()
    assert "Bienvenue chez nous" in home
    assert "Nouvelle demande" not in home
    assert lea.get("/portail/eaux/echanges/nouveau/").status_code == 404
    assert http.post("/eaux/administration/portail/", values).status_code == 409
    again = values | {"version": "2", "temporary_days": "999"}
    assert http.post("/eaux/administration/portail/", again).status_code == 422
    assert signed_in(agent).get("/eaux/administration/portail/").status_code == 403
