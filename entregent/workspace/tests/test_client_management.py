"""« Gestion des clients »: the page, its pane, values edited in place, bulk changes."""

import json
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from entregent.clients.actions import create_person, update_client
from entregent.clients.models import BulkRow, Client, Person
from entregent.interactions.actions import log_interaction
from entregent.interactions.models import Interaction, Topic
from entregent.jobs.models import Job
from entregent.jobs.tasks import run_job
from entregent.listing.models import View
from testing.cast import enter, make_client


@pytest.fixture
def topic(org, manager):
    enter(manager)
    return Topic.objects.create(
        organization=org, code="general", label_fr="Général", label_en="General",
        applies_to=["client", "prospect", "person"],
    )  # fmt: skip


def at(name, member, **kwargs):
    return reverse(f"workspace:{name}", kwargs={"organization": member.organization.slug, **kwargs})


def said(member, topic, client=None, person=None, **details):
    details = {"channel": "phone_call", "notes": "Bonjour", "occurred_at": timezone.now()} | details
    return log_interaction(by=enter(member), client=client, person=person, topic=topic, **details)


def test_the_page_needs_its_module(signed_in, manager, org):
    http = signed_in(manager)
    assert "Gérer les clients" in http.get(at("home", manager)).content.decode()
    org.modules = [module for module in org.modules if module != "client_mgmt"]
    org.save()
    answer = http.get(at("client_management", manager))
    assert answer.status_code == 403
    assert "Ce module n&#39;est pas activé" in answer.content.decode()
    assert "Gérer les clients" not in http.get(at("home", manager)).content.decode()


@pytest.mark.parametrize("tab", ["clients", "personnes", "interactions"])
def test_each_tab_shows_what_is_in_reach(signed_in, agent, manager, topic, client_north, client_south, tab):
    for client, name in [(client_north, "Nordique"), (client_south, "Sudiste")]:
        create_person(by=enter(manager), last_name=name, client=client)
        said(manager, topic, client, subject=f"Sujet {name}")
    text = signed_in(agent).get(at("client_management", agent), {"onglet": tab}).content.decode()
    own, other = {
        "clients": (client_north.display_name, client_south.display_name),
        "personnes": ("Nordique", "Sudiste"),
        "interactions": ("Sujet Nordique", "Sujet Sudiste"),
    }[tab]
    assert own in text
    assert other not in text


def test_a_note_has_no_direction(signed_in, manager, topic, client_north):
    said(manager, topic, client_north, channel="note")
    text = signed_in(manager).get(at("client_management", manager), {"onglet": "interactions"}).content.decode()
    rows = text[text.index("<tbody>") : text.index("</tbody>")]
    assert "Note" in rows
    assert "Sans objet" not in rows


def test_the_address_holds_filter_sort_and_row(signed_in, manager, topic, org):
    enter(manager)
    active = make_client(org, "LAV1", "Lavoie", status="client")
    make_client(org, "LAV2", "Lavigne", status="inactive")
    said(manager, topic, active, notes="Pièces à fournir")
    text = (
        signed_in(manager)
        .get(
            at("client_management", manager),
            {"filtre": json.dumps({"all": [["status", "is", "client"]]}), "tri": "-number", "ligne": "LAV1"},
        )
        .content.decode()
    )
    assert "LAV1" in text
    assert "LAV2" not in text
    assert 'aria-sort="descending"' in text
    assert "Pièces à fournir" in text
    assert "Statut est" in text


def test_following_pages_come_by_their_cursor(signed_in, manager, org):
    for n in range(105):
        make_client(org, f"S{n:03}", f"Série {n:03}")
    http = signed_in(manager)
    first = http.get(at("client_management", manager)).content.decode()
    assert first.count('class="g-row"') == 100
    following = re.search(r'href="([^"]*apres=[^"]*)" rel="next"', first).group(1).replace("&amp;", "&")
    rest = http.get(following, htmx=True).content.decode()
    assert re.findall(r'data-key="(S\d+)"', rest) == [f"S{n}" for n in range(100, 105)]
    assert "<html" not in rest
    # The same link followed without a script, or opened in a tab of its own.
    whole = http.get(following)
    assert whole.status_code == 200
    assert re.findall(r'data-key="(S\d+)"', whole.content.decode()) == [f"S{n}" for n in range(100, 105)]
    assert http.get(at("client_management", manager), {"apres": "zzz"}).status_code == 200


