import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from entregent.access.rights import Right
from entregent.access.wall import outside
from entregent.organizations import actions, letterhead
from entregent.organizations.models import ApiToken, Grant, Membership, Organization, Sector, Substitution, User
from entregent.outbox.models import Message
from entregent.toolbox.dates import today_in
from testing.cast import enter, make_member

pytestmark = pytest.mark.django_db

PAGES = [
    ("settings", "Organisation"), ("modules", "Modules"), ("members", "Membres et accès"), ("invite", "Inviter"),
    ("sectors", "Secteurs"), ("sector_create", "Créer un secteur"), ("tokens", "Jetons"), ("journal", "Journal"),
]  # fmt: skip


def at(name, slug="eaux", **kwargs):
    return reverse(f"organizations:{name}", kwargs={"organization": slug, **kwargs})


@pytest.mark.parametrize(("name", "title"), PAGES)
def test_an_administrator_opens_every_page(name, title, admin, signed_in):
    page = signed_in(admin).get(at(name))
    assert page.status_code == 200
    assert f"<h1>{title}" in page.content.decode()


@pytest.mark.parametrize("name", [name for name, _title in PAGES])
def test_nobody_else_opens_them(name, manager, agent, reader, stranger, signed_in):
    for member, status in ((manager, 403), (agent, 403), (reader, 403), (stranger, 404)):
        assert signed_in(member).get(at(name)).status_code == status


def test_pages_of_a_member_or_sector_of_another_organization_do_not_exist(admin, stranger, north, other_org, signed_in):
    there = signed_in(stranger)
    for name in ("member", "member_access", "member_absence"):
        assert there.get(at(name, "autre", pk=admin.pk)).status_code == 404
    assert there.get(at("sector", "autre", pk=north.pk)).status_code == 404
    assert there.post(at("sector_delete", "autre", pk=north.pk)).status_code == 404
    assert there.get(at("member", "autre", pk=10**17)).status_code == 404
    assert there.get(at("member", "autre", pk=10**30)).status_code == 404


def test_the_left_navigation_is_searched(admin, signed_in):
    page = signed_in(admin).get(at("settings"), {"reglage": "habilitations"}).content.decode()
    assert at("members") in page
    assert at("journal") not in page
    assert "Aucun réglage" in signed_in(admin).get(at("settings"), {"reglage": "zzz"}).content.decode()


def test_the_left_navigation_stands_under_headings(admin, signed_in):
    page = signed_in(admin).get(at("settings")).content.decode()
    headings = re.findall(r'g-side-section">\s*<p>([^<]+)</p>', page)
    assert headings[:3] == ["Général", "Personnes et accès", "Clients"]
    assert len(headings) == len(set(headings))
    access = page.partition("<p>Personnes et accès</p>")[2].partition("g-side-section")[0]
    assert at("members") in access
    assert at("journal") not in access


def settings_data(org, **changes):
    return {
        "version": org.version, "name": org.name, "language": "fr", "country": "FR", "time_zone": "Europe/Paris",
        "currency": "EUR", "crm_list_label": "GRC",
    } | changes  # fmt: skip


def test_settings_are_saved_with_words_in_both_languages(org, admin, signed_in):
    data = settings_data(org, name="Eaux du Grand Val", client_fr="Abonné", client_en="Customer", country="CA")
    answer = signed_in(admin).post(at("settings"), data)
    assert (answer.status_code, answer.headers["Location"]) == (303, at("settings"))
    org.refresh_from_db()
    assert (org.name, org.country, org.version) == ("Eaux du Grand Val", "CA", 2)
    assert org.terminology == {"client": {"fr": "Abonné", "en": "Customer"}}


def test_a_word_missing_in_one_language_is_flagged(org, admin, signed_in):
    signed_in(admin).post(at("settings"), settings_data(org, client_fr="Abonné"))
    assert "Client\xa0: une langue manque" in signed_in(admin).get(at("settings")).content.decode()


