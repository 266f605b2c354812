"""Telephone calls: told by a telephone system, shown to whom they ring."""

import html
import json
import re

import pytest
from django.test import Client as HttpClient
from django.urls import reverse

from entregent.inbound import calls
from entregent.inbound.models import PhoneCall
from entregent.interactions.actions import seed_topics
from entregent.interactions.models import Topic
from entregent.organizations.actions import create_api_token
from entregent.toolbox.errors import Refusal
from testing.cast import enter, enter_organization


def at(org, name, **kwargs):
    return reverse(f"inbound:{name}", kwargs={"organization": org.slug, **kwargs})


@pytest.fixture
def token(manager):
    enter(manager)
    made = create_api_token(member=manager, by=manager, name="PABX")
    return made[1] if isinstance(made, tuple) else made


def tell(token, **payload):
    return HttpClient().post(
        "/api/v1/calls", json.dumps(payload), content_type="application/json", HTTP_AUTHORIZATION=f"Bearer {token}"
    )


def test_a_call_opens_the_file_of_the_caller(org, client_north, agent, token, signed_in):
    enter_organization(org)
    client_north.phones = [{"label": "Bureau", "number": "+33261910042"}]
    client_north.save()
    enter(agent)
    calls.set_phone_line(by=agent, user=agent.user, extension="204")
    answer = tell(token, call_id="a1", event="ringing", caller="02 61 91 00 42", called="204")
    assert (answer.status_code, answer.json()["client"]) == (200, "N1")
    page = signed_in(agent).get(at(org, "call")).content.decode()
    assert "Appel de Blanchisserie Moreau" in page
    assert "/clients/N1/" in page
    assert tell(token, call_id="a1", event="answered", called="204").json()["state"] == "answered"
    assert tell(token, call_id="a1", event="ringing", called="204").json()["state"] == "answered"
    enter_organization(org)
    call = PhoneCall.objects.get()
    assert signed_in(agent).post(at(org, "call_close", pk=call.pk)).status_code == 303
    assert "Appel de" not in signed_in(agent).get(at(org, "call")).content.decode()


def test_an_unknown_number_is_looked_for(org, agent, token, signed_in):
    tell(token, call_id="a2", event="ringing", caller="0612345678", agent="agent@eaux.example")
    enter(agent)
    calls.set_phone_line(by=agent, user=agent.user, extension="204")
    page = signed_in(agent).get(at(org, "call")).content.decode()
    assert "Chercher ce numéro" in page
    assert "q=%2B33612345678" in page


def test_whoever_has_no_extension_is_asked_no_more(org, agent, signed_in):
    http = signed_in(agent)
    home = at(org, "my_line")
    assert 'id="g-call"' in http.get(home).content.decode()
    assert http.get(at(org, "call")).content == b""
    assert 'id="g-call"' not in http.get(home).content.decode()
    assert http.post(home, {"extension": "204"}).status_code == 303
    assert 'id="g-call"' in http.get(home).content.decode()


def test_a_call_of_a_client_out_of_reach_is_not_named(org, client_south, agent, token, signed_in):
    enter_organization(org)
    client_south.phones = [{"label": "", "number": "+33261910042"}]
    client_south.save()
    enter(agent)
    calls.set_phone_line(by=agent, user=agent.user, extension="204")
    tell(token, call_id="a3", event="ringing", caller="0261910042", called="204")
    page = signed_in(agent).get(at(org, "call")).content.decode()
    assert "Dupont" not in page
    assert "Appel de 02 61 91 00 42" in page


def test_what_is_wrong_is_refused(org, agent, colleague, token):
    assert tell(token, call_id="", event="ringing").status_code == 422
    assert tell(token, call_id="x", event="exploded").status_code == 422
    assert tell(token, call_id="x", event="ended", recording_url="file:///etc/passwd").status_code == 422
    assert tell(token, call_id="x", event="ringing", agent="personne@eaux.example").status_code == 422
    assert tell("faux", call_id="x", event="ringing").status_code == 401
    enter(agent)
    calls.set_phone_line(by=agent, user=agent.user, extension="204")
    with pytest.raises(Refusal, match="E-INBOUND-LINE"):
        calls.set_phone_line(by=colleague, user=colleague.user, extension="204")


def test_the_contact_that_is_made_of_a_call_stands_behind_it(org, client_north, agent, colleague, token, signed_in):
    enter_organization(org)
    seed_topics(org)
    client_north.phones = [{"label": "Bureau", "number": "+33261910042"}]
    client_north.save()
    enter(agent)
    calls.set_phone_line(by=agent, user=agent.user, extension="204")
    tell(token, call_id="a1", event="answered", caller="02 61 91 00 42", called="204",
         recording_url="https://pabx.example/a1")  # fmt: skip
    http = signed_in(agent)
    page = html.unescape(http.get(at(org, "call")).content.decode())
    link = re.search(r'href="(/eaux/contacts/nouveau/[^"]+)"', page)[1]
    composer = http.get(link).content.decode()
    mark = re.search(r'name="begun_from" value="(appel-\d+)"', composer)[1]
    assert 'value="+33261910042"' in composer
    enter(agent)
    topic = Topic.objects.get(code="renseignement")
    sent = {"client": "N1", "topic": topic.pk, "channel": "phone_call", "visibility": "incoming", "begun_from": mark}
    assert http.post("/eaux/contacts/nouveau/", sent | {"topic": ""}).status_code == 422
    # A mark of another's call ties nothing.
    signed_in(colleague).post("/eaux/contacts/nouveau/", sent)
    enter(agent)
    assert PhoneCall.objects.get().interaction is None
    assert http.post("/eaux/contacts/nouveau/", sent).status_code == 303
    enter(agent)
    call = PhoneCall.objects.get()
    assert call.interaction.client_id == client_north.pk
    assert "Appel de" not in http.get(at(org, "call")).content.decode()
    number = call.interaction.number
    behind = http.get(at(org, "originals", number=number)).content.decode()
    assert "02 61 91 00 42" in behind
    assert "https://pabx.example/a1" in behind
    assert f"Interaction n° {number}" in http.get(at(org, "my_line")).content.decode()


def test_the_choice_of_the_client_keeps_the_call(org, client_north, agent, signed_in):
    page = signed_in(agent).get("/eaux/contacts/nouveau/", {"q": "Moreau", "depuis": "appel-4", "canal": "phone_call"})
    assert "depuis=appel-4&amp;client=N1" in page.content.decode().replace("canal=phone_call&amp;", "")