def test_what_all_rows_have_in_common_is_said_once(signed_in, manager, org):
    for n in range(3):
        make_client(org, f"S{n}", f"Série {n}")
    text = signed_in(manager).get(at("client_management", manager)).content.decode()
    rows = text[text.index("<tbody>") : text.index("</tbody>")]
    assert rows.count("<tr") == 3
    assert "<button" not in rows
    assert "<input" not in rows
    tools = text[text.index('<template id="row-tools">') :].partition("</template>")[0]
    assert tools.count("<td") == 3
    assert all(label in tools for label in ("Développer {name}", "Sélectionner {name}", "Actions pour {name}"))
    slug = manager.organization.slug
    assert f'data-row-url="/{slug}/clients/{{key}}/" data-row-query="client={{key}}"' in text
    assert text.count(f'href="/{slug}/clients/S1/"') == 1


def test_the_field_chooser_comes_when_asked_for(signed_in, manager, client_north):
    http = signed_in(manager)
    address = at("keep_columns", manager)
    page = http.get(at("client_management", manager), {"tri": "-number", "ligne": client_north.number}).content.decode()
    assert f'data-dialog="{address}?tri=-number&amp;ligne={client_north.number}"' in page
    assert "largeur-city" not in page
    alone = http.get(address, {"tri": "-number"}).content.decode()
    assert "<html" in alone
    for fragment in (alone, http.get(address, {"tri": "-number"}, htmx=True).content.decode()):
        assert 'name="largeur-city"' in fragment
        assert 'name="tri" value="-number"' in fragment


def test_one_row_is_read_again_by_itself(signed_in, manager, topic, client_north, client_south):
    http = signed_in(manager)
    said(manager, topic, client_north)
    text = http.get(at("client_management", manager), {"rangee": client_north.pk}, htmx=True).content.decode()
    assert text.count("<tr") == 1
    assert client_north.display_name in text


@pytest.mark.parametrize("question", [{}, {"filtre": '["status", "is", "client"]'}, {"q": "série"}])
def test_one_row_among_many_answers_is_read_again_by_itself(signed_in, manager, agent, north, question):
    for n in range(105):
        make_client(manager.organization, f"S{n:03}", f"Série {n:03}", sector=north)
    last = make_client(manager.organization, "S999", "Série de la fin", sector=north)
    for member in (manager, agent):
        http = signed_in(member)
        text = http.get(at("client_management", member), question | {"rangee": last.pk}, htmx=True).content.decode()
        assert re.findall(r'data-key="(S\d+)"', text) == ["S999"]


def test_a_row_that_no_longer_answers_is_not_read_again(signed_in, manager, agent, north, client_south):
    for n in range(105):
        make_client(manager.organization, f"S{n:03}", f"Série {n:03}", sector=north)
    http = signed_in(agent)
    text = http.get(at("client_management", agent), {"rangee": client_south.pk}, htmx=True).content.decode()
    assert 'class="g-row"' not in text


def test_a_filter_that_matches_nothing_says_so(signed_in, manager, client_north):
    answer = signed_in(manager).get(at("client_management", manager), {"q": "zzqqzz"})
    assert "Aucun client ne répond à ce filtre." in answer.content.decode()
    assert "Effacer le filtre" in answer.content.decode()


def test_a_criterion_of_a_field_that_is_gone_is_left_out_and_said(signed_in, manager, client_north):
    condition = json.dumps({"all": [["custom.gone", "is", "x"], ["status", "is", "client"]]})
    text = signed_in(manager).get(at("client_management", manager), {"filtre": condition}).content.decode()
    assert "Le reste est gardé." in text
    assert client_north.display_name in text


def test_all_people_of_a_client_come_with_phone_and_mail(signed_in, manager, client_north):
    for n in range(12):
        create_person(by=enter(manager), last_name=f"Personne{n}", client=client_north, emails=[f"p{n}@exemple.fr"],
                      phones=["02 61 91 00 42"])  # fmt: skip
    text = signed_in(manager).get(at("client_people", manager, number=client_north.number), htmx=True).content.decode()
    assert text.count("<tr") == 12
    assert "p11@exemple.fr" in text
    assert "02 61 91 00 42" in text