def test_a_stale_save_of_settings_shows_both_versions_and_loses_nothing(org, admin, manager, signed_in):
    enter(admin)
    actions.update_organization(org, by=admin, version=1, name="Nom de l'autre")
    answer = signed_in(admin).post(at("settings"), settings_data(org, name="Mon nom"))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "modifiée par Ada Min" in page
    assert "Mon nom" in page
    assert "Nom de l&#39;autre" in page
    assert 'name="version" value="2"' in page
    again = signed_in(admin).post(at("settings"), settings_data(org, name="Mon nom", version=2))
    assert again.status_code == 303
    org.refresh_from_db()
    assert org.name == "Mon nom"


def test_a_blank_name_is_told_at_its_field_and_keeps_what_was_typed(org, admin, signed_in):
    answer = signed_in(admin).post(at("settings"), settings_data(org, name=" ", crm_list_label="Effectif"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Le nom est obligatoire." in page
    assert 'value="Effectif"' in page


def test_modules_say_what_disappears_and_are_switched(org, admin, signed_in):
    browser = signed_in(admin)
    assert "Désactivé\xa0:" in browser.get(at("modules")).content.decode()
    assert browser.post(at("modules"), {"version": 1, "portal": "on"}).status_code == 303
    org.refresh_from_db()
    assert org.modules == ["portal"]
    stale = browser.post(at("modules"), {"version": 1, "casework": "on"})
    assert stale.status_code == 409
    assert "Portail client" in stale.content.decode()


def test_somebody_invited_gets_a_mail_and_no_password(org, admin, signed_in):
    data = {"name": "Nour Neuve", "email": "Nour@Eaux.example", "role": "editor", "language": "en"}
    answer = signed_in(admin).post(at("invite"), data | {"functions": ["agent"]})
    user = User.objects.get(email="nour@eaux.example")
    enter(admin)
    member = Membership.objects.get(user=user)
    assert answer.headers["Location"] == at("member_access", pk=member.pk)
    assert not user.has_usable_password()
    mail = Message.objects.get(user_id=admin.user_id)
    assert mail.recipients == ["nour@eaux.example"]
    assert "/compte/invitation/" in mail.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"email": "x"}, "Adresse de courriel invalide."),
        ({"name": ""}, "Le nom est obligatoire."),
        ({"name": "x" * 121}, "Le nom\xa0: 120 caractères au maximum."),
        ({"email": "lecteur@eaux.example"}, "déjà membre"),
    ],
)
def test_a_wrong_invitation_is_refused_at_the_field(change, message, admin, reader, signed_in):
    data = {"name": "Nour", "email": "n@x.example", "role": "editor", "language": "fr"} | change
    answer = signed_in(admin).post(at("invite"), data)
    assert answer.status_code == 422
    assert message in answer.content.decode()
    enter(admin)
    assert Message.objects.count() == 0


def member_data(member, **changes):
    return {"version": member.version, "role": member.role, "functions": member.functions} | changes


def test_rights_are_added_and_taken_away(admin, agent, signed_in):
    data = member_data(agent, **{"right_data.export": "added", "right_client.edit": "removed"})
    assert signed_in(admin).post(at("member", pk=agent.pk), data).status_code == 303
    enter(admin)
    changed = Membership.objects.get(pk=agent.pk)
    assert changed.can(Right.DATA_EXPORT)
    assert not changed.can(Right.CLIENT_EDIT)
    page = signed_in(admin).get(at("member", pk=agent.pk)).content.decode()
    assert '<option value="removed" selected>' in page


def test_the_last_administrator_stays(admin, signed_in):
    answer = signed_in(admin).post(at("member", pk=admin.pk), member_data(admin, role="editor"))
    assert answer.status_code == 422
    assert "Désignez d&#39;abord un autre administrateur." in answer.content.decode()
    page = signed_in(admin).post(at("member_state", pk=admin.pk), {"active": "0"}, follow=True)
    assert "Désignez d&#39;abord un autre administrateur." in page.content.decode()
    enter(admin)
    assert Membership.objects.get(pk=admin.pk).is_active


def test_a_member_made_inactive_is_out_at_the_next_request(admin, agent, signed_in):
    browser = signed_in(agent)
    assert browser.get(at("my_absence")).status_code == 200
    signed_in(admin).post(at("member_state", pk=agent.pk), {"active": "0"})
    assert browser.get(at("my_absence")).status_code == 404
    signed_in(admin).post(at("member_state", pk=agent.pk), {"active": "1"})
    assert browser.get(at("my_absence")).status_code == 200


