"""Response times: clocks that start, are met, stand while the client is awaited, and are told once."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from entregent.cases import actions
from entregent.cases.actions.clocks import Wanted, entry_written, follow_clocks, rule_for, set_clock
from entregent.cases.actions.mirroring import PURPOSE
from entregent.cases.actions.promises import follow_chunk, preview_rule, set_rule
from entregent.cases.models import Case, CaseDocument, CaseType
from entregent.cases.reading import clocks_of
from entregent.cases.sla import tell_due
from entregent.cases.sla_models import SlaClock, SlaRule
from entregent.documents.actions import keep_file
from entregent.interactions.actions import add_entry, log_interaction
from entregent.interactions.actions.entries import write_entry
from entregent.interactions.models import Interaction, InteractionEntry
from entregent.notifications.models import Notification
from entregent.outbox.endpoints import set_endpoint
from entregent.outbox.models import Post
from entregent.toolbox.errors import Refusal, Stale
from entregent.toolbox.working_time import WorkingCalendar
from testing.cast import enter

PARIS = ZoneInfo("Europe/Paris")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


@pytest.fixture
def office(org, admin):
    """Monday to Friday, nine to five."""
    enter(admin)
    org.opens_at, org.closes_at, org.work_days = time(9), time(17), [0, 1, 2, 3, 4]
    org.save()
    return org


@pytest.fixture
def rule(office, admin):
    enter(admin)
    return SlaRule.objects.create(
        organization=office, first_answer="4 working hours", next_answer="2 working hours", solution="5 working days"
    )


@pytest.fixture
def clock_at():
    with time_machine.travel(at("2026-06-01T10:00"), tick=False) as traveller:  # a Monday
        yield lambda text: traveller.move_to(at(text))


@pytest.fixture
def case(clock_at, rule, agent, client_north, complaint):
    enter(agent)
    return actions.open_case(by=agent, client=client_north, case_type=complaint, title="Facture")


def clocks(case):
    return {one.kind: one for one in SlaClock.objects.filter(case=case).order_by("started_at")}


def now_of(case):
    return Case.objects.select_related("organization", "client", "case_type").get(pk=case.pk)


def contact_in(case, agent, topic, notes="Bonjour", **more):
    found = log_interaction(by=agent, client=case.client, topic=topic, channel="email", notes=notes, **more)
    actions.attach_interaction(now_of(case), found, by=agent)
    return found


def client_says(contact, text="Et alors ?"):
    current = Interaction.objects.get(pk=contact.pk)
    entry = write_entry(current, entry_name="Mme Dupont", notes=text, incoming=True, origin="portal")
    # The database says when, and its clock goes on.
    InteractionEntry.objects.filter(pk=entry.pk).update(created_at=timezone.now())
    entry_written(entry, current)
    return entry


def test_clocks_start_with_the_case(case):
    found = clocks(case)
    assert found["first"].due_at == at("2026-06-01T14:00")
    assert found["solution"].due_at == at("2026-06-08T10:00")
    assert set(found) == {"first", "solution"}
    assert now_of(case).sla_due_at == at("2026-06-01T14:00")


def test_an_internal_note_answers_nobody_and_what_is_said_to_the_client_does(case, agent, topic, clock_at):
    contact = contact_in(case, agent, topic, notes="Note interne", internal=True)
    clock_at("2026-06-01T11:00")
    add_entry(contact, by=agent, notes="Entre nous", internal=True)
    assert clocks(case)["first"].met_at is None
    clock_at("2026-06-01T12:00")
    add_entry(contact, by=agent, notes="Nous regardons votre facture.")
    first = clocks(case)["first"]
    assert (first.met_at, first.breached_at, first.check_at) == (at("2026-06-01T12:00"), None, None)
    assert now_of(case).sla_due_at == at("2026-06-08T10:00")


def test_what_the_client_says_wants_an_answer_once(case, agent, topic, clock_at):
    contact = contact_in(case, agent, topic, notes="Interne", internal=True)
    add_entry(contact, by=agent, notes="Réponse")
    clock_at("2026-06-01T16:00")
    client_says(contact)
    clock_at("2026-06-01T16:30")
    client_says(contact, "Allô ?")
    following = clocks(case)["next"]
    assert (following.started_at, following.due_at) == (at("2026-06-01T16:00"), at("2026-06-02T10:00"))
    assert now_of(case).sla_due_at == at("2026-06-02T10:00")
    clock_at("2026-06-02T11:00")
    add_entry(contact, by=agent, notes="Voici")
    following = clocks(case)["next"]
    assert (following.met_at, following.breached_at) == (at("2026-06-02T11:00"), at("2026-06-02T10:00"))
    clock_at("2026-06-02T12:00")
    client_says(contact, "Merci, et le remboursement ?")
    assert SlaClock.objects.filter(case=case, kind="next").count() == 2


def test_a_letter_is_an_answer(case, agent, org, clock_at):
    clock_at("2026-06-01T13:00")
    file = keep_file(organization=org, name="lettre.pdf", content=b"%PDF-1.7")
    actions.keep_case_document(now_of(case), by=agent, file=file, kind="letter", title="Réponse")
    CaseDocument.objects.update(created_at=timezone.now())
    follow_clocks(now_of(case))
    assert clocks(case)["first"].met_at == at("2026-06-01T13:00")


def test_waiting_for_the_client_moves_what_is_due_by_working_time(case, agent, clock_at):
    case = actions.change_state(now_of(case), by=agent, state="in_progress")
    clock_at("2026-06-01T12:00")
    case = actions.change_state(case, by=agent, state="deferred")
    assert clocks(case)["first"].paused_since == at("2026-06-01T12:00")
    assert now_of(case).sla_due_at is None
    told = {one.label: one.told for one in clocks_of(now_of(case))}
    assert told["Première réponse"] == "En pause, reste 2 heures ouvrées"
    clock_at("2026-06-03T10:00")  # five and eight hours and one: two of them were left
    case = actions.change_state(case, by=agent, state="in_progress")
    found = clocks(case)
    assert found["first"].due_at == at("2026-06-03T12:00")
    assert found["solution"].due_at == at("2026-06-09T16:00")
    assert found["first"].paused_seconds == 14 * 3600


def test_a_paused_plan_holds_the_clocks_too(case, agent, clock_at, monkeypatch):
    from entregent.cases.extension_points import waiting

    waiting.add(lambda _case: True, name="test")
    try:
        follow_clocks(now_of(case))
        assert clocks(case)["first"].paused_since is not None
    finally:
        waiting._contributions.pop("test")
    follow_clocks(now_of(case))
    assert clocks(case)["first"].paused_since is None


def test_a_case_that_is_done_has_kept_its_promise_and_goes_on_when_it_is_reopened(case, agent, clock_at):
    case = actions.change_state(now_of(case), by=agent, state="in_progress")
    clock_at("2026-06-03T10:00")
    case = actions.close_case(case, by=agent, reason="Réglé")
    found = clocks(case)
    assert found["solution"].met_at == at("2026-06-03T10:00")
    assert found["first"].dropped_at == at("2026-06-03T10:00")
    assert now_of(case).sla_due_at is None
    clock_at("2026-06-04T10:00")
    case = actions.change_state(case, by=agent, state="in_progress", reason="Pas fini")
    solution = clocks(case)["solution"]
    assert (solution.met_at, solution.due_at) == (None, at("2026-06-09T10:00"))


def test_a_cancelled_or_deleted_case_owes_nothing(case, agent, admin, clock_at):
    actions.close_case(now_of(case), by=agent, state="cancelled", reason="Erreur")
    assert all(one.dropped_at is not None for one in clocks(case).values())
    assert not SlaClock.objects.filter(check_at__isnull=False).exists()


def test_it_is_told_before_and_when_it_is_late_once_each(case, agent, clock_at, org):
    def told():
        enter(agent)
        return list(
            Notification.objects.filter(event__startswith="case_sla").order_by("id").values_list("event", "user_id")
        )

    clock_at("2026-06-01T13:00")
    assert tell_due() == 0
    clock_at("2026-06-01T13:15")
    assert (tell_due(), tell_due()) == (1, 0)
    assert told() == [("case_sla_soon", agent.user_id)]
    assert [one.state for one in clocks_of(now_of(case))] == ["soon", "running"]
    clock_at("2026-06-01T15:00")
    assert (tell_due(), tell_due()) == (1, 0)
    assert told() == [("case_sla_soon", agent.user_id), ("case_sla_late", agent.user_id)]
    enter(agent)
    late = clocks_of(now_of(case))[0]
    assert (late.state, late.told) == ("late", "En retard de 60 minutes ouvrées")
    follow_clocks(now_of(case))
    assert tell_due() == 0
    assert clocks(case)["first"].breached_at == at("2026-06-01T14:00")


def test_the_rule_of_the_nearest_type_then_of_the_category_holds(office, complaint):
    above = CaseType.objects.create(
        organization=office, code="reclamation", path="reclamation", label_fr="R", label_en="R"
    )
    general, of_category = SlaRule(solution="1 month"), SlaRule(category="VIP", solution="1 month")
    of_type, of_both = SlaRule(case_type=above), SlaRule(case_type=above, category="vip")
    of_leaf = SlaRule(case_type=complaint)
    path = complaint.path
    assert rule_for(path, "", [general]) is general
    assert rule_for(path, "", [of_category]) is None
    assert rule_for(path, "VIP", [general, of_category]) is of_category
    assert rule_for(path, "VIP", [of_category, of_type]) is of_type
    assert rule_for(path, "VIP", [of_type, of_both, general]) is of_both
    assert rule_for(path, "VIP", [of_both, of_leaf]) is of_leaf
    assert rule_for("reclamations", "", [of_type]) is None


def test_before_a_change_it_is_shown_what_moves_and_then_it_moves(case, rule, admin, agent, clock_at):
    enter(admin)
    clock_at("2026-06-01T13:00")
    preview = preview_rule(rule, by=admin, first_answer="1 working hour", solution="")
    assert (preview.cases, preview.late, preview.is_cut) == (1, 1, False)
    assert [(one.kind, one.before, one.after, one.is_late) for one in preview.moves] == [
        ("first", at("2026-06-01T14:00"), at("2026-06-01T11:00"), True),
        ("solution", at("2026-06-08T10:00"), None, False),
    ]
    assert clocks(case)["first"].due_at == at("2026-06-01T14:00")
    set_rule(rule, by=admin, version=1, first_answer="1 working hour", solution="")
    last = follow_chunk(admin.organization_id, after=0)
    assert follow_chunk(admin.organization_id, after=last) == 0
    found = clocks(case)
    assert found["first"].due_at == at("2026-06-01T11:00")
    assert "solution" not in found
    with pytest.raises(Stale):
        set_rule(rule, by=admin, version=1, first_answer="2 working hours")


def test_a_wrong_promise_is_refused(office, admin, rule):
    enter(admin)
    for values in (
        {"first_answer": "bientôt"}, {"first_answer": "-2 days"}, {"first_answer": ""},
        {"category": "", "solution": "1 month"},
    ):  # fmt: skip
        with pytest.raises(Refusal):
            set_rule(None, by=admin, **values)


def test_without_a_promise_nothing_runs(agent, client_north, complaint, office):
    enter(agent)
    case = actions.open_case(by=agent, client=client_north, case_type=complaint)
    assert not SlaClock.objects.exists()
    assert clocks_of(case) == []


def test_an_administrator_sets_delays_with_their_preview_and_the_list_shows_them(
    rule, client_north, complaint, admin, agent, signed_in
):
    enter(agent)
    case = actions.open_case(by=agent, client=client_north, case_type=complaint)
    http = signed_in(admin)
    page = "/eaux/administration/delais-de-reponse/"
    assert "Tous les types" in http.get(page).content.decode()
    assert http.get(f"{page}nouveau/").status_code == 200
    typed = {"first_answer": "1 working day", "version": "1", "is_active": "on"}
    body = http.post(f"{page}{rule.pk}/", typed | {"preview": "1"}).content.decode()
    assert f"n° {case.number}" in body.replace("\xa0", " ")
    assert "1 dossier ouvert change" in body
    assert http.post(f"{page}{rule.pk}/", typed).status_code == 303
    assert http.post(f"{page}{rule.pk}/", typed).status_code == 409
    assert http.post(f"{page}nouveau/", {"is_active": "on"}).status_code == 422
    assert signed_in(agent).get(page).status_code == 403
    body = signed_in(agent).get(f"/eaux/dossiers/{case.number}/").content.decode()
    assert "Première réponse" in body
    body = signed_in(agent).get("/eaux/dossiers/?tri=sla_due_at").content.decode()
    assert "Échéance SLA" in body


calendars = st.builds(
    WorkingCalendar,
    hours=st.sampled_from([None, (time(9), time(17))]),
    holidays=st.sampled_from(["", "FR", "QC"]),
    zone=st.sampled_from(["Europe/Paris", "America/Toronto", "Pacific/Auckland"]),
)
starts = st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
targets = st.sampled_from(["4 working hours", "3 working days", "10 days", "1 month", "24 hours"])
pauses = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), max_size=5)


@settings(deadline=None)
@given(calendars, starts, pauses, targets)
def test_whatever_the_pauses_what_was_worked_in_them_is_given_back_and_nothing_else(calendar, start, waits, target):
    """Over random pauses, days of changing clocks, ends of months: due = promise + working time of the pauses."""
    clock = SlaClock(kind="first", target=target, started_at=start, due_at=start)
    wanted = Wanted("first", target, start)
    set_clock(clock, wanted, calendar, start, is_waiting=False)
    promised = clock.due_at
    assert promised == calendar.due(target, start)
    moment, stood = start, timedelta(0)
    for before, length in waits:
        begins = moment + timedelta(minutes=before)
        ends = begins + timedelta(minutes=length)
        set_clock(clock, wanted, calendar, begins, is_waiting=True)
        set_clock(clock, wanted, calendar, begins + (ends - begins) / 2, is_waiting=True)  # asked again: no change
        assert clock.check_at is None
        set_clock(clock, wanted, calendar, ends, is_waiting=False)
        stood += calendar.between(begins, ends)
        moment = ends
    assert clock.due_at == calendar.later(promised, stood)
    assert clock.paused_seconds == stood.total_seconds()
    assert clock.due_at >= promised
    met = Wanted("first", target, start, met_at=moment)
    set_clock(clock, met, calendar, moment, is_waiting=False)
    assert (clock.breached_at is not None) is (moment > clock.due_at)


def test_many_cases_opened_at_once_get_their_clocks_and_their_messages(
    rule, org, admin, client_north, client_south, plain_type, settings
):
    settings.DEMO = True
    enter(admin)
    set_endpoint(by=admin, purpose=PURPOSE, url="http://127.0.0.1:9/", is_on=True)
    openings = [
        actions.Opening(client=one, title="Relance", automatic_key=f"k:{one.pk}")
        for one in (client_north, client_south)
    ]
    cases = actions.open_cases(openings, organization=org, case_type=plain_type, by=admin)
    assert SlaClock.objects.filter(case__in=cases).count() == 4
    for case in Case.objects.filter(pk__in=[one.pk for one in cases]):
        assert case.sla_due_at == min(one.due_at for one in case.clocks.all())
        assert case.external_state == "to_send"
        before = list(case.clocks.values_list("kind", "due_at", "check_at"))
        follow_clocks(now_of(case))
        assert list(case.clocks.values_list("kind", "due_at", "check_at")) == before
    assert Post.objects.count() == 2
    page = Case.objects.filter(sla_due_at__isnull=False)
    assert page.count() == 2
