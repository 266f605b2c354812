"""Home and client file, through the front door."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from entregent.clients.models import CreditHold
from entregent.interactions import actions
from entregent.interactions.models import Topic
from testing.cast import enter, enter_organization

pytestmark = pytest.mark.django_db

# Of these 8 are the guard's, inside the transaction of the test: session, user, member, grants and the wall.
QUERIES_HOME = 9
QUERIES_FILE = 15


@pytest.fixture
def topic(org, agent):
    enter(agent)
    actions.seed_topics(org)
    return Topic.objects.get(code="renseignement")


def log(member, client, topic, **details):
    enter(member)
    return actions.log_interaction(by=member, client=client, topic=topic, **({"channel": "phone_call"} | details))


def test_home_says_what_is_late_and_what_is_due(agent, colleague, client_north, topic, signed_in):
    today = timezone.localdate()
    past = timezone.now() - timedelta(days=5)
    log(agent, client_north, topic, occurred_at=past, follow_up_on=today - timedelta(days=2), notes="En retard")
    log(agent, client_north, topic, follow_up_on=today)
    log(agent, client_north, topic, follow_up_on=today + timedelta(days=3))
    log(colleague, client_north, topic, follow_up_on=today)

    page = signed_in(agent).get("/eaux/").content.decode()

    assert "Bonjour Omar" in page
    assert "1 suivi en retard, 1 aujourd’hui" in page
    assert "Blanchisserie Moreau" in page
    assert "Aucun client en blocage de crédit." in page


def test_home_lists_clients_on_credit_hold_in_reach_only(agent, outsider, client_north, client_south, signed_in):
    enter(agent)
    for client in (client_north, client_south):
        CreditHold.objects.create(organization=client.organization, client=client, reason="overdue")
    seen = signed_in(agent).get("/eaux/").content.decode()
    assert "Factures échues" in seen
    assert "Jeanne Dupont" not in seen
    assert "Jeanne Dupont" in signed_in(outsider).get("/eaux/").content.decode()


def test_home_takes_the_same_queries_however_much_there_is(
    agent, client_north, topic, signed_in, django_assert_num_queries
):
    http = signed_in(agent)
    http.get("/eaux/")
    for number in range(3):
        log(agent, client_north, topic, follow_up_on=timezone.localdate(), notes=f"Appel {number}")
    with django_assert_num_queries(QUERIES_HOME):
        http.get("/eaux/")
    for number in range(12):
        log(agent, client_north, topic, follow_up_on=timezone.localdate(), notes=f"Appel {number}")
    with django_assert_num_queries(QUERIES_HOME):
        http.get("/eaux/")


def test_the_client_file_shows_who_what_and_when(agent, client_north, topic, signed_in):
    log(agent, client_north, topic, notes="Demande une date de relève.", incoming=True)
    page = signed_in(agent).get("/eaux/clients/N1/").content.decode()
    for text in ("Blanchisserie Moreau", "Crédit en règle", "Demande une date de relève.", "Renseignement", "Entrant"):
        assert text in page, text
    assert 'id="composer"' in page
    assert "Contestation de facture" in page


def test_the_client_file_shows_the_credit_hold_with_its_reason(agent, client_north, signed_in):
    enter(agent)
    CreditHold.objects.create(
        organization=client_north.organization, client=client_north, reason="limit", set_by=agent.user
    )
    page = signed_in(agent).get("/eaux/clients/N1/").content.decode()
    assert "Blocage de crédit" in page
    assert "Limite dépassée" in page


def test_a_reader_sees_the_file_without_the_composer(reader, client_north, signed_in):
    page = signed_in(reader).get("/eaux/clients/N1/").content.decode()
    assert "Blanchisserie Moreau" in page
    assert 'id="composer"' not in page


def test_out_of_reach_deleted_and_absent_look_the_same(
    agent, stranger, client_north, client_south, client_elsewhere, signed_in
):
    http = signed_in(agent)
    answers = [http.get(f"/eaux/clients/{number}/") for number in ("S1", "E1", "X9")]
    enter_organization(client_north.organization)
    type(client_north).objects.filter(pk=client_north.pk).update(deleted_at=timezone.now())
    answers.append(http.get("/eaux/clients/N1/"))
    assert {answer.status_code for answer in answers} == {404}
    told = re.compile(rb'content="[^"]{64}"|value="[^"]{64}"|(S1|E1|X9|N1)')  # Tokens, and the address asked for.
    assert len({told.sub(b"", answer.content) for answer in answers}) == 1
    assert signed_in(stranger).get("/eaux/clients/N1/").status_code == 404


def test_the_client_file_takes_the_same_queries_however_much_there_is(
    agent, client_north, topic, signed_in, django_assert_num_queries
):
    http = signed_in(agent)
    http.get("/eaux/clients/N1/")
    log(agent, client_north, topic, follow_up_on=timezone.localdate())
    with django_assert_num_queries(QUERIES_FILE):
        http.get("/eaux/clients/N1/")
    for number in range(30):
        log(agent, client_north, topic, notes=f"Appel {number}", follow_up_on=timezone.localdate())
    with django_assert_num_queries(QUERIES_FILE):
        http.get("/eaux/clients/N1/")


def test_everything_is_said_in_english_too(agent, client_north, topic, signed_in):
    log(agent, client_north, topic, channel="front_desk", incoming=True)
    type(agent.user).objects.filter(pk=agent.user_id).update(language="en")
    http = signed_in(agent)
    home, page = (http.get(path).content.decode() for path in ("/eaux/", "/eaux/clients/N1/"))
    assert "Hello Omar" in home
    for text in ("Enquiry", "Front desk", "Incoming", "Last 30 days only", "New contact"):
        assert text in page, text


def test_the_line_under_the_header_is_drawn_anew_after_a_contact(agent, client_north, topic, signed_in):
    http = signed_in(agent)
    log(agent, client_north, topic)
    line = http.get("/eaux/clients/N1/", headers={"HX-Request": "true", "HX-Target": "client-facts"}).content.decode()
    assert line.strip().startswith('<div id="client-facts"')
    assert line.strip() in http.get("/eaux/clients/N1/").content.decode()
