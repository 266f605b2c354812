"""Pages of interactions, through the front door: rights, sectors, fragments, bad input."""

import html
import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from entregent.interactions import actions
from entregent.interactions.models import Interaction, Topic
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


def test_a_stale_save_shows_both_versions_and_keeps_what_was_typed(
    agent, colleague, client_north, topic, signed_in
):
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


@pytest.mark.parametrize(
    ("path", "queries"), [("interactions/", 9), ("suivis/", 7), ("clients/N1/interactions/", 8)]
)
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
