"""Keyword search over interactions: what is found, what is not, and that the index follows every change."""

import pytest

from entregent.clients.models import Person
from entregent.interactions import actions, search
from entregent.interactions.models import Interaction, Topic
from entregent.search.quick import quick_search
from testing.cast import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def topic(org, agent):
    actions.seed_topics(org)
    return Topic.objects.get(code="renseignement")


@pytest.fixture
def log(topic):
    def log(member, client, notes="", **details):
        enter(member)
        return actions.log_interaction(
            by=member, client=client, topic=topic, notes=notes, **({"channel": "phone_call"} | details)
        )

    return log


def found(member, text):
    enter(member)
    return list(search.search_interactions(member, Interaction.objects.visible_to(member), text).order_by("id"))


@pytest.mark.parametrize(
    "text",
    ["facturation", "FACTUR", "l'été", "ete facture", "réglée", "Échéancier", "lefevre", "Zoé Lefèvre", "D-2026/17"],
)
def test_words_are_found_in_any_case_accents_and_order(agent, client_north, log, text):
    here = log(
        agent, client_north, "Facture de l’Été réglée ; facturation à revoir.", subject="Échéancier",
        contact_name="Zoé Lefèvre", reference="D-2026/17",
    )  # fmt: skip
    log(agent, client_north, "Rien à voir.")
    assert found(agent, text) == [here]


@pytest.mark.parametrize("text", ["factures", "acture", "facture compteur", "fa"])
def test_every_word_must_stand_there_from_its_beginning(agent, client_north, log, text):
    log(agent, client_north, "Facture réglée.")
    assert found(agent, text) == []


def test_a_text_without_words_leaves_the_list_as_it_is(agent, client_north, log):
    here = log(agent, client_north, "Facture.")
    assert found(agent, " ' & | ! :* \\ \x00") == [here]


def test_what_is_out_of_reach_is_not_found(agent, outsider, stranger, client_north, client_south, log):
    here = log(agent, client_north, "Fuite au compteur")
    there = log(outsider, client_south, "Fuite au compteur")
    assert (found(agent, "fuite"), found(outsider, "fuite"), found(stranger, "fuite")) == ([here], [there], [])


def test_the_index_follows_entries_subjects_people_and_deletion(agent, client_north, log):
    here = log(agent, client_north, "Premier appel")
    actions.add_entry(by=agent, interaction=here, notes="Relance envoyée", entry_name="Relance")
    assert found(agent, "premier relance") == [here]
    entry = here.entries.get(seq=1)
    entry.notes = "Second appel"
    entry.save()
    assert (found(agent, "premier"), found(agent, "second")) == ([], [here])
    person = Person.objects.create(organization=agent.organization, first_name="Ana", last_name="Iscol", sort_key="x")
    Interaction.objects.filter(pk=here.pk).update(person=person, subject="Branchement")
    assert found(agent, "iscol branchement") == [here]
    Person.objects.filter(pk=person.pk).update(last_name="Dumont")
    assert (found(agent, "iscol"), found(agent, "dumont")) == ([], [here])
    here.entries.all().delete()
    assert (found(agent, "relance"), found(agent, "dumont")) == ([], [here])


def test_notes_of_any_length_and_shape_are_kept(agent, client_north, log):
    here = log(agent, client_north, "x" * 15000 + " " + " ".join(f"mot{n}" for n in range(600)))
    assert found(agent, "mot599") == [here]


def test_a_frequent_word_is_found_as_well_as_a_rare_one(agent, client_north, log, monkeypatch):
    monkeypatch.setattr(search, "_FEW", 2)
    all_of_them = [log(agent, client_north, f"Relevé {name}") for name in ("un", "deux", "trois", "quatre")]
    log(agent, client_north, "Autre chose")
    assert found(agent, "relevé") == all_of_them
    assert found(agent, "relevé quatre") == [all_of_them[3]]


def test_the_list_asks_for_words(agent, client_north, log, signed_in):
    log(agent, client_north, "Conteste la facture.")
    log(agent, client_north, "Demande un relevé.")
    page = signed_in(agent).get("/eaux/interactions/?q=conteste").content.decode()
    assert "Conteste la facture." in page
    assert "Demande un relevé." not in page
    assert 'value="conteste"' in page
    assert "Aucune interaction ne répond" in signed_in(agent).get("/eaux/interactions/?q=introuvable").content.decode()


def test_the_quick_search_finds_an_interaction_by_its_number(agent, outsider, client_north, signed_in):
    actions.seed_topics(agent.organization)
    enter(agent)
    topic = Topic.objects.get(code="renseignement")
    actions.log_interaction(by=agent, client=client_north, topic=topic, channel="note", subject="Fuite")
    Interaction.objects.update(number=4512)
    for text in ("4512", "n° 4512"):
        found = [group for group in quick_search(agent, text).groups if group.kind == "interactions"]
        assert [item.url for item in found[0].items] == ["/eaux/interactions/4512/"]
    enter(outsider)
    assert [group.kind for group in quick_search(outsider, "4512").groups if group.kind == "interactions"] == []
