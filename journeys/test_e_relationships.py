"""A18: a business opens the details of a provider's request, approves it for one program, and takes it back; the same
without JavaScript and in English; an editor answers nothing."""

import csv
import re

import pytest
from playwright.sync_api import expect

from journeys.test_e_groups import shell

# At the provider: of three contracts of Zêta, one is of the program that she chose and submitted by the provider.
CONTRACTS = """
from entregent.access.wall import in_organization
from entregent.clients.models import BusinessObject, BusinessObjectType, Client
from entregent.organizations.models import Organization
from entregent.relationships.models import ProgramAccount
broker = Organization.objects.get(slug="courtage-frontiere")
with in_organization(broker.pk):
    client = Client.objects.get(business_account__number="812352524")
    kind = BusinessObjectType.objects.get(organization=broker, code="contract")
    for key, end, who in (("ZC-1", "RM0002", "own"), ("ZC-2", "RM0002", "others"), ("ZC-3", "RM0001", "own")):
        program = ProgramAccount.objects.get(number="812352524" + end)
        BusinessObject.objects.create(organization=broker, client=client, type=kind, key=key, submitted_by=who,
                                      program_account=program)
    print("client", client.number)
"""
ZETA = "/portail/entreprises/812352524"
ZOE, EDITH = "zoe@zeta.example", "edith@zeta.example"


