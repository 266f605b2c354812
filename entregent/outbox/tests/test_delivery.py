"""Against a real mail server on loopback that misbehaves as mail servers do."""

import email
import os
import random
import socket
import subprocess
import sys
import time
from datetime import timedelta
from email.header import decode_header, make_header

import pytest
from aiosmtpd.controller import Controller
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from entregent.access.wall import outside
from entregent.documents.actions import keep_file, remove_content
from entregent.outbox.actions import _sender, retry_message, send_mail
from entregent.outbox.addresses import read_reply_address, reply_address
from entregent.outbox.delivery import _as_mail, deliver_due
from entregent.outbox.extension_points import Letterhead
from entregent.outbox.letters import compose, paragraphs_of
from entregent.outbox.models import Message
from entregent.toolbox.text import one_line
from testing.cast import enter, enter_organization
from testing.worker import start_worker, test_database_url


class Server:
    """Takes mails; `answers` are given first, one a mail: a reply, or "drop" to hang up after it was taken."""

    def __init__(self):
        self.taken = []
        self.answers = []
        self.reached = []
        self.busy = True

    async def handle_DATA(self, server, session, envelope):
        self.taken.append(email.message_from_bytes(envelope.content))
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer == "drop":
            server.transport.abort()
            return "421 gone"
        if not answer.startswith("2"):
            self.taken.pop()
        else:
            self.reached += envelope.rcpt_tos
        return answer

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("inconnu@"):
            return "550 no such user"
        if address.startswith("occupe@") and self.busy:
            return "450 mailbox busy"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    @property
    def ids(self):
        return [mail["Message-ID"] for mail in self.taken]


@pytest.fixture
def smtp(settings):
    handler = Server()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.MAIL_IS_KEPT = False
    handler.port = port
    yield handler
    controller.stop()


def mail(organization, number=1, **fields):
    return send_mail(
        organization_id=organization and organization.pk,
        to=fields.pop("to", f"destinataire{number}@example.com"),
        subject=f"Relance n° {number}",
        text="Bonjour, voici l'été.",
        **fields,
    )


