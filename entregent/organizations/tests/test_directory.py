"""Sign-in by OpenID Connect against a real, small directory on this machine."""

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from entregent.organizations.models import User

pytestmark = pytest.mark.django_db
PAGE = "/connexion/par/organisation/"


class _Directory(ThreadingHTTPServer):
    """Says who signs in (`claims`), and keeps what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answers)
        self.claims: dict = {}
        self.userinfo: dict = {}
        self.tokens: list[dict] = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        url = self.server.url
        if self.path == "/.well-known/openid-configuration":
            return self._json(
                {
                    "issuer": url, "authorization_endpoint": f"{url}/auth", "token_endpoint": f"{url}/token",
                    "userinfo_endpoint": f"{url}/me", "jwks_uri": f"{url}/keys",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            )  # fmt: skip
        if self.path == "/me" and self.headers["Authorization"] == "Bearer access":
            return self._json(self.server.userinfo)
        return self.send_error(404)

    def do_POST(self):
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.tokens.append({name: values[0] for name, values in asked.items()})
        answer = {"access_token": "access", "token_type": "Bearer"}
        if self.server.claims:
            answer["id_token"] = jwt.encode(self.server.claims, "a secret of the directory, long enough", "HS256")
        return self._json(answer)

    def _json(self, data):
        body = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Silent."""


@pytest.fixture
def directory(settings):
    server = _Directory()
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "organisation", "name": "Annuaire du Val", "client_id": "entregent", "secret": "s",
                    "settings": {"server_url": server.url, "oauth_pkce_enabled": True},
                }
            ],
        }
    }  # fmt: skip
    yield server
    server.shutdown()
    serving.join()
    server.server_close()


def leave(client) -> dict:
    """To the directory: what it is asked."""
    page = client.post(PAGE).content.decode()
    address = re.search(r'href="(http://127\.0\.0\.1:\d+/auth[^"]+)"', page)[1].replace("&amp;", "&")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def come_back(client, directory, asked, member, *, claims=None, userinfo=None):
    who = {"sub": "77", "email": member.user.email, "email_verified": True, "name": member.user.name}
    told = {"iss": directory.url, "aud": "entregent", "exp": int(time.time()) + 60, "nonce": asked["nonce"]}
    directory.claims = {} if claims == {} else who | told | (claims or {})
    directory.userinfo = who | (userinfo or {})
    return client.get(f"{PAGE}retour/", {"state": asked["state"], "code": "c"})


def test_whoever_the_directory_names_for_this_very_request_comes_in(client, directory, agent):
    asked = leave(client)
    assert len(asked["nonce"]) >= 32
    answer = come_back(client, directory, asked, agent)
    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(agent.user_id)
    (token,) = directory.tokens
    assert (token["code"], token["client_id"]) == ("c", "entregent")
    assert len(token["code_verifier"]) >= 43
    assert User.objects.get(pk=agent.user_id).email == "agent@eaux.example"


@pytest.mark.parametrize(
    ("claims", "userinfo"),
    [
        ({"nonce": "of another request"}, {}),
        ({"nonce": ""}, {}),
        ({"aud": "another program"}, {}),
        ({"iss": "https://ailleurs.example"}, {}),
        ({"exp": 1}, {}),
        ({}, {}),
        (None, {"sub": "somebody else"}),
        (None, {"email": "personne@eaux.example"}),
    ],
)
def test_nobody_comes_in_by_a_token_that_is_not_for_this_request(client, directory, agent, claims, userinfo):
    answer = come_back(client, directory, leave(client), agent, claims=claims, userinfo=userinfo)
    assert answer.url == "/connexion/"
    assert "_auth_user_id" not in client.session


def test_an_answer_serves_once(client, directory, agent):
    asked = leave(client)
    come_back(client, directory, asked, agent)
    client.logout()
    answer = come_back(client, directory, asked, agent)
    assert answer.url == "/connexion/"
    assert "_auth_user_id" not in client.session


def test_each_request_has_its_own_nonce(client, directory):
    assert leave(client)["nonce"] != leave(client)["nonce"]
