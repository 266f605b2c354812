"""What somebody at the client reads and writes: their own conversations, and nothing that was not published."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from entregent.clients.actions import people
from entregent.inbound.senders import at_address
from entregent.interactions.actions import add_entry, change_status, delete_interaction, log_interaction
from entregent.interactions.models import Interaction, InteractionEntry, PublishedEntry, Topic
from entregent.interactions.portal_access import set_colleagues
from entregent.interactions.portal_models import PortalSettings
from entregent.portal.tests.conftest import door, give_access
from testing.cast import enter

INSIDE = "ZINTERNE"


@pytest.fixture
def topic(agent, org):
    enter(agent)
    return Topic.objects.create(organization=org, code="commande", label_fr="Commande", label_en="Order")


@pytest.fixture
def logged(agent, client_north, topic, access):
    enter(agent)
    interaction = log_interaction(
        by=agent, client=client_north, topic=topic, channel="phone_call", subject="Livraison", notes="Bonjour Léa",
        internal=False,
    )  # fmt: skip
    add_entry(interaction, by=agent, notes=f"{INSIDE} à ne pas dire", internal=True)
    return interaction


def body(answer) -> str:
    return answer.content.decode()


def test_only_what_was_published_is_read(lea, logged):
    home, listed = body(lea.get("/portail/eaux/")), body(lea.get("/portail/eaux/echanges/"))
    page = body(lea.get(f"/portail/eaux/echanges/{logged.number}/"))
    assert "Bonjour Léa" in page
    assert "Livraison" in home
    assert "Livraison" in listed
    assert INSIDE not in home + listed + page
    assert page.count('class="g-portal-entry') == 1


def test_an_answer_is_unread_until_it_is_opened(lea, logged):
    assert "non lu" in body(lea.get("/portail/eaux/"))
    lea.get(f"/portail/eaux/echanges/{logged.number}/")
    assert "non lu" not in body(lea.get("/portail/eaux/"))
    assert "Rien ne vous attend" in body(lea.get("/portail/eaux/"))


def test_a_reply_opens_what_was_closed_and_stands_in_the_journal_under_the_persons_name(lea, logged, agent, access):
    enter(agent)
    change_status(logged, by=agent, status="closed")
    url = f"/portail/eaux/echanges/{logged.number}/"
    assert "votre réponse le rouvre" in body(lea.get(url))
    answer = lea.post(url, {"text": "Où en est ma commande ?", "key": "abc"})
    assert answer.status_code == 303
    assert lea.post(url, {"text": "Où en est ma commande ?", "key": "abc"}).status_code == 303
    enter(agent)
    entry = InteractionEntry.objects.get(interaction=logged, incoming=True)
    assert (entry.author, entry.author_person_id, entry.entry_name) == (None, access.person_id, "Léa Martin")
    assert Interaction.objects.get(pk=logged.pk).status == "open"
    assert "Où en est ma commande ?" in body(lea.get(url))


def test_a_new_request_makes_an_interaction_under_its_topic(lea, topic, agent, client_north, access):
    form = body(lea.get("/portail/eaux/echanges/nouveau/"))
    assert "Commande" in form
    refused = lea.post("/portail/eaux/echanges/nouveau/", {"topic": "commande", "text": "  ", "key": "k"})
    assert refused.status_code == 422
    sent = {"topic": "commande", "subject": "Devis", "text": "Un devis svp", "key": "k1"}
    answer = lea.post("/portail/eaux/echanges/nouveau/", sent)
    enter(agent)
    made = Interaction.objects.get()
    assert answer.headers["Location"] == f"/portail/eaux/echanges/{made.number}/"
    assert (made.client, made.person_id, made.topic, made.channel) == (client_north, access.person_id, topic, "portal")
    assert "Nous nous en occupons" in body(lea.get("/portail/eaux/"))


def test_files_come_with_a_message_and_stand_among_the_documents(lea, logged, agent):
    url = f"/portail/eaux/echanges/{logged.number}/"
    file = SimpleUploadedFile("../../plan.txt", b"Le plan du raccordement")
    program = SimpleUploadedFile("facture.pdf", b"MZ\x90\x00\x03" + b"\x00" * 200)
    refused = lea.post(url, {"text": "Voici", "files": [program], "key": "f0"})
    assert refused.status_code == 422
    assert "non autorisé" in body(refused)
    assert lea.post(url, {"text": "Voici", "files": [file], "key": "f1"}).status_code == 303
    listed = body(lea.get("/portail/eaux/documents/"))
    link = re.search(r"/portail/eaux/documents/\d+/", listed)[0]
    assert "plan.txt" in listed
    answer = lea.get(link)
    assert b"".join(answer.streaming_content) == b"Le plan du raccordement"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    PortalSettings.objects.create(organization=logged.organization, files_in_messages=False)
    assert 'type="file"' not in body(lea.get(url))
    file = SimpleUploadedFile("a.txt", b"x")
    lea.post(url, {"text": "Encore", "files": [file], "key": "f2"})
    assert body(lea.get("/portail/eaux/documents/")).count("/portail/eaux/documents/") == listed.count(
        "/portail/eaux/documents/"
    )


def test_a_draft_waits(lea, logged, topic):
    url = f"/portail/eaux/echanges/{logged.number}/"
    lea.post(url, {"text": "Je commence à", "draft": "1"})
    assert "Je commence à" in body(lea.get(url))
    lea.post(url, {"text": "Je commence à finir", "key": "d"})
    assert "Je commence à</textarea>" not in body(lea.get(url))
    new = "/portail/eaux/echanges/nouveau/"
    lea.post(new, {"text": "Plus tard", "subject": "Idée", "draft": "1"})
    assert "Plus tard" in body(lea.get(new))


def test_nobody_reads_or_writes_anothers_conversation(lea, logged, agent, manager, client_south, other_org, topic):
    other = give_access(manager, client_south, email="jean@sud.example", first_name="Jean", last_name="Sud")
    jean = door(other.user)
    url = f"/portail/eaux/echanges/{logged.number}/"
    random = jean.get("/portail/eaux/echanges/987654/")
    assert jean.get(url).status_code == 404
    assert len(jean.get(url).content) == len(random.content) + len(str(logged.number)) - len("987654")
    assert jean.post(url, {"text": "coucou", "key": "x"}).status_code == 404
    assert "Livraison" not in body(jean.get("/portail/eaux/echanges/"))
    enter(agent)
    assert InteractionEntry.objects.filter(interaction=logged).count() == 2
    assert lea.get("/portail/autre/echanges/").status_code == 404


def test_colleagues_see_what_the_organization_allows(lea, logged, agent, access, client_north, topic):
    enter(agent)
    colleague = give_access(agent, client_north, email="max@client.example", first_name="Max")
    secret = log_interaction(
        by=agent, client=client_north, person=access.person, topic=topic, channel="phone_call", subject="Pour Léa",
        notes="Rien que pour Léa",
    )  # fmt: skip
    max_http = door(colleague.user)
    assert "Pour Léa" not in body(max_http.get("/portail/eaux/echanges/"))
    assert max_http.get(f"/portail/eaux/echanges/{secret.number}/").status_code == 404
    assert "Livraison" in body(max_http.get("/portail/eaux/echanges/"))
    enter(agent)
    set_colleagues(colleague, by=agent, sees_colleagues=True)
    assert "Pour Léa" in body(max_http.get("/portail/eaux/echanges/"))


def test_what_is_deleted_or_made_internal_leaves_the_portal(lea, logged, agent):
    enter(agent)
    delete_interaction(Interaction.objects.get(pk=logged.pk), by=agent)
    assert lea.get(f"/portail/eaux/echanges/{logged.number}/").status_code == 404
    assert "Aucun échange" in body(lea.get("/portail/eaux/echanges/"))


def test_too_many_messages_an_hour_are_refused(lea, logged, monkeypatch):
    monkeypatch.setattr("entregent.portal.actions.MESSAGES_AN_HOUR", 2)
    url = f"/portail/eaux/echanges/{logged.number}/"
    answers = [lea.post(url, {"text": f"Message {n}", "key": f"k{n}"}).status_code for n in range(3)]
    assert answers == [303, 303, 422]


def test_ones_own_details_are_proposed_or_changed(lea, logged, agent, access):
    page = body(lea.get("/portail/eaux/coordonnees/"))
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    values = {
        "first_name": "Léa", "last_name": "Martin", "title": "Acheteuse", "email_1": "lea@client.example",
        "phone_1": "03 26 00 00 00", "version": version, "key": "c1",
    }  # fmt: skip
    assert lea.post("/portail/eaux/coordonnees/", values).status_code == 303
    enter(agent)
    person = type(access.person).objects.get(pk=access.person_id)
    assert person.title == ""
    said = InteractionEntry.objects.filter(incoming=True).get().notes
    assert "Acheteuse" in said
    assert "+33326000000" in said
    PortalSettings.objects.create(organization=logged.organization, details="applied")
    assert lea.post("/portail/eaux/coordonnees/", values | {"key": "c2"}).status_code == 303
    enter(agent)
    person.refresh_from_db()
    assert person.title == "Acheteuse"
    assert lea.post("/portail/eaux/coordonnees/", values | {"email_1": "pas une adresse"}).status_code == 422
    stale = lea.post("/portail/eaux/coordonnees/", values | {"title": "Autre", "version": "1"})
    assert stale.status_code == 422


def test_an_address_is_proposed_to_the_staff_whatever_the_setting(lea, logged, agent, access):
    enter(agent)
    PortalSettings.objects.create(organization=logged.organization, details="applied")
    page = body(lea.get("/portail/eaux/coordonnees/"))
    assert "une fois vérifiées" in page
    values = {
        "first_name": "Léa", "last_name": "Martin", "title": "Acheteuse", "email_1": "lea@client.example",
        "email_2": "directeur@voisin.example", "key": "e1",
        "version": re.search(r'name="version" value="(\d+)"', page)[1],
    }  # fmt: skip
    assert lea.post("/portail/eaux/coordonnees/", values).status_code == 303
    enter(agent)
    person = type(access.person).objects.get(pk=access.person_id)
    assert (person.title, person.emails) == ("Acheteuse", ["lea@client.example"])
    assert "directeur@voisin.example" in InteractionEntry.objects.get(incoming=True).notes
    assert not at_address(logged.organization_id, "directeur@voisin.example")


def test_the_address_of_an_invitation_is_believed_no_more_once_it_was_corrected(agent, client_north, access):
    enter(agent)
    person = access.person
    assert at_address(agent.organization_id, "lea@client.example").pairs == [(client_north.pk, person.pk)]
    people.update_person(person, by=agent, version=person.version, emails=["lea@nouveau.example"])
    assert not at_address(agent.organization_id, "lea@client.example")
    assert at_address(agent.organization_id, "lea@nouveau.example").people == [person.pk]


def test_colleagues_do_not_read_what_somebody_changes_in_their_details(lea, agent, client_north, access, topic):
    colleague = give_access(agent, client_north, email="max@client.example", first_name="Max")
    set_colleagues(colleague, by=agent, sees_colleagues=True)
    values = {"first_name": "Léa", "last_name": "Martin", "phone_1": "06 12 34 56 78", "key": "p1"}
    assert lea.post("/portail/eaux/coordonnees/", values | {"email_1": "lea@client.example"}).status_code == 303
    enter(agent)
    assert "+33612345678" in InteractionEntry.objects.get(incoming=True).notes
    assert not PublishedEntry.objects.exists()


def test_what_one_is_told_by_mail_is_ones_own_choice(lea, access, agent):
    lea.post("/portail/eaux/coordonnees/avis/", {"avis-events": ["transfer"], "avis-language": "en"})
    enter(agent)
    access.refresh_from_db()
    assert (access.subscriptions, access.language) == (["transfer"], "en")


def test_giving_up_ones_access_ends_it(lea, access):
    assert lea.get("/portail/eaux/coordonnees/renoncer/").status_code == 200
    lea.post("/portail/eaux/coordonnees/renoncer/")
    assert lea.get("/portail/eaux/").status_code == 404


def test_somebody_without_client_sees_what_is_their_own(agent, topic, org):
    enter(agent)
    from entregent.interactions.portal_access import activate_access, invite_person

    person = people.create_person(by=agent, first_name="Ève", last_name="Seule", emails=["eve@seule.example"])
    _access, url = invite_person(by=agent, person=person)
    access = activate_access(url.rstrip("/").rsplit("/", 1)[1], name="Ève", password="une longue phrase", consents=True)
    http = door(access.user)
    assert (
        http.post("/portail/eaux/echanges/nouveau/", {"topic": "commande", "text": "Bonjour", "key": "s"}).status_code
        == 303
    )
    assert "Ève Seule" in body(http.get("/portail/eaux/"))
