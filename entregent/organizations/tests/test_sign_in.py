"""Sign-in with a password: who comes in, who is kept out, and what is said and written down."""

import re

import pytest
from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from entregent.audit.models import Action
from entregent.organizations.models import Membership, Organization, User
from entregent.outbox.models import Message
from testing.cast import PASSWORD, enter, mails_of_the_instance

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick_and_clean(settings):
    settings.ROOT_URLCONF = "entregent.organizations.tests.urls_for_sign_in"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def person(agent):
    agent.user.password = make_password(PASSWORD)
    agent.user.save()
    return agent.user


def sign_in(client, email, password, **more):
    return client.post("/connexion/", {"login": email, "password": password}, **more)


def journal_of(user):
    enter(Membership.objects.filter(user=user).first() or Membership(organization_id=0, user=user))
    return list(Action.objects.filter(user_id=user.pk).order_by("pk").values_list("name", flat=True))


def test_right_password_leads_to_the_last_organization(client, person):
    response = sign_in(client, person.email, PASSWORD)
    assert response.status_code == 302
    assert response.url == "/"
    assert client.get("/").url == "/eaux/"


def test_sign_in_leads_to_the_page_that_was_asked_for(client, person):
    response = client.post("/connexion/", {"login": person.email, "password": PASSWORD, "next": "/eaux/clients/"})
    assert response.url == "/eaux/clients/"


def test_sign_in_never_leads_to_another_site(client, person):
    response = client.post("/connexion/", {"login": person.email, "password": PASSWORD, "next": "https://mal.example/"})
    assert response.url == "/"


def test_email_is_taken_in_any_case(client, person):
    assert sign_in(client, person.email.upper(), PASSWORD).status_code == 302


def test_session_key_changes_at_sign_in(client, person):
    client.get("/connexion/")
    client.session["before"] = True
    session = client.session
    session["x"] = 1
    session.save()
    before = session.session_key
    sign_in(client, person.email, PASSWORD)
    assert client.session.session_key != before


@pytest.mark.parametrize("email", ["agent@eaux.example", "personne@eaux.example"])
def test_wrong_password_and_unknown_person_get_the_same_answer(client, person, email):
    response = sign_in(client, email, "pas le bon mot de passe")
    assert response.status_code == 422
    page = response.content.decode()
    assert "Identifiant ou mot de passe incorrect." in page
    assert "account_login" not in client.session
    assert page.count(email) == 1, "what was typed is kept"


def test_password_is_hashed_for_an_unknown_person_too(client, person, monkeypatch):
    hashed = []
    monkeypatch.setattr(AuthenticationBackend, "_mitigate_timing_attack", lambda self, word: hashed.append(word))
    sign_in(client, "personne@eaux.example", "quelque chose d'autre")
    assert hashed == ["quelque chose d'autre"]


def test_five_wrong_passwords_lock_the_account_for_five_minutes(client, person):
    for _ in range(5):
        assert "incorrect" in sign_in(client, person.email, "faux").content.decode()
    refused = sign_in(Client(REMOTE_ADDR="198.51.100.7"), person.email, PASSWORD)
    assert refused.status_code == 422
    assert "Trop d&#39;essais. Réessayez dans 5 minutes." in refused.content.decode()


def test_lock_is_the_same_for_an_unknown_person(client, person):
    for _ in range(5):
        sign_in(client, "personne@eaux.example", "faux")
    assert "Trop d&#39;essais" in sign_in(client, "personne@eaux.example", "faux").content.decode()


def test_lock_does_not_touch_others(client, person, colleague):
    for _ in range(6):
        sign_in(client, colleague.user.email, "faux")
    assert sign_in(client, person.email, PASSWORD).status_code == 302


def test_counts_of_failures_are_shared_by_processes(settings):
    assert settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache")


def test_disabled_person_cannot_come_in(client, person):
    User.objects.filter(pk=person.pk).update(is_active=False)
    response = sign_in(client, person.email, PASSWORD)
    assert "_auth_user_id" not in client.session
    assert response.url == reverse("account_inactive")
    assert "Ce compte est désactivé." in client.get(response.url).content.decode()


