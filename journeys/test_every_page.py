"""Every important page, opened by those who work with it: no axe violation, no error of the console, no page that is
too wide; and in English, no French of ours left."""

import re

import pytest

ORG = "/eaux-du-val"
CLIENT = f"{ORG}/clients/100517"
ADMINISTRATION = f"{ORG}/administration"

OF_A_MANAGER = {
    "accueil": f"{ORG}/",
    "accueil-personnaliser": f"{ORG}/?personnaliser=1",
    "tableau-de-bord": f"{ORG}/tableau-de-bord/",
    "blocages": f"{ORG}/accueil/blocages-de-credit/",
    "recherche": f"{ORG}/recherche/?q=dupont",
    "recherche-avancee": f"{ORG}/recherche/avancee/",
    "recherche-sans-reponse": f"{ORG}/recherche/?q=zzqqzz",
    "clients": f"{ORG}/clients/",
    "fiche": f"{CLIENT}/",
    "export-liste": f"{ORG}/exports/listes/?liste=clients",
    "fiche-tableau-de-bord": f"{CLIENT}/tableau-de-bord/",
    "fiche-modifier": f"{CLIENT}/modifier/",
    "fiche-supprimer": f"{CLIENT}/suppression/",
    "fiche-credit": f"{CLIENT}/blocage-de-credit/",
    "fiche-historique": f"{CLIENT}/historique/",
    "fiche-acces": f"{CLIENT}/acces/",
    "fiche-adresse": f"{CLIENT}/adresses/nouvelle/",
    "fiche-personne": f"{CLIENT}/personnes/nouvelle/",
    "clients-supprimes": f"{ORG}/clients/supprimes/",
    "doublons": f"{ORG}/doublons/",
    "fusions": f"{ORG}/fusions/",
    "fusion-avec": f"{CLIENT}/fusion/",
    "fusion-comparaison": f"{CLIENT}/fusion/?avec=100602",
    "doublons-personnes": f"{ORG}/doublons/personnes/",
    "fusions-personnes": f"{ORG}/fusions/personnes/",
    "personne": f"{ORG}/personnes/1/",
    "fusion-personne-avec": f"{ORG}/personnes/1/fusion/?q=ma",
    "fusion-personne-comparaison": f"{ORG}/personnes/1/fusion/?avec=2",
    "doublon-ressemblances": f"{CLIENT}/ressemblances/",
    "prospect": f"{ORG}/clients/nouveau/",
    "client-nouveau": f"{ORG}/clients/nouveau/client/",
    "contact": f"{ORG}/contacts/nouveau/?client=100517",
    "informer": f"{ORG}/contacts/nouveau/?client=100517&informer=1",
    "destinataires": f"{ORG}/interactions/destinataires/?client=100517",
    "interactions": f"{ORG}/interactions/",
    "interaction": f"{ORG}/interactions/1/",
    "suivis": f"{ORG}/suivis/",
    "dossier": f"{ORG}/dossiers/1/",
    "dossier-elements": f"{ORG}/dossiers/1/elements/?elements=temps",
    "dossier-nouveau": f"{ORG}/dossiers/nouveau/?client=100482",
    "dossier-d-un-contact": f"{ORG}/dossiers/nouveau/?contact=1",
    "dossier-modifier": f"{ORG}/dossiers/1/modification/",
    "dossier-clore": f"{ORG}/dossiers/1/cloture/",
    "dossier-fusion": f"{ORG}/dossiers/1/fusion/",
    "dossier-rapport": f"{ORG}/dossiers/1/rapport/",
    "dossiers-tableau": f"{ORG}/dossiers/tableau/",
    "travail-tableau": f"{ORG}/plans-d-action/tableau/",
    "equipe-tableau": f"{ORG}/plans-d-action/tableau/?vue=equipe",
    "relances": f"{ORG}/relances/",
    "relances-du-client": f"{ORG}/clients/100640/relances/",
    "relances-suspendre": f"{ORG}/clients/100561/relances/suspendre/",
    "relances-plans": f"{ADMINISTRATION}/relances/",
    "relances-plan-nouveau": f"{ADMINISTRATION}/relances/nouveau/",
    "contact-deplacer": f"{ORG}/interactions/1/deplacement/?dossier=1",
    "contact-dossiers": f"{ORG}/interactions/1/dossiers/",
    "gestion": f"{ORG}/gestion-des-clients/?ligne=100517&filtrer=1",
    "gestion-personnes": f"{ORG}/gestion-des-clients/?onglet=personnes",
    "gestion-interactions": f"{ORG}/gestion-des-clients/?onglet=interactions",
    "gestion-critere": f"{ORG}/gestion-des-clients/critere/?champ=status",
    "gestion-volet": f"{ORG}/gestion-des-clients/volet/?client=100517",
    "gestion-personnes-d-un-client": f"{ORG}/gestion-des-clients/clients/100517/personnes/",
    "gestion-valeur": f"{ORG}/gestion-des-clients/clients/100517/valeurs/category/",
    "notifications": f"{ORG}/notifications/",
    "notifications-choix": f"{ORG}/notifications/choix/",
    "absence": f"{ORG}/mon-absence/",
    "agenda": f"{ORG}/mon-agenda/",
    "compte": "/compte/",
    "securite": "/compte/securite/",
    "sessions": "/compte/sessions/",
    "organisations": "/compte/organisations/",
    "courriels-de-la-demonstration": "/demo/courriels/",
}
OF_AN_ADMINISTRATOR = {
    name: f"{ADMINISTRATION}/{path}"
    for name, path in {
        "organisation": "organisation/",
        "modules": "modules/",
        "courriel": "courriel/",
        "avertissements": "avertissements/",
        "membres": "membres/",
        "inviter": "membres/inviter/",
        "secteurs": "secteurs/",
        "secteur-nouveau": "secteurs/nouveau/",
        "jetons": "jetons/",
        "webhooks": "webhooks/",
        "webhook-nouveau": "webhooks/nouveau/",
        "journal": "journal/",
        "rubriques": "rubriques/",
        "rubrique-nouvelle": "rubriques/nouvelle/",
        "champs": "champs/",
        "champ": "champs/1/",
        "champ-nouveau": "champs/nouveau/",
        "doublons-regles": "doublons/",
        "types": "objets-metier/",
        "type-nouveau": "objets-metier/nouveau/",
        "importations": "importations/",
        "importation-nouvelle": "importations/nouvelle/",
        "exportation": "exportation/",
        "export-complet": "export-complet/",
        "envois": "boite-d-envoi/",
        "travaux": "travaux/",
    }.items()
}

