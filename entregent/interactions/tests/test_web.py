"""Pages of interactions, through the front door: rights, sectors, fragments, bad input."""

import html
import json
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from entregent.clients.actions import create_person
from entregent.interactions import actions
from entregent.interactions.models import Interaction, Topic
from entregent.interactions.portal_models import PortalAccess
from entregent.organizations.models import User
from entregent.outbox.models import Message
from testing.cast import enter

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def topic(org, agent):
    enter(agent)
    actions.seed_topics(org)
    return Topic.objects.get(code="renseignement")


def log(member, client, topic, **details):
    enter(member)
    return actions.log_interaction(by=member, client=client, topic=topic, **({"channel": "phone_call"} | details))


def typed(about, **more):
    return {
        "client": "N1", "place": "file", "topic": about.pk, "channel": "phone_call", "visibility": "incoming",
        "notes": "Conteste la facture.", "idempotency_key": "key-1",
    } | more  # fmt: skip


def test_the_composer_of_the_file_saves_and_the_event_heads_the_timeline(agent, client_north, topic, signed_in):
    answer = signed_in(agent).post("/eaux/contacts/nouveau/", typed(topic, follow_up="week"), headers=HTMX)

    assert answer.status_code == 200
    part = answer.content.decode()
    assert part.lstrip().startswith('<li class="g-event g-event-fresh"')
    assert "Conteste la facture." in part
    assert 'hx-swap-oob="true"' in part
    told = json.loads(answer.headers["HX-Trigger"])
    assert told["g:toast"]["undo_url"] == "/eaux/interactions/1/suppression/"
    assert told["g:follow-ups-changed"] is True
    enter(agent)
    kept = Interaction.objects.get()
    assert (kept.direction, kept.follow_up_owner) == ("incoming", agent.user)
    assert kept.follow_up_on == timezone.localdate() + timedelta(days=7)


def test_without_htmx_the_composer_is_a_form_like_any_other(agent, client_north, topic, signed_in):
    answer = signed_in(agent).post("/eaux/contacts/nouveau/", typed(topic))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/eaux/clients/N1/")


def test_in_a_dialog_the_page_is_told_and_nothing_is_swapped(agent, client_north, topic, signed_in):
    answer = signed_in(agent).post("/eaux/contacts/nouveau/", typed(topic, place="dialog"), headers=HTMX)
    assert answer.status_code == 204
    assert "g:interactions-changed" in json.loads(answer.headers["HX-Trigger"])


def test_sent_twice_it_is_saved_once(agent, client_north, topic, signed_in):
    http = signed_in(agent)
    for _time in range(2):
        assert http.post("/eaux/contacts/nouveau/", typed(topic), headers=HTMX).status_code == 200
    enter(agent)
    assert Interaction.objects.count() == 1


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(agent, client_north, topic, signed_in):
    data = typed(topic, topic="", follow_up="date", follow_up_on="2020-01-01", notes="Ne pas perdre <b>ceci</b>")
    answer = signed_in(agent).post("/eaux/contacts/nouveau/", data, headers=HTMX)
    assert answer.status_code == 422
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("#composer", "outerHTML")
    part = answer.content.decode()
    assert "Rubrique est obligatoire." in part
    assert "La date de suivi précède l&#39;interaction." in part
    assert "Ne pas perdre &lt;b&gt;ceci&lt;/b&gt;" in part
    assert signed_in(agent).post("/eaux/contacts/nouveau/", data).status_code == 422


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"follow_up": "date", "follow_up_on": ""}, "Indiquez la date de suivi."),
        ({"follow_up": "date", "follow_up_on": "demain"}, "Indiquez une date valable."),
        ({"visibility": "secret"}, "Choisissez une des réponses proposées."),
        ({"channel": "pigeon"}, "Canal est obligatoire."),
        ({"topic": "999999999999999999999"}, "Rubrique est obligatoire."),
        ({"notes": "é" * 20_001}, "Notes : 20000 caractères au maximum."),
        ({"occurred_at": "2999-01-01T10:00"}, "La date d&#39;interaction ne peut pas être future."),
    ],
)
def test_bad_input_is_a_sentence(agent, client_north, topic, signed_in, more, sentence):
    answer = signed_in(agent).post("/eaux/contacts/nouveau/", typed(topic, **more), headers=HTMX)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    enter(agent)
    assert Interaction.objects.count() == 0