def test_access_is_given_on_organization_sector_and_client_and_retired(admin, agent, south, client_south, signed_in):
    browser = signed_in(admin)
    page = at("member_access", pk=agent.pk)
    for data in (
        {"scope_type": "organization", "role": "reader"},
        {"scope_type": "sector", "sector": south.pk, "ends_on": "2999-01-31"},
        {"scope_type": "client", "text": "S1"},
    ):
        assert browser.post(page, data).status_code == 303
    shown = browser.get(page).content.decode()
    assert "Secteur Sud" in shown
    assert "Client S1 Jeanne Dupont" in shown
    assert "jusqu&#39;au 31 janv. 2999" in shown
    enter(admin)
    given = Grant.objects.filter(membership=agent, scope_type="client").get()
    assert given.scope_id == client_south.pk
    assert browser.post(at("revoke", pk=agent.pk, grant=given.pk)).status_code == 303
    enter(admin)
    assert not Grant.objects.filter(pk=given.pk).exists()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"scope_type": "client", "text": "INCONNU"}, "Numéro de client inconnu."),
        ({"scope_type": "client", "text": "E1"}, "Numéro de client inconnu."),
        ({"scope_type": "sector"}, "Secteur est obligatoire."),
        ({"scope_type": "sector", "sector": "999999999999"}, "Introuvable."),
        ({"scope_type": "organization", "ends_on": "2001-01-01"}, "La date de fin doit être postérieure."),
        ({"scope_type": "organization", "starts_on": "bientôt"}, "Date invalide."),
    ],
)
def test_a_wrong_access_is_refused_at_the_field(data, message, admin, agent, client_elsewhere, signed_in):
    answer = signed_in(admin).post(at("member_access", pk=agent.pk), data)
    assert answer.status_code == 422
    assert message in answer.content.decode()


def test_the_tree_opens_level_by_level_and_is_searched(admin, agent, north, org, signed_in):
    enter(admin)
    below = actions.create_sector(organization=org, code="N-1", name="Évreux", parent=north, by=admin)
    browser = signed_in(admin)
    page = at("member_access", pk=agent.pk)
    top = browser.get(page, htmx=True).content.decode()
    assert "<html" not in top
    assert f"?sous={north.pk}" in top
    assert "Évreux" not in top
    assert "Évreux" in browser.get(page, {"sous": north.pk}, htmx=True).content.decode()
    found = browser.get(page, {"secteur": "evreux"}, htmx=True).content.decode()
    assert f'value="{below.pk}"' in found
    assert "Nord" in found


def test_an_absence_is_noted_by_an_administrator_or_by_oneself(admin, agent, outsider, signed_in, org):
    today = today_in(org.time_zone)
    data = {"substitute": outsider.pk, "starts_on": today, "ends_on": today + timedelta(days=2)}
    assert signed_in(admin).post(at("member_absence", pk=agent.pk), data).status_code == 303
    assert signed_in(agent).post(at("my_absence"), data).status_code == 303
    assert "Suzanne Sud" in signed_in(agent).get(at("my_absence")).content.decode()
    assert "Remplace Omar Agent" in signed_in(outsider).get(at("my_absence")).content.decode()
    enter(agent)
    first = Substitution.objects.first()
    assert signed_in(outsider).post(at("my_absence"), {"end": first.pk}).status_code == 404
    assert signed_in(agent).post(at("my_absence"), {"end": first.pk}).status_code == 303
    late = signed_in(agent).post(at("my_absence"), data | {"ends_on": today - timedelta(days=1)})
    assert late.status_code == 422
    assert "La date de fin doit être postérieure." in late.content.decode()