# Words of our own French that no name, note or address of the demo holds.
FRENCH = re.compile(
    r"\b(Accueil|Annuler|Enregistrer|Modifier|Supprimer|Rechercher|Ajouter|Nouveau|Nouvelle|Aucune?|Suivis?|Rubriques?|"
    r"Crédit|Téléphones?|Courriels?|Adresses?|Historique|Secteurs?|Membres?|Jetons?|Afficher|Fermer|Retirer|Choisir|"
    r"Tous|Toutes|Obligatoire|Aujourd[’']hui|Hier|Reporter|Fait|Depuis|Votre|Vos)\b"
)
# What the people of the demo wrote themselves: names, notes, the French labels that an administrator edits.
WRITTEN_BY_PEOPLE = (
    "textarea, input, option, .g-event, .g-entry, .g-items small, .g-items-icon li > span, .g-cell-text, [lang=fr], "
    "td, dd"
)
OWN_TEXT = """([theirs]) => {
  const copy = document.querySelector('main').cloneNode(true);
  copy.querySelectorAll(theirs).forEach(node => node.remove());
  return copy.textContent.replace(/\\s+/g, ' ');
}"""


@pytest.mark.parametrize(
    ("email", "pages"),
    [("nadia@eaux-du-val.example", OF_A_MANAGER), ("admin@eaux-du-val.example", OF_AN_ADMINISTRATOR)],
    ids=["manager", "administrator"],
)
def test_every_page_is_sound_in_french(visit, email, pages):
    visitor = visit(email)
    for turn, (name, path) in enumerate(pages.items()):
        assert visitor.page.goto(path).status == 200, path
        assert visitor.page.locator("h1").count() == 1, path
        # Each page in one width and theme, which take turns: the whole of them is seen within the time of a journey.
        visitor.looks(name, widths=((1440, 320)[turn % 2],), themes=(("light", "dark")[turn // 2 % 2],))


@pytest.mark.parametrize(
    ("email", "pages"),
    [("nadia@eaux-du-val.example", OF_A_MANAGER), ("admin@eaux-du-val.example", OF_AN_ADMINISTRATOR)],
    ids=["manager", "administrator"],
)
def test_no_french_is_left_in_english(visit, email, pages):
    page = visit(email).page
    page.goto(f"{ORG}/")
    page.get_by_role("button", name="EN : English version").click()
    page.get_by_role("link", name="Home").first.wait_for()
    left = {}
    try:
        for name, path in pages.items():
            page.goto(path)
            assert page.locator("html").get_attribute("lang") == "en", path
            if words := set(FRENCH.findall(page.evaluate(OWN_TEXT, [WRITTEN_BY_PEOPLE]))):
                left[name] = words
    finally:
        # The language is kept with the person: the next journey finds it as it was.
        page.goto(f"{ORG}/")
        page.get_by_role("button", name="FR : version française").click()
        page.get_by_role("link", name="Accueil").first.wait_for()
    assert left == {}