@pytest.mark.parametrize("number", ["S1", "E1", "X9"])
def test_a_client_out_of_reach_is_an_unknown_number(
    agent, client_north, client_south, client_elsewhere, topic, signed_in, number
):
    http = signed_in(agent)
    asked = http.get("/eaux/contacts/nouveau/", {"client": number})
    assert "Numéro de client inconnu." in asked.content.decode()
    answer = http.post("/eaux/contacts/nouveau/", typed(topic, client=number))
    assert answer.status_code == 422
    enter(agent)
    assert Interaction.objects.count() == 0


def test_the_client_is_searched_when_none_is_known(agent, client_north, client_south, topic, signed_in):
    http = signed_in(agent)
    page = http.get("/eaux/contacts/nouveau/", {"q": "blanchisserie"}).content.decode()
    assert "/eaux/contacts/nouveau/?client=N1" in page
    assert "Créer le prospect «\xa0blanchisserie\xa0»" in page
    part = http.get(
        "/eaux/contacts/nouveau/", {"q": "dupont"}, headers=HTMX | {"HX-Target": "compose-found"}
    ).content.decode()
    assert "Aucun client ne répond à cette recherche." in part
    assert "<html" not in part


def test_the_composer_offers_topics_in_their_order(agent, client_north, topic, signed_in):
    page = signed_in(agent).get("/eaux/contacts/nouveau/", {"client": "N1"}).content.decode()
    places = [page.index(label) for label in ("Contestation de facture", "Renseignement", "Paiement", "Relève")]
    assert places == sorted(places)


def test_a_reader_logs_nothing(reader, client_north, topic, signed_in):
    http = signed_in(reader)
    assert http.get("/eaux/contacts/nouveau/").status_code == 403
    assert http.post("/eaux/contacts/nouveau/", typed(topic)).status_code == 403


def test_saved_by_mistake_it_is_undone_and_brought_back(agent, client_north, topic, signed_in):
    log(agent, client_north, topic)
    http = signed_in(agent)
    answer = http.post("/eaux/interactions/1/suppression/", headers=HTMX)
    assert answer.status_code == 204
    undo = json.loads(answer.headers["HX-Trigger"])["g:toast"]["undo_url"]
    assert http.get("/eaux/interactions/1/").status_code == 404
    assert http.post(undo, headers=HTMX).status_code == 204
    assert http.get("/eaux/interactions/1/").status_code == 200


def test_the_timeline_shows_thirty_days_to_the_day(agent, client_north, topic, signed_in):
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    log(agent, client_north, topic, occurred_at=midnight - timedelta(days=30), notes="Trentième jour")
    log(agent, client_north, topic, occurred_at=midnight - timedelta(days=30, minutes=1), notes="Trente et unième")
    http = signed_in(agent)
    page = http.get("/eaux/clients/N1/interactions/", {"jours": "30"}).content.decode()
    assert "Trentième jour" in page
    assert "Trente et unième" not in page
    assert "Trente et unième" in http.get("/eaux/clients/N1/interactions/").content.decode()


def test_the_timeline_is_filtered_by_kind(agent, client_north, topic, signed_in):
    log(agent, client_north, topic, notes="Un appel")
    log(agent, client_north, topic, channel="note", notes="Une note", internal=True)
    page = signed_in(agent).get("/eaux/clients/N1/interactions/", {"activite": "notes"}).content.decode()
    assert "Une note" in page
    assert "Un appel" not in page
    assert "g-event-internal" in page