def test_a_sector_is_created_renamed_moved_and_deleted(org, admin, north, south, signed_in):
    browser = signed_in(admin)
    data = {"code": "N-1", "name": "Évreux", "level": "Ville", "sector": north.pk}
    assert browser.post(at("sector_create"), data).headers["Location"] == f"{at('sectors')}?sous={north.pk}"
    enter(admin)
    made = Sector.objects.get(code="N-1")
    assert made.path == f"/{north.pk}/{made.pk}/"
    page = at("sector", pk=made.pk)
    renamed = {"code": "N-1", "name": "Vernon", "level": "Ville", "version": 1, "sector": "keep"}
    assert browser.post(page, renamed).status_code == 303
    assert browser.post(page, renamed | {"sector": south.pk}).status_code == 409
    assert browser.post(page, renamed | {"sector": south.pk, "version": 2}).status_code == 303
    enter(admin)
    made.refresh_from_db()
    assert (made.name, made.path) == ("Vernon", f"/{south.pk}/{made.pk}/")
    assert "placés sous celui-ci" in browser.get(at("sector", pk=south.pk)).content.decode()
    assert browser.post(at("sector_delete", pk=made.pk)).status_code == 303
    enter(admin)
    assert not Sector.objects.filter(pk=made.pk).exists()


def test_a_sector_with_clients_stays_and_says_why(admin, north, client_north, signed_in):
    page = signed_in(admin).post(at("sector_delete", pk=north.pk), follow=True).content.decode()
    assert "1 client y est rattaché." in page
    enter(admin)
    assert Sector.objects.filter(pk=north.pk).exists()


def test_ten_thousand_sectors_open_as_fast_as_ten(org, admin, signed_in, django_assert_num_queries):
    enter(admin)
    Sector.objects.bulk_create(
        Sector(organization=org, code=f"C{number:05}", name=f"Commune {number}") for number in range(10_000)
    )
    browser = signed_in(admin)
    browser.get(at("sectors"))
    with django_assert_num_queries(6):
        page = browser.get(at("sectors"))
    assert page.content.decode().count('<tr class="g-row">') == 200
    following = browser.get(at("sectors"), {"apres": "C00199"}).content.decode()
    assert "C00200" in following
    assert "C09876" in browser.get(at("sectors"), {"secteur": "commune 9876"}).content.decode()


def test_a_token_is_shown_once_and_revoked(admin, agent, signed_in):
    browser = signed_in(admin)
    answer = browser.post(at("tokens"), {"member": agent.pk, "name": "Facturation", "breadth": "all"})
    enter(admin)
    token = ApiToken.objects.get()
    key = answer.content.decode().split('id="new-token">')[1].split("<")[0]
    assert ApiToken.digest_of(key) == token.digest
    assert answer.headers["Cache-Control"] == "no-store"
    assert key not in browser.get(at("tokens")).content.decode()
    assert browser.post(at("token_revoke", pk=token.pk)).status_code == 303
    enter(admin)
    token.refresh_from_db()
    assert token.revoked_at is not None
    past = browser.post(at("tokens"), {"member": agent.pk, "name": "X", "breadth": "all", "expires_on": "2001-01-01"})
    assert "La date de fin doit être postérieure." in past.content.decode()


def test_the_journal_tells_what_was_done_before_and_after(org, admin, agent, signed_in):
    browser = signed_in(admin)
    browser.post(at("settings"), settings_data(org, name="Grand Val"))
    browser.post(at("member", pk=agent.pk), member_data(agent, role="reader"))
    page = browser.get(at("journal")).content.decode()
    assert "Réglages de l&#39;organisation modifiés" in page
    assert "Grand Val" in page
    rows = browser.get(at("journal"), {"vue": "modifications"}).content.decode()
    assert "Modification\xa0: Membre" in rows
    assert "Éditeur → Lecture seule" in rows
    nobody = browser.get(at("journal"), {"personne": agent.user_id, "jour": "2001-01-01"}).content.decode()
    assert "Rien dans le journal" in nobody
    assert browser.get(at("journal"), {"jour": "xx", "personne": "é", "avant": "-1"}).status_code == 200


def test_one_entry_of_the_journal_shows_the_rows_it_changed(admin, agent, signed_in):
    from entregent.audit.models import Action

    browser = signed_in(admin)
    browser.post(at("member", pk=agent.pk), member_data(agent, role="reader"))
    enter(admin)
    action = Action.objects.filter(name="update_member").latest("pk")
    page = browser.get(at("journal_entry", pk=action.pk)).content.decode()
    assert "Éditeur → Lecture seule" in page
    assert browser.get(at("journal_entry", pk=action.pk + 1000)).status_code == 404