def signs_in(page, email, password="demonstration"):
    page.goto("/portail/connexion/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name=re.compile("^(Se connecter|Sign in)$")).click()
    page.wait_for_url("**/portail/entreprises/")


@pytest.fixture
def zoe(visit):
    visitor = visit()
    signs_in(visitor.page, ZOE)
    return visitor


def test_a_business_approves_one_program_and_takes_it_back(instance, zoe, visit):
    page = zoe.page
    zoe.looks("entreprises", widths=(1440, 390))
    page.get_by_role("link", name="Zêta inc.").click()
    page.wait_for_url(f"**{ZETA}/")
    zoe.looks("entreprise-fournisseurs", widths=(1440, 390))

    edith = visit()
    signs_in(edith.page, EDITH)
    edith.page.goto(f"{ZETA}/")
    assert edith.page.get_by_role("link", name="Approuver").count() == 0
    assert edith.page.get_by_role("link", name="Utilisateurs").count() == 0
    edith.looks("entreprise-editrice", widths=(390,))

    page.get_by_role("link", name="Détails").click()
    assert page.get_by_text("mandat 2026").is_visible()
    zoe.looks("entreprise-demande", widths=(1440, 390))
    page.get_by_role("link", name="Rejeter").click()
    page.get_by_role("heading", name="Rejeter la demande").wait_for()
    zoe.looks("entreprise-rejeter", widths=(390,))
    page.get_by_role("link", name="Annuler").click()
    page.get_by_role("link", name="Approuver").click()
    page.get_by_label("Gestion de programme").check()
    page.get_by_role("button", name="Approuver").click()
    page.get_by_text("Choisissez au moins un programme.").first.wait_for()
    page.get_by_label("RM0002").check()
    zoe.looks("entreprise-approuver", widths=(1440, 390))
    page.get_by_role("button", name="Approuver").click()
    page.wait_for_url(f"**{ZETA}/")
    assert page.get_by_text("Courtage Frontière peut maintenant agir pour Zêta inc.").is_visible()
    assert page.get_by_text("Gestion de programme : RM0002").is_visible()
    edith.page.reload()
    assert edith.page.get_by_role("link", name="Courtage Frontière").is_visible()

    # The provider is told, may group the client, and sees of it what was given.
    told, _none = shell(instance, CONTRACTS).communicate()
    claire = visit("claire@courtage-frontiere.example").page
    claire.goto("/courtage-frontiere/notifications/")
    expect(claire.locator("main")).to_contain_text("Zêta inc. a approuvé votre demande d'accès")
    claire.goto("/courtage-frontiere/groupes-de-clients/nouveau/?q=zêta")
    expect(claire.locator("#client-block")).to_contain_text("Zêta inc.")
    claire.goto(f"/courtage-frontiere/clients/{told.split()[-1]}/")
    expect(claire.locator("main")).to_contain_text("ZC-1")
    for hidden in ("ZC-2", "ZC-3"):
        expect(claire.locator("main")).not_to_contain_text(hidden)

    page.get_by_role("link", name="Courtage Frontière").click()
    page.get_by_role("link", name="Révoquer").wait_for()
    expect(page.locator("main")).to_contain_text("Claire Fortin")  # Who used it, today.
    zoe.looks("entreprise-relation", widths=(390,))
    page.get_by_role("link", name="Révoquer").click()
    page.get_by_role("heading", name="Ce qu’il perd").wait_for()
    zoe.looks("entreprise-revoquer", widths=(390,))
    page.get_by_role("button", name="Révoquer l’accès").click()
    page.wait_for_url(f"**{ZETA}/")
    page.get_by_role("link", name="Registre", exact=True).click()
    assert page.get_by_text("Révoquée").is_visible()
    zoe.looks("entreprise-registre", widths=(1440, 390))
    with page.expect_download() as taken:
        page.get_by_role("link", name="Télécharger le registre").click()
    with open(taken.value.path(), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert "Courtage Frontière" in rows[1]
    assert "Révoquée" in rows[1]


def test_somebody_is_invited_to_the_account_and_joins(zoe, visit):
    page = zoe.page
    page.goto(f"{ZETA}/utilisateurs/")
    assert page.get_by_text("nommez-en au moins deux").is_visible()
    zoe.looks("entreprise-utilisateurs", widths=(1440, 390))
    page.get_by_role("link", name="Inviter quelqu’un").click()
    page.get_by_label("Courriel").fill("nora@zeta.example")
    page.get_by_label("Gestionnaire de compte d'entreprise").check()
    zoe.looks("entreprise-inviter", widths=(390,))
    page.get_by_role("button", name="Envoyer l’invitation").click()
    page.get_by_role("heading", name="Invitations en attente").wait_for()

    nora = visit()
    nora.page.goto("/demo/courriels/?organisation=instance")
    link = re.search(r"/portail/entreprises/invitation/[\w-]+/", nora.page.content())[0]
    nora.page.goto(link)
    nora.looks("entreprise-invitation", widths=(390,))
    nora.page.locator("input[name=name]").fill("Nora Zidane")
    nora.page.locator("input[name=password]").fill("une longue phrase de passe")
    nora.page.get_by_role("button", name="Accepter l’invitation").click()
    nora.page.wait_for_url(f"**{ZETA}/")

    page.goto(f"{ZETA}/utilisateurs/")
    assert page.get_by_text("nommez-en").count() == 0
    page.get_by_role("link", name=re.compile("Nora Zidane")).click()
    zoe.looks("entreprise-utilisateur", widths=(390,))
    page.get_by_role("link", name="Retirer du compte").click()
    zoe.looks("entreprise-retirer", widths=(390,))
    page.get_by_role("button", name="Retirer du compte").click()
    page.wait_for_url(f"**{ZETA}/utilisateurs/")
    nora.page.reload()
    assert nora.page.get_by_text("Introuvable").first.is_visible()
    page.get_by_role("link", name="Historique").click()
    assert page.get_by_text("Personne retirée · Nora Zidane").is_visible()
    assert page.get_by_text("Personne invitée · nora@zeta.example").is_visible()
    zoe.looks("entreprise-historique", widths=(1440, 390))
    for path in ("reglages/", "reglages/depart/"):
        page.goto(f"{ZETA}/{path}")
        zoe.looks(f"entreprise-{path.strip('/').replace('/', '-')}", widths=(1440, 390))
    page.get_by_role("button", name="Quitter ce compte").click()
    page.get_by_text("Désignez d'abord un autre gestionnaire").wait_for()


def test_a_request_is_answered_without_javascript_in_english(browser, instance):
    context = browser.new_context(base_url=instance.url, locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    signs_in(page, "gail@gamma.example")
    page.get_by_role("button", name="EN", exact=False).click()
    assert page.get_by_role("heading", name="My businesses").is_visible()
    page.get_by_role("link", name="Gamma Foods Corp.").click()
    page.get_by_role("link", name="Details").click()
    page.get_by_role("link", name="Reject").click()
    page.get_by_label("Reason").fill("We do not know you.")
    page.get_by_role("button", name="Reject the request").click()
    page.wait_for_url("**/portail/entreprises/812348415/")
    assert page.get_by_text("No request to answer.").is_visible()
    page.get_by_role("link", name="Register", exact=True).click()
    page.get_by_role("link", name="Courtage Frontière").last.click()
    assert page.get_by_text("We do not know you.").is_visible()
    context.close()


def test_whoever_nobody_invited_opens_an_account_and_registers(visit):
    visitor = visit()
    page = visitor.page
    page.goto("/portail/connexion/")
    page.get_by_role("link", name="Créer un compte pour mon entreprise").click()
    visitor.looks("compte-creation", widths=(390,))
    page.get_by_label("Adresse de courriel").fill("olga@omicron.example")
    page.get_by_role("button", name="Recevoir le lien").click()
    page.get_by_role("heading", name="Consultez votre courriel").wait_for()
    page.goto("/demo/courriels/?organisation=instance")
    page.goto(re.search(r"/portail/compte/creation/[^/\"<]+/", page.content())[0])
    visitor.looks("compte-ouvrir", widths=(390,))
    page.locator("input[name=name]").fill("Olga Omicron")
    page.locator("input[name=password]").fill("une longue phrase de passe")
    page.get_by_role("button", name="Ouvrir mon compte").click()
    page.wait_for_url("**/portail/")
    visitor.looks("portail-sans-organisation", widths=(390,))
    page.get_by_role("link", name="Inscrire une entreprise").click()
    page.get_by_label("Numéro d'entreprise").fill("812345676")
    page.get_by_label("Nom de l'entreprise").fill("Importations Alpha")
    page.get_by_label("Code postal").fill("H7L 4S3")
    page.get_by_label("Un compte de programme").fill("RM0001")
    page.get_by_role("button", name="Inscrire l’entreprise").click()
    page.get_by_text("ne correspondent pas à ceux au dossier").first.wait_for()
    visitor.looks("entreprise-inscrire", widths=(390,))

    page.goto("/portail/entreprises/")
    page.get_by_role("link", name="Rejoindre une entreprise").click()
    page.get_by_label("Numéro d'entreprise").fill("812 352 524")
    page.get_by_label("Commentaires").fill("Je tiens la comptabilité de Zêta.")
    visitor.looks("entreprise-rejoindre", widths=(390,))
    page.get_by_role("button", name="Envoyer la demande").click()
    page.get_by_role("heading", name="Mes demandes").wait_for()
    visitor.looks("entreprises-demandes", widths=(390,))
    zoe = visit()
    signs_in(zoe.page, ZOE)
    zoe.page.goto(f"{ZETA}/utilisateurs/")
    zoe.page.get_by_role("link", name=re.compile("Olga Omicron")).click()
    assert zoe.page.get_by_text("Je tiens la comptabilité de Zêta.").is_visible()
    zoe.looks("entreprise-personne", widths=(390,))
    zoe.page.get_by_label("Lecture seule").check()
    zoe.page.get_by_label("RM0001").check()
    zoe.page.get_by_role("button", name="Accepter").click()
    zoe.page.wait_for_url(f"**{ZETA}/utilisateurs/")
    page.goto("/portail/entreprises/")
    assert page.get_by_role("link", name=re.compile("Zêta inc.")).is_visible()
