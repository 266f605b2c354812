"""Who is told of what, how it reaches them, and that nothing is told beyond one's reach."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from entregent.clients.actions import set_credit_hold
from entregent.clients.news import CREDIT_HOLD_SET
from entregent.interactions.models import Interaction, Topic
from entregent.interactions.notices import FOLLOW_UP_DUE
from entregent.interactions.reminders import remind
from entregent.jobs.models import Job
from entregent.notifications import digest
from entregent.notifications.actions import mark_read, notify, set_preferences, subscribers
from entregent.notifications.jobs import JOB_FAILED, tell_initiator
from entregent.notifications.models import Notification, Preference
from entregent.outbox.models import Message
from testing.cast import enter, grant

LIST = "/eaux/notifications/"


def choose(member, event, **choice):
    choice = {"scope": "mine", "in_app": True, "mail": "none"} | choice
    set_preferences(by=enter(member), choices={event: choice})


def tell(organization, users, client=None, **fields):
    return notify(
        organization=organization,
        event=CREDIT_HOLD_SET,
        users=[user.user_id for user in users],
        client_id=client and client.pk,
        url="/eaux/",
        words={"client": "Durand & Fils"},
        **fields,
    )


def test_the_agent_in_charge_is_told_of_a_credit_hold_and_who_sets_it_is_not(agent, manager, client_north, signed_in):
    enter(manager)
    client_north.responsible = agent.user
    client_north.save(update_fields=["responsible"])
    set_credit_hold(client_north, by=manager, reason="limit")
    assert list(Notification.objects.values_list("user_id", "event")) == [(agent.user_id, CREDIT_HOLD_SET)]
    page = signed_in(agent).get(LIST).content.decode()
    assert f"{client_north.display_name} est en blocage de crédit." in page
    assert "en blocage de crédit" not in signed_in(manager).get(LIST).content.decode()


def test_the_bell_counts_what_is_unread_and_opening_one_reads_it(agent, org, signed_in, client_north):
    enter(agent)
    tell(org, [agent], client_north)
    tell(org, [agent], client_north)
    http = signed_in(agent)
    assert ">2<" in http.get(f"{LIST}cloche/").content.decode()
    assert "Durand &amp; Fils" in http.get(f"{LIST}dernieres/").content.decode()
    enter(agent)
    answer = http.get(f"{LIST}{Notification.objects.first().pk}/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/eaux/")
    assert ">1<" in http.get(f"{LIST}nombre/").content.decode()
    http.post(f"{LIST}lues/")
    assert "g-count" not in http.get(f"{LIST}nombre/").content.decode()


def test_a_client_that_left_ones_reach_is_told_of_no_more(agent, org, signed_in, client_south):
    enter(agent)
    tell(org, [agent], client_south)
    notification = Notification.objects.get()
    http = signed_in(agent)
    assert "Durand" not in http.get(LIST).content.decode()
    assert "Durand" not in http.get(f"{LIST}dernieres/").content.decode()
    assert "g-count" not in http.get(f"{LIST}cloche/").content.decode()
    assert http.get(f"{LIST}{notification.pk}/").status_code == 404
    grant(agent)
    assert "Durand" in http.get(LIST).content.decode()


def test_nobody_opens_what_was_told_to_another(agent, manager, org, signed_in, client_north):
    enter(agent)
    tell(org, [agent], client_north)
    notification = Notification.objects.get()
    assert signed_in(manager).get(f"{LIST}{notification.pk}/").status_code == 404


def test_a_mail_at_once_leaves_in_the_readers_language_and_only_within_reach(
    agent, manager, org, client_north, client_south
):
    for member in (agent, manager):
        choose(member, CREDIT_HOLD_SET, scope="all", mail="now")
    manager.user.language = "en"
    manager.user.save()
    enter(agent)
    tell(org, [agent, manager], client_south)
    mails = list(Message.objects.order_by("id"))
    assert [mail.recipients for mail in mails] == [[manager.user.email]]
    assert "Durand & Fils is on credit hold." in mails[0].text
    assert mails[0].client_id == client_south.pk
    tell(org, [agent], client_north)
    assert Message.objects.filter(recipients=[agent.user.email], subject__contains="blocage").count() == 1


def test_who_follows_all_clients_is_a_subscriber_and_who_wants_none_is_not(agent, manager, org, client_north):
    enter(agent)
    client_north.responsible = agent.user
    client_north.save(update_fields=["responsible"])
    assert subscribers(org, CREDIT_HOLD_SET, client_north.pk) == [agent.user_id]
    choose(manager, CREDIT_HOLD_SET, scope="all")
    choose(agent, CREDIT_HOLD_SET, scope="none")
    assert subscribers(org, CREDIT_HOLD_SET, client_north.pk) == [manager.user_id]


def test_who_has_both_channels_off_gets_no_row(agent, org, client_north):
    choose(agent, CREDIT_HOLD_SET, in_app=False)
    assert tell(org, [agent], client_north) == 0
    assert not Notification.objects.exists()


def test_the_page_of_choices_saves_them_and_refuses_nothing_that_it_offers(agent, signed_in):
    http = signed_in(agent)
    page = http.get(f"{LIST}choix/").content.decode()
    assert "Un client est mis en blocage de crédit" in page
    answer = http.post(f"{LIST}choix/", {f"{CREDIT_HOLD_SET}.scope": "all", f"{CREDIT_HOLD_SET}.mail": "rien"})
    assert answer.status_code == 303
    enter(agent)
    saved = Preference.objects.get(event=CREDIT_HOLD_SET)
    # What nobody could choose leaves the choice as it was.
    assert (saved.scope, saved.in_app, saved.mail) == ("all", False, "none")


def seven(day: int) -> datetime:
    return datetime(2026, 11, day, 7, 5, tzinfo=ZoneInfo("Europe/Paris"))


def written_at(moment):
    Notification.objects.update(created_at=moment)


def test_the_digest_leaves_once_at_seven_with_what_is_in_reach(agent, org, client_north, client_south):
    choose(agent, CREDIT_HOLD_SET, mail="daily")
    tell(org, [agent], client_north)
    tell(org, [agent], client_south)
    written_at(seven(22) - timedelta(hours=3))
    assert digest.send_due(seven(22) - timedelta(minutes=10)) == 0
    assert digest.send_due(seven(22)) == 1
    assert digest.send_due(seven(22)) == 0
    enter(agent)
    mail = Message.objects.get()
    assert mail.text.count("Durand & Fils") == 1
    assert mail.nature == "digest"
    assert mail.unsubscribe_url.endswith("/eaux/notifications/choix/")


def test_what_happens_after_seven_waits_and_an_outage_is_caught_up(agent, org, client_north):
    choose(agent, CREDIT_HOLD_SET, mail="daily")
    tell(org, [agent], client_north)
    written_at(seven(22) + timedelta(hours=1))
    assert digest.send_due(seven(22) + timedelta(hours=5)) == 0
    # Nothing ran on the 23rd.
    assert digest.send_due(seven(24) + timedelta(hours=4)) == 1


def test_a_failed_job_is_told_to_who_asked_for_it(agent, org):
    enter(agent)
    job = Job.objects.create(
        organization_id=org.pk, kind="export", label="Export", initiator_id=agent.user_id, error="Plus de place."
    )
    tell_initiator(job)
    told = Notification.objects.get()
    assert (told.user_id, told.event, told.words["reason"]) == (agent.user_id, JOB_FAILED, "Plus de place.")


def test_follow_ups_that_are_due_are_told_once_each_morning(agent, org, client_north):
    enter(agent)
    topic = Topic.objects.create(organization=org, code="suivi", label_fr="Suivi", label_en="Follow-up")
    today = seven(22).date()
    for number, day in enumerate((today, today - timedelta(days=2), today + timedelta(days=1)), 1):
        Interaction.objects.create(
            organization=org, client=client_north, topic=topic, number=number, channel="phone_call",
            occurred_at=seven(1), follow_up_on=day, follow_up_owner=agent.user,
        )  # fmt: skip
    assert remind(seven(22) - timedelta(minutes=10)) == 0
    assert remind(seven(22)) == 2
    assert remind(seven(22) + timedelta(hours=2)) == 0
    enter(agent)
    assert set(Notification.objects.filter(event=FOLLOW_UP_DUE).values_list("words__on", flat=True)) == {
        "2026-11-22", "2026-11-20",
    }  # fmt: skip
    # Postponed, it is told again on its new day.
    Interaction.objects.filter(follow_up_on=today).update(follow_up_on=today + timedelta(days=1))
    assert remind(seven(23)) == 2
    choose(agent, FOLLOW_UP_DUE, in_app=False)
    Interaction.objects.update(follow_up_on=today + timedelta(days=2))
    assert remind(seven(24)) == 0


def test_what_was_told_half_a_year_ago_is_forgotten(agent, org, client_north):
    enter(agent)
    tell(org, [agent], client_north)
    tell(org, [agent], client_north)
    Notification.objects.filter(pk=Notification.objects.first().pk).update(
        created_at=timezone.now() - timedelta(days=181)
    )
    assert digest.forget_old() == 1
    enter(agent)
    assert Notification.objects.count() == 1


def test_notifications_of_one_organization_are_behind_its_wall(agent, stranger, org, client_north):
    enter(agent)
    tell(org, [agent], client_north)
    mark_read(by=agent)
    enter(stranger)
    assert not Notification.objects.exists()


@pytest.mark.parametrize("address", ["cloche/", ""])
def test_pages_of_notifications_take_few_statements(address, agent, org, client_north, signed_in):
    enter(agent)
    for _one in range(5):
        tell(org, [agent], client_north)
    http = signed_in(agent)
    http.get(f"{LIST}{address}")
    with connection.execute_wrapper(counter := Counter()):
        http.get(f"{LIST}{address}")
    few = counter.count
    enter(agent)
    for _one in range(30):
        tell(org, [agent], client_north)
    with connection.execute_wrapper(counter := Counter()):
        http.get(f"{LIST}{address}")
    assert counter.count == few


class Counter:
    def __init__(self):
        self.count = 0

    def __call__(self, execute, *args):
        self.count += 1
        return execute(*args)
