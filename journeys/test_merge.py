"""A24: Antoine Morel was entered twice. Nadia finds it, merges, edits, and takes the merge back, by keyboard."""

ORG = "/eaux-du-val"


def test_two_files_become_one_and_two_again_by_keyboard(visit):
    nadia = visit("nadia@eaux-du-val.example")
    page = nadia.page

    def press(role, name, *, last=False):
        found = page.get_by_role(role, name=name, exact=True)
        (found.last if last else found.first).focus()
        page.keyboard.press("Enter")

    # The file says whom it is like.
    page.goto(f"{ORG}/clients/100561/")
    page.get_by_text("Ressemble à").wait_for()
    nadia.looks("doublon-fiche", widths=(1440, 390))

    # The list of pairs; the search finds it as well.
    page.goto(f"{ORG}/doublons/")
    press("button", "Rechercher les doublons")
    page.get_by_text("La recherche de doublons est lancée.").wait_for()
    page.get_by_text("même téléphone").first.wait_for()
    nadia.looks("doublons", widths=(1440, 390))
    press("link", "Comparer Antoine Morel et Antoine Morelle")

    # Side by side: what differs is chosen with the arrows.
    page.wait_for_url("**/fusion/?avec=100871")
    nadia.looks("fusion", widths=(1440, 390))
    name = page.get_by_role("radio", name="Nom : Antoine Morel (particulier)")
    name.focus()
    page.keyboard.press("ArrowDown")
    assert page.get_by_role("radio", name="Nom : Antoine Morelle (particulier)").is_checked()
    page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="Fusionner").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/clients/100561/**")
    page.get_by_text("Antoine Morelle (n° 100871) fait maintenant partie de cette fiche.").wait_for()
    page.get_by_text("Signale une baisse de pression").wait_for()
    assert page.get_by_text("antoine.morel@courriel.example").is_visible()

    # The old number leads here.
    page.goto(f"{ORG}/clients/100871/")
    page.wait_for_url("**/clients/100561/")

    # Somebody edits what the merge changed, and adds.
    page.goto(f"{ORG}/clients/100561/modifier/")
    page.get_by_label("Courriels").fill("nouveau@courriel.example")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/clients/100561/")
    page.goto(f"{ORG}/clients/100561/personnes/nouvelle/")
    page.get_by_label("Prénom").fill("Lucie")
    page.get_by_label("Nom", exact=True).fill("Morel")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/clients/100561/")

    # Taken back: what was edited since is listed and chosen.
    page.goto(f"{ORG}/fusions/")
    nadia.looks("fusions", widths=(1440, 390))
    press("link", "Annuler la fusion d’Antoine Morelle")
    page.get_by_role("heading", name="Modifié depuis la fusion").wait_for()
    page.get_by_role("heading", name="Ajouté depuis la fusion").wait_for()
    nadia.looks("fusion-annulation", widths=(1440, 390))
    page.get_by_role("radio", name="Courriels : Garder sur 100561").focus()
    page.keyboard.press("ArrowDown")
    press("button", "Annuler la fusion")
    page.wait_for_url("**/clients/100871/")
    page.get_by_text("La fusion est annulée").wait_for()
    page.get_by_text("Signale une baisse de pression").wait_for()
    assert page.get_by_text("nouveau@courriel.example").is_visible()

    # The history of both tells it.
    page.goto(f"{ORG}/clients/100561/historique/")
    page.get_by_text("Fusion annulée").first.wait_for()
    page.get_by_text("Fiches fusionnées").first.wait_for()
    page.goto(f"{ORG}/clients/100561/")
    page.locator("#pane-people").get_by_role("link", name="Lucie Morel", exact=True).wait_for()
