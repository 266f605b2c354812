"""A mail that the mail server refuses: seen in « Boîte d'envoi » with its reason, sent again, arrived."""

import email
import re

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import expect

from journeys.conftest import Instance, Visitor, free_port

ORG = "/eaux-du-val"


class Server:
    """A mail server on loopback that refuses every recipient while it is told to."""

    def __init__(self):
        self.refuses = False
        self.taken = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuses:
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.taken.append(email.message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def server():
    handler = Server()
    handler.port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    controller.stop()


@pytest.fixture
def with_mail(server):
    running = Instance(ENTREGENT_MAIL_URL=f"smtp://127.0.0.1:{server.port}")
    yield running
    running.stop()
    running.log.close()


def test_a_refused_mail_is_seen_with_its_reason_and_arrives_when_sent_again(browser, with_mail, server):
    visitor = Visitor(browser, with_mail.url).signs_in("admin@eaux-du-val.example")
    page = visitor.page
    # How mails present themselves, and one to try it.
    page.goto(f"{ORG}/administration/courriel/")
    page.get_by_label("Nom de l’expéditeur").fill("Eaux du Val, accueil")
    page.get_by_label("Adresse de l’expéditeur").fill("accueil@eaux")
    page.get_by_label("Signature en français").fill("L’équipe des Eaux du Val\n12 rue des Puits")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Adresse de courriel invalide.").first).to_be_visible()
    page.get_by_label("Adresse de l’expéditeur").fill("accueil@eaux-du-val.example")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("status").filter(has_text="Réglages enregistrés.")).to_be_visible()
    expect(page.get_by_text("en attente de confirmation").first).to_be_visible()
    visitor.looks("courriel-a-confirmer")
    # The address serves once it was confirmed from its own mailbox.
    asked = None
    for _look in range(60):
        asked = next((mail for mail in server.taken if mail["To"] == "accueil@eaux-du-val.example"), None)
        if asked is not None:
            break
        page.wait_for_timeout(500)
    assert asked is not None
    assert "accueil@eaux-du-val.example" not in asked["From"]
    text = asked.get_payload()[0].get_payload(decode=True).decode()
    page.goto(re.search(r"https?://\S+/confirmation/\S+", text)[0])
    page.get_by_role("button", name=re.compile("Confirmer")).click()
    expect(page.get_by_role("status").filter(has_text="Adresse de l’expéditeur confirmée.")).to_be_visible()
    server.taken.clear()
    server.refuses = True
    preview = page.frame_locator("iframe").first
    expect(preview.get_by_text("L’équipe des Eaux du Val")).to_be_visible()
    visitor.looks("courriel-reglages")
    page.get_by_role("button", name="Envoyer un courriel d’essai").click()
    expect(page.get_by_role("status").filter(has_text="est dans la boîte d’envoi")).to_be_visible()

    # It was refused, and why.
    subject = "Courriel d’essai de Eaux du Val"
    row = page.get_by_role("row", name=subject)
    for _look in range(60):
        page.goto(f"{ORG}/administration/boite-d-envoi/?etat=failed")
        if row.count():
            break
        page.wait_for_timeout(500)
    expect(row.first.get_by_text("Échoué")).to_be_visible()
    expect(row.get_by_text("Le serveur de courriel refuse l’adresse du destinataire.")).to_be_visible()
    visitor.looks("boite-d-envoi")
    row.get_by_role("link", name=subject).click()
    expect(page.frame_locator("iframe").get_by_text("Voici à quoi ressemblent les courriels")).to_be_visible()
    page.get_by_text("En-têtes et réponse du serveur").click()
    expect(page.get_by_text("550 no such user here")).to_be_visible()
    visitor.looks("courriel-echoue")
    assert server.taken == []

    # Sent again, it arrives.
    server.refuses = False
    page.get_by_role("button", name="Réessayer").click()
    expect(page.get_by_role("status").filter(has_text="remis en file d’envoi")).to_be_visible()
    for _look in range(60):
        page.goto(f"{ORG}/administration/boite-d-envoi/?etat=sent&q=essai")
        if row.count():
            break
        page.wait_for_timeout(500)
    expect(row.first.get_by_text("Envoyé")).to_be_visible()
    mail = next(mail for mail in server.taken if mail["To"] == "admin@eaux-du-val.example")
    assert mail["To"] == "admin@eaux-du-val.example"
    assert "accueil@eaux-du-val.example" in mail["From"]
    text, html = (part.get_payload(decode=True).decode().replace("\r\n", "\n") for part in mail.get_payload())
    assert text.endswith("-- \nL’équipe des Eaux du Val\n12 rue des Puits\n")
    assert "L’équipe des Eaux du Val<br>12 rue des Puits" in html
    visitor.leaves()
