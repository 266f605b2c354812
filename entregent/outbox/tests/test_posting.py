"""HTTP messages against a real server on loopback that misbehaves as servers do."""

import os
import random
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from standardwebhooks import Webhook

from entregent.access.wall import in_organization, outside
from entregent.organizations.actions import create_organization
from entregent.outbox import endpoints, posting
from entregent.outbox.extension_points import post_outcomes
from entregent.outbox.models import Endpoint, EndpointState, Post
from entregent.outbox.posting import post_due
from entregent.toolbox.errors import Refusal, Stale
from testing.cast import enter, make_client, make_member
from testing.existing_system import ExistingSystem
from testing.worker import test_database_url


@pytest.fixture
def system(settings):
    settings.DEMO = True
    with ExistingSystem() as running:
        yield running


@pytest.fixture
def endpoint(system, org, admin):
    enter(admin)
    made, system.secret = endpoints.set_endpoint(by=admin, purpose="trial", url=system.url, is_on=True)
    return made


def write(endpoint, record, number=1, **more):
    data = {"number": number, **more}
    writing = endpoints.Writing(data, record, f"n° {number}")
    return endpoints.write_posts(endpoint, "case.opened", [writing])[0]


def due_again():
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("UPDATE outbox_post SET next_try_at = now() - interval '1 second', leased_until = NULL")
        cursor.execute("UPDATE outbox_endpointstate SET paused_until = NULL")
        cursor.execute("SET ROLE entregent_app")


def test_a_message_leaves_once_signed_and_its_answer_is_kept(system, endpoint, client_north):
    post = write(endpoint, client_north, 7)
    with outside():
        assert post_due() == 1
        assert post_due() == 0
    post.refresh_from_db()
    assert (post.state, post.tries, post.status, post.answer) == ("sent", 1, 200, '{"number": "AFF-2026-00001"}')
    assert system.ids == [post.webhook_id]
    assert system.refused == []
    assert system.taken[0]["body"]["type"] == "case.opened"
    assert system.taken[0]["body"]["data"] == {"number": 7}
    assert EndpointState.objects.get(endpoint=endpoint).answered_at is not None


@pytest.mark.parametrize(
    ("answer", "reason", "pause"),
    [(500, "trouble", 50), (408, "trouble", 50), ((503, {"Retry-After": "120"}), "busy", 110),
     ((429, {"Retry-After": "90"}), "busy", 80), ((429, {}), "busy", 50), ("cut", "away", 50)],
)  # fmt: skip
def test_what_is_for_now_is_tried_again_with_the_same_id(system, endpoint, client_north, answer, reason, pause):
    system.answers = [answer, answer]
    post = write(endpoint, client_north)
    with outside():
        post_due()
        post_due()
    post.refresh_from_db()
    assert (post.state, post.reason) == ("pending", reason)
    assert post.next_try_at > timezone.now() + timedelta(seconds=pause)
    assert len(system.taken) == 1
    with outside():
        for _again in range(2):
            due_again()
            post_due()
    post.refresh_from_db()
    assert post.state == "sent"
    assert system.ids == [post.webhook_id] * 3
    assert [one["body"] for one in system.taken[1:]] == [system.taken[0]["body"]] * 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [((302, {"Location": "http://127.0.0.1:1/"}), "redirect"), (400, "refused"), (404, "refused"), (410, "gone")],
)
def test_what_is_for_good_has_failed_and_says_why(system, endpoint, client_north, answer, reason):
    system.answers = [answer]
    post = write(endpoint, client_north)
    with outside():
        post_due()
        due_again()
        post_due()
    post.refresh_from_db()
    assert (post.state, post.reason, len(system.taken)) == ("failed", reason, 1)
    endpoint.refresh_from_db()
    assert endpoint.is_on is (reason != "gone")


def test_while_a_system_is_away_nothing_is_held_against_its_messages(system, endpoint, client_north, client_south):
    system.__exit__()
    first, second = write(endpoint, client_north), write(endpoint, client_south)
    with outside():
        for _again in range(12):
            post_due()
            due_again()
    for post in (first, second):
        post.refresh_from_db()
        assert (post.state, post.tries) == ("pending", 0)
    assert first.reason == "away"
    state = EndpointState.objects.get(endpoint=endpoint)
    assert state.away == 12
    assert "refused" in state.error.lower()


