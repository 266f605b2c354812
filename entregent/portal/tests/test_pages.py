"""Pages of the portal that go on where a list is long, in a number of questions that does not grow with it."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from entregent.documents.actions import keep_file
from entregent.interactions.actions import add_entry, change_status, log_interaction
from entregent.interactions.models import Interaction, Topic
from entregent.portal.web import documents, home, transfers
from entregent.transfers import actions
from entregent.transfers.models import FileTransfer
from testing.cast import enter

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


@pytest.fixture
def write(agent, client_north, access):
    """A published conversation of the client."""
    enter(agent)
    topic = Topic.objects.create(
        organization=agent.organization, code="commande", label_fr="Commande", label_en="Order"
    )

    def written(subject, *, files=(), **details) -> Interaction:
        enter(agent)
        return log_interaction(
            by=agent, client=client_north, topic=topic, channel="phone_call", subject=subject, notes=f"Note {subject}",
            notify=False, files=[file(agent, name) for name in files], **details,
        )  # fmt: skip

    return written


def file(agent, name):
    return keep_file(organization=agent.organization, name=name, content=PDF, by=agent)


@pytest.fixture
def ask(agent, access, client_north):
    def asked(subject) -> FileTransfer:
        enter(agent)
        return actions.request_files(by=agent, person=access.person, client=client_north, subject=subject)

    return asked


def body(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def following(page) -> str:
    return re.findall(r'href="(\?(?:vue=\w+&amp;)?(?:avant|encours|passes)=[^"]+)"', page)[-1].replace("&amp;", "&")


PAGES = [
    ("/portail/eaux/", 19),
    ("/portail/eaux/dossiers/", 13),
    ("/portail/eaux/echanges/", 14),
    ("/portail/eaux/echanges/?vue=attente", 14),
    ("/portail/eaux/echanges/1/", 22),
    ("/portail/eaux/documents/", 13),
    ("/portail/eaux/transferts/", 14),
    ("/portail/eaux/coordonnees/", 12),
]


@pytest.mark.parametrize(("path", "number"), PAGES)
def test_a_page_asks_as_many_questions_for_many_records_as_for_few(
    path, number, lea, write, ask, agent, django_assert_num_queries
):
    write("Livraison", files=["a.pdf"])
    ask("Bail")
    body(lea.get(path))
    with django_assert_num_queries(number):
        body(lea.get(path))
    for place in range(4):
        write(f"Autre {place}", files=["b.pdf", "c.pdf"])
        ask(f"Plan {place}")
        enter(agent)
        add_entry(Interaction.objects.get(number=1), by=agent, notes="Suite", notify=False)
    body(lea.get(path))
    with django_assert_num_queries(number):
        body(lea.get(path))


def test_the_home_page_says_that_more_awaits_and_leads_to_it(lea, write, agent, monkeypatch):
    monkeypatch.setattr(home, "SHOWN", 2)
    for number in range(3):
        write(f"Attente {number}")
    page = body(lea.get("/portail/eaux/"))
    assert "Attente 2" in page
    assert "Attente 0" not in page
    assert 'href="/portail/eaux/echanges/?vue=attente"' in page
    assert "vue=encours" not in page
    whole = body(lea.get("/portail/eaux/echanges/?vue=attente"))
    assert "Attente 0" in whole
    # Once read, it awaits nobody and is in hand; once closed, it is neither.
    for number in (1, 2, 3):
        lea.get(f"/portail/eaux/echanges/{number}/")
    enter(agent)
    change_status(Interaction.objects.get(number=1), by=agent, status="closed")
    assert "Rien ne vous attend" in body(lea.get("/portail/eaux/echanges/?vue=attente"))
    in_hand = body(lea.get("/portail/eaux/echanges/?vue=encours"))
    assert ("Attente 0" in in_hand, "Attente 1" in in_hand, "Attente 2" in in_hand) == (False, True, True)
    assert "Attente 0" in body(lea.get("/portail/eaux/echanges/"))


def test_what_waits_is_found_however_old_it_is(lea, write, agent, monkeypatch):
    waiting = write("Pièce manquante")
    lea.get("/portail/eaux/echanges/1/")
    enter(agent)
    change_status(waiting, by=agent, status="waiting")
    for number in range(6):
        change_status(write(f"Réglé {number}"), by=agent, status="closed")
        lea.get(f"/portail/eaux/echanges/{number + 2}/")
    monkeypatch.setattr(home, "SHOWN", 2)
    page = body(lea.get("/portail/eaux/"))
    assert "Pièce manquante" in page[page.index('id="waiting"') : page.index('id="in-hand"')]


def test_documents_go_on_on_a_further_page(lea, write, monkeypatch):
    monkeypatch.setattr(documents, "SHOWN", 2)
    write("Livraison", files=["a.pdf", "b.pdf", "c.pdf"])
    page = body(lea.get("/portail/eaux/documents/"))
    assert ("c.pdf" in page, "b.pdf" in page, "a.pdf" in page) == (True, True, False)
    older = body(lea.get("/portail/eaux/documents/" + following(page)))
    assert ("b.pdf" in older, "a.pdf" in older, "plus anciens" in older) == (False, True, False)


def test_transfers_go_on_on_further_pages(lea, ask, agent, monkeypatch):
    monkeypatch.setattr(transfers, "SHOWN", 1)
    first, _second, third, _fourth = (ask(f"Plan {number}") for number in range(4))
    for gone in (first, third):
        actions.cancel_transfer(gone, by=agent)
    page = body(lea.get("/portail/eaux/transferts/"))
    assert ["Plan 3" in page, "Plan 1" in page, "Plan 2" in page, "Plan 0" in page] == [True, False, True, False]
    past = body(lea.get("/portail/eaux/transferts/" + following(page)))
    assert ["Plan 3" in past, "Plan 0" in past] == [False, True]
    still = re.findall(r'href="(\?encours=\d+)"', page)[0]
    more = body(lea.get("/portail/eaux/transferts/" + still))
    assert ["Plan 1" in more, "Plan 2" in more] == [True, False]
    # An hour after its end, one is past, whatever the task has written by then.
    enter(agent)
    FileTransfer.objects.filter(subject="Plan 3").update(expires_at=timezone.now() - timedelta(hours=1))
    page = body(lea.get("/portail/eaux/transferts/"))
    assert page.index("Plan 1") < page.index("Passés") < page.index("Plan 3")