def test_the_timeline_goes_on_without_gaps_or_doubles(agent, client_north, topic, signed_in):
    moment = timezone.now() - timedelta(days=1)
    for number in range(25):
        # Several at the very same moment: the order is total all the same.
        log(agent, client_north, topic, occurred_at=moment - timedelta(minutes=number // 4), notes=f"n{number:02}.")
    http = signed_in(agent)
    first = http.get("/eaux/clients/N1/interactions/").content.decode()
    following = re.search(r'hx-get="([^"]*apres=[^"]+)"', first).group(1).replace("&amp;", "&")
    second = http.get(following, headers=HTMX).content.decode()
    seen = re.findall(r"n(\d\d)\.", first) + re.findall(r"n(\d\d)\.", second)
    assert sorted(seen) == [f"{number:02}" for number in range(25)]
    assert "apres=" not in second


def test_a_fragment_is_a_part_of_its_page(agent, client_north, topic, signed_in):
    log(agent, client_north, topic, follow_up_on=timezone.localdate())
    http = signed_in(agent)
    for path in ("clients/N1/interactions/", "clients/N1/suivis/", "suivis/", "interactions/1/"):
        page = http.get(f"/eaux/{path}").content.decode()
        part = http.get(f"/eaux/{path}", headers=HTMX).content.decode()
        assert "<html" not in part
        strip = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')
        assert strip.sub("", part).strip() in strip.sub("", page), path


def test_names_out_of_reach_are_not_told(agent, manager, client_north, client_south, topic, signed_in):
    enter(manager)
    log(manager, client_north, topic, participants=[client_south], notes="À deux")
    for path in ("clients/N1/interactions/", "interactions/1/", "interactions/1/?onglet=general", "interactions/"):
        page = signed_in(agent).get(f"/eaux/{path}").content.decode()
        assert "Jeanne Dupont" not in page, path
    assert "Jeanne Dupont" in signed_in(manager).get("/eaux/clients/N1/interactions/").content.decode()


def test_the_list_shows_only_what_is_in_reach(
    agent, manager, outsider, stranger, client_north, client_south, topic, signed_in
):
    log(manager, client_north, topic, notes="Au nord")
    log(manager, client_south, topic, notes="Au sud")
    assert "Au sud" not in signed_in(agent).get("/eaux/interactions/").content.decode()
    assert "Au sud" in signed_in(outsider).get("/eaux/interactions/").content.decode()
    assert signed_in(stranger).get("/eaux/interactions/").status_code == 404
    assert signed_in(agent).get("/eaux/interactions/2/").status_code == 404
    for path in ("statut", "suppression", "conversation", "general", "suivi/fait", "suivi/report", "objets"):
        assert signed_in(agent).post(f"/eaux/interactions/2/{path}/").status_code == 404, path


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"canal": "note"}, ["Une note"]),
        ({"suivi": "retard"}, ["En retard"]),
        ({"suivi": "ouvert"}, ["En retard", "Une note"]),
        ({"agent": "moi"}, ["En retard", "Une note"]),
        ({"statut": "closed"}, []),
        ({"jours": "30"}, ["Une note", "D'une collègue"]),
        ({"canal": "pigeon", "rubrique": "x", "du": "hier", "apres": "n'importe"},
         ["En retard", "Une note", "D'une collègue"]),
    ],
)  # fmt: skip
def test_the_list_is_filtered(agent, colleague, client_north, topic, signed_in, query, found):
    today = timezone.localdate()
    long_ago = timezone.now() - timedelta(days=40)
    log(agent, client_north, topic, notes="En retard", occurred_at=long_ago, follow_up_on=today - timedelta(days=1))
    log(agent, client_north, topic, notes="Une note", channel="note", follow_up_on=today)
    log(colleague, client_north, topic, notes="D'une collègue")
    page = signed_in(agent).get("/eaux/interactions/", query).content.decode().replace("&#39;", "'")
    texts = ("En retard", "Une note", "D'une collègue")
    assert [text for text in texts if f'g-cell-text">{text}' in page] == found


