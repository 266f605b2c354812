"""Cases whose due day comes near."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from entregent.cases import due_days
from entregent.cases.actions import close_case, edit_case, open_case
from entregent.cases.actions.types import seed_case_types
from entregent.cases.models import Case, CaseType
from entregent.notifications.models import Notification
from entregent.organizations.models import Organization
from entregent.processes import ready_made
from testing.cast import enter

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def complaint(manager):
    enter(manager)
    return CaseType.objects.create(
        organization=manager.organization, code="plainte", path="plainte", label_fr="Plainte", label_en="Complaint",
        warn_days=7,
    )  # fmt: skip


@pytest.fixture
def case(manager, agent, client_north, complaint):
    enter(manager)
    made = open_case(by=manager, client=client_north, case_type=complaint, title="Facture contestée")
    return edit_case(made, by=manager, responsible=agent.user, due_on=date(2030, 6, 30))


def told(member):
    enter(member)
    return list(Notification.objects.filter(event="case_due_soon", user_id=member.user_id))


def at(day: int, hour: int = 8) -> datetime:
    return datetime(2030, 6, day, hour, tzinfo=PARIS)


def run_until_told(day: int, hour: int = 8) -> int:
    return due_days.tell_due_soon(at(day, hour))


def test_the_responsible_is_told_in_the_morning_of_the_day_and_once(case, agent):
    assert run_until_told(22) == 0
    assert run_until_told(23, hour=6) == 0
    assert run_until_told(23) == 1
    assert run_until_told(23, hour=12) == 0
    assert run_until_told(24) == 0
    (one,) = told(agent)
    assert one.words == {"number": case.number, "title": "Facture contestée", "due": "2030-06-30"}


def test_days_on_which_nothing_ran_are_made_up_for(case, agent):
    run_until_told(21)
    assert run_until_told(25) == 1
    assert len(told(agent)) == 1


def test_a_closed_case_and_one_out_of_reach_tell_nobody(case, agent, outsider, manager):
    Case.objects.filter(pk=case.pk).update(responsible=outsider.user)
    run_until_told(22)
    run_until_told(23)
    assert told(outsider) == []
    enter(manager)
    Case.objects.filter(pk=case.pk).update(responsible=agent.user, due_on=date(2030, 7, 1))
    close_case(Case.objects.get(pk=case.pk), by=manager, reason="Réglé")
    assert run_until_told(24) == 0


def test_many_of_one_day_are_told_some_at_a_time(case, agent, manager, client_north, complaint, monkeypatch):
    monkeypatch.setattr(due_days, "AT_ONCE", 2)
    enter(manager)
    for n in range(4):
        more = open_case(by=manager, client=client_north, case_type=complaint, title=f"Autre {n}")
        edit_case(more, by=manager, responsible=agent.user, due_on=date(2030, 6, 30))
    run_until_told(22)
    assert run_until_told(23) == 5
    assert run_until_told(23, hour=10) == 0
    assert len(told(agent)) == 5


def test_a_complaint_is_due_within_a_month_and_told_seven_days_before(org, admin):
    """R001-36, whichever way the type came."""
    enter(admin)
    Organization.objects.filter(pk=org.pk).update(trade="water")
    org.refresh_from_db()
    seed_case_types(org)
    kinds = CaseType.objects.filter(organization=org, path__startswith="reclamation")
    assert set(kinds.values_list("due_rule", "warn_days")) == {("1 month", 7)}
    kinds.exclude(parent=None).delete()
    kinds.delete()
    ready_made.install(org, "reclamation_qualite", by=admin)
    kinds = CaseType.objects.filter(organization=org, path__startswith="reclamation")
    assert set(kinds.values_list("due_rule", "warn_days")) == {("1 month", 7)}
