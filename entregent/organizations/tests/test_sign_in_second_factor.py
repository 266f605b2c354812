"""The second step: application, recovery codes, passkeys, trusted devices, and organizations that demand it."""

import html
import json
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from entregent.audit.models import Action
from entregent.organizations.models import Organization
from testing.cast import PASSWORD, enter, mails_of_the_instance

pytestmark = pytest.mark.django_db
PAGE = "/eaux/essai/"


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


def sign_in(client, person, **more):
    return client.post("/connexion/", {"login": person.email, "password": PASSWORD} | more)


def confirm(client):
    return client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def code_for(secret, moment=None):
    return format_hotp_value(hotp_value(secret, int((moment or time.time()) // 30)))


def wrong_code(secret):
    valid = {code_for(secret, time.time() + shift) for shift in (-60, -30, 0, 30, 60)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in valid)


@pytest.fixture
def secret(rf, person):
    """The person has the application; gives its secret."""
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    return secret


def activate(client, person, django_capture_on_commit_callbacks):
    sign_in(client, person)
    confirm(client)
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    secret = re.search(r"<code>([A-Z2-7]{16,})</code>", page)[1]
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("mfa_activate_totp"), {"code": code_for(secret)})
    return secret, response


def test_application_is_added_after_confirming_who_one_is(client, person, django_capture_on_commit_callbacks):
    sign_in(client, person)
    assert client.get(reverse("mfa_activate_totp")).url.startswith(reverse("account_reauthenticate"))
    _secret, response = activate(client, person, django_capture_on_commit_callbacks)
    assert response.url == reverse("mfa_view_recovery_codes")
    assert (
        len(re.findall(r"\b\d{8}\b", client.get(response.url).content.decode().split("<pre")[1].split("</pre")[0]))
        == 10
    )
    assert "Un second facteur a été ajouté" in mails_of_the_instance()[-1].text
    enter(person.memberships.first())
    assert "add_second_factor" in Action.objects.values_list("name", flat=True)


def test_confirming_needs_the_right_password(client, person):
    sign_in(client, person)
    response = client.post(reverse("account_reauthenticate"), {"password": "faux"})
    assert response.status_code == 422
    assert client.get(reverse("mfa_activate_totp")).status_code == 302


def test_secret_is_not_readable_in_the_database(client, person, django_capture_on_commit_callbacks):
    secret, _response = activate(client, person, django_capture_on_commit_callbacks)
    kept = Authenticator.objects.get(user=person, type="totp").data["secret"]
    assert secret not in kept
    codes = Authenticator.objects.get(user=person, type="recovery_codes").data
    assert len(codes["seed"]) > 60


def test_wrong_code_does_not_activate(client, person):
    sign_in(client, person)
    confirm(client)
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    secret = re.search(r"<code>([A-Z2-7]{16,})</code>", page)[1]
    response = client.post(reverse("mfa_activate_totp"), {"code": wrong_code(secret)})
    assert response.status_code == 422
    assert "Code incorrect." in response.content.decode()
    assert not Authenticator.objects.exists()


def test_sign_in_asks_for_the_code(client, person, secret):
    response = sign_in(client, person, next=PAGE)
    assert response.url.startswith(reverse("mfa_authenticate"))
    assert "_auth_user_id" not in client.session
    assert client.post(reverse("mfa_authenticate"), {"code": wrong_code(secret)}).status_code == 422
    assert client.post(reverse("mfa_authenticate"), {"code": code_for(secret)}).url.startswith(reverse("mfa_trust"))
    assert client.post(reverse("mfa_trust"), {"action": "skip"}).url == PAGE
    assert client.get(PAGE).status_code == 200


@pytest.mark.parametrize("address", ["/", "/compte/", "/compte/securite/", PAGE, "/compte/securite/codes/"])
def test_second_step_cannot_be_passed_by(client, person, secret, address):
    sign_in(client, person)
    assert client.get(address).url.startswith("/connexion/")


def test_second_step_without_the_first_leads_to_sign_in(client, person, secret):
    assert client.get(reverse("mfa_authenticate")).url == "/connexion/"
    assert client.post(reverse("mfa_trust"), {"action": "trust"}).url == "/connexion/"


def test_wrong_codes_lock(client, person, secret):
    sign_in(client, person)
    for _ in range(5):
        client.post(reverse("mfa_authenticate"), {"code": wrong_code(secret)})
    refused = client.post(reverse("mfa_authenticate"), {"code": code_for(secret)})
    assert refused.status_code == 422
    assert "Trop d&#39;essais. Réessayez dans 5 minutes." in refused.content.decode()


def test_code_serves_once(client, person, secret):
    code = code_for(secret)
    sign_in(client, person)
    client.post(reverse("mfa_authenticate"), {"code": code})
    other = Client()
    sign_in(other, person)
    assert other.post(reverse("mfa_authenticate"), {"code": code}).status_code == 422


def test_trusted_device_is_not_asked_again(client, person, secret):
    sign_in(client, person)
    client.post(reverse("mfa_authenticate"), {"code": code_for(secret)})
    client.post(reverse("mfa_trust"), {"action": "trust"})
    client.post("/deconnexion/")
    assert sign_in(client, person).url == "/"
    assert sign_in(Client(), person).url.startswith(reverse("mfa_authenticate"))


def test_recovery_code_serves_once_in_the_place_of_the_second_factor(
    client, person, django_capture_on_commit_callbacks
):
    activate(client, person, django_capture_on_commit_callbacks)
    text = client.get(reverse("mfa_download_recovery_codes"))
    assert text.headers["Content-Disposition"].startswith("attachment")
    code = re.search(r"^\d{8}\s*$", text.content.decode(), re.MULTILINE)[0].strip()
    other = Client()
    sign_in(other, person)
    assert other.post(reverse("mfa_authenticate"), {"code": code}).status_code == 302
    third = Client()
    sign_in(third, person)
    assert third.post(reverse("mfa_authenticate"), {"code": code}).status_code == 422


def test_application_is_removed_with_its_codes(client, person, django_capture_on_commit_callbacks):
    activate(client, person, django_capture_on_commit_callbacks)
    assert client.get(reverse("mfa_deactivate_totp")).status_code == 200
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.exists()
    assert "retiré" in mails_of_the_instance()[-1].text


def test_eight_characters_suffice_beside_a_second_factor(client, person, django_capture_on_commit_callbacks):
    activate(client, person, django_capture_on_commit_callbacks)
    address = reverse("account_change_password")
    assert client.post(address, {"oldpassword": PASSWORD, "password1": "gx7 ruo"}).status_code == 422
    assert client.post(address, {"oldpassword": PASSWORD, "password1": "gx7 ruoz"}).status_code == 302


def test_organization_may_demand_a_second_factor(client, person, org):
    sign_in(client, person)
    assert client.get(PAGE).status_code == 200
    Organization.objects.filter(pk=org.pk).update(second_factor_required=True)
    response = client.get(PAGE)
    assert (response.status_code, response.url) == (303, reverse("mfa_index"))
    assert "Eaux du Val demande un second facteur" in client.get(response.url).content.decode()
    assert client.get(PAGE, HTTP_HX_REQUEST="true").headers["HX-Redirect"] == reverse("mfa_index")
    TOTP.activate(person, generate_totp_secret())
    assert client.get(PAGE).status_code == 200


def test_recovery_codes_alone_are_not_a_second_factor(client, person, org):
    Organization.objects.filter(pk=org.pk).update(second_factor_required=True)
    Authenticator.objects.create(user=person, type="recovery_codes", data={"seed": "x"})
    sign_in(client, person)
    assert client.get(PAGE).status_code == 303


# Passkeys: what the server asks for; the ceremony itself is played by a browser in journeys/.


def test_passkey_options_ask_for_this_site(client, person, settings):
    sign_in(client, person)
    confirm(client)
    page = client.get(reverse("mfa_add_webauthn"))
    options = json.loads(html.unescape(re.search(r'data-options="([^"]+)"', page.content.decode())[1]))["publicKey"]
    assert options["rp"]["id"] == "testserver"
    assert options["user"]["name"] == person.email
    assert options["challenge"]


def test_passkey_that_is_nonsense_is_refused(client, person):
    sign_in(client, person)
    confirm(client)
    client.get(reverse("mfa_add_webauthn"))
    for credential in ("", "{", "[]", '{"id": "x"}', '{"type": "public-key", "rawId": "", "response": {}}'):
        response = client.post(reverse("mfa_add_webauthn"), {"name": "Clé", "credential": credential})
        assert response.status_code == 422
    assert not Authenticator.objects.exists()


def test_passkey_sign_in_gives_a_new_challenge_each_time(client, person):
    asked = [client.get(reverse("mfa_login_webauthn"), headers={"accept": "application/json"}).json() for _ in range(2)]
    challenges = [one["request_options"]["publicKey"]["challenge"] for one in asked]
    assert challenges[0] != challenges[1]
    assert asked[0]["request_options"]["publicKey"]["userVerification"] == "required"


@pytest.mark.parametrize(
    "credential", ["{}", "[1]", '"x"', '{"id": "x"}', '{"response": {"userHandle": "MQ"}}', "nonsense"]
)
def test_passkey_sign_in_with_nonsense_leads_back(client, person, credential):
    client.get(reverse("mfa_login_webauthn"), headers={"accept": "application/json"})
    response = client.post(reverse("mfa_login_webauthn"), {"credential": credential})
    assert response.url == "/connexion/"
    assert "_auth_user_id" not in client.session
    assert "pas été reconnue" in client.get("/connexion/").content.decode()


# The organization's own directory


@pytest.fixture
def directory(settings):
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "organisation", "name": "Annuaire du Val", "client_id": "entregent", "secret": "s",
                    "settings": {"server_url": "https://annuaire.example", "oauth_pkce_enabled": True},
                }
            ],
        }
    }  # fmt: skip