def test_the_thirtieth_day_is_in_and_the_thirty_first_is_out(signed_in, manager, topic, client_north, org):
    zone = ZoneInfo(org.time_zone)
    today = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    # Half past midnight there: in Greenwich it is the day before.
    with time_machine.travel(today.replace(hour=0, minute=30), tick=False):
        said(manager, topic, client_north, notes="Trentième", occurred_at=today - timedelta(days=30))
        said(manager, topic, client_north, notes="Veille", occurred_at=today - timedelta(days=30, seconds=1))
        http = signed_in(manager)
        asked = {"client": client_north.number, "jours": "30"}
        recent = http.get(at("lower_pane", manager), asked, htmx=True).content.decode()
        assert "Trentième" in recent
        assert "Veille" not in recent
        every = http.get(at("lower_pane", manager), {"client": client_north.number}, htmx=True).content.decode()
        assert "Veille" in every


def test_the_pane_of_a_person_shows_what_they_took_part_in(signed_in, manager, topic, client_north):
    person = create_person(by=enter(manager), last_name="Huot")
    said(manager, topic, None, person, notes="Seul")
    said(manager, topic, client_north, None, notes="Ensemble", participants=[person])
    text = signed_in(manager).get(at("lower_pane", manager), {"personne": person.pk}, htmx=True).content.decode()
    assert "Seul" in text
    assert "Ensemble" in text


def test_an_interaction_is_read_and_answered_in_the_pane(signed_in, manager, topic, client_north):
    interaction = said(manager, topic, client_north, notes="Le texte entier")
    url = at("interaction_pane", manager, number=interaction.number)
    http = signed_in(manager)
    assert "Le texte entier" in http.get(url, htmx=True).content.decode()
    answer = http.post(url, {"notes": "La réponse", "visibility": "internal"}, htmx=True)
    assert answer.status_code == 200
    assert "La réponse" in answer.content.decode()


# ——— Edit in place ———


def value_url(member, client, field):
    return at("client_value", member, number=client.number, field=field)


def test_a_value_is_saved_and_can_be_undone(signed_in, manager, agent, client_north):
    http = signed_in(manager)
    url = value_url(manager, client_north, "responsible")
    assert "<select" in http.get(url, htmx=True).content.decode()
    answer = http.post(url, {"value": str(agent.user_id), "version": 1, "before": ""}, htmx=True)
    assert answer.status_code == 200
    enter(manager)
    client_north.refresh_from_db()
    assert client_north.responsible_id == agent.user_id
    undo = json.loads(answer.headers["HX-Trigger"])["g:toast"]["undo_url"]
    assert http.post(undo, htmx=True).status_code == 200
    enter(manager)
    client_north.refresh_from_db()
    assert client_north.responsible_id is None


def test_without_htmx_a_value_has_a_page_of_its_own(signed_in, manager, client_north):
    person = create_person(by=enter(manager), last_name="Huot")
    http = signed_in(manager)
    assert "<form" in http.get(value_url(manager, client_north, "category")).content.decode()
    answer = http.post(value_url(manager, client_north, "category"), {"value": "École", "version": 1})
    assert answer.status_code == 303
    assert http.get(at("person_value", manager, pk=person.pk, field="title")).status_code == 200
    assert http.get(value_url(manager, client_north, "nothing")).status_code == 404


def test_what_is_refused_is_said_at_the_cell_and_stays_typed(signed_in, manager, client_north):
    answer = signed_in(manager).post(
        value_url(manager, client_north, "email"), {"value": "pas une adresse", "version": 1, "before": ""}, htmx=True
    )
    assert answer.status_code == 422
    assert "Adresse de courriel invalide." in answer.content.decode()
    assert "pas une adresse" in answer.content.decode()


def test_two_people_editing_one_value_see_both_versions(signed_in, manager, agent, client_north):
    url = value_url(manager, client_north, "category")
    update_client(client_north, by=enter(agent), version=1, category="Celle d’Omar")
    http = signed_in(manager)
    answer = http.post(url, {"value": "La mienne", "version": 1, "before": ""}, htmx=True)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Celle d’Omar" in text
    assert "La mienne" in text
    assert 'name="version" value="2"' in text
    again = http.post(url, {"value": "La mienne", "version": 2, "before": "Celle d’Omar"}, htmx=True)
    assert again.status_code == 200


