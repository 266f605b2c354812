"""The program of docs/how-to/api.md, run as it is written there."""

import io
import re
import urllib.request
from email.message import Message
from pathlib import Path
from urllib.response import addinfourl

import pytest

from entregent.clients.models import Client
from entregent.interactions.models import Interaction, Topic
from entregent.organizations.actions import create_api_token
from testing.cast import enter

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "api.md"


class Door(urllib.request.HTTPHandler):
    """Carries what urllib would send to the product itself, within the test's transaction."""

    def __init__(self, http):
        super().__init__()
        self.http = http

    def http_open(self, request):
        # urllib writes names of headers as it likes; so may any program.
        answer = self.http.generic(
            request.get_method(),
            request.selector,
            data=request.data or b"",
            content_type=request.get_header("Content-type"),
            headers={name: value for name, value in request.header_items() if name.lower() != "content-type"},
        )
        headers = Message()
        for name, value in answer.items():
            headers[name] = value
        response = addinfourl(io.BytesIO(answer.content), headers, request.full_url, answer.status_code)
        response.msg = answer.reason_phrase
        return response


@pytest.fixture
def program():
    """The text of the quick start."""
    return re.search(r"<!-- quick-start -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]


def test_the_quick_start_does_what_it_says(program, client, manager, client_north, monkeypatch, capsys):
    Topic.objects.create(
        organization=manager.organization, code="renseignement", label_fr="Renseignement", label_en="Enquiry",
        applies_to=["client"],
    )  # fmt: skip
    _token, text = create_api_token(member=manager, name="Premiers pas", by=manager)
    monkeypatch.setenv("ENTREGENT_URL", "http://testserver")
    monkeypatch.setenv("ENTREGENT_TOKEN", text)
    monkeypatch.setattr(urllib.request, "_opener", urllib.request.build_opener(Door(client)))

    exec(compile(program, str(PAGE), "exec"), {})

    enter(manager)
    made = Client.objects.get(name="Boulangerie Petit")
    assert made.category == "Commerce"
    contact = Interaction.objects.get(client=made)
    stale, *rest = capsys.readouterr().out.splitlines()
    assert stale.startswith("E-STALE ")
    assert rest == [f"interaction {contact.number}", "2 clients"]


def test_its_commands_name_operations_that_exist(client, db):
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    told = set(re.findall(r"/api/v1/([a-z-]+)[/?\" ]", PAGE.read_text())) - {"bulk", "exports"}
    assert {f"/api/v1/{name}" for name in told} <= set(paths)
