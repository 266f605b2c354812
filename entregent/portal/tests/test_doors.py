"""Sign-in at the portal's door: two sessions that know nothing of each other, one sentence for every failure."""

import re

import pytest
from django.conf import settings

from entregent.access.wall import outside
from entregent.interactions.portal_access import invite_person, suspend_access
from entregent.organizations.models import Organization
from entregent.outbox.models import Message
from entregent.portal.sessions import COOKIE
from entregent.portal.tests.conftest import PASSWORD, door, give_access
from testing.cast import HtmxClient, enter


def sign_in(http, email="lea@client.example", password=PASSWORD, **more):
    return http.post("/portail/connexion/", {"login": email, "password": password, **more})


def plain(answer) -> str:
    return re.sub(r'(value|content)="[A-Za-z0-9]{64}"|nulle-part|autre', "", answer.content.decode())


def test_signing_in_leads_to_the_organization_by_a_cookie_of_the_portal_alone(access):
    http = HtmxClient()
    assert http.get("/portail/eaux/").headers["Location"] == "/portail/connexion/?next=%2Fportail%2Feaux%2F"
    answer = sign_in(http, next="/portail/eaux/")
    assert answer.headers["Location"] == "/portail/eaux/"
    cookie = answer.cookies[COOKIE]
    assert (cookie["path"], cookie["httponly"]) == ("/portail/", True)
    assert settings.SESSION_COOKIE_NAME not in answer.cookies
    page = http.get("/portail/eaux/")
    assert page.status_code == 200
    assert "Client Nord" in page.content.decode() or access.client.display_name in page.content.decode()
    assert page.headers["Cache-Control"] == "private, no-store"
    assert http.get("/portail/").headers["Location"] == "/portail/eaux/"


def test_without_a_wish_signing_in_leads_to_the_portal_and_out_again(access):
    http = HtmxClient()
    assert sign_in(http).headers["Location"] == "/portail/"
    assert http.post("/portail/deconnexion/").headers["Location"] == "/portail/connexion/"
    assert http.get("/portail/eaux/").status_code == 302


def test_a_session_of_one_door_is_none_at_the_other(access, signed_in, manager):
    http = HtmxClient()
    sign_in(http)
    portal_key = http.cookies[COOKIE].value
    thief = HtmxClient()
    thief.cookies[settings.SESSION_COOKIE_NAME] = portal_key
    assert thief.get("/eaux/").headers["Location"].startswith("/connexion/")
    assert thief.get("/compte/").headers["Location"].startswith("/connexion/")
    staff = signed_in(manager)
    staff_key = staff.cookies[settings.SESSION_COOKIE_NAME].value
    assert staff.get("/portail/eaux/").headers["Location"].startswith("/portail/connexion/")
    staff.cookies[COOKIE] = staff_key
    assert staff.get("/portail/eaux/").headers["Location"].startswith("/portail/connexion/")
    assert staff.get("/eaux/").status_code == 200


def test_one_person_may_be_an_employee_here_and_a_client_there(manager, client_north, agent, signed_in):
    access = give_access(agent, client_north, email="nadia.privee@example.org", user=manager.user)
    http = signed_in(manager)
    http.cookies.update(door(access.user).cookies)
    assert http.get("/eaux/").status_code == 200
    assert http.get("/portail/eaux/").status_code == 200
    http.post("/portail/deconnexion/")
    assert http.get("/eaux/").status_code == 200
    assert http.get("/portail/eaux/").status_code == 302


def test_every_failure_says_the_same(access, agent):
    wrong = sign_in(HtmxClient(), password="autre chose de faux").content.decode()
    unknown = sign_in(HtmxClient(), email="personne@client.example").content.decode()
    sentence = "Identifiant ou mot de passe incorrect."
    assert sentence in wrong
    assert sentence in unknown


def test_after_five_failures_the_account_rests_a_while(access):
    http = HtmxClient()
    for _attempt in range(5):
        sign_in(http, password="autre chose de faux")
    assert "Réessayez dans 5 minutes" in sign_in(http).content.decode()
    assert http.get("/portail/eaux/").status_code == 302


def test_what_is_not_there_and_what_is_not_ones_own_look_the_same(lea, access, other_org, org, agent):
    absent = lea.get("/portail/nulle-part/")
    foreign = lea.get("/portail/autre/")
    assert (absent.status_code, foreign.status_code) == (404, 404)
    assert plain(absent) == plain(foreign)
    Organization.objects.filter(pk=org.pk).update(modules=[])
    assert lea.get("/portail/eaux/").status_code == 404


def test_suspension_takes_effect_with_the_next_request(lea, access, agent):
    assert lea.get("/portail/eaux/").status_code == 200
    enter(agent)
    suspend_access(access, by=agent)
    assert lea.get("/portail/eaux/").status_code == 404
    assert "Aucune organisation" in lea.get("/portail/").content.decode()


def test_a_new_password_comes_by_a_link_of_the_portal_and_serves_once(access):
    http = HtmxClient()
    http.post("/portail/compte/mot-de-passe-oublie/", {"email": "lea@client.example"})
    with outside():
        mail = Message.objects.order_by("-id").first()
    link = re.search(r"https?://[^/]+(/portail/compte/nouveau-mot-de-passe/\S+)", mail.text)[1]
    form = http.get(link, follow=True)
    target = form.redirect_chain[-1][0]
    assert target.startswith("/portail/compte/nouveau-mot-de-passe/")
    done = http.post(target, {"password1": "une autre longue phrase"}, follow=True)
    assert "Mot de passe enregistré" in done.content.decode()
    assert sign_in(HtmxClient(), password="une autre longue phrase").status_code == 302
    assert "plus valable" in HtmxClient().get(link, follow=True).content.decode()