def test_follow_ups_are_done_and_put_off_with_a_way_back(agent, client_north, topic, signed_in):
    today = timezone.localdate()
    log(agent, client_north, topic, follow_up_on=today)
    http = signed_in(agent)

    answer = http.post("/eaux/interactions/1/suivi/report/", {"jour": "semaine"}, headers=HTMX)
    assert answer.status_code == 204
    enter(agent)
    assert Interaction.objects.get().follow_up_on == today + timedelta(days=7)
    undo = json.loads(answer.headers["HX-Trigger"])["g:toast"]["undo_url"]
    assert http.post(undo, headers=HTMX).status_code == 204
    enter(agent)
    assert Interaction.objects.get().follow_up_on == today

    answer = http.post("/eaux/interactions/1/suivi/fait/", {"retour": "/eaux/"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/eaux/")
    assert "Aucun suivi aujourd’hui." in http.get("/eaux/suivis/").content.decode()
    # An address elsewhere is no way back.
    answer = http.post("/eaux/interactions/1/suivi/reprise/", {"retour": "//ailleurs.example/"})
    assert answer.headers["Location"] == "/eaux/interactions/1/"
    assert http.post("/eaux/interactions/1/suivi/report/", {"jour": "jamais"}).status_code == 422


def test_the_conversation_goes_on(agent, client_north, topic, signed_in):
    log(agent, client_north, topic, notes="Première")
    http = signed_in(agent)
    answer = http.post("/eaux/interactions/1/conversation/", {"notes": "Deuxième", "visibility": "internal"})
    assert answer.status_code == 303
    page = http.get("/eaux/interactions/1/").content.decode()
    assert "Deuxième" in page
    assert "Interne — non communiquée au client" in page
    answer = http.post(
        "/eaux/interactions/1/conversation/2/",
        {"notes": "Corrigée", "visibility": "none", "entry_name": "Omar", "version": "1"},
    )
    assert answer.status_code == 303
    assert "Corrigée" in http.get("/eaux/interactions/1/").content.decode()
    assert http.get("/eaux/interactions/1/conversation/9/").status_code == 404
    long = http.post("/eaux/interactions/1/conversation/", {"notes": "x" * 20_001})
    assert long.status_code == 422


def test_the_timeline_marks_the_internal_entries_of_a_mixed_conversation(agent, client_north, topic, signed_in):
    log(agent, client_north, topic, notes="Entre nous", internal=True)
    log(agent, client_north, topic, notes="Tout est dit")
    http = signed_in(agent)
    http.post("/eaux/interactions/1/conversation/", {"notes": "Réponse", "visibility": "incoming"})
    page = http.get("/eaux/clients/N1/interactions/").content.decode()
    first = page[: page.index("Entre nous")].rpartition("<p>")[2]
    assert "Interne" in first
    assert "Interne" not in page[page.index("Entre nous") : page.index("Réponse")]
    assert "Interne" not in page[: page.index("Tout est dit")].rpartition("<p>")[2]


def general(interaction, **more):
    return {
        "topic": interaction.topic_id, "channel": "phone_call", "direction": "none", "priority": "normal",
        "occurred_at": f"{timezone.localtime(interaction.occurred_at):%Y-%m-%dT%H:%M}", "version": "1",
    } | more  # fmt: skip


def test_the_phone_holds_for_this_record_only_and_the_seconds_stay(agent, client_north, topic, signed_in):
    interaction = log(agent, client_north, topic)
    http = signed_in(agent)
    answer = http.post(
        "/eaux/interactions/1/general/", general(interaction, contact_phone="02 61 00 00 99", subject="Relève")
    )
    assert answer.status_code == 303
    enter(agent)
    kept = Interaction.objects.get()
    assert (kept.contact_phone, kept.subject, kept.occurred_at) == ("02 61 00 00 99", "Relève", interaction.occurred_at)
    client_north.refresh_from_db()
    assert client_north.phones == []


def test_a_stale_save_shows_both_versions_and_keeps_what_was_typed(agent, colleague, client_north, topic, signed_in):
    interaction = log(agent, client_north, topic)
    enter(colleague)
    actions.update_interaction(interaction, by=colleague, version=1, subject="Version de Colette")
    http = signed_in(agent)
    answer = http.post("/eaux/interactions/1/general/", general(interaction, subject="Version d'Omar"))
    assert answer.status_code == 409
    page = html.unescape(answer.content.decode())
    assert "Colette Collègue" in page
    assert "Version de Colette" in page
    assert 'value="Version d\'Omar"' in page
    assert 'name="version" value="2"' in page
    again = http.post("/eaux/interactions/1/general/", general(interaction, subject="Version d'Omar", version="2"))
    assert again.status_code == 303


def test_status_follows_the_state_machine(agent, client_north, topic, signed_in):
    log(agent, client_north, topic)
    http = signed_in(agent)
    assert http.post("/eaux/interactions/1/statut/", {"status": "closed"}).status_code == 303
    assert http.post("/eaux/interactions/1/statut/", {"status": "waiting"}).status_code == 409
    assert "Rouvrir" in http.get("/eaux/interactions/1/").content.decode()


def test_links_are_added_and_taken_off(agent, colleague, client_north, topic, signed_in):
    log(agent, client_north, topic)
    http = signed_in(agent)
    base = "/eaux/interactions/1"
    assert http.post(f"{base}/agents/", {"user": colleague.user_id, "role": "responsible"}).status_code == 303
    assert "Colette Collègue" in http.get(f"{base}/?onglet=general").content.decode()
    enter(agent)
    kept = Interaction.objects.get()
    originator, responsible = kept.agents.get(role="originator"), kept.agents.get(role="responsible")
    assert http.post(f"{base}/agents/{originator.pk}/retrait/").status_code == 422
    assert http.post(f"{base}/agents/{responsible.pk}/retrait/").status_code == 303
    assert http.post(f"{base}/agents/{responsible.pk}/retrait/").status_code == 404
    assert http.post(f"{base}/interlocuteurs/", {"client": "S1"}).status_code == 422
    assert http.post(f"{base}/objets/", {"object": "12"}).status_code == 404


def test_topics_are_administered_by_those_who_may(admin, agent, topic, signed_in):
    http = signed_in(admin)
    assert "Contestation de facture" in http.get("/eaux/administration/rubriques/").content.decode()
    answer = http.post("/eaux/administration/rubriques/nouvelle/", {"label_fr": "Chantier", "label_en": "Works"})
    assert answer.status_code == 303
    assert http.post("/eaux/administration/rubriques/nouvelle/", {"label_fr": ""}).status_code == 422
    page = http.get("/eaux/administration/rubriques/chantier/").content.decode()
    assert "Works" in page
    saved = {"label_fr": "Chantiers", "label_en": "Works", "position": "5", "version": "1"}
    assert http.post("/eaux/administration/rubriques/chantier/", saved).status_code == 303
    assert http.post("/eaux/administration/rubriques/chantier/", saved).status_code == 409
    enter(admin)
    assert not Topic.objects.get(code="chantier").is_active
    assert signed_in(agent).get("/eaux/administration/rubriques/").status_code == 403


@pytest.mark.parametrize(("path", "queries"), [("interactions/", 9), ("suivis/", 7), ("clients/N1/interactions/", 8)])
def test_pages_take_the_same_queries_however_much_there_is(
    agent, client_north, topic, signed_in, django_assert_num_queries, path, queries
):
    http = signed_in(agent)
    http.get(f"/eaux/{path}")
    for times in (1, 14):
        for number in range(times):
            log(agent, client_north, topic, notes=f"Appel {number}", follow_up_on=timezone.localdate())
        with django_assert_num_queries(queries):
            http.get(f"/eaux/{path}")


def test_the_screen_of_a_conversation(agent, client_north, topic, signed_in):
    http = signed_in(agent)
    log(agent, client_north, topic, incoming=True, notes="Deux pièces manquent.")
    page = http.get("/eaux/interactions/1/").content.decode()
    for words in ("Répondre", "Dupliquer", "Supprimer", "Publiée sur le portail le", "Crédit en règle", "N1"):
        assert words in page
    assert "Publié sur le portail, où personne chez ce client n’a encore accès." in page
    assert "data-confirm" in page
    reply = http.get("/eaux/interactions/1/?repondre=1").content.decode()
    assert "&gt; Deux pièces manquent." in reply


def test_an_internal_entry_is_answered_inside(agent, client_north, topic, signed_in):
    http = signed_in(agent)
    log(agent, client_north, topic, internal=True, notes="MARQUEUR")
    page = http.get("/eaux/interactions/1/?repondre=1").content.decode()
    assert re.search(r'<input[^>]*name="internal"[^>]*checked', page)
    assert "Interne : personne chez le client ne le verra." in page


def test_an_entry_comes_with_boxes_and_files(org, agent, client_north, topic, signed_in):
    http = signed_in(agent)
    one = log(agent, client_north, topic, notes="Bonjour.")
    actions.change_status(one, by=agent, status="closed")
    file = SimpleUploadedFile("devis.txt", b"12 pieces")
    answer = http.post(
        "/eaux/interactions/1/conversation/",
        {"notes": "Voici.", "notify": "on", "entry_name": "Tom", "files": [file]},
    )
    assert answer.status_code == 303
    entry = one.entries.get(seq=2)
    assert (entry.entry_name, entry.internal, entry.notify) == ("Tom", False, True)
    assert entry.published_at is not None
    one.refresh_from_db()
    assert one.status == "open"
    attachment = entry.attachments.get()
    got = http.get(f"/eaux/interactions/1/fichiers/{attachment.pk}/")
    assert b"".join(got.streaming_content) == b"12 pieces"
    assert http.get("/eaux/interactions/1/fichiers/999999/").status_code == 404

    both = http.post("/eaux/interactions/1/conversation/", {"notes": "x", "internal": "on", "incoming": "on"})
    assert both.status_code == 422
    assert "décochez l&#39;une des deux cases" in both.content.decode()
    empty = http.post(
        "/eaux/interactions/1/conversation/", {"notes": "x", "files": [SimpleUploadedFile("vide.txt", b"")]}
    )
    assert empty.status_code == 422
    assert one.entries.count() == 2


def test_the_sentence_of_who_will_see_is_asked_apart(agent, outsider, client_north, topic, signed_in):
    http = signed_in(agent)
    log(agent, client_north, topic)
    url = "/eaux/interactions/destinataires/"
    assert "personne chez le client ne le verra" in http.get(f"{url}?client=N1&internal=on", htmx=True).content.decode()
    assert "encore accès" in http.get(f"{url}?n=1&notify=on&notify_asked=1", htmx=True).content.decode()
    enter(outsider)
    far = signed_in(outsider)
    assert far.get(f"{url}?client=N1").status_code == far.get(f"{url}?n=1").status_code == 404
    assert far.get(url).status_code == 404


def test_an_interaction_is_opened_by_its_number(agent, outsider, client_north, topic, signed_in):
    log(agent, client_north, topic)
    answer = signed_in(agent).get("/eaux/interactions/ouvrir/?n=1")
    assert answer["Location"] == "/eaux/interactions/1/"
    enter(outsider)
    assert signed_in(outsider).get("/eaux/interactions/ouvrir/?n=1")["Location"] == "/eaux/interactions/"


def test_duplicating_fills_in_the_form_and_saves_nothing(agent, client_north, topic, signed_in):
    log(agent, client_north, topic, notes="À reprendre.", subject="Commande", internal=True)
    page = signed_in(agent).get("/eaux/contacts/nouveau/?client=N1&copie=1").content.decode()
    assert "À reprendre." in page
    assert re.search(r'value="internal" checked', page)
    assert Interaction.objects.count() == 1


def test_informing_a_client_writes_to_whom_one_chooses(agent, client_north, topic, signed_in):
    tim = create_person(by=agent, first_name="Tim", last_name="Roux", client=client_north, emails=["tim@x.example"])
    http = signed_in(agent)
    page = http.get("/eaux/contacts/nouveau/?client=N1&informer=1").content.decode()
    assert re.search(rf'name="mail_to" value="{tim.pk}" checked', page)
    data = {
        "client": "N1", "topic": topic.pk, "channel": "email", "visibility": "outgoing", "notes": "Votre colis part.",
        "mail_to": [tim.pk], "notify_asked": "1", "informing": "1",
    }  # fmt: skip
    answer = http.post("/eaux/contacts/nouveau/", data)
    assert answer.status_code == 303
    enter(agent)
    assert [mail.recipients for mail in Message.objects.all()] == [["tim@x.example"]]
    kept = Interaction.objects.get()
    assert (kept.channel, kept.direction) == ("email", "outgoing")


def test_a_published_entry_made_internal_says_what_cannot_be_recalled(agent, client_north, topic, signed_in):
    log(agent, client_north, topic, notes="Bonjour.")
    http = signed_in(agent)
    answer = http.post(
        "/eaux/interactions/1/conversation/1/", {"notes": "Bonjour.", "internal": "on", "version": "1"}, follow=True
    )
    assert "ne peut pas être rappelé" in answer.content.decode()
    assert "Interne — non communiquée au client" in answer.content.decode()


def test_without_an_address_the_page_says_so_with_the_way_to_mend_it(agent, client_north, topic, signed_in):
    lea = create_person(by=agent, first_name="Léa", last_name="Martin", client=client_north, emails=["lea@x.example"])
    user = User.objects.create_user("lea@x.example", None, name="Léa Martin")
    PortalAccess.objects.create(
        organization=client_north.organization, person=lea, client=client_north, user=user, state="active",
        email="lea@x.example",
    )  # fmt: skip
    agent.mail_from = "none"
    agent.save()
    log(agent, client_north, topic, notes="Bonjour.", internal=True)
    answer = signed_in(agent).post("/eaux/interactions/1/conversation/", {"notes": "x", "notify": "on"}, follow=True)
    assert "votre adresse est absente de l&#39;écran Utilisateurs" in answer.content.decode()
    assert Message.objects.count() == 0


def test_a_long_thread_shows_its_beginning_and_its_end(agent, client_north, topic, signed_in):
    one = log(agent, client_north, topic, notes="Le début.")
    for position in range(40):
        actions.add_entry(one, by=agent, notes=f"Suite {position}.")
    http = signed_in(agent)
    page = http.get("/eaux/interactions/1/").content.decode()
    assert "Afficher 10 entrées précédentes" in page
    assert "Le début." in page
    assert "Suite 39." in page
    assert "Suite 3." not in page
    assert "Suite 3." in http.get("/eaux/interactions/1/?tout=1").content.decode()