def due_again():
    """As if the pause were over."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("UPDATE outbox_message SET next_try_at = now() - interval '1 second', leased_until = NULL")
        cursor.execute("SET ROLE entregent_app")


def test_a_mail_is_sent_once_with_its_parts(smtp, org):
    enter_organization(org)
    message = mail(org, html="<p>Bonjour</p>", reply_to="accueil@eaux.example")
    assert deliver_due() == 1
    assert deliver_due() == 0
    message.refresh_from_db()
    assert (message.state, message.tries, message.error) == ("sent", 1, "")
    assert smtp.ids == [message.message_id]
    taken = smtp.taken[0]
    assert taken.is_multipart()
    assert taken["Reply-To"] == "accueil@eaux.example"


def test_a_receiver_that_is_busy_is_tried_again_later_with_the_same_message_id(smtp, org):
    enter_organization(org)
    message = mail(org)
    smtp.answers = ["451 later", "451 later"]
    deliver_due()
    message.refresh_from_db()
    assert (message.state, message.tries) == ("pending", 1)
    assert "451" in message.error
    assert message.next_try_at > timezone.now() + timedelta(seconds=50)
    assert deliver_due() == 0
    for _again in range(2):
        due_again()
        deliver_due()
    message.refresh_from_db()
    assert (message.state, message.tries) == ("sent", 3)
    assert smtp.ids == [message.message_id]


def test_a_server_that_hangs_up_after_the_data_gets_a_repeat_with_the_same_message_id(smtp, org):
    enter_organization(org)
    message = mail(org)
    smtp.answers = ["drop"]
    deliver_due()
    due_again()
    deliver_due()
    message.refresh_from_db()
    assert message.state == "sent"
    assert smtp.ids == [message.message_id, message.message_id]


def test_after_five_tries_the_mail_has_failed_and_is_sent_again_on_demand(smtp, manager):
    message = mail(manager.organization)
    smtp.answers = ["451 no"] * 5
    for _try in range(5):
        deliver_due()
        due_again()
    message.refresh_from_db()
    assert (message.state, message.tries) == ("failed", 5)
    assert deliver_due() == 0
    retry_message(message, by=enter(manager))
    deliver_due()
    message.refresh_from_db()
    assert message.state == "sent"


def test_an_address_that_the_server_refuses_for_good_fails_at_once_and_holds_nothing_up(smtp, org):
    enter_organization(org)
    wrong = mail(org, to="inconnu@example.com")
    right = mail(org, 2)
    deliver_due()
    wrong.refresh_from_db()
    right.refresh_from_db()
    assert (wrong.state, right.state) == ("failed", "sent")


def test_a_subject_cannot_carry_headers(smtp, org):
    enter_organization(org)
    message = send_mail(
        organization_id=org.pk, to="a@example.com", subject="Bonjour\r\nBcc: b@example.com", text="texte"
    )
    assert "\n" not in message.subject
    deliver_due()
    assert smtp.taken[0]["Bcc"] is None


def test_without_a_mail_server_mails_are_kept_and_none_leaves(smtp, org, settings):
    settings.MAIL_IS_KEPT = True
    enter_organization(org)
    message = mail(org)
    deliver_due()
    message.refresh_from_db()
    assert message.state == "sent"
    assert smtp.taken == []


def test_a_message_under_lease_is_not_taken_twice(smtp, org):
    enter_organization(org)
    mail(org)
    with outside(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM outbox_lease(10, interval '1 minute')")
        assert len(cursor.fetchall()) == 1
    assert deliver_due() == 0


def test_within_an_organization_nothing_is_taken_settled_or_read_of_the_instance(org):
    enter_organization(org)
    message = mail(org)
    reset = mail(None)
    assert list(Message.objects.values_list("pk", flat=True)) == [message.pk]
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM outbox_lease(10, interval '1 minute')")
        assert cursor.fetchall() == []
        cursor.execute("SELECT outbox_settle(%s, 'sent', 1, interval '0', '', '', '{}')", [message.pk])
        cursor.execute("SELECT outbox_release(%s, interval '1 hour')", [[message.pk]])
    message.refresh_from_db()
    assert message.state == "pending"
    with outside():
        assert list(Message.objects.values_list("pk", flat=True)) == [reset.pk]
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(organization_id=None)


def test_the_sender_of_one_organization_is_not_seen_by_another(org, other_org):
    enter_organization(org)
    mail(org)
    enter_organization(other_org)
    assert not Message.objects.exists()


def test_a_rolled_back_action_leaves_no_mail(org):
    enter_organization(org)
    with transaction.atomic():
        mail(org)
        transaction.set_rollback(True)
    assert not Message.objects.exists()


def test_of_several_recipients_only_those_who_were_refused_for_now_get_another_try(smtp, org):
    enter_organization(org)
    message = mail(org, to=["a@example.com", "occupe@example.com", "inconnu@example.com"])
    deliver_due()
    message.refresh_from_db()
    assert (message.state, message.reason, message.reached) == ("pending", "busy", ["a@example.com"])
    smtp.busy = False
    due_again()
    deliver_due()
    message.refresh_from_db()
    # The one who is refused for good is named, and nobody got it twice.
    assert (message.state, message.reason) == ("failed", "address")
    assert "inconnu@example.com: 550" in message.error
    assert sorted(message.reached) == ["a@example.com", "occupe@example.com"]
    assert smtp.reached == ["a@example.com", "occupe@example.com"]


def test_while_the_mail_server_is_away_no_mail_comes_nearer_to_failing(smtp, org, settings):
    enter_organization(org)
    first, second = mail(org), mail(org, 2)
    there = settings.EMAIL_PORT
    settings.EMAIL_PORT = 1
    for _try in range(7):
        assert deliver_due() == 0
        due_again()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.tries, first.reason) == ("pending", 0, "away")
    assert (second.state, second.tries) == ("pending", 0)
    settings.EMAIL_PORT = there
    assert deliver_due() == 2
    assert set(smtp.ids) == {first.message_id, second.message_id}


def test_a_mail_that_cannot_be_composed_fails_and_keeps_no_other_from_leaving(smtp, org):
    enter_organization(org)
    wrong = mail(org)
    Message.objects.filter(pk=wrong.pk).update(subject="Deux\nlignes", next_try_at=timezone.now() - timedelta(hours=1))
    right = mail(org, 2)
    assert deliver_due() == 2
    wrong.refresh_from_db()
    right.refresh_from_db()
    assert (wrong.state, wrong.reason, right.state) == ("failed", "wrong", "sent")


def test_the_layout_carries_the_organizations_name_and_signature_in_the_readers_language(smtp, org):
    org.mail_sender_name = 'Accueil "Eaux"'
    org.mail_sender_address = org.mail_sender_confirmed = "accueil@eaux.example"
    org.mail_signature_fr, org.mail_signature_en = "Eaux du Val\n12 rue des Puits", "Eaux du Val\nFrance"
    org.save()
    enter_organization(org)
    send_mail(
        organization_id=org.pk,
        to="claire@example.com",
        subject="Your request",
        paragraphs=["Hello,", "Line 1 <b>\nline 2"],
        button=("Open", "http://127.0.0.1:8000/portail/"),
        language="en",
    )
    deliver_due()
    taken = smtp.taken[0]
    assert str(make_header(decode_header(taken["From"]))) == '"Accueil Eaux" <accueil@eaux.example>'
    text, html = (part.get_payload(decode=True).decode().replace("\r\n", "\n") for part in taken.get_payload())
    assert text.endswith("Open\nhttp://127.0.0.1:8000/portail/\n\n-- \nEaux du Val\nFrance\n")
    assert "Line 1 &lt;b&gt;<br>line 2" in html
    assert "If the button does not respond:" in html
    assert 'style="' in html
    assert "<style" not in html
    # Opening it loads nothing from anywhere.
    assert "src=" not in html
    assert "<link" not in html


def test_mails_about_one_record_stand_in_one_thread_and_carry_its_reply_address(smtp, org):
    org.mail_reply_address, org.replies_by_mail = "contact@eaux.example", True
    org.save()
    enter_organization(org)
    for _again in range(2):
        mail(org, thread=("i", 123), in_reply_to="<question@example.com>", nature=Message.Nature.LETTER)
    deliver_due()
    first, second = smtp.taken
    assert first["References"] == second["References"]
    assert first["References"].split()[1] == first["In-Reply-To"] == "<question@example.com>"
    assert first["Reply-To"].startswith("contact+i123-")
    assert first["Reply-To"].endswith("@eaux.example")
    # A letter that a person wrote may be answered by a machine, an alert may not.
    assert first["Auto-Submitted"] is None


def test_a_digest_says_how_to_be_rid_of_it(smtp, org):
    enter_organization(org)
    mail(org, nature=Message.Nature.DIGEST, unsubscribe_url="https://grc.example/eaux/notifications/choix/")
    deliver_due()
    assert smtp.taken[0]["List-Unsubscribe"] == "<https://grc.example/eaux/notifications/choix/>"
    assert smtp.taken[0]["Auto-Submitted"] == "auto-generated"


def test_a_kept_file_travels_with_its_mail_and_one_that_is_gone_is_told(smtp, org):
    enter_organization(org)
    file = keep_file(organization=org, name="Relevé été.txt", content=b"42 m3")
    gone = keep_file(organization=org, name="parti.txt", content=b"rien")
    mail(org, attachments=[file.pk])
    missing = mail(org, 2, attachments=[gone.pk])
    remove_content(gone)
    deliver_due()
    missing.refresh_from_db()
    assert (missing.state, missing.reason) == ("failed", "attachment")
    carried = smtp.taken[0].get_payload()[1]
    assert carried.get_filename() == "Relevé été.txt"
    assert carried.get_payload(decode=True) == b"42 m3"


def test_a_reply_address_holds_for_its_organization_and_record_only(org, other_org):
    for one in (org, other_org):
        one.mail_reply_address, one.replies_by_mail = "contact@eaux.example", True
    address = reply_address(org, "i", 123)
    assert read_reply_address(address, org) == ("i", 123)
    assert read_reply_address(address.upper(), org) == ("i", 123)
    assert read_reply_address(f"Contact <{address}>", org) == ("i", 123)
    assert read_reply_address(address, other_org) is None
    assert read_reply_address(address.replace("i123", "i124"), org) is None
    for wrong in ("", "@", "contact@eaux.example", "contact+i123-@eaux.example", "+i-@x", "é+i1-" + "a" * 16 + "@x"):
        assert read_reply_address(wrong, org) is None
    org.replies_by_mail = False
    assert reply_address(org, "i", 123) == ""


def test_one_transaction_wakes_the_sender_once(org):
    enter_organization(org)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'entregent.outbox.deliver_due'")
        (before,) = cursor.fetchone()
        for number in range(5):
            mail(org, number)
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'entregent.outbox.deliver_due'")
        assert cursor.fetchone()[0] == before + 1


@given(subject=st.text(max_size=200), text=st.text(max_size=400), name=st.text(max_size=60), reply=st.text(max_size=60))
@settings_of_hypothesis(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_text_makes_a_header_of_its_own(subject, text, name, reply):
    letterhead_ = Letterhead(name=name, sender_name=name, signature_fr=text)
    drawn, html = compose(
        subject=subject, paragraphs=paragraphs_of(text), button=None, letterhead=letterhead_, language="fr"
    )
    message = Message(
        sender=_sender(letterhead_, ""), recipients=["a@example.com"], subject=one_line(subject)[:900],
        text=drawn, html=html, reply_to=one_line(reply), message_id="<1@example.com>", created_at=timezone.now(),
    )  # fmt: skip
    try:
        raw = _as_mail(message).message().as_bytes()
    except ValueError:
        return
    read = email.message_from_bytes(raw)
    assert set(read.keys()) <= {
        "Content-Type", "MIME-Version", "Subject", "From", "To", "Reply-To", "Message-ID", "Date", "Auto-Submitted",
    }  # fmt: skip
    assert "<script" not in html.lower() or "&lt;script" in html.lower()


@pytest.mark.django_db(transaction=True)
def test_kills_of_the_sender_and_a_bad_server_lose_no_mail(smtp):
    """100 mails, a server that refuses some and hangs up on some, the sender killed over and over."""
    smtp.answers = ["250 OK", "451 later", "drop", "250 OK", "250 OK"] * 12
    with transaction.atomic():
        ids = [mail(None, number).message_id for number in range(100)]
    program = (
        "import django; django.setup()\n"
        "from datetime import timedelta\n"
        "from django.conf import settings\n"
        "from entregent.outbox.delivery import deliver_due\n"
        "import time\n"
        "while True:\n"
        "    deliver_due(lease=timedelta(seconds=0.2), pauses=[0.001] * 5)\n"
        "    time.sleep(0.02)\n"
    )
    environment = os.environ | {
        "ENTREGENT_DATABASE_URL": test_database_url(),
        "ENTREGENT_MAIL_URL": f"smtp://127.0.0.1:{smtp.port}",
    }
    begun = time.monotonic()
    kills = 0
    while Message.objects.filter(state="pending").exists():
        assert time.monotonic() - begun < 120
        before = len(smtp.taken)
        sender = subprocess.Popen([sys.executable, "-c", program], env=environment)
        while len(smtp.taken) < before + 25 and Message.objects.filter(state="pending").exists():
            time.sleep(0.003)
            assert time.monotonic() - begun < 120
        sender.kill()
        sender.wait()
        kills += 1
    assert kills >= 3
    assert set(smtp.ids) == set(ids)
    assert Message.objects.filter(state="sent").count() == 100


@pytest.mark.django_db(transaction=True)
def test_the_worker_sends_a_mail_as_soon_as_it_is_committed(smtp):
    worker = start_worker(ENTREGENT_MAIL_URL=f"smtp://127.0.0.1:{smtp.port}")
    try:
        with transaction.atomic():
            message = mail(None)
        begun = time.monotonic()
        while not smtp.taken:
            time.sleep(0.05)
            assert time.monotonic() - begun < 60
        assert smtp.ids == [message.message_id]
    finally:
        worker.terminate()
        assert worker.wait(timeout=30) == 0
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")


# Writes each Message-ID down before it acknowledges: what is not in the file was never taken.
SERVER = """
import email, sys, time
from aiosmtpd.controller import Controller
log = open(sys.argv[1], "a")
class Handler:
    async def handle_DATA(self, server, session, envelope):
        log.write(email.message_from_bytes(envelope.content)["Message-ID"] + "\\n")
        log.flush()
        return "250 OK"