def test_sessions_of_a_disabled_person_end_with_the_next_request(client, person):
    sign_in(client, person.email, PASSWORD)
    assert client.get("/compte/").status_code == 200
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert client.get("/compte/").url.startswith("/connexion/")
    assert client.get("/eaux/essai/").url.startswith("/connexion/")


def test_nobody_signs_up_by_themselves(client):
    assert client.get("/compte/inscription/").status_code == 404
    assert "account_signup" not in str(client.get("/connexion/").content)


def test_sign_out_is_a_post(client, person):
    sign_in(client, person.email, PASSWORD)
    assert client.get("/deconnexion/").status_code == 200
    assert "_auth_user_id" in client.session
    assert client.post("/deconnexion/").url == "/connexion/"
    assert "_auth_user_id" not in client.session


def test_journal_tells_of_sign_in_failure_and_sign_out(client, person):
    sign_in(client, person.email, "faux")
    sign_in(client, person.email, PASSWORD)
    client.post("/deconnexion/")
    assert journal_of(person) == ["sign_in_failed", "sign_in", "sign_out"]


def test_short_password_must_be_replaced_before_working(client, person, settings):
    person.set_password("neuf lettres")
    person.save()
    sign_in(client, person.email, "neuf lettres")
    response = client.get("/eaux/essai/")
    assert response.status_code == 303
    assert response.url == reverse("account_change_password")
    assert "trop court" in client.get(response.url).content.decode()
    client.post(response.url, {"oldpassword": "neuf lettres", "password1": "une phrase plus longue"})
    assert "password_too_short" not in client.session


# Password


@pytest.fixture
def mail(client, person):
    client.post(reverse("account_reset_password"), {"email": person.email})
    (message,) = mails_of_the_instance()
    return message


def link_in(message):
    return re.search(r"https?://\S+", message.text)[0]


def path_of(link, settings):
    assert link.startswith(settings.PUBLIC_URL + "/")
    return link[len(settings.PUBLIC_URL) :]


def test_reset_by_the_link_of_the_mail(client, person, mail, settings):
    assert mail.recipients == [person.email]
    assert mail.organization_id is None
    form = client.get(path_of(link_in(mail), settings), follow=True)
    assert "Nouveau mot de passe" in form.content.decode()
    address = form.redirect_chain[-1][0]
    done = client.post(address, {"password1": "un tout autre mot de passe"})
    assert done.url == reverse("account_reset_password_from_key_done")
    assert "_auth_user_id" not in client.session, "a reset does not sign in: a second factor would be skipped"
    assert sign_in(client, person.email, "un tout autre mot de passe").status_code == 302
    assert "reset_password" in journal_of(person)


def test_reset_link_serves_once(client, person, mail, settings):
    path = path_of(link_in(mail), settings)
    address = client.get(path, follow=True).redirect_chain[-1][0]
    client.post(address, {"password1": "un tout autre mot de passe"})
    again = Client().get(path, follow=True).content.decode()
    assert "plus valable" in again
    assert 'name="password1"' not in again


def test_reset_ends_the_sessions_that_were_open(client, person, settings):
    other = Client()
    sign_in(other, person.email, PASSWORD)
    client.post(reverse("account_reset_password"), {"email": person.email})
    address = client.get(path_of(link_in(mails_of_the_instance()[-1]), settings), follow=True).redirect_chain[-1][0]
    client.post(address, {"password1": "un tout autre mot de passe"})
    assert other.get("/compte/").status_code == 302


def test_reset_of_an_unknown_address_answers_the_same_and_sends_nothing(client, person):
    known = client.post(reverse("account_reset_password"), {"email": person.email})
    sent = len(mails_of_the_instance())
    unknown = client.post(reverse("account_reset_password"), {"email": "personne@eaux.example"})
    assert (unknown.status_code, unknown.url) == (known.status_code, known.url)
    assert len(mails_of_the_instance()) == sent == 1