def test_directory_comes_first_on_the_page_when_set(client, directory):
    page = client.get("/connexion/").content.decode()
    assert "Se connecter avec mon organisation (Annuaire du Val)" in page
    assert page.index("Annuaire du Val") < page.index('name="password"')


def test_directory_is_absent_when_not_set(client, db):
    assert "mon organisation" not in client.get("/connexion/").content.decode()
    assert client.post("/connexion/par/organisation/").status_code == 404


def test_directory_is_asked_with_state_and_pkce(client, directory, monkeypatch):
    from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter

    monkeypatch.setattr(
        OpenIDConnectOAuth2Adapter,
        "openid_config",
        {"authorization_endpoint": "https://annuaire.example/auth", "token_endpoint": "https://annuaire.example/t"},
    )
    page = client.post("/connexion/par/organisation/").content.decode()
    address = re.search(r'href="(https://annuaire\.example/auth[^"]+)"', page)[1]
    for part in ("state=", "code_challenge=", "code_challenge_method=S256", "scope=", "openid"):
        assert part in address


def test_directory_answer_without_its_state_is_refused(client, directory, monkeypatch):
    response = client.get("/connexion/par/organisation/retour/?state=invente&code=x")
    assert response.url == "/connexion/"
    assert "_auth_user_id" not in client.session


def test_directory_lets_in_whoever_is_known_by_a_proven_address(rf, client, person, directory):
    from allauth.account.models import EmailAddress
    from allauth.socialaccount.models import SocialAccount, SocialLogin

    from entregent.organizations.sign_in import DirectoryAdapter

    def arrives(email, verified):
        return SocialLogin(
            account=SocialAccount(provider="organisation", uid="1"),
            email_addresses=[EmailAddress(email=email, verified=verified, primary=True)],
        )

    adapter = DirectoryAdapter(rf.get("/"))
    adapter.can_authenticate_by_email = lambda login, email: True
    assert adapter.authenticate_by_email(arrives(person.email, True))[0] == person
    assert adapter.authenticate_by_email(arrives(person.email, False)) is None
    assert adapter.authenticate_by_email(arrives("inconnue@eaux.example", True)) is None
    assert not adapter.is_open_for_signup(rf.get("/"), None)


def test_square_code_is_dark_on_white_in_every_theme(person):
    from entregent.organizations.sign_in import SecondFactorAdapter

    assert '<path fill="#fff"' in SecondFactorAdapter().build_totp_svg("otpauth://totp/x?secret=y")