def test_another_field_of_the_row_changed_meanwhile_is_no_conflict(signed_in, manager, agent, client_north):
    update_client(client_north, by=enter(agent), version=1, category="Celle d’Omar")
    answer = signed_in(manager).post(
        value_url(manager, client_north, "phone"), {"value": "02 61 91 00 42", "version": 1, "before": ""}, htmx=True
    )
    assert answer.status_code == 200
    enter(manager)
    client_north.refresh_from_db()
    assert (client_north.category, client_north.main_phone) == ("Celle d’Omar", "+33261910042")


def test_values_of_people_are_edited_too(signed_in, manager, client_north):
    person = create_person(by=enter(manager), last_name="Huot", first_name="Claude")
    answer = signed_in(manager).post(
        at("person_value", manager, pk=person.pk, field="name"),
        {"value": "Huot", "beside": "Claudine", "version": 1, "before": "Huot"}, htmx=True,
    )  # fmt: skip
    assert answer.status_code == 200
    enter(manager)
    assert Person.objects.get(pk=person.pk).first_name == "Claudine"


def test_a_reader_edits_nothing(signed_in, reader, client_north):
    text = signed_in(reader).get(at("client_management", reader)).content.decode()
    assert "data-field=" not in text
    assert "data-bulk-change" not in text
    assert signed_in(reader).post(value_url(reader, client_north, "category"), {"value": "x"}).status_code == 403


# ——— Columns, views, state ———


def test_columns_are_chosen_ordered_and_restored(signed_in, manager, client_north):
    http = signed_in(manager)
    chosen = {"colonnes": ["city", "name", "email"], "largeur-name": "300"}
    assert http.post(at("keep_columns", manager), chosen).status_code == 303
    text = http.get(at("client_management", manager)).content.decode()
    assert text.index('data-code="city"') < text.index('data-code="name"') < text.index('data-code="email"')
    assert 'data-code="name" data-width="300"' in text
    assert 'data-code="status"' not in text
    http.post(at("keep_columns", manager), {"retablir": "1"})
    assert 'data-code="status"' in http.get(at("client_management", manager)).content.decode()


def test_a_view_keeps_filter_words_columns_and_order(signed_in, manager, reader, org, client_north):
    http = signed_in(manager)
    make_client(org, "P1", "Prospecte", status="prospect")
    condition = json.dumps({"all": [["status", "is", "prospect"]]})
    answer = http.post(
        at("view_create", manager), {"nom": "Mes prospects", "filtre": condition, "tri": "-number", "partagee": "1"}
    )
    assert answer.status_code == 303
    enter(manager)
    view = View.objects.get()
    assert (view.name, view.sort, view.is_shared) == ("Mes prospects", "-number", True)
    text = signed_in(reader).get(at("client_management", reader), {"vue": view.pk}).content.decode()
    assert "Prospecte" in text
    assert client_north.display_name not in text
    assert signed_in(reader).post(at("view_delete", reader, pk=view.pk)).status_code == 403
    assert http.post(at("view_delete", manager, pk=view.pk)).status_code == 303


def test_the_splitter_and_the_filter_are_remembered_for_the_person(signed_in, manager, client_north):
    http = signed_in(manager)
    assert http.post(at("keep_state", manager), {"share": "45", "side": "1", "filter": "1"}).status_code == 204
    text = http.get(at("client_management", manager)).content.decode()
    assert 'aria-valuenow="45"' in text
    assert "g-split-side" in text
    assert 'id="filterbar" data-kept>' in text


def test_a_criterion_is_added_step_by_step(signed_in, manager, client_north):
    http = signed_in(manager)
    url = at("criterion", manager)
    assert "Condition" in http.get(url, {"champ": "status"}, htmx=True).content.decode()
    asked = {"champ": "status", "operateur": "is", "valeur": "client", "ajouter": "1"}
    answer = http.get(url, asked)
    assert answer.status_code == 302
    assert "filtre=" in answer.headers["Location"]
    assert client_north.display_name in http.get(answer.headers["Location"]).content.decode()
    refused = http.get(url, {"champ": "created_at", "operateur": "before", "valeur": "hier", "ajouter": "1"}, htmx=True)
    assert refused.status_code == 422


