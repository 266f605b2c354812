"""Another organization of the product behind a real server: what it is sent, and that it makes each client once."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from entregent.access.wall import in_organization
from entregent.clients.actions import reinstate_client, remove_client, set_address, update_client
from entregent.clients.models import Client
from entregent.connectors import actions
from entregent.connectors.tests.conftest import copy_of, exchanges, works
from entregent.organizations.actions import create_api_token, create_organization
from testing.cast import grant, make_client, make_member

pytestmark = pytest.mark.django_db(transaction=True)


class Line:
    """The line between the two: hands requests on, and is cut once after a creation was taken."""

    def __init__(self, target):
        self.is_cut_once = False
        self.lost = 0
        self.host = urlsplit(target).netloc
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def hand_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                wire = http.client.HTTPConnection(outer.host, timeout=20)
                wire.request(self.command, self.path, body=body, headers=dict(self.headers))
                answer = wire.getresponse()
                content = answer.read()
                if outer.is_cut_once and (self.command, self.path) == ("POST", "/api/v1/clients"):
                    outer.is_cut_once, outer.lost = False, outer.lost + 1
                    self.connection.close()
                    return
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = hand_on

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Scene:
    """Two organizations; the first has a connector to the second."""

    def __init__(self, address):
        self.here = create_organization(slug="ici", name="Ici", trade="water")
        self.there = create_organization(slug="la", name="Là-bas", trade="water")
        with in_organization(self.there.pk):
            receiver = make_member(self.there, "api@la.example", "Api", "admin")
            grant(receiver)
            _token, text = create_api_token(member=receiver, name="Connecteur", by=receiver)
        with in_organization(self.here.pk):
            self.admin = make_member(self.here, "admin@ici.example", "Ada", "admin")
            grant(self.admin)
            self.client = make_client(
                self.here, "C100", "Tremblay", kind="person", first_name="Julie", emails=["julie@ex.example"]
            )
            self.connector, _secret = actions.create_connector(
                by=self.admin,
                name="Siège",
                kind="entregent",
                address=address,
                secret=text,
                audience="clients",
                is_on=True,
            )
            actions.note_everybody(self.connector)

    def change(self, action, **values):
        with in_organization(self.here.pk, user_id=self.admin.user_id):
            client = Client.objects.get(pk=self.client.pk)
            action(client, by=self.admin, **values)

    def over_there(self):
        with in_organization(self.there.pk):
            return list(Client.objects.filter(organization=self.there).prefetch_related("addresses").order_by("pk"))


@pytest.fixture
def line(live_server):
    made = Line(live_server.url)
    yield made
    made.close()


@pytest.fixture
def scene(line):
    return Scene(line.url)


def test_an_addition_an_update_a_withdrawal_and_a_return(scene):
    works(scene.here)
    (julie,) = scene.over_there()
    assert (julie.first_name, julie.name, julie.emails, julie.status) == (
        "Julie", "Tremblay", ["julie@ex.example"], "client",
    )  # fmt: skip
    assert copy_of(scene.connector, scene.client).external_id == julie.number
    scene.change(update_client, version=None, emails=["neuve@ex.example"])
    with in_organization(scene.here.pk, user_id=scene.admin.user_id):
        set_address(by=scene.admin, client=scene.client, street="12 rue des Pins", city="Metz", postal_code="57000")
    works(scene.here)
    (julie,) = scene.over_there()
    assert julie.emails == ["neuve@ex.example"]
    assert [str(one.street) for one in julie.addresses.all()] == ["12 rue des Pins"]
    scene.change(remove_client)
    works(scene.here)
    (julie,) = scene.over_there()
    assert julie.status == "removed"
    copy = copy_of(scene.connector, scene.client)
    assert (copy.state, copy.withdrawn_at is not None) == ("gone", True)
    scene.change(reinstate_client)
    works(scene.here)
    (julie,) = scene.over_there()
    assert julie.status == "client"
    assert {state for _o, _n, state in exchanges(scene.connector)} == {"accepted"}


def test_a_creation_whose_answer_was_lost_makes_one_client_with_what_came_after(scene, line):
    line.is_cut_once = True
    works(scene.here)
    assert line.lost == 1
    scene.change(update_client, version=None, emails=["neuve@ex.example"])
    works(scene.here, again=True)
    (julie,) = scene.over_there()
    assert julie.emails == ["neuve@ex.example"]
    assert [state for _o, _n, state in exchanges(scene.connector)] == ["accepted", "accepted"]


def test_who_leaves_after_a_lost_answer_is_withdrawn_there_too(scene, line):
    line.is_cut_once = True
    works(scene.here)
    scene.change(remove_client)
    works(scene.here, again=True)
    (julie,) = scene.over_there()
    assert julie.status == "removed"
    assert copy_of(scene.connector, scene.client).state == "gone"


def test_somebody_who_was_removed_over_there_by_hand_is_no_trouble(scene):
    works(scene.here)
    with in_organization(scene.there.pk):
        Client.objects.filter(organization=scene.there).update(deleted_at="2026-01-01T00:00Z")
    scene.change(remove_client)
    works(scene.here)
    assert copy_of(scene.connector, scene.client).state == "gone"