def test_settings_given_without_the_whole_organization_do_not_open_the_clients_journal(
    admin, agent, client_north, signed_in
):
    enter(admin)
    actions.update_member(agent, by=admin, version=1, rights_added=[Right.SETTINGS])
    client_north.name = "Un autre nom"
    client_north.save()
    browser = signed_in(agent)
    page = browser.get(at("journal"), {"vue": "modifications"}).content.decode()
    assert "ce qui concerne les clients" in page
    assert "Un autre nom" not in page
    assert "Blanchisserie" not in page


def test_the_list_of_members_asks_as_much_for_many_as_for_few(org, admin, signed_in, django_assert_num_queries):
    browser = signed_in(admin)
    browser.get(at("members"))
    for number in range(30):
        make_member(org, f"m{number}@eaux.example", f"Membre {number}", "editor")
    with django_assert_num_queries(6):
        page = browser.get(at("members")).content.decode()
    assert "Membre 29" in page
    assert "Membre 29" in browser.get(at("members"), {"q": "29"}, htmx=True).content.decode()
    assert "Aucun membre ne porte ce nom." in browser.get(at("members"), {"q": "personne"}).content.decode()


def test_pages_speak_english_to_who_reads_english(admin, signed_in):
    User.objects.filter(pk=admin.user_id).update(language="en")
    page = signed_in(admin).get(at("member", pk=admin.pk)).content.decode()
    assert "Export data" in page
    assert "As the role says" in page
    assert "Habilitation" not in page


def test_the_journal_of_changes_names_records_and_fields_in_words(org, admin, client_north, signed_in):
    browser = signed_in(admin)
    enter(admin)
    client_north.deleted_at = timezone.now()
    client_north.deleted_by = admin.user
    client_north.save()
    page = browser.get(f"/{org.slug}/administration/journal/?vue=modifications").content.decode()
    assert "Supprimé par" in page
    assert "Deleted" not in page
    assert f"→ {client_north.deleted_at:%Y-%m-%d}T" not in page


def test_the_journal_tells_what_became_of_settings_and_accounts(org, admin, agent, signed_in):
    browser = signed_in(admin)
    browser.post(at("settings"), settings_data(org, name="Grand Val"))
    User.objects.filter(pk=agent.user_id).update(name="Omar Nouveau", password="secret-hash", theme="dark")
    page = browser.get(at("journal"), {"vue": "modifications"}).content.decode()
    assert "Modification\xa0: Organisation" in page
    assert "Eaux du Val → Grand Val" in page
    assert "Modification\xa0: Compte d’un membre" in page
    assert "Omar Agent → Omar Nouveau" in page
    assert "secret-hash" not in page
    assert "password" not in page.lower().replace("password-", "")


def test_accounts_are_told_to_the_organizations_of_their_members_alone(org, admin, agent, stranger):
    from entregent.audit.models import Change

    User.objects.filter(pk=agent.user_id).update(name="Omar Nouveau")
    User.objects.filter(pk=agent.user_id).update(password="secret-hash", last_login=timezone.now(), theme="dark")
    enter(stranger)
    assert not Change.objects.filter(table_name="organizations_user", row_id=agent.user_id).exists()
    enter(admin)
    kept = Change.objects.get(table_name="organizations_user", row_id=agent.user_id)
    assert kept.before.keys() == {"id", "email", "name", "language", "is_active"}


def test_the_journal_names_on_what_something_was_done(admin, client_north, signed_in):
    from entregent.clients import actions as client_actions

    enter(admin)
    person = client_actions.create_person(by=admin, last_name="Moreau", first_name="Claire", phones=["0261910042"])
    client_actions.update_person(person, by=admin, version=person.version, first_name="Clara")
    client_actions.set_credit_hold(client_north, by=admin, reason="overdue")
    browser = signed_in(admin)
    page = browser.get(at("journal")).content.decode()
    assert "N1 Blanchisserie Moreau" in page
    assert "Moreau, Claire" in page
    rows = browser.get(at("journal"), {"vue": "modifications"}).content.decode()
    assert "Moreau, Claire" in rows
    assert "N1 Blanchisserie Moreau" in rows


