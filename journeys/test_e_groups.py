"""A12 to A17, X2, X3: Claire makes a group of clients, changes it, gives it to employees, loses a client at the end of
its relationship, deletes a large group; Éric and Rita see what the groups give, and nothing when the module is off.

The steps build on each other, as a day does.
"""

import re
import subprocess
import sys
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from journeys.conftest import ROOT

ORG = "/courtage-frontiere"
GROUPS = f"{ORG}/groupes-de-clients/"
CLAIRE, ERIC, RITA = (f"{name}@courtage-frontiere.example" for name in ("claire", "eric", "rita"))
ALPHA, BETA, DELTA, EPSILON = (
    "Importations Alpha inc.", "Bêta Transport ltée", "Delta Textiles inc.", "Epsilon Électronique inc.",
)  # fmt: skip

# Inside the broker's wall, as its administrator.
WITHIN = """
from entregent.access.wall import in_organization
from entregent.organizations.models import Membership, Organization, User
with in_organization(Organization.objects.get(slug="courtage-frontiere").pk):
    members = Membership.objects.select_related("user", "organization")
    claire = members.get(user__email="claire@courtage-frontiere.example")
"""
LARGE = """
    from datetime import date
    from entregent.clients.models import Client
    from entregent.relationships.models import BusinessAccount, ProgramAccount, Relationship
    accounts = BusinessAccount.objects.bulk_create(
        BusinessAccount(number=f"70{n:07}", name=f"Importateur {n:03}") for n in range(400))
    ProgramAccount.objects.bulk_create(
        ProgramAccount(account=one, number=f"{one.number}RM{n:04}") for one in accounts for n in range(1, 11))
    Relationship.objects.bulk_create(
        Relationship(organization=claire.organization, account=one, level="business", starts_on=date.today())
        for one in accounts)
    Client.objects.bulk_create(
        Client(organization=claire.organization, number=f"I{one.number}", kind="company", name=one.name,
               display_name=one.name, sort_key=one.name.lower(), business_account=one) for one in accounts)
"""
EXPIRED = """
    from datetime import timedelta
    from entregent.relationships.models import Relationship, today_of
    day = today_of(claire.organization)
    Relationship.objects.filter(account__number="812347045", state="active").update(
        starts_on=day - timedelta(days=90), ends_on=day - timedelta(days=1))
"""
AGAIN = """
    from entregent.relationships.models import Relationship
    Relationship.objects.filter(account__number="812347045", state="expired").update(
        state="active", ends_on=None, ended_at=None, ended_by_name="")
"""
# Rita reads the clients of Est; files can be asked of their people.
READS = """
    from entregent.clients.actions import create_person
    from entregent.clients.models import Client
    from entregent.groups.actions.requests import assign_group
    from entregent.groups.models import ClientGroup
    rita = User.objects.get(email="rita@courtage-frontiere.example")
    assign_group(ClientGroup.objects.get(name="Est"), by=claire, user_ids=[rita.pk], role="reader")
    beta = Client.objects.get(number="B100")
    create_person(by=claire, first_name="Béatrice", last_name="Biron", client=beta, is_primary=True,
                  emails=["beatrice@beta.example"])
    Organization.objects.filter(pk=claire.organization_id).update(
        modules=[*claire.organization.modules, "file_transfer"])
"""
VIEW = """
    from entregent.listing.actions import save_view
    condition = ["name", "contains", "Importations"]
    save_view(by=claire, list_code="clients", name="Importateurs du port", condition=condition)
"""
# What other journeys look at is as it was.
CLEARED = """
    from entregent.relationships.models import Relationship
    Relationship.objects.filter(account__number__startswith="70").delete()
"""
# The worker waits at the end of each change for as long as this goes on.
HELD = """
    import sys, time
    from django.db import connection
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('groups-effect'), %s::int)", [claire.organization_id])
    print("held", flush=True)
    sys.stdin.read()
"""