# ——— Many at once ———


def run(job):
    run_job(job_id=job.pk, organization_id=job.organization_id)


def test_the_whole_search_but_some_is_changed_and_the_page_says_what_became_of_each(
    signed_in, manager, org, client_north
):
    clients = [make_client(org, f"V{n}", f"Verger {n}", status="client") for n in range(5)]
    http = signed_in(manager)
    answer = http.post(
        at("bulk_create", manager),
        {"tout": "1", "sauf": str(clients[0].pk), "filtre": json.dumps({"all": [["name", "contains", "verger"]]}),
         "changement": "add_tag", "valeur-add_tag": "Bio"},
    )  # fmt: skip
    assert answer.status_code == 303
    enter(manager)
    run(Job.objects.get())
    enter(manager)
    assert sorted(Client.objects.filter(tags=["Bio"]).values_list("number", flat=True)) == ["V1", "V2", "V3", "V4"]
    text = http.get(answer.headers["Location"]).content.decode()
    assert "Verger 4" in text
    assert "Ajouter l’étiquette" in text


def test_refused_rows_can_be_taken_away_as_a_file(signed_in, manager, org):
    make_client(org, "=P1", "Prospecte", status="prospect")
    http = signed_in(manager)
    prospect = Client.objects.get(number="=P1")
    http.post(at("bulk_create", manager), {"ids": [prospect.pk], "changement": "status", "valeur-status": "inactive"})
    enter(manager)
    job = Job.objects.get()
    run(job)
    content = b"".join(http.get(at("bulk_refused", manager, job_id=job.pk)).streaming_content).decode("utf-8-sig")
    assert "'=P1;Prospecte;" in content
    assert "impossible" in content


def test_a_bulk_change_of_a_colleague_is_not_seen(signed_in, manager, agent, client_north):
    signed_in(agent).post(
        at("bulk_create", agent), {"ids": [client_north.pk], "changement": "add_tag", "valeur-add_tag": "x"}
    )
    enter(manager)
    job = Job.objects.get()
    assert signed_in(manager).get(at("bulk", manager, job_id=job.pk)).status_code == 404
    assert signed_in(agent).get(at("bulk", agent, job_id=job.pk)).status_code == 200
    assert not BulkRow.objects.exists()


def test_one_page_takes_the_same_queries_for_few_and_for_many(
    signed_in, manager, org, topic, django_assert_num_queries
):
    http = signed_in(manager)
    counts = []
    for start in (0, 30):
        for n in range(start, start + 30):
            make_client(org, f"Q{n}", f"Quantité {n}")
        enter(manager)
        http.get(at("client_management", manager))
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as queries:
            assert http.get(at("client_management", manager)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 20
    assert Interaction.objects.count() == 0


def test_a_deletion_from_the_menu_leads_back_to_the_screen(signed_in, manager, client_north, org):
    enter(manager)
    person = create_person(by=manager, last_name="Huot")
    http = signed_in(manager)
    slug = manager.organization.slug
    deletion = reverse("clients:delete", args=[slug, client_north.number])
    assert http.post(f"{deletion}?retour=gestion").headers["Location"] == at("client_management", manager)
    deletion = reverse("clients:person_delete", args=[slug, person.pk])
    assert http.post(f"{deletion}?retour=gestion").headers["Location"].endswith("?onglet=personnes")


def test_a_full_page_comes_before_it_is_counted(signed_in, manager, org):
    """How many answer a filter is asked for by the page, once it is there."""
    for n in range(120):
        make_client(org, f"C{n:03}", f"Compte {n}")
    http = signed_in(manager)
    asked = {"filtre": '["name","contains","compte"]'}

    def page(headers=None, **more):
        return http.get(at("client_management", manager), asked | more, headers=headers or {}).content.decode()

    def shows(text):
        return [word in text for word in (">Compter</a>", 'data-bulk-total="120"', "120 clients", "<table")]

    assert shows(page()) == [True, False, False, True]
    assert shows(page(compte="oui", headers={"HX-Request": "true"})) == [False, True, True, False]
    assert shows(page(compte="oui")) == [False, True, True, True]
    assert 'data-bulk-total="1"' in page(filtre='["name","is","Compte 7"]')