def test_one_that_does_not_answer_in_time_makes_the_others_wait(system, endpoint, client_north, monkeypatch):
    monkeypatch.setattr(posting, "TIMEOUT_SECONDS", 0.5)
    system.answers, system.late = ["late"], 2
    post = write(endpoint, client_north)
    with outside():
        begun = time.monotonic()
        post_due()
        assert time.monotonic() - begun < 3
    post.refresh_from_db()
    assert (post.state, post.reason) == ("pending", "late")


def test_after_the_last_try_it_has_failed_until_somebody_sends_it_again(system, endpoint, client_north, admin):
    system.answers = [500] * posting.MOST_TRIES
    post = write(endpoint, client_north)
    with outside():
        for _again in range(posting.MOST_TRIES):
            post_due()
            due_again()
    post.refresh_from_db()
    assert (post.state, post.tries) == ("failed", posting.MOST_TRIES)
    enter(admin)
    assert endpoints.retry_posts(endpoints.posts_visible_to(admin), by=admin) == 1
    with outside():
        post_due()
    post.refresh_from_db()
    assert post.state == "sent"
    assert len(set(system.ids)) == 1


def test_messages_of_one_record_keep_their_order_others_overtake(system, endpoint, client_north, client_south):
    system.answers = [500]
    first, second = write(endpoint, client_north, 1), write(endpoint, client_north, 2)
    other = write(endpoint, client_south, 3)
    with outside():
        post_due()
        assert system.ids == [first.webhook_id, other.webhook_id]
        due_again()
        post_due()
    assert system.ids == [first.webhook_id, other.webhook_id, first.webhook_id, second.webhook_id]


def test_what_failed_holds_what_follows_it(system, endpoint, client_north):
    system.answers = [400]
    first, second = write(endpoint, client_north, 1), write(endpoint, client_north, 2)
    with outside():
        post_due()
        due_again()
        post_due()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state, len(system.taken)) == ("failed", "pending", 1)


def test_the_former_secret_signs_for_a_day_longer(system, endpoint, client_north, admin):
    former = system.secret
    secret = endpoints.rotate_secret(endpoint, by=admin)
    for one in (former, secret):
        system.secret = one
        write(endpoint, client_north)
        with outside():
            post_due()
    assert len(system.taken) == 2
    assert system.refused == []
    enter(admin)
    EndpointState.objects.update(old_secret_until=timezone.now() - timedelta(seconds=1))
    state = EndpointState.objects.get()
    headers = endpoints.signed(state, "msg_1", "{}", timezone.now())
    assert len(headers["webhook-signature"].split()) == 1
    Webhook(secret).verify("{}", headers)
    assert former not in state.old_secret
    assert secret not in state.secret


def test_a_wrong_secret_is_refused_by_the_other_side(system, endpoint, client_north):
    system.secret = endpoints.new_secret()
    post = write(endpoint, client_north)
    with outside():
        post_due()
    post.refresh_from_db()
    assert (post.state, post.status) == ("failed", 401)


def test_what_becomes_of_it_is_told_in_the_same_transaction(system, endpoint, client_north, client_south):
    told = []

    def listen(post, answer):
        told.append((post.subject_id, answer))
        if post.subject_id == client_south.pk:
            raise ZeroDivisionError

    post_outcomes.add(listen, name="listen")
    try:
        good, bad = write(endpoint, client_north), write(endpoint, client_south, 2)
        with outside():
            post_due()
    finally:
        post_outcomes._contributions.pop("listen")
    good.refresh_from_db()
    bad.refresh_from_db()
    assert told[0] == (client_north.pk, {"number": "AFF-2026-00001"})
    assert (good.state, bad.state, bad.reason) == ("sent", "pending", "fault")


def test_one_that_is_off_keeps_its_messages(system, endpoint, client_north, admin):
    post = write(endpoint, client_north)
    endpoints.set_endpoint(by=admin, purpose="trial", url=system.url, is_on=False, version=1)
    with outside():
        assert post_due() == 0
    enter(admin)
    endpoints.set_endpoint(by=admin, purpose="trial", url=system.url, is_on=True, version=2)
    with outside():
        assert post_due() == 1
    post.refresh_from_db()
    assert post.state == "sent"


