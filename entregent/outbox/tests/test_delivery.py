"""Against a real mail server on loopback that misbehaves as mail servers do."""

import email
import os
import socket
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from entregent.access.wall import outside
from entregent.outbox.actions import retry_message, send_mail
from entregent.outbox.delivery import deliver_due
from entregent.outbox.models import Message
from testing.cast import enter, enter_organization
from testing.worker import start_worker, test_database_url


class Server:
    """Takes mails; `answers` are given first, one a mail: a reply, or "drop" to hang up after it was taken."""

    def __init__(self):
        self.taken = []
        self.answers = []

    async def handle_DATA(self, server, session, envelope):
        self.taken.append(email.message_from_bytes(envelope.content))
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer == "drop":
            server.transport.abort()
            return "421 gone"
        if not answer.startswith("2"):
            self.taken.pop()
        return answer

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("inconnu@"):
            return "550 no such user"
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