def test_link_never_takes_its_host_from_the_request(client, person, settings):
    settings.ALLOWED_HOSTS = ["*"]
    client.post(reverse("account_reset_password"), {"email": person.email}, HTTP_HOST="mal.example")
    (message,) = mails_of_the_instance()
    assert "mal.example" not in message.text
    assert link_in(message).startswith(settings.PUBLIC_URL)


def test_foreign_host_is_refused(client, person):
    assert client.get("/connexion/", HTTP_HOST="mal.example").status_code == 400


def test_reset_mail_speaks_the_language_of_its_reader(client, person):
    User.objects.filter(pk=person.pk).update(language="en")
    client.post(reverse("account_reset_password"), {"email": person.email})
    assert mails_of_the_instance()[-1].subject == "Choose a new password"


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("quatorze lettr", "Au moins 15 caractères"),
        ("motdepassemotdepasse", "trop courant"),
        ("azertyuiopqsdfghjklm", "trop courant"),
        ("aaaaaaaaaaaaaaaaaa", "trop courant"),
        ("Correct Horse Battery Staple", "trop courant"),
        ("agent@eaux.example", "trop semblable"),
    ],
)
def test_weak_passwords_are_refused_with_a_reason(client, person, password, why):
    sign_in(client, person.email, PASSWORD)
    response = client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": password})
    assert response.status_code == 422
    assert why in response.content.decode()


def test_no_rule_of_composition(client, person):
    sign_in(client, person.email, PASSWORD)
    changed = client.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": "girafes bleues au marché"}
    )
    assert changed.url == "/compte/"
    person.refresh_from_db()
    assert person.check_password("girafes bleues au marché")
    assert "change_password" in journal_of(person)
    assert "Votre mot de passe a été changé." in mails_of_the_instance()[-1].text


def test_change_asks_for_the_present_password(client, person):
    sign_in(client, person.email, PASSWORD)
    response = client.post(
        reverse("account_change_password"), {"oldpassword": "faux", "password1": "girafes bleues au marché"}
    )
    assert response.status_code == 422
    assert "Mot de passe actuel incorrect." in response.content.decode()


def test_demo_takes_shorter_passwords(client, person, settings):
    settings.DEMO = True
    person.set_password("demonstration")
    person.save()
    sign_in(client, person.email, "demonstration")
    assert "password_too_short" not in client.session


# Sessions, organizations, profile, language


def test_sessions_are_listed_and_can_be_ended(client, person):
    other = Client(HTTP_USER_AGENT="Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")
    sign_in(other, person.email, PASSWORD)
    sign_in(client, person.email, PASSWORD)
    page = client.get(reverse("usersessions_list")).content.decode()
    assert "Firefox · Windows" in page
    assert "Cet appareil" in page
    address = re.search(r'action="(/compte/sessions/\d+/)"', page)[1]
    client.post(address)
    assert other.get("/compte/").status_code == 302
    assert client.get("/compte/").status_code == 200


def test_session_of_somebody_else_cannot_be_ended(client, person, colleague, signed_in):
    sign_in(client, person.email, PASSWORD)
    from allauth.usersessions.models import UserSession

    number = UserSession.objects.get(user=person).pk
    assert signed_in(colleague).post(f"/compte/sessions/{number}/").status_code == 404
    assert client.get("/compte/").status_code == 200


def test_all_other_sessions_end_at_once(client, person):
    other = Client()
    sign_in(other, person.email, PASSWORD)
    sign_in(client, person.email, PASSWORD)
    client.post(reverse("usersessions_list"))
    assert other.get("/compte/").status_code == 302
    assert client.get("/compte/").status_code == 200


def test_root_without_an_organization_says_so(client, person):
    enter(Membership.objects.get(user=person))
    Membership.objects.filter(user=person).delete()
    sign_in(client, person.email, PASSWORD)
    page = client.get("/").content.decode()
    assert "Vous n'appartenez à aucune organisation" in page


def test_root_leads_to_where_the_person_worked_last(client, person, other_org, agent):
    enter(Membership(organization=other_org, user=person))
    Membership.objects.create(organization=other_org, user=person, role="reader")
    sign_in(client, person.email, PASSWORD)
    assert client.get("/").url == "/eaux/"
    client.get("/autre/essai/")
    assert client.get("/").url == "/autre/"
    page = client.get("/compte/organisations/").content.decode()
    assert "Eaux du Val" in page
    assert "Autre Maison" in page


