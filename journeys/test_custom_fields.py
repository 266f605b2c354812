"""An administrator adds a field; an agent fills it in, finds the client by it, and logs a call with another."""

ORG = "/eaux-du-val"


def test_a_field_is_defined_filled_in_and_found(visit):
    ada = visit("admin@eaux-du-val.example")
    page = ada.page
    page.goto(f"{ORG}/administration/champs/")
    ada.looks("champs")
    page.get_by_role("link", name="Ajouter un champ").click()
    ada.looks("champ-nouveau", widths=(1440,))
    page.get_by_label("Sur", exact=True).select_option(label="Clients")
    page.get_by_label("Type", exact=True).select_option(label="Liste")
    page.get_by_label("Libellé français").fill("Mode de chauffage")
    page.get_by_label("Libellé anglais").fill("Heating")
    page.get_by_label("Options de la liste").fill("gaz ; Gaz de ville ; Gas\npac ; Pompe à chaleur ; Heat pump")
    page.get_by_label("Dans la recherche").check()
    page.get_by_role("button", name="Enregistrer").click()
    page.get_by_role("link", name="Mode de chauffage").click()
    ada.looks("champ", widths=(1440, 390))
    page.get_by_role("link", name="Supprimer…").click()
    ada.looks("champ-supprimer", widths=(1440,))

    nadia = visit("nadia@eaux-du-val.example")
    page = nadia.page
    page.goto(f"{ORG}/clients/100602/modifier/")
    page.get_by_label("Mode de chauffage").select_option(label="Pompe à chaleur")
    nadia.looks("fiche-champs", widths=(1440, 390))
    page.get_by_role("button", name="Enregistrer").click()
    page.wait_for_url("**/clients/100602/")
    assert page.locator("#pane-identity").get_by_text("Pompe à chaleur").is_visible()

    # Found by its words, and by a criterion.
    page.goto(f"{ORG}/recherche/?q=pompe+chaleur")
    assert page.locator("main").get_by_text("Hélène Lefèvre").first.is_visible()
    page.goto(f"{ORG}/gestion-des-clients/critere/")
    page.get_by_label("Champ", exact=True).select_option(label="Mode de chauffage")
    page.get_by_label("Valeur", exact=True).select_option(label="Pompe à chaleur")
    page.get_by_role("button", name="Ajouter").click()
    page.wait_for_url("**/gestion-des-clients/?**")
    assert "Lefèvre" in page.locator("main tbody tr").first.inner_text()
    assert page.locator("main").get_by_text("Blanchisserie Moreau").count() == 0


def test_a_call_asks_for_its_field_and_a_letter_does_not(visit):
    anne = visit("anne@cabinet-roy.example")
    page = anne.page
    page.goto("/cabinet-roy/contacts/nouveau/?client=LAVOIE")
    asked = page.get_by_label("Langue de l’échange")
    assert asked.is_visible()
    page.get_by_label("Canal", exact=True).select_option("letter")
    assert not asked.is_visible()
    page.get_by_label("Canal", exact=True).select_option("phone_call")
    asked.select_option(label="Espagnol")
    page.get_by_role("radio", name="Renseignement").check()
    anne.looks("contact-champ", widths=(1440, 390))
    page.get_by_role("button", name="Enregistrer").click()
    page.wait_for_url("**/clients/LAVOIE/")
    page.goto("/cabinet-roy/interactions/?")
    page.locator("main").get_by_role("link", name="Renseignement").first.click()
    assert page.locator("main").get_by_text("Espagnol").first.is_visible()