def shell(instance, code):
    command = [sys.executable, "manage.py", "shell", "-c", code]
    return subprocess.Popen(
        command, env=instance.environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def does(instance, code):
    process = shell(instance, WITHIN + code)
    process.communicate()
    assert process.returncode == 0


@contextmanager
def held(instance):
    process = shell(instance, WITHIN + HELD)
    line = process.stdout.readline()
    while "held" not in line:
        assert line, "the shell ended"
        line = process.stdout.readline()
    yield
    process.communicate("")


@pytest.fixture
def claire(visit):
    return visit(CLAIRE)


def opens_groups(page):
    page.get_by_role("button", name="Configurer mon portail").click()
    page.get_by_role("menuitem", name="Gérer mes groupes de clients").click()
    page.get_by_role("heading", name="Gérer mes groupes de clients").wait_for()


def row(page, text):
    return page.get_by_role("row").filter(has_text=text)


def selects(page, name, button):
    page.goto(GROUPS)
    page.get_by_label(f"Sélectionner le groupe {name}").check()
    page.get_by_role("button", name=button, exact=True).click()


def test_a12_a_group_is_made_of_available_clients(claire):
    page = claire.page
    page.goto(f"{ORG}/")
    opens_groups(page)
    expect(row(page, "Ouest")).to_contain_text("1")
    claire.looks("groupes", widths=(1440, 390))
    page.get_by_role("link", name="Créer un groupe de clients").click()
    block = page.locator("#client-block")
    expect(block.get_by_role("row").filter(has_text=ALPHA)).to_be_visible()
    expect(block.get_by_role("row").filter(has_text=BETA)).to_be_visible()
    assert block.get_by_role("row").count() == 3
    page.get_by_label("Nom du groupe").fill("OUEST")
    expect(page.get_by_text("Ce nom est déjà utilisé par un groupe actif ou supprimé.")).to_be_visible()
    page.get_by_label("Chercher un client disponible").fill("delta")
    expect(page.get_by_text("Déjà dans le groupe Ouest")).to_be_visible()
    page.get_by_label("Chercher un client disponible").fill("")
    expect(block.get_by_role("row")).to_have_count(3)
    page.get_by_label("Nom du groupe").fill("Est")
    expect(page.get_by_text("Ce nom est libre.")).to_be_visible()
    block.get_by_role("checkbox", name=re.compile("^Tous")).check()
    expect(block.get_by_role("checkbox", name=ALPHA)).to_be_checked()
    page.get_by_role("button", name="Ajouter", exact=True).click()
    expect(page.locator("#ajout-rows")).to_contain_text(BETA)
    claire.looks("groupe-creation", widths=(1440, 390))
    page.get_by_role("button", name="Créer un groupe", exact=True).click()
    expect(page.get_by_text("Le nouveau groupe a été créé avec succès.")).to_be_visible()
    claire.looks("groupe-cree", widths=(1440,))
    page.get_by_role("link", name="Traiter les demandes").click()
    expect(row(page, "Création").first).to_contain_text("Terminée")
    page.goto(f"{GROUPS}nouveau/")
    expect(page.get_by_text("Aucun client n'est disponible")).to_be_visible()


def test_a13_the_name_of_a_deleted_group_is_not_given_again(claire):
    page = claire.page
    page.goto(f"{GROUPS}?etat=supprimes")
    expect(row(page, "Centre")).to_be_visible()
    page.goto(f"{GROUPS}nouveau/")
    page.get_by_label("Nom du groupe").fill("  centre ")
    page.get_by_role("button", name="Créer un groupe", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Ce nom est déjà utilisé par un groupe actif ou supprimé.")


def test_a14_a_group_is_changed_with_confirmer(claire, visit):
    page = claire.page
    # Epsilon leaves its group first, which may become empty.
    selects(page, "Retours", "Modifier")
    page.get_by_role("checkbox", name=EPSILON).check()
    page.get_by_role("button", name="Supprimer", exact=True).click()
    expect(page.locator("#retrait-rows")).to_contain_text(EPSILON)
    page.get_by_role("button", name="Suivant").click()
    page.get_by_label("Tapez CONFIRMER pour confirmer").fill("CONFIRMER")
    page.get_by_role("button", name="Enregistrer les modifications").click()
    expect(page.get_by_text("Le groupe a été mis à jour avec succès.")).to_be_visible()

    selects(page, "Est", "Modifier")
    page.get_by_role("checkbox", name=EPSILON).check()
    page.get_by_role("button", name="Ajouter", exact=True).click()
    expect(page.locator("#ajout-rows")).to_contain_text(EPSILON)
    page.locator("#membre-block").get_by_role("checkbox", name=ALPHA).check()
    page.get_by_role("button", name="Supprimer", exact=True).click()
    expect(page.locator("#retrait-rows")).to_contain_text(ALPHA)
    claire.looks("groupe-modification", widths=(1440, 390))
    page.get_by_role("button", name="Suivant").click()
    save = page.get_by_role("button", name="Enregistrer les modifications")
    expect(save).to_be_disabled()
    page.get_by_label("Tapez CONFIRMER pour confirmer").fill("confirmer")
    expect(save).to_be_disabled()
    claire.looks("groupe-verification", widths=(1440, 390))
    page.get_by_label("Tapez CONFIRMER pour confirmer").fill("CONFIRMER")
    save.click()
    expect(page.get_by_text("Le groupe a été mis à jour avec succès.")).to_be_visible()
    page.get_by_role("link", name="Est", exact=True).click()
    expect(page.locator("#group-clients")).to_contain_text(BETA)
    expect(page.locator("#group-clients")).to_contain_text(EPSILON)
    expect(page.locator("#group-clients")).not_to_contain_text(ALPHA)
    claire.looks("groupe", widths=(1440, 390))


def test_a15_employees_are_assigned_and_one_is_taken_out(claire, visit):
    page = claire.page
    page.goto(GROUPS)
    page.get_by_role("link", name="Employés").first.click()
    assert page.get_by_role("checkbox", name="Claire Fortin").count() == 0
    page.get_by_role("checkbox", name="Éric Lavoie").check()
    page.get_by_role("checkbox", name="Rita Morin").check()
    claire.looks("employes", widths=(1440, 390))
    page.get_by_role("button", name="Modifier").click()
    page.get_by_role("button", name="Suivant").click()
    expect(page.get_by_role("alert")).to_contain_text("Choisissez un groupe.")
    page.get_by_role("radio", name=re.compile("^Est ")).check()
    page.get_by_label("Rôle dans le groupe").select_option(label="Éditeur")
    claire.looks("employes-groupe", widths=(1440, 390))
    page.get_by_role("button", name="Suivant").click()
    expect(page.get_by_text("Éric Lavoie pourra modifier 2 clients")).to_be_visible()
    expect(page.locator("main")).to_contain_text("2 employés × 3 comptes de programme")
    claire.looks("employes-sommaire", widths=(1440, 390))
    page.get_by_role("button", name="Enregistrer les modifications").click()
    expect(page.get_by_text("Le rôle d'accès des employés a été mis à jour avec succès")).to_be_visible()

    for email in (ERIC, RITA):
        other = visit(email).page
        assert other.goto(f"{ORG}/clients/B100/").status == 200
        assert other.goto(f"{ORG}/clients/G100/").status == 404

    page.goto(f"{GROUPS}employes/")
    page.get_by_role("link", name="Rita Morin").click()
    claire.looks("employe", widths=(1440, 390))
    row(page, "Est").get_by_role("button", name="Retirer").click()
    page.locator("[data-confirm-yes]").click()
    expect(page.get_by_role("cell", name="Est")).to_have_count(0)
    rita = visit(RITA).page
    assert rita.goto(f"{ORG}/clients/B100/").status == 404


def test_x2_an_employee_sees_the_clients_of_the_groups_only(instance, visit):
    does(instance, READS)
    visitor = visit(ERIC)
    page = visitor.page
    page.goto(f"{ORG}/gestion-des-clients/")
    grid = page.locator("#grid")
    for name in (BETA, EPSILON, DELTA, ALPHA):  # by Est, by Ouest, and Alpha by an access of his own
        expect(grid).to_contain_text(name)
    expect(grid).not_to_contain_text("Gamma Foods")
    assert page.get_by_role("button", name="Configurer mon portail").count() == 0
    assert page.goto(GROUPS).status == 403
    assert page.goto(f"{ORG}/demandes-de-traitement/").status == 403
    # An editor asks a client of the group for files; a reader reads the same, and gets no commands.
    assert page.goto(f"{ORG}/clients/B100/").status == 200
    page.goto(f"{ORG}/transferts/demander/?client=B100")
    page.get_by_label("Objet").fill("Factures commerciales de novembre")
    page.get_by_role("button", name="Envoyer la demande").click()
    page.wait_for_url(re.compile(r"/transferts/\d+/$"))
    expect(page.locator("main")).to_contain_text("Factures commerciales de novembre")
    rita = visit(RITA).page
    rita.goto(f"{ORG}/gestion-des-clients/")
    expect(rita.locator("#grid")).to_contain_text(BETA)
    expect(rita.locator("#grid")).not_to_contain_text(DELTA)
    assert rita.get_by_role("link", name="Nouveau client").count() == 0
    assert rita.goto(f"{ORG}/transferts/demander/?client=B100").status == 403


def test_x3_the_module_off_gives_nothing_and_on_again_all(claire, visit):
    page = claire.page

    def switches(is_on):
        page.goto(f"{ORG}/administration/modules/")
        page.get_by_label("Délégation").set_checked(is_on)
        page.get_by_role("button", name=re.compile("Enregistrer")).click()
        page.wait_for_load_state()

    switches(False)
    assert page.get_by_role("button", name="Configurer mon portail").count() == 0
    assert page.goto(GROUPS).status == 403
    eric = visit(ERIC).page
    assert eric.goto(f"{ORG}/clients/B100/").status == 404
    assert eric.goto(f"{ORG}/clients/A100/").status == 200
    switches(True)
    assert eric.goto(f"{ORG}/clients/B100/").status == 200


def test_a_group_follows_a_view(instance, claire):
    page = claire.page
    page.goto(GROUPS)
    page.get_by_role("link", name="Retours", exact=True).click()
    page.get_by_role("link", name="Règle").click()
    does(instance, VIEW)
    page.reload()
    page.get_by_label("Quels clients ?").select_option(label="Ceux de la vue « Importateurs du port »")
    page.get_by_role("button", name="Suivant").click()
    expect(page.locator("main")).to_contain_text(f"1 client entre dans le groupe\u00a0: {ALPHA}")
    claire.looks("groupe-regle", widths=(1440, 390))
    # Thought better of: the group stays as it is.
    page.get_by_label("Quels clients ?").select_option(label="Ceux que l'on choisit un par un")
    page.get_by_role("button", name="Suivant").click()
    page.get_by_role("button", name="Enregistrer la règle").click()
    expect(page.get_by_text("Règle enregistrée.")).to_be_visible()


def test_a16_a_client_leaves_its_group_when_its_relationship_ends(instance, claire, visit):
    eric = visit(ERIC).page
    assert eric.goto(f"{ORG}/clients/B100/").status == 200
    does(instance, EXPIRED)
    # At the next request, whether the task has run or not.
    assert eric.reload().status == 404
    process = shell(instance, "from entregent.relationships.actions import expire_due; expire_due()")
    process.communicate()
    assert eric.goto(f"{ORG}/clients/B100/").status == 404
    page = claire.page
    page.goto(f"{ORG}/demandes-de-traitement/?operation=expire")
    expect(row(page, "Est")).to_contain_text("Système")
    row(page, "Est").get_by_role("link").first.click()
    expect(page.locator("main")).to_contain_text(BETA)
    page.goto(GROUPS)
    page.get_by_role("link", name="Est", exact=True).click()
    expect(page.locator("#group-clients")).not_to_contain_text(BETA)
    does(instance, AGAIN)


def test_a17_a_large_group_is_deleted_by_the_worker(instance, claire, visit):
    page = claire.page
    does(instance, LARGE)
    page.goto(f"{GROUPS}nouveau/")
    page.get_by_label("Nom du groupe").fill("Géant")
    page.get_by_label("Chercher un client disponible").fill("importateur")
    page.get_by_role("checkbox", name="Tous : les 400 de la recherche").check()
    page.get_by_role("button", name="Ajouter", exact=True).click()
    expect(page.get_by_role("checkbox", name="Tous : les 400 choisis")).to_be_visible()
    page.get_by_role("button", name="Créer un groupe", exact=True).click()
    expect(page.get_by_text("Demande enregistrée.")).to_be_visible()
    page.get_by_role("link", name=re.compile("Voir la demande")).click()
    expect(page.locator("#progress")).to_contain_text("Terminée", timeout=30_000)

    with held(instance):
        selects(page, "Géant", "Supprimer")
        expect(page.locator("main")).to_contain_text("400 clients gardent leur relation")
        claire.looks("groupe-suppression", widths=(1440, 390))
        page.get_by_label("Tapez SUPPRIMER pour confirmer").fill("SUPPRIMER")
        page.get_by_role("button", name="Supprimer le groupe").click()
        expect(page.get_by_text("Demande enregistrée.")).to_be_visible()
        page.get_by_role("link", name="Traiter les demandes").click()
        request = row(page, "Suppression").filter(has_text="Géant")
        expect(request).to_contain_text("Claire Fortin")
        expect(request).to_contain_text(re.compile("En attente|En cours"))
        claire.looks("demandes", widths=(1440, 390))
        number = request.get_by_role("link").first.inner_text()
        selects(page, "Géant", "Supprimer")
        page.get_by_label("Tapez SUPPRIMER pour confirmer").fill("SUPPRIMER")
        page.get_by_role("button", name="Supprimer le groupe").click()
        expect(page.get_by_role("alert")).to_contain_text("Une demande de traitement est en cours pour ce groupe.")
        page.goto(f"{ORG}/demandes-de-traitement/")
    # The table asks by itself while something is open.
    expect(row(page, "Suppression").filter(has_text="Géant")).to_contain_text("Terminée", timeout=30_000)
    page.goto(f"{ORG}/demandes-de-traitement/{number}/")
    expect(page.locator("main")).to_contain_text("400")
    claire.looks("demande", widths=(1440, 390))
    page.goto(f"{GROUPS}nouveau/?q=importateur")
    expect(page.get_by_role("checkbox", name="Tous : les 400 de la recherche")).to_be_visible()
    editor = visit(ERIC).page
    assert editor.goto(f"{ORG}/demandes-de-traitement/{number}/").status == 403


def test_many_clients_come_into_a_group_from_the_grid(claire):
    """« Affecter à un groupe », of the hundred that a filter finds; then taken back."""
    page = claire.page
    page.goto(f"{ORG}/gestion-des-clients/?filtre=%5B%22name%22%2C%22contains%22%2C%22importateur%200%22%5D")
    page.get_by_label("Tout sélectionner sur cette page").check()
    expect(page.locator("[data-bulk-words]")).to_contain_text("100 sélectionnés")
    # What touches many asks once more.
    page.get_by_label("Que faire des clients sélectionnés").select_option(label="Ajouter une étiquette")
    page.get_by_label("Étiquette à ajouter").fill("Essai")
    page.get_by_role("button", name="Appliquer").click()
    page.get_by_text("Cette modification touche 100 clients. Continuer ?").wait_for()
    claire.looks("gestion-cent-confirmer", widths=(1440, 390))
    page.get_by_role("dialog").get_by_role("button", name="Annuler").click()

    page.get_by_role("button", name="Affecter à un groupe").click()
    page.get_by_role("combobox", name="Groupe").select_option(label="Ouest")
    page.get_by_role("button", name="Voir ce qui va changer").click()
    expect(page.locator("main")).to_contain_text("+100 clients entrent dans le groupe")
    save = page.get_by_role("button", name="Affecter au groupe")
    expect(save).to_be_disabled()
    claire.looks("gestion-groupe", widths=(1440, 390))
    page.get_by_label("Tapez CONFIRMER pour confirmer").fill("CONFIRMER")
    save.click()
    expect(page.get_by_text("Le groupe a été mis à jour avec succès.")).to_be_visible()
    expect(row(page, "Ouest")).to_contain_text("101")
    page.get_by_role("link", name="Traiter les demandes").click()
    row(page, "Ouest").filter(has_text="Mise à jour").first.get_by_role("link").first.click()
    page.get_by_role("button", name="Défaire").click()
    if page.locator("[data-confirm-yes]").is_visible():
        page.locator("[data-confirm-yes]").click()
    page.wait_for_url("**demande=**")
    expect(row(page, "Ouest")).not_to_contain_text("101")


def speaks(page, language):
    """The button of the top bar is that of the other language."""
    button = page.get_by_role("button", name=re.compile(rf"\b{language}\b"))
    if button.count():
        button.first.click()


def test_without_javascript_and_in_english(browser, instance):
    context = browser.new_context(base_url=instance.url, locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    page.goto("/connexion/")
    page.locator("input[name=login]").fill("admin@courtage-frontiere.example")
    page.locator("input[name=password]").fill("demonstration")
    page.get_by_role("button", name=re.compile("^(Se connecter|Sign in)$")).click()
    page.wait_for_url("**/courtage-frontiere/")
    page.goto(GROUPS)
    speaks(page, "EN")
    page.goto(GROUPS)
    page.get_by_role("link", name="Create client group").click()
    page.get_by_label("Name of the group").fill("North")
    page.get_by_role("checkbox", name=re.compile("^All")).first.check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Clear", exact=True).wait_for()
    assert page.get_by_label("Name of the group").input_value() == "North"
    page.get_by_role("button", name="Create a group").click()
    page.goto(f"{GROUPS}?q=north")
    if page.get_by_role("link", name="North", exact=True).count() == 0:
        # More than the call itself does at once: the worker is at it.
        page.wait_for_timeout(5000)
        page.reload()
    page.get_by_label("Select the group North").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_label("Type DELETE to confirm").fill("SUPPRIMER")
    page.get_by_role("button", name="Delete the group").click()
    page.get_by_text("Type DELETE to confirm.").first.wait_for()
    page.get_by_label("Type DELETE to confirm").fill("DELETE")
    page.get_by_role("button", name="Delete the group").click()
    page.wait_for_url("**demande=**")
    speaks(page, "FR")
    context.close()
    does(instance, CLEARED)
