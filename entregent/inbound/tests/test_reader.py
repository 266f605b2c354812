"""Mailboxes read for good: a real Dovecot, a real reader, both killed; nothing lost, nothing twice."""

import os
import random
import smtplib
import subprocess
import sys
import threading
import time

import pytest
from django.conf import settings
from django.db import connection, transaction

from entregent.access.wall import in_organization
from entregent.inbound import filing, lmtp, mailboxes
from entregent.inbound.models import Mailbox, MailboxState, RawMail
from entregent.inbound.reader import MailboxSource, Reader
from entregent.interactions.models import InteractionEntry, Topic
from entregent.notifications.models import Notification
from testing.cast import grant, make_client, make_member, make_organization
from testing.dovecot import PASSWORD, Dovecot
from testing.mails import make_mail
from testing.worker import test_database_url

NAME = "contact@eaux.example"
PROGRAM = (
    "import django; django.setup()\n"
    "import sys\n"
    "from entregent.inbound.reader import Readers\n"
    "Readers(url=sys.argv[1] if len(sys.argv) > 1 else None, look_seconds=0.2, first_pause=0.1, poll_seconds=5).run()\n"
)


@pytest.fixture
def dovecot():
    server = Dovecot().start()
    yield server
    server.stop()


@pytest.fixture
def admin_of_house(transactional_db, settings):
    settings.PRIVATE_HOSTS = True
    with transaction.atomic():
        house = make_organization("eaux", "Eaux du Val", mail_reply_address=NAME, replies_by_mail=True)
        member = make_member(house, "admin@eaux.example", "Ada", "admin")
        grant(member)
        make_client(house, "C1", "Moreau", emails=["contact@moreau.example"])
        Topic.objects.create(organization=house, code="autre", label_fr="Autre", label_en="Other")
    yield member
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture
def mailbox(admin_of_house, dovecot):
    admin = admin_of_house
    with in_organization(admin.organization_id, user_id=admin.user_id):
        return mailboxes.create_mailbox(
            by=admin, name="Contact", kind="imap", address=NAME, host="127.0.0.1", port=dovecot.port, security="none",
            username=NAME, folder="INBOX", password=PASSWORD, afterwards="seen", done_folder="", topic=None,
        )  # fmt: skip


class Readers:
    """The reader as a process of its own."""

    def __init__(self, *arguments):
        self.arguments = arguments
        self.process = None

    def start(self):
        environment = os.environ | {
            "ENTREGENT_DATABASE_URL": test_database_url(),
            # The settings of the instance may name any server, people only where this is on.
            "ENTREGENT_PRIVATE_HOSTS": "false" if self.arguments else "true",
            "ENTREGENT_STORAGE_URL": f"file://{settings.MEDIA_ROOT}",
        }
        self.process = subprocess.Popen([sys.executable, "-c", PROGRAM, *self.arguments], env=environment)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def readers():
    started = []

    def start(*arguments):
        started.append(Readers(*arguments).start())
        return started[-1]

    yield start
    for one in started:
        one.kill()


def raw(number, **mail):
    return make_mail(
        sender="contact@moreau.example", text=f"Message {number}.", message_id=f"<m{number}@moreau.example>", **mail
    )


def kept(organization_id) -> int:
    with in_organization(organization_id):
        return RawMail.objects.count()


def wait_until(condition, *, seconds=60):
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds
        time.sleep(0.05)


def file_all(organization_id):
    while filing.file_received(organization_id):
        pass


def texts(organization_id):
    with in_organization(organization_id):
        return sorted(InteractionEntry.objects.values_list("notes", flat=True))


def test_mails_are_fetched_at_once_marked_as_read_and_never_deleted(mailbox, dovecot, readers):
    house = mailbox.organization_id
    dovecot.deliver(NAME, raw(1), raw(2))
    readers()
    wait_until(lambda: kept(house) == 2)
    dovecot.deliver(NAME, raw(3))  # The reader waits by IDLE; asked each five minutes otherwise.
    wait_until(lambda: kept(house) == 3, seconds=15)
    wait_until(lambda: dovecot.holds(NAME, "SEEN") == 3)
    file_all(house)
    assert texts(house) == ["Message 1.", "Message 2.", "Message 3."]
    with in_organization(house):
        state = MailboxState.objects.get()
    assert state.last_uid == 3
    assert state.last_mail_at is not None


def test_what_was_read_before_the_mailbox_was_known_is_no_news(mailbox, dovecot, readers):
    dovecot.deliver(NAME, raw(1), raw(2))
    box = dovecot.client(NAME)
    box.select("INBOX")
    box.store("1", "+FLAGS", "\\Seen")
    box.logout()
    readers()
    wait_until(lambda: kept(mailbox.organization_id) == 1)
    dovecot.deliver(NAME, raw(3))
    wait_until(lambda: kept(mailbox.organization_id) == 2)
    file_all(mailbox.organization_id)
    assert texts(mailbox.organization_id) == ["Message 2.", "Message 3."]


def test_mails_are_moved_where_that_is_wished(mailbox, dovecot, readers, admin_of_house):
    with in_organization(mailbox.organization_id):
        Mailbox.objects.filter(pk=mailbox.pk).update(afterwards="move", done_folder="Gardés GRC")
    dovecot.deliver(NAME, raw(1), raw(2))
    readers()
    wait_until(lambda: kept(mailbox.organization_id) == 2)
    wait_until(lambda: dovecot.holds(NAME) == 0)
    assert dovecot.holds(NAME, "SEEN", '"Gard&AOk-s GRC"') == 2