def test_the_invitation_opens_an_account_and_lets_in_at_once(agent, client_north, manager):
    from entregent.clients.actions import people

    enter(agent)
    person = people.create_person(by=agent, first_name="Ève", emails=["eve@client.example"], client=client_north)
    _access, url = invite_person(by=agent, person=person, client=client_north)
    path = url[url.index("/portail/") :]
    http = HtmxClient()
    page = http.get(path).content.decode()
    assert "Eaux du Val" in page
    assert "eve@client.example" in page
    assert http.post(path, {"name": "Ève", "password": PASSWORD}).status_code == 422
    assert http.post(path, {"name": "Ève", "password": "court", "consents": "on"}).status_code == 422
    answer = http.post(path, {"name": "Ève", "password": PASSWORD, "consents": "on"})
    assert answer.headers["Location"] == "/portail/eaux/"
    assert http.get("/portail/eaux/").status_code == 200
    used = http.get(path)
    never = http.get("/portail/invitation/1-rien/")
    assert (used.status_code, never.status_code) == (410, 410)


def test_an_invitation_for_an_account_that_exists_asks_to_sign_in(agent, client_north, client_south, access, manager):
    from entregent.clients.actions import people

    enter(manager)
    person = people.create_person(by=manager, first_name="Léa", emails=["lea@client.example"], client=client_south)
    _access, url = invite_person(by=manager, person=person, client=client_south)
    path = url[url.index("/portail/") :]
    http = HtmxClient()
    page = http.get(path).content.decode()
    assert "/portail/connexion/?next=/portail/invitation/" in page.replace("%2F", "/")
    assert http.post(path, {"name": "X", "password": PASSWORD, "consents": "on"}).status_code == 200
    signed = door(access.user)
    answer = signed.post(path, {"consents": "on"})
    assert answer.headers["Location"] == "/portail/eaux/"
    page = signed.get("/portail/eaux/").content.decode()
    assert page.count("<option") == 2
    enter(manager)
    other = access.user.portal_accesses.exclude(pk=access.pk).get()
    signed.post("/portail/eaux/contexte/", {"access": access.pk})
    assert f'<option value="{access.pk}" selected>' in signed.get("/portail/eaux/").content.decode()
    assert signed.post("/portail/eaux/contexte/", {"access": other.pk}).status_code == 303
    assert signed.post("/portail/eaux/contexte/", {"access": 987654}).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "compte/", "compte/securite/", "compte/securite/application/", "compte/sessions/", "compte/mot-de-passe/",
        "compte/confirmation/",
    ],
)  # fmt: skip
def test_account_pages_are_drawn_in_the_portals_own_form(access, path):
    http = HtmxClient()
    sign_in(http)
    page = http.get(f"/portail/{path}", follow=True)
    assert page.status_code == 200
    body = page.content.decode()
    assert "portal.css" in body or "g-card-page" in body
    assert 'href="/compte/' not in body
    assert HtmxClient().get(f"/portail/{path}").headers["Location"].startswith("/portail/connexion/")


def test_the_staff_has_no_address_at_the_portals_door(lea):
    assert lea.get("/portail/eaux/clients/").status_code == 404
    assert lea.get("/portail/eaux/administration/journal/").status_code == 404


def test_the_portal_speaks_both_languages(lea, access):
    assert lea.post("/portail/langue/", {"language": "en", "next": "/portail/eaux/"}).status_code == 303
    assert '<html lang="en"' in lea.get("/portail/eaux/").content.decode()


def test_whoever_was_invited_by_nobody_opens_an_account_by_a_link(db):
    http = HtmxClient()
    assert "Créer un compte" in http.get("/portail/connexion/").content.decode()
    answer = http.post("/portail/compte/creation/", {"email": "Hugo@zeta.example"})
    assert "Consultez votre courriel" in answer.content.decode()
    path = _link_to("hugo@zeta.example")
    weak = http.post(path, {"name": "Hugo Vidal", "password": "court"})
    assert (weak.status_code, "Hugo Vidal" in weak.content.decode()) == (422, True)
    assert http.post(path, {"name": "Hugo Vidal", "password": PASSWORD}).headers["Location"] == "/portail/"
    page = http.get("/portail/").content.decode()
    assert "Inscrire une entreprise" in page
    assert http.get("/portail/compte/").status_code == 200
    assert HtmxClient().get(path).status_code == 410
    assert HtmxClient().get("/portail/compte/creation/jeton/").status_code == 410


def test_asking_for_an_account_tells_nobody_who_has_one(access):
    known = HtmxClient().post("/portail/compte/creation/", {"email": "lea@client.example"}).content.decode()
    new = HtmxClient().post("/portail/compte/creation/", {"email": "hue@client.example"}).content.decode()
    scrubbed = [re.sub(r'(value|content)="[A-Za-z0-9]{64}"|lea@|hue@', "", one) for one in (known, new)]
    assert scrubbed[0] == scrubbed[1]
    with outside():
        mail = Message.objects.filter(recipients=["lea@client.example"], organization_id=None).latest("pk")
    assert "déjà un compte" in mail.subject
    assert "creation" not in mail.text


def test_nobody_floods_an_address_with_links(db):
    answers = [
        HtmxClient().post("/portail/compte/creation/", {"email": "hugo@zeta.example"}).status_code for _try in range(4)
    ]
    assert answers == [200, 200, 200, 429]


def _link_to(address) -> str:
    with outside():
        mail = Message.objects.filter(recipients=[address]).latest("pk")
    return re.search(r"/portail/compte/creation/[^\s]+/", mail.text)[0]