Controller(Handler(), hostname="127.0.0.1", port=int(sys.argv[2])).start()
while True:
    time.sleep(60)
"""
SENDER = """
import django; django.setup()
import time
from datetime import timedelta
from entregent.outbox import delivery
delivery.AWAY = timedelta(milliseconds=50)
while True:
    delivery.deliver_due(lease=timedelta(seconds=0.5), pauses=[0.001] * 5)
    time.sleep(0.02)
"""


def kill_both_until_all_is_settled(path, count, smtp_port, *, kills_wanted, seconds):
    """Sender and mail server are killed at random moments; what the server took stands in the file at `path`."""
    with transaction.atomic():
        ids = [mail(None, number).message_id for number in range(count)]
    path.touch()
    chance = random.Random(count)
    environment = os.environ | {
        "ENTREGENT_DATABASE_URL": test_database_url(),
        "ENTREGENT_MAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
    }
    start = {
        "server": lambda: subprocess.Popen([sys.executable, "-c", SERVER, str(path), str(smtp_port)]),
        "sender": lambda: subprocess.Popen([sys.executable, "-c", SENDER], env=environment),
    }
    running = {name: make() for name, make in start.items()}
    begun = time.monotonic()
    kills = 0
    next_kill = count // kills_wanted
    try:
        while Message.objects.filter(state="pending").exists():
            assert time.monotonic() - begun < seconds
            time.sleep(0.02)
            if len(path.read_text().split()) >= next_kill:
                victim = chance.choice(["server", "sender"])
                running[victim].kill()
                running[victim].wait()
                running[victim] = start[victim]()
                kills += 1
                next_kill += chance.randint(count // kills_wanted // 2, count // kills_wanted)
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    return ids, path.read_text().split(), kills


def check_what_arrived(ids, taken, kills):
    assert kills >= 3
    assert set(taken) == set(ids)
    assert Message.objects.filter(state="sent").count() == len(ids)
    # A repeat is possible only where the server had taken a mail and nobody lived to note it: one a kill at most.
    assert len(taken) - len(ids) <= kills


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.mark.django_db(transaction=True)
def test_kills_of_the_sender_and_of_the_mail_server_lose_no_mail(tmp_path):
    check_what_arrived(
        *kill_both_until_all_is_settled(tmp_path / "taken", 100, free_port(), kills_wanted=4, seconds=200)
    )


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_kills_during_a_thousand_mails_lose_none(tmp_path):
    check_what_arrived(
        *kill_both_until_all_is_settled(tmp_path / "taken", 1000, free_port(), kills_wanted=20, seconds=900)
    )