def test_profile_is_saved_and_drives_language_and_theme(client, person):
    sign_in(client, person.email, PASSWORD)
    assert client.get("/compte/").status_code == 200
    response = client.post("/compte/", {"name": "  Omar   Agent ", "language": "en", "theme": "dark"})
    assert response.status_code == 303
    assert response.cookies["theme"].value == "dark"
    person.refresh_from_db()
    assert (person.name, person.language, person.theme, person.single_key_shortcuts) == (
        "Omar Agent", "en", "dark", False,
    )  # fmt: skip
    assert "My account" in client.get("/compte/").content.decode()


def test_profile_needs_a_name(client, person):
    sign_in(client, person.email, PASSWORD)
    response = client.post("/compte/", {"name": "   ", "language": "fr", "theme": "system"})
    assert response.status_code == 422


def test_language_of_a_visitor_is_kept_in_a_cookie(client, db):
    response = client.post("/langue/", {"language": "en", "next": "/connexion/"})
    assert (response.status_code, response.url) == (303, "/connexion/")
    assert "Password" in client.get("/connexion/").content.decode()
    assert client.post("/langue/", {"language": "en", "next": "https://mal.example/"}).url == "/"


def test_language_of_a_person_goes_with_the_account(client, person):
    sign_in(client, person.email, PASSWORD)
    client.post("/langue/", {"language": "en", "next": "/compte/"})
    person.refresh_from_db()
    assert person.language == "en"


# Invitation


@pytest.fixture
def invited(org, admin):
    from entregent.organizations.actions import invite_member

    member = invite_member(by=admin, email="nouvelle@eaux.example", name="Nora Nouvelle", role="editor")
    return member, re.search(r"/compte/invitation/\S+", Message.objects.latest("pk").text)[0]


def test_invited_person_chooses_a_password_and_is_in(client, invited):
    member, path = invited
    assert "nouvelle@eaux.example" in client.get(path).content.decode()
    response = client.post(path, {"name": "Nora N.", "password": "girafes bleues au marché"})
    assert response.url == "/"
    assert client.get("/").url == "/eaux/"
    member.user.refresh_from_db()
    assert member.user.name == "Nora N."
    assert "accept_invitation" in journal_of(member.user)


def test_invitation_serves_once(client, invited):
    _member, path = invited
    Client().post(path, {"name": "Nora", "password": "girafes bleues au marché"})
    again = client.post(path, {"name": "Mallory", "password": "un tout autre mot de passe"})
    assert again.status_code == 410
    assert client.get(path).status_code == 410


def test_invitation_that_was_tampered_with_is_refused(client, invited):
    _member, path = invited
    assert client.get(path[:-3] + "xx/").status_code == 410


def test_invitation_refuses_a_weak_password_and_keeps_the_name(client, invited):
    _member, path = invited
    response = client.post(path, {"name": "Nora Typée", "password": "court"})
    assert response.status_code == 422
    page = response.content.decode()
    assert "Au moins 15 caractères" in page
    assert "Nora Typée" in page


def test_every_account_page_is_free_of_inline_script_and_style(client, person):
    sign_in(client, person.email, PASSWORD)
    pages = ["/compte/", "/compte/securite/", "/compte/sessions/", "/compte/organisations/", "/compte/mot-de-passe/"]
    for page in [*pages, "/deconnexion/"]:
        text = client.get(page).content.decode()
        assert " style=" not in text, page
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), page
        assert not re.search(r"\son[a-z]+=", text), page


def test_pages_of_the_account_cost_few_queries(client, person, django_assert_num_queries):
    sign_in(client, person.email, PASSWORD)
    with django_assert_num_queries(13):
        client.get("/compte/")


def test_an_organization_may_be_named_in_the_list_only_to_its_members(client, person, other_org):
    sign_in(client, person.email, PASSWORD)
    assert other_org.name not in client.get("/compte/organisations/").content.decode()
    assert Organization.objects.count() == 2
