"""Mails that come in, with a real IMAP server: a client writes, twice; a stranger's mail is attached by hand."""

import email
import re
import time
from email import policy

import pytest
from aiosmtpd.controller import Controller

from journeys.conftest import Instance, Visitor, free_port
from testing.dovecot import PASSWORD, Dovecot
from testing.mails import make_mail

MAILBOX = "contact@eaux-du-val.example"
CLIENT = "claire@blanchisserie-moreau.example"
FIRST = f"<{time.time_ns()}@blanchisserie-moreau.example>"


class Taken:
    """An SMTP server that keeps what it is given."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(email.message_from_bytes(envelope.original_content, policy=policy.default))
        return "250 OK"


@pytest.fixture(scope="module")
def servers():
    dovecot = Dovecot().start()
    taken = Taken()
    smtp = Controller(taken, hostname="127.0.0.1", port=free_port())
    smtp.start()
    yield dovecot, taken, smtp
    smtp.stop()
    dovecot.stop()


@pytest.fixture(scope="module")
def mail_instance(servers):
    _dovecot, _taken, smtp = servers
    running = Instance(ENTREGENT_PRIVATE_HOSTS="true", ENTREGENT_MAIL_URL=f"smtp://127.0.0.1:{smtp.port}")
    yield running
    running.stop()
    running.log.close()


@pytest.fixture
def arrive(browser, mail_instance):
    visitors = []

    def visit(address, **options):
        visitors.append(Visitor(browser, mail_instance.url, **options))
        return visitors[-1].signs_in(address)

    yield visit
    for visitor in visitors:
        visitor.leaves()


def wait_until(condition, *, seconds=40):
    begun = time.monotonic()
    while not (found := condition()):
        assert time.monotonic() - begun < seconds
        time.sleep(0.2)
    return found


def test_mails_arrive_are_answered_and_answered_again(servers, arrive):
    dovecot, _taken, _smtp = servers
    admin = arrive("admin@eaux-du-val.example")
    page = admin.page

    # An administrator adds the mailbox, tries it, and has replies come to it.
    page.goto("/eaux-du-val/administration/boites-de-reception/")
    admin.looks("mailboxes-empty")
    page.get_by_role("link", name="Ajouter une boîte").first.click()
    page.get_by_label("Nom de la boîte").fill("Accueil")
    page.get_by_label("Adresse de la boîte").fill(MAILBOX)
    page.get_by_label("Serveur").fill("127.0.0.1")
    page.get_by_label("Port").fill(str(dovecot.port))
    page.get_by_label("Sécurité").select_option("none")
    page.get_by_label("Mot de passe").fill("faux")
    page.get_by_role("button", name="Essayer la liaison").click()
    page.get_by_text("Le serveur refuse l’identifiant ou le mot de passe.").first.wait_for()
    admin.looks("mailbox-form")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Essayer la liaison").click()
    page.get_by_text("Liaison réussie").wait_for()
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Enregistrer").click()
    page.get_by_role("cell", name=MAILBOX).wait_for()
    page.goto("/eaux-du-val/administration/courriel/")
    page.get_by_label("Adresse de réponse").fill(MAILBOX)
    page.get_by_label("Ranger les réponses dans leur interaction").check()
    page.get_by_role("button", name="Enregistrer").first.click()
    page.wait_for_load_state()

    # A client's mail becomes an interaction of that client.
    dovecot.deliver(
        MAILBOX,
        make_mail(
            sender=f"Claire Moreau <{CLIENT}>", to=MAILBOX, subject="Fuite au compteur", text="Le compteur fuit.",
            message_id=FIRST,
            html="<p>Le <b>compteur</b> fuit.</p><img src='https://images.example/x.gif'><script>alert(1)</script>",
            files=[("photo.png", "image/png", b"\x89PNG\r\n\x1a\n" + b"0" * 50)],
        ),
    )  # fmt: skip
    nadia = arrive("nadia@eaux-du-val.example")
    page = nadia.page
    page.goto("/eaux-du-val/interactions/")
    wait_until(lambda: page.reload() and page.get_by_text("Fuite au compteur").count())
    row = page.locator("tr", has_text="Fuite au compteur").first
    page.goto(row.locator("a[href*='/interactions/']").first.get_attribute("href"))
    page.goto(re.sub(r"[?#].*", "", page.url))
    page.get_by_text("Le compteur fuit.").wait_for()
    assert page.get_by_role("link", name="photo.png").count()
    address = page.url

    # The mail as it came: in a frame where nothing runs and nothing is fetched from elsewhere.
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}courriels/")
    nadia.looks("mails-of-interaction")
    page.get_by_role("link", name="Fuite au compteur").click()
    page.frame_locator("iframe").get_by_text("compteur").wait_for()
    nadia.looks("original-mail")
    assert not [url for url in asked if "images.example" in url]
    page.get_by_role("link", name="Les afficher").click()
    page.frame_locator("iframe").get_by_text("compteur").wait_for()
    assert wait_until(lambda: [url for url in asked if "images.example" in url])

    # Nadia writes in the conversation; Claire writes again in her own thread, and it stands in the same interaction.
    page.goto(address)
    page.get_by_label("Notes").fill("Nous venons demain.")
    page.get_by_role("button", name="Enregistrer").click()
    page.get_by_text("Nous venons demain.").first.wait_for()
    dovecot.deliver(
        MAILBOX,
        make_mail(
            sender=f"Claire Moreau <{CLIENT}>", to=MAILBOX, subject="Re: Fuite au compteur", In_Reply_To=FIRST,
            text="Merci, à demain.\n\nLe 22 nov. 2026 à 09:13, Nadia a écrit :\n> Nous venons demain.\n",
        ),
    )  # fmt: skip
    wait_until(lambda: page.goto(address) and page.get_by_text("Merci, à demain.").count())
    assert not page.get_by_text("> Nous venons demain.").is_visible()
    nadia.looks("interaction-with-mails")

    # Nobody knows this sender: the mail waits, and is attached by hand.
    dovecot.deliver(MAILBOX, make_mail(sender="Jo Neuf <jo@ailleurs.example>", to=MAILBOX, subject="Une question"))
    page.goto("/eaux-du-val/courriels-a-rattacher/")
    wait_until(lambda: page.reload() and page.get_by_role("link", name="Une question").count())
    page.get_by_role("link", name="Une question").click()
    nadia.looks("mails-to-attach")
    page.get_by_label("Chercher un client").fill("Moreau")
    page.get_by_role("button", name=re.compile("Blanchisserie Moreau")).first.click()
    page.get_by_text(re.compile("Courriel rattaché à l’interaction n°")).wait_for()
    page.get_by_text("Aucun courriel à rattacher.").wait_for()
    # Nothing was deleted in the mailbox.
    assert dovecot.holds(MAILBOX) == 3