def test_a_stale_change_and_an_address_of_our_network_are_refused(system, endpoint, admin):
    with pytest.raises(Stale):
        endpoints.set_endpoint(by=admin, purpose="trial", url=system.url, is_on=True, version=9)
    for url in ("http://10.0.0.1/", "https://10.0.0.1/", "https://169.254.169.254/latest", "", "http://192.0.2.9/"):
        with pytest.raises(Refusal):
            endpoints.set_endpoint(by=admin, purpose="trial", url=url, is_on=True, version=1)
    assert Endpoint.objects.get().url == system.url


def test_in_earnest_this_machine_is_not_reached(system, endpoint, client_north, settings):
    post = write(endpoint, client_north)
    settings.DEMO = settings.DEBUG = False
    with outside():
        post_due()
    post.refresh_from_db()
    assert (post.state, post.reason, system.taken) == ("failed", "address", [])


def test_a_trial_says_what_the_other_side_answered(system, endpoint, admin):
    assert endpoints.try_endpoint(endpoint, by=admin).status == 200
    assert system.taken[0]["body"]["type"] == "ping"
    for answer, words in ((500, "500"), ((302, {"Location": "/"}), "302"), ("cut", "ne répond pas")):
        system.answers = [answer]
        with pytest.raises(Refusal, match=words):
            endpoints.try_endpoint(endpoint, by=admin)
    assert not Post.objects.exists()


def test_another_organization_sees_and_leases_nothing(system, endpoint, client_north, admin, stranger):
    enter(admin)
    write(endpoint, client_north)
    enter(stranger)
    assert not Post.objects.exists()
    assert not EndpointState.objects.exists()
    assert list(Post.objects.raw("SELECT * FROM outbox_lease_posts(10, '1 minute')")) == []


@pytest.mark.django_db(transaction=True)
def test_kills_of_the_sender_lose_nothing_and_every_id_counts_once(settings):
    """60 messages, a server that stumbles, the sender killed over and over: none lost, one number for each."""
    settings.DEMO = True
    organization = create_organization(slug="course", name="Course", trade="water")
    with in_organization(organization.pk):
        member = make_member(organization, "a@course.example", "Ada Course", "admin")
        records = make_client(organization, "1", "Dupont")
    with ExistingSystem() as system:
        with in_organization(member.organization_id), transaction.atomic():
            endpoint, system.secret = endpoints.set_endpoint(by=member, purpose="trial", url=system.url, is_on=True)
            ids = [write(endpoint, records, number).webhook_id for number in range(1, 61)]
            for place, post in enumerate(Post.objects.order_by("pk")):  # each of a record of its own
                Post.objects.filter(pk=post.pk).update(subject_id=place + 1)
        system.answers = [200, 500, "cut", 200] * 8
        program = (
            "import django; django.setup()\n"
            "from datetime import timedelta\n"
            "from entregent.outbox import posting\n"
            "posting.PAUSES = (0.001,) * 40; posting.MOST_TRIES = 40; posting.AWAY = (0.001,)\n"
            "import time\n"
            "while True:\n"
            "    posting.post_due(lease=timedelta(seconds=0.4))\n"
            "    time.sleep(0.02)\n"
        )
        environment = os.environ | {"ENTREGENT_DATABASE_URL": test_database_url(), "ENTREGENT_DEMO": "true"}
        chance, kills, begun = random.Random(7), 0, time.monotonic()

        def waits():
            with in_organization(member.organization_id):
                return Post.objects.exclude(state="sent").exists()

        while waits():
            assert time.monotonic() - begun < 180
            before = len(system.taken)
            sender = subprocess.Popen([sys.executable, "-c", program], env=environment)
            wanted = before + chance.randint(8, 16)
            while len(system.taken) < wanted and waits():
                assert sender.poll() is None
                assert time.monotonic() - begun < 180
                time.sleep(chance.random() * 0.01)
            sender.kill()
            sender.wait()
            kills += 1
        assert kills >= 3
        assert set(system.ids) == set(ids)
        assert len(system.numbers) == 60
        with in_organization(member.organization_id):
            assert set(Post.objects.values_list("state", flat=True)) == {"sent"}
