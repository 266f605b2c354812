"""Sign-in: with a password, with an application, with a passkey; the pages of one's own account."""

import base64
import hmac
import re
import struct
import time

import pytest

PERSON = "marc@hypo-nord.example"


@pytest.fixture
def at_localhost(visit, instance):
    """Passkeys need a name, not a number, for their site."""
    visitor = visit()
    visitor.url = instance.url.replace("127.0.0.1", "localhost")
    return visitor


def signs_in(visitor, email, password="demonstration"):
    page = visitor.page
    page.goto(f"{visitor.url}/connexion/")
    page.get_by_label("Identifiant").fill(email)
    page.get_by_label("Mot de passe").fill(password)
    page.get_by_role("button", name="Se connecter", exact=True).click()


def code_of(secret):
    """What an application shows now (RFC 6238)."""
    moment = struct.pack(">Q", int(time.time() // 30))
    digest = hmac.digest(base64.b32decode(secret + "=" * (-len(secret) % 8)), moment, "sha1")
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def confirms(page):
    page.get_by_label("Mot de passe").fill("demonstration")
    page.get_by_role("button", name="Confirmer").click()


def test_wrong_password_then_the_right_one(visit):
    visitor = visit()
    page = visitor.page
    signs_in(visitor, PERSON, "pas le bon")
    page.get_by_text("Identifiant ou mot de passe incorrect.").first.wait_for()
    visitor.looks("sign-in-refused")
    signs_in(visitor, PERSON)
    page.wait_for_url("**/hypo-nord/")


def test_pages_of_the_account(visit):
    visitor = visit()
    signs_in(visitor, PERSON)
    visitor.page.wait_for_url("**/hypo-nord/")
    for name, address in {
        "account-profile": "/compte/",
        "account-security": "/compte/securite/",
        "account-sessions": "/compte/sessions/",
        "account-organizations": "/compte/organisations/",
        "account-password": "/compte/mot-de-passe/",
    }.items():
        visitor.page.goto(visitor.url + address)
        visitor.looks(name)


def test_passkey_is_added_and_signs_in_without_a_password(at_localhost):
    visitor, page = at_localhost, at_localhost.page
    session = visitor.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip
    signs_in(visitor, PERSON)
    page.wait_for_url("**/hypo-nord/")
    page.goto(f"{visitor.url}/compte/securite/cles/ajouter/")
    confirms(page)
    page.get_by_label("Nom de la clé").fill("Clé d'essai")
    page.get_by_label("Se connecter avec cette clé sans mot de passe").check()
    visitor.looks("account-passkey")
    page.get_by_role("button", name="Ajouter").click()
    page.wait_for_url("**/compte/securite/codes/")
    visitor.looks("account-codes")
    page.goto(f"{visitor.url}/deconnexion/")
    page.locator("main").get_by_role("button", name="Se déconnecter").click()
    page.wait_for_url("**/connexion/")
    page.get_by_role("button", name="Se connecter avec une clé d'accès").click()
    page.wait_for_url("**/hypo-nord/")
    # The password alone no longer suffices.
    page.goto(f"{visitor.url}/deconnexion/")
    page.locator("main").get_by_role("button", name="Se déconnecter").click()
    signs_in(visitor, PERSON)
    page.wait_for_url("**/connexion/verification/")
    visitor.looks("second-step")
    page.get_by_role("button", name="Utiliser ma clé d'accès").click()
    page.get_by_role("button", name="Pas cette fois").click()
    page.wait_for_url("**/hypo-nord/")
    # The key goes away again, for the other journeys.
    page.goto(f"{visitor.url}/compte/securite/")
    page.get_by_role("link", name="Retirer").click()
    page.get_by_role("link", name="Par mon mot de passe").or_(page.get_by_label("Mot de passe")).first.wait_for()
    if page.get_by_role("button", name="Confirmer").count():
        confirms(page)
    page.get_by_role("button", name="Retirer").click()
    page.get_by_text("La clé d'accès est retirée.").wait_for()


def test_application_is_added_and_asked_for(visit):
    visitor = visit()
    page = visitor.page
    signs_in(visitor, "lise@hypo-nord.example")
    page.wait_for_url("**/hypo-nord/")
    page.goto(f"{visitor.url}/compte/securite/application/")
    confirms(page)
    page.get_by_text("Lisez ce code carré").wait_for()
    visitor.looks("account-application")
    secret = re.search(r"<code>([A-Z2-7]{16,})</code>", page.content())[1]

    page.get_by_label("Code que montre l'application").fill(code_of(secret))
    page.get_by_role("button", name="Activer").click()
    page.wait_for_url("**/compte/securite/codes/")
    recovery = page.locator(".g-codes").inner_text().split()
    assert len(recovery) == 10
    other = visit()
    signs_in(other, "lise@hypo-nord.example")
    other.page.wait_for_url("**/connexion/verification/")
    other.page.get_by_label("Code").fill(recovery[0])
    other.page.get_by_role("button", name="Vérifier").click()
    other.page.get_by_role("button", name="Faire confiance").wait_for()
    other.looks("trust")
    other.page.get_by_role("button", name="Pas cette fois").click()
    other.page.wait_for_url("**/hypo-nord/")
    page.goto(f"{visitor.url}/compte/securite/application/retirer/")
    page.get_by_role("button", name="Retirer").click()
    page.get_by_text("L'application d'authentification est retirée.").wait_for()
