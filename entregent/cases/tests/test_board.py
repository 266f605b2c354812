"""« Dossiers » as a board, and changes of many cases at once."""

import re

import pytest
from django.urls import reverse

from entregent.cases import actions
from entregent.cases.actions.bulk import change_cases
from entregent.cases.models import Case
from entregent.jobs.models import JobRow
from entregent.jobs.tasks import run_job
from entregent.toolbox.errors import Refusal
from testing.cast import enter


@pytest.fixture
def cases(agent, client_north, complaint):
    enter(agent)
    return [
        actions.open_case(by=agent, client=client_north, case_type=complaint, title=f"Dossier {n}") for n in range(3)
    ]


def _at(name, member, **kwargs):
    return reverse(f"cases:{name}", kwargs={"organization": member.organization.slug, **kwargs})


def test_cards_stand_in_the_column_of_their_state_and_move(agent, cases, signed_in):
    web = signed_in(agent)
    board = _at("board", agent)
    drawn = web.get(board).content.decode()
    assert drawn.index('data-board-column="new"') < drawn.index("Dossier 2") < drawn.index('data-board-column="in_pro')
    move = _at("board_move", agent, number=cases[0].number)
    moved = web.post(move, {"from": "new", "to": "in_progress"})
    assert moved.headers["Location"].startswith(board)
    enter(agent)
    assert Case.objects.get(pk=cases[0].pk).state == "in_progress"
    # Somebody moved it meanwhile; and what the table of states does not have.
    late = web.post(move, {"from": "new", "to": "in_progress"}, headers={"HX-Request": "true"})
    assert "a changé d’état entre-temps" in late.content.decode()
    refused = web.post(move, {"from": "in_progress", "to": "new"}, headers={"HX-Request": "true"})
    assert "Passage de En cours à Nouveau impossible" in refused.content.decode()
    done = web.post(move, {"from": "in_progress", "to": "done"}, headers={"HX-Request": "true"})
    assert "Terminé" in done.headers["HX-Trigger"].encode().decode("unicode_escape") or done.status_code == 200
    enter(agent)
    assert Case.objects.get(pk=cases[0].pk).state == "done"


def test_a_board_asks_as_much_for_few_cases_as_for_many(
    agent, cases, client_north, complaint, signed_in, django_assert_num_queries
):
    web = signed_in(agent)
    web.get(_at("board", agent))
    with django_assert_num_queries(22):
        web.get(_at("board", agent))
    enter(agent)
    for n in range(30):
        actions.open_case(by=agent, client=client_north, case_type=complaint, title=f"Autre {n}")
    # A column that goes on is counted after it is shown; one that is whole needs no count.
    with django_assert_num_queries(21):
        drawn = web.get(_at("board", agent)).content.decode()
    assert ">25+</span>" in drawn
    counting = re.search(r'hx-get="([^"]*compte=oui[^"]*)"', drawn)[1].replace("&amp;", "&")
    counted = web.get(counting, headers={"HX-Request": "true"}).content.decode()
    assert re.fullmatch(r'\s*<span class="g-number">33</span>\s*', counted)
    assert drawn.count('class="g-board-card"') == 25
    following = re.search(r'hx-get="([^"]*apres=[^"]*)"', drawn)[1].replace("&amp;", "&")
    more = web.get(following, headers={"HX-Request": "true"}).content.decode()
    assert more.count('class="g-board-card"') == 8


def test_who_may_only_read_moves_nothing(reader, agent, cases, signed_in):
    web = signed_in(reader)
    assert "Déplacer vers" not in web.get(_at("board", reader)).content.decode()
    move = _at("board_move", reader, number=cases[0].number)
    assert web.post(move, {"from": "new", "to": "in_progress"}).status_code == 403


def _run(job):
    run_job(job_id=job.pk, organization_id=job.organization_id)
    job.refresh_from_db()
    return job


def test_many_cases_are_changed_with_a_result_for_each(agent, colleague, cases, signed_in):
    actions.close_case(cases[2], by=enter(agent), reason="Réglé")
    web = signed_in(agent)
    sent = {"ids": [one.pk for one in cases], "changement": "responsible", "valeur-responsible": colleague.user_id}
    made = web.post(_at("bulk_create", agent), sent)
    assert made.status_code == 303
    enter(agent)
    rows = JobRow.objects.all()
    job_id = int(made.headers["Location"].rstrip("/").rpartition("/")[2])
    from entregent.jobs.models import Job

    job = _run(Job.objects.get(pk=job_id))
    enter(agent)
    assert job.state == "done"
    assert sorted(rows.values_list("verdict", flat=True)) == ["changed", "changed", "refused"]
    assert "clos" in rows.get(verdict="refused").reason
    assert set(Case.objects.filter(closed_at=None).values_list("responsible", flat=True)) == {colleague.user_id}
    page = web.get(made.headers["Location"]).content.decode()
    assert "Dossier 1" in page
    assert "clos" in web.get(f"{made.headers['Location']}?resultat=refused").content.decode()
    assert signed_in(colleague).get(made.headers["Location"]).status_code == 404


def test_all_that_a_search_finds_changes_its_state(agent, outsider, cases):
    enter(agent)
    selection = {"condition": ["state", "is", "new"], "text": ""}
    job = _run(change_cases(by=agent, selection=selection, change="state", value="in_progress"))
    assert (job.total, job.result) == (3, {"changed": 3})
    enter(agent)
    again = _run(change_cases(by=agent, selection={"ids": [cases[0].pk]}, change="state", value="rejected"))
    enter(agent)
    assert again.result == {"refused": 1}
    # What is out of reach is not even written down.
    other = _run(change_cases(by=enter(outsider), selection={"ids": [cases[0].pk]}, change="state", value="deferred"))
    assert other.total == 0


def test_a_change_of_many_that_means_nothing_is_refused(agent, cases):
    enter(agent)
    chosen = {"ids": [cases[0].pk]}
    for change, value in (("state", "x"), ("responsible", "0"), ("case_type", ""), ("title", "x")):
        with pytest.raises(Refusal):
            change_cases(by=agent, selection=chosen, change=change, value=value)
    with pytest.raises(Refusal, match="E-SELECTION"):
        change_cases(by=agent, selection={"ids": []}, change="state", value="deferred")