def test_a_mailbox_that_is_numbered_anew_brings_nothing_twice(mailbox, dovecot, readers):
    house = mailbox.organization_id
    dovecot.deliver(NAME, raw(1), raw(2))
    readers()
    wait_until(lambda: kept(house) == 2)
    dovecot.kill()
    dovecot.number_anew(NAME)
    dovecot.start()
    dovecot.deliver(NAME, raw(3))
    wait_until(lambda: kept(house) == 3)
    file_all(house)
    assert texts(house) == ["Message 1.", "Message 2.", "Message 3."]


def _kill_at_random(mailbox, dovecot, readers, count):
    """The server and the reader are killed over and over while mails arrive."""
    house = mailbox.organization_id
    chance = random.Random(5)
    mails = [raw(number, files=[("a.bin", "application/octet-stream", b"x" * 20_000)]) for number in range(count)]
    delivered = threading.Event()
    lock = threading.Lock()

    def deliver():
        for mail in mails:
            while True:
                try:
                    with lock:
                        dovecot.deliver(NAME, mail)
                    break
                except Exception:  # The server is down; a mail that was taken all the same comes twice.
                    time.sleep(0.05)
        delivered.set()

    sender = threading.Thread(target=deliver, daemon=True)
    sender.start()
    reader, kills = readers(), 0
    begun = time.monotonic()
    while not delivered.is_set() or kept(house) < count:
        assert time.monotonic() - begun < 60 + count
        time.sleep(chance.uniform(0.5, 2.5))
        if kills < 3 + count // 50 and kept(house) < count:
            kills += 1
            if chance.random() < 0.5:
                reader.kill()
                reader = readers()
            else:
                dovecot.kill()
                dovecot.start()
    sender.join(10)
    file_all(house)
    assert texts(house) == sorted(f"Message {number}." for number in range(count))
    assert kept(house) == count


def test_kills_of_server_and_reader_lose_and_double_nothing(mailbox, dovecot, readers):
    _kill_at_random(mailbox, dovecot, readers, 60)


@pytest.mark.long
def test_kills_during_a_thousand_mails_lose_and_double_nothing(mailbox, dovecot, readers):
    _kill_at_random(mailbox, dovecot, readers, 1000)


def test_the_mailbox_of_the_instance_goes_to_whom_it_is_addressed(admin_of_house, dovecot, readers):
    house = admin_of_house.organization_id
    with transaction.atomic():
        make_organization("autre", "Autre", mail_reply_address="info@autre.example")
    dovecot.deliver("tous", raw(1, to=NAME), raw(2, to="info@autre.example"), raw(3, to="x@nulle-part.example"))
    readers(f"imap://tous:{PASSWORD}@127.0.0.1:{dovecot.port}")
    wait_until(lambda: dovecot.holds("tous", "SEEN") == 2)
    assert kept(house) == 1
    assert dovecot.holds("tous", "UNSEEN") == 1


def test_a_server_that_is_away_is_told_in_words_and_once(mailbox, dovecot, monkeypatch):
    house = mailbox.organization_id
    dovecot.kill()
    monkeypatch.setattr("entregent.inbound.reader.TROUBLE_SECONDS", 0)
    with in_organization(house):
        from entregent.notifications.models import Preference

        admin = Mailbox.objects.get().organization.memberships.get()
        Preference.objects.create(
            organization_id=house,
            user_id=admin.user_id,
            event="mailbox_in_trouble",
            scope="all",
            in_app=True,
            mail="none",
        )
    reader = Reader(MailboxSource(house, mailbox.pk), first_pause=0.05)
    reader.start()

    def error():
        with in_organization(house):
            return MailboxState.objects.get().error

    wait_until(lambda: error() != "")
    assert error() == "Le serveur refuse la liaison : vérifiez le nom et le port."
    time.sleep(0.5)
    with in_organization(house):
        assert Notification.objects.count() == 1
    dovecot.start()
    wait_until(lambda: error() == "")
    reader.stop()
    reader.join(10)


def test_a_wrong_password_is_told_in_words(mailbox, dovecot, admin_of_house):
    with (
        in_organization(mailbox.organization_id),
        pytest.raises(Exception, match="E-INBOUND-TRY") as told,
    ):
        mailboxes.try_mailbox(
            None, by=admin_of_house, name="x", kind="imap", address=NAME, host="127.0.0.1", port=dovecot.port,
            security="none", username=NAME, folder="INBOX", password="faux",
        )  # fmt: skip
    assert "mot de passe" in str(told.value.message)


@pytest.fixture
def lmtp_server(admin_of_house):
    from testing.dovecot import _free_port

    server = lmtp.start(_free_port())
    yield server
    server.stop()


def test_a_mail_server_hands_over_mails_and_is_answered_for_each_recipient(lmtp_server, admin_of_house):
    house = admin_of_house.organization_id
    with smtplib.LMTP("127.0.0.1", lmtp_server.port) as client:
        refused = client.sendmail("contact@moreau.example", [NAME, "personne@ailleurs.example"], raw(1))
        assert set(refused) == {"personne@ailleurs.example"}
        assert refused["personne@ailleurs.example"][0] == 550
        client.sendmail("contact@moreau.example", [NAME], raw(1))
    assert kept(house) == 1
    file_all(house)
    assert texts(house) == ["Message 1."]


def test_a_mail_that_cannot_be_kept_now_is_asked_for_again(lmtp_server, admin_of_house, monkeypatch):
    def full(**_given):
        raise OSError("no space left")

    monkeypatch.setattr(lmtp, "keep_raw", full)
    with (
        smtplib.LMTP("127.0.0.1", lmtp_server.port) as client,
        pytest.raises(smtplib.SMTPDataError) as told,
    ):
        client.sendmail("contact@moreau.example", [NAME], raw(1))
    assert told.value.smtp_code == 451
