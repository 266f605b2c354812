"""« Mon travail » and « Équipe » as a board."""

import json
from datetime import timedelta

import lxml.html
import pytest
from django.utils import timezone

from entregent.cases.actions import open_case
from entregent.processes import actions
from entregent.processes.models import ProcessRun, ProcessStep
from entregent.processes.tests.conftest import form, process, step
from entregent.processes.web import board
from testing.cast import enter

HTMX = {"HX-Request": "true"}


@pytest.fixture
def asked(live, team):
    day = {"type": "date", "title": {"fr": "Jour", "en": "Day"}, "required": True}
    return live(process("suivi", step("appel", who="clientele"), step("visite", who="clientele", form=form(jour=day))))


@pytest.fixture
def run(asked, case, manager):
    return actions.launch(by=enter(manager), case=case, definition=asked)


def columns(page, address) -> dict[str, list[str]]:
    """Column → the steps in it, as the board shows them."""
    drawn = lxml.html.fromstring(page.get(address).content.decode())
    return {
        one.get("data-board-column"): [card.find("a").text_content() for card in one.find_class("g-board-card")]
        for one in drawn.find_class("g-board-column")
    }


def here(run) -> str:
    return f"/{run.organization.slug}/plans-d-action/tableau/"


def move(page, run, key, to, query="", headers=None):
    moved = ProcessStep.objects.get(run=run, key=key)
    address = f"/{run.organization.slug}/plans-d-action/etapes/{moved.pk}/deplacer/{query}"
    return page.post(address, {"to": to, "version": moved.version}, headers=headers or {})


def test_a_step_goes_from_column_to_column(run, agent, signed_in):
    page = signed_in(agent)
    enter(agent)
    assert columns(page, here(run)) == {"take": ["Étape appel"], "todo": [], "waiting": [], "done": []}
    assert move(page, run, "appel", "todo").headers["Location"] == here(run)
    assert columns(page, here(run))["todo"] == ["Étape appel"]
    enter(agent)
    move(page, run, "appel", "take")
    assert columns(page, here(run))["take"] == ["Étape appel"]
    enter(agent)
    move(page, run, "appel", "todo")
    enter(agent)
    move(page, run, "appel", "waiting")
    assert columns(page, here(run)) == {"take": [], "todo": [], "waiting": ["Étape appel"], "done": []}
    enter(agent)
    assert ProcessRun.objects.get(pk=run.pk).state == "waiting"
    move(page, run, "appel", "todo")
    enter(agent)
    assert ProcessRun.objects.get(pk=run.pk).state == "running"
    move(page, run, "appel", "done")
    assert columns(page, here(run)) == {"take": ["Étape visite"], "todo": [], "waiting": [], "done": ["Étape appel"]}


def test_what_was_done_long_ago_stands_no_longer_there(run, agent, signed_in):
    page = signed_in(agent)
    enter(agent)
    move(page, run, "appel", "done")
    enter(agent)
    ProcessStep.objects.filter(run=run, key="appel").update(done_at=timezone.now() - timedelta(days=8))
    assert columns(page, here(run))["done"] == []


def test_a_step_whose_form_lacks_an_answer_is_refused_with_the_reason(run, agent, signed_in):
    page = signed_in(agent)
    enter(agent)
    move(page, run, "appel", "done")
    enter(agent)
    answer = move(page, run, "visite", "done", headers=HTMX).content.decode()
    assert "Jour obligatoire" in answer
    assert f"/plans-d-action/{run.pk}/#etape-" in answer
    enter(agent)
    visit = ProcessStep.objects.get(run=run, key="visite")
    assert visit.state == "ready"
    # What was typed and kept in its form counts.
    actions.claim_step(visit, by=agent)
    actions.save_answers(visit, by=agent, data={"jour": "2027-01-31"})
    moved = move(page, run, "visite", "done", headers=HTMX)
    assert json.loads(moved.headers["HX-Trigger"])["g:toast"]["text"] == "Étape «\u00a0Étape visite\u00a0» terminée."
    enter(agent)
    assert ProcessStep.objects.get(run=run, key="visite").data == {"jour": "2027-01-31"}


def test_what_somebody_changed_meanwhile_is_not_moved(run, agent, manager, signed_in):
    page = signed_in(agent)
    enter(agent)
    seen = ProcessStep.objects.get(run=run, key="appel")
    actions.claim_step(seen, by=enter(manager))
    address = f"/{run.organization.slug}/plans-d-action/etapes/{seen.pk}/deplacer/"
    told = page.post(address, {"to": "done", "version": seen.version}, headers=HTMX).content.decode()
    assert "g-notice-bad" in told
    enter(agent)
    assert ProcessStep.objects.get(pk=seen.pk).state == "ready"


def test_the_board_of_a_team_shows_who_has_taken_what(run, agent, manager, team, signed_in):
    lead, page = signed_in(manager), signed_in(agent)
    enter(agent)
    move(page, run, "appel", "todo")
    address = f"{here(run)}?vue=equipe"
    assert columns(lead, address)["todo"] == ["Étape appel"]
    drawn = lead.get(f"{address}&equipe={team.code}").content.decode()
    assert agent.user.name in drawn
    assert 'name="to" value="take"' in drawn
    assert lead.get(f"{address}&equipe=autre").status_code == 404
    enter(manager)
    moved = move(lead, run, "appel", "take", query=f"?vue=equipe&equipe={team.code}")
    assert moved.headers["Location"] == f"{address}&equipe={team.code}"
    assert columns(page, here(run))["take"] == ["Étape appel"]


def test_what_one_may_not_do_is_not_offered(run, agent, colleague, manager, signed_in):
    """A colleague who is in no team sees what a team has to do nowhere; of somebody else's step nothing is offered."""
    page = signed_in(colleague)
    assert columns(page, here(run)) == {"take": [], "todo": [], "waiting": [], "done": []}
    enter(colleague)
    assert move(page, run, "appel", "todo", headers=HTMX).status_code in (200, 403)
    enter(manager)
    assert ProcessStep.objects.get(run=run, key="appel").assignee_id is None


def test_a_column_goes_on_by_its_button_and_asks_as_much(
    asked, run, case_type, client_north, agent, manager, signed_in, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(board, "CARDS", 2)
    page = signed_in(agent)
    page.get(here(run))
    with django_assert_num_queries(16):
        page.get(here(run))
    enter(manager)
    for n in range(4):
        more = open_case(by=manager, client=client_north, case_type=case_type, title=f"Dossier {n}")
        actions.launch(by=manager, case=more, definition=asked)
    with django_assert_num_queries(16):
        drawn = lxml.html.fromstring(page.get(here(run)).content.decode())
    take = drawn.find_class("g-board-column")[0]
    assert take.find_class("g-number")[0].text_content() == "2+"
    shown = len(take.find_class("g-board-card"))
    following = take.find_class("g-more")[0].find("a").get("hx-get")
    while following:
        part = lxml.html.fromstring(f"<ul>{page.get(following, headers=HTMX).content.decode()}</ul>")
        shown += len(part.find_class("g-board-card"))
        more = part.find_class("g-more")
        following = more[0].find("a").get("hx-get") if more else ""
    assert shown == 5
