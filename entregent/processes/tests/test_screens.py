"""The screens of plans: timeline, work, picture, designer."""

import pytest

from entregent.processes.models import ProcessRun
from entregent.processes.tests.conftest import form, process, step
from testing.cast import enter


@pytest.fixture
def two_steps(live):
    asked = {"type": "date", "title": {"fr": "Date de résiliation", "en": "Termination date"}, "required": True}
    return live(process("depart", step("demande", form=form(jour=asked)), step("suite", who="clientele")))


def plan_page(page, run):
    return page.get(f"/{run.organization.slug}/plans-d-action/{run.pk}/").content.decode()


def test_a_plan_is_launched_filled_in_and_completed(case, team, two_steps, manager, signed_in):
    page = signed_in(manager)
    panel = f"/{case.organization.slug}/plans-d-action/dossiers/{case.number}/"
    assert "Plan depart" in page.get(panel).content.decode()
    assert page.post(f"{panel}lancer/", {"processus": "depart"}).status_code == 303
    enter(manager)
    run = ProcessRun.objects.get(case=case)
    first = run.steps.get(key="demande")
    assert "Date de résiliation" in plan_page(page, run)
    done = f"/{case.organization.slug}/plans-d-action/etapes/{first.pk}/terminer/"
    refused = page.post(done, {"version": first.version, f"s{first.pk}-jour": ""})
    assert refused.status_code == 422
    assert "Date de résiliation obligatoire" in refused.content.decode()
    assert page.post(done, {"version": first.version, f"s{first.pk}-jour": "2027-01-31"}).status_code == 303
    shown = plan_page(page, run)
    assert "31 janvier 2027" in shown
    assert page.post(done, {"version": first.version, f"s{first.pk}-jour": "2027-01-31"}).status_code == 409