def test_the_words_of_the_organization_stand_in_navigation_and_titles(org, admin, signed_in):
    Organization.objects.filter(pk=org.pk).update(
        terminology={"clients": {"fr": "Abonnés", "en": "Subscribers"}, "staff": {"fr": "Équipe"}}
    )
    http = signed_in(admin)
    page = http.get("/eaux/clients/").content.decode()
    assert "<title>Abonnés" in page
    assert '<span class="g-nav-label">Abonnés</span>' in page
    assert ">Équipe<" in http.get(at("members")).content.decode()
    User.objects.filter(pk=admin.user_id).update(language="en")
    page = http.get("/eaux/clients/").content.decode()
    assert "<title>Subscribers" in page
    assert "Members and access" in http.get(at("members")).content.decode()


def mail_data(org, **changes):
    org.refresh_from_db()
    return {"version": org.version, "mail_sender_name": "Accueil", "mail_sender_address": ""} | changes


def confirmation_mail():
    with outside():
        return Message.objects.filter(organization_id=None).latest("pk")


def link_in(message) -> str:
    return re.search(r"/eaux/administration/courriel/confirmation/\S+?/(?=\s|$)", message.text)[0]


def test_the_senders_address_serves_once_it_was_confirmed_from_its_mailbox(admin, org, signed_in):
    http = signed_in(admin)
    assert http.post(at("mail"), mail_data(org, mail_sender_address="accueil@eaux.example")).status_code == 303
    enter(admin)
    org.refresh_from_db()
    assert letterhead.of(org).sender_address == ""
    page = http.get(at("mail")).content.decode()
    assert "en attente de confirmation" in page
    asked = confirmation_mail()
    assert asked.recipients == ["accueil@eaux.example"]
    link = link_in(asked)
    assert http.get(link).status_code == 200
    enter(admin)
    org.refresh_from_db()
    assert letterhead.of(org).sender_address == ""
    assert http.post(link).status_code == 303
    enter(admin)
    org.refresh_from_db()
    assert letterhead.of(org).sender_address == "accueil@eaux.example"
    assert "en attente de confirmation" not in http.get(at("mail")).content.decode()
    assert http.post(link).status_code == 410  # It serves once.
    http.post(at("mail"), mail_data(org, mail_sender_address="autre@eaux.example"))
    enter(admin)
    org.refresh_from_db()
    assert letterhead.of(org).sender_address == ""
    http.post(at("mail"), mail_data(org, mail_sender_address="accueil@eaux.example"))
    assert http.post(link).status_code == 410


def test_a_link_of_confirmation_is_sent_again_and_makes_the_one_of_before_void(admin, org, signed_in):
    http = signed_in(admin)
    http.post(at("mail"), mail_data(org, mail_sender_address="accueil@eaux.example"))
    link = link_in(confirmation_mail())
    assert "attendez une minute" in http.post(at("mail_ask_again"), follow=True).content.decode()
    enter(admin)
    Organization.objects.filter(pk=org.pk).update(mail_sender_asked_at=timezone.now() - timedelta(minutes=2))
    assert http.post(at("mail_ask_again")).status_code == 303
    assert http.get(link).status_code == 410
    assert http.get(link_in(confirmation_mail())).status_code == 200
    assert http.get(at("mail_confirm", token="faux")).status_code == 410


def test_a_link_of_another_organization_or_too_old_confirms_nothing(admin, org, stranger, signed_in, monkeypatch):
    http = signed_in(admin)
    http.post(at("mail"), mail_data(org, mail_sender_address="accueil@eaux.example"))
    link = link_in(confirmation_mail())
    assert signed_in(stranger).post(link).status_code == 404
    assert signed_in(stranger).post(link.replace("/eaux/", "/autre/")).status_code in (403, 410)
    monkeypatch.setattr("entregent.organizations.sender_address.DAYS_VALID", -1)
    assert http.post(link).status_code == 410
