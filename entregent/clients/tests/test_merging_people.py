"""Merging two people, taking it back, and the scan that finds them."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from entregent.clients import actions, merging
from entregent.clients.duplicate_models import NotSamePerson, PersonMerge, PersonPair
from entregent.clients.merging import compare_for_merge, plan_undo
from entregent.clients.models import Address, ClientPerson, Person, PersonPhoto
from entregent.interactions.models import Interaction, InteractionParticipant, Topic
from entregent.jobs.tasks import run_job
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from testing.cast import enter, grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def topic(org):
    return Topic.objects.create(organization=org, code="t", label_fr="T", label_en="T")


@pytest.fixture
def two(manager, client_north, client_south):
    """Anne, who is preferred in the north; and Anne again: principal in the north, there and in the south."""
    enter(manager)
    kept = actions.create_person(
        by=manager, first_name="Anne", last_name="Moreau", emails=["anne@moreau.example"], phones=["02 61 91 00 42"],
        client=client_north, is_preferred=True,
    )  # fmt: skip
    gone = actions.create_person(
        by=manager, first_name="Anne-Marie", last_name="Moreau", emails=["am@moreau.example", "anne@moreau.example"],
        title="Gérante", external_key="X1", client=client_north, is_primary=True,
    )  # fmt: skip
    actions.attach_person(gone, client=client_south, by=manager, is_billing=True)
    return kept, gone


def ties_of(person):
    marks = ("is_primary", "is_preferred", "is_billing")
    rows = ClientPerson.objects.filter(person=person).order_by("client__number")
    return {tie.client.number: [mark[3:] for mark in marks if getattr(tie, mark)] for tie in rows}


def interaction_with(person, topic, number, **fields):
    return Interaction.objects.create(
        organization=person.organization, number=number, person=person, topic=topic, channel="note",
        occurred_at=datetime(2026, 3, 1, tzinfo=UTC), **fields,
    )  # fmt: skip


def hang(person, topic, start):
    """Something of each kind."""
    first = interaction_with(person, topic, start, sales_contact=person)
    other = interaction_with(person, topic, start + 1)
    InteractionParticipant.objects.create(organization=person.organization, interaction=other, person=person)
    Address.objects.create(organization=person.organization, person=person, street=f"{start} rue Neuve", city="Metz")
    PersonPhoto.objects.create(organization=person.organization, person=person, content=b"x", media_type="image/png")
    return first


def test_a_merge_moves_everything_and_keeps_one_tie_at_each_client(manager, two, topic):
    kept, gone = two
    hang(gone, topic, 10)
    comparison = compare_for_merge(manager, kept, gone)
    assert [choice.code for choice in comparison.open_choices] == ["name", "title"]
    # The north stands on both: one tie moves.
    assert comparison.moves[:4] == ["1 client", "1 adresse", "1 photo", "2 interactions"]
    actions.merge_people(kept, gone, by=manager, choices={"title": "loser"})
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert (kept.full_name, kept.title, kept.external_key) == ("Anne Moreau", "Gérante", "X1")
    assert kept.emails == ["anne@moreau.example", "am@moreau.example"]
    assert gone.deleted_at
    assert gone.merged_into == kept
    assert not gone.external_key
    assert ties_of(kept) == {"N1": ["primary", "preferred"], "S1": ["billing"]}
    assert ties_of(gone) == {}
    assert Interaction.objects.filter(person=kept).count() == 2
    assert Interaction.objects.get(sales_contact__isnull=False).sales_contact == kept
    assert kept.addresses.count() == 1
    assert kept.photo.content
    assert InteractionParticipant.objects.get().person == kept


def test_undoing_gives_everything_back(manager, two, topic):
    kept, gone = two
    hang(gone, topic, 10)
    mine = hang(kept, topic, 20)
    before = [(ties_of(person), person.emails, person.full_name, person.external_key) for person in two]
    merge = actions.merge_people(kept, gone, by=manager, choices={"name": "loser"})
    plan = plan_undo(manager, merge)
    assert not plan.has_conflicts
    assert not plan.made
    actions.undo_person_merge(PersonMerge.objects.get(), by=manager, token=plan.token)
    for person in two:
        person.refresh_from_db()
    assert [(ties_of(person), person.emails, person.full_name, person.external_key) for person in two] == before
    assert gone.deleted_at is None
    assert gone.merged_into is None
    for person in two:
        assert Interaction.objects.filter(person=person).count() == 2
        assert Interaction.objects.get(sales_contact=person).person == person
        assert person.addresses.count() == 1
        assert PersonPhoto.objects.filter(person=person).count() == 1
        assert InteractionParticipant.objects.filter(person=person).count() == 1
    mine.refresh_from_db()
    assert mine.person == kept
    with pytest.raises(Refusal, match="déjà été annulée"):
        actions.undo_person_merge(PersonMerge.objects.get(), by=manager)


def test_what_was_edited_since_is_chosen_and_nothing_is_lost(manager, two, topic):
    kept, gone = two
    moved = interaction_with(gone, topic, 10)
    merge = actions.merge_people(kept, gone, by=manager)
    kept.refresh_from_db()
    actions.update_person(kept, by=manager, version=kept.version, emails=["new@moreau.example"])
    Interaction.objects.filter(pk=moved.pk).update(subject="Autre objet")
    made = interaction_with(kept, topic, 11)
    merge = PersonMerge.objects.get()
    plan = plan_undo(manager, merge)
    assert [conflict.code for conflict in plan.fields] == ["emails"]
    assert [(row.kind, row.row_id) for row in plan.rows] == [("edited", moved.pk)]
    assert made.pk in [row.row_id for row in plan.made]
    key = next(row.key for row in plan.made if row.row_id == made.pk)
    actions.undo_person_merge(merge, by=manager, answers={key: "give"}, token=plan.token)
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert kept.emails == ["new@moreau.example"]
    assert gone.external_key == "X1"
    assert set(Interaction.objects.filter(person=gone)) == {moved, made}


def test_a_third_person_holds_the_mark_by_then(manager, two, client_north):
    kept, gone = two
    merge = actions.merge_people(kept, gone, by=manager)
    third = actions.create_person(by=manager, last_name="Troisième", client=client_north, is_primary=True)
    actions.undo_person_merge(merge, by=manager)
    assert ties_of(third) == {"N1": ["primary"]}
    assert ties_of(gone) == {"N1": [], "S1": ["billing"]}


def test_what_makes_no_sense_is_refused(manager, two, client_north):
    kept, gone = two
    with pytest.raises(Refusal, match="elle-même"):
        actions.merge_people(kept, kept, by=manager)
    with pytest.raises(Stale):
        actions.merge_people(kept, gone, by=manager, versions=(kept.version + 1, gone.version))
    with pytest.raises((Refusal, Refusals)):
        actions.merge_people(kept, gone, by=manager, lists={"emails": []} | {"phones": []}, versions=(0, 0))
    actions.merge_people(kept, gone, by=manager)
    third = actions.create_person(by=manager, last_name="Troisième")
    with pytest.raises(Refusal, match="déjà été fusionnée"):
        actions.merge_people(third, gone, by=manager)
    Person.objects.filter(pk=third.pk).update(deleted_at=timezone.now())
    with pytest.raises(NotFound):
        actions.merge_people(kept, third, by=manager)


def test_merges_in_a_row_are_undone_in_their_order(manager, two):
    kept, gone = two
    third = actions.create_person(by=manager, last_name="Moreau", first_name="A.")
    first = actions.merge_people(kept, gone, by=manager)
    second = actions.merge_people(third, kept, by=manager)
    gone.refresh_from_db()
    assert gone.merged_into == third  # Whoever still holds the first address gets there at once.
    with pytest.raises(Refusal, match="annulez d’abord"):
        actions.undo_person_merge(first, by=manager)
    actions.undo_person_merge(second, by=manager)
    gone.refresh_from_db()
    assert gone.merged_into == kept
    actions.undo_person_merge(first, by=manager)
    assert ties_of(gone) == {"N1": ["primary"], "S1": ["billing"]}


@pytest.fixture
def scanned(manager):
    def scan():
        job = actions.start_people_scan(by=manager)
        run_job(job_id=job.pk, organization_id=job.organization_id)
        enter(manager)
        return [(pair.first, pair.second) for pair in PersonPair.objects.all()]

    return scan


def test_the_scan_finds_who_are_one_and_forgets_who_are_no_longer(manager, two, scanned):
    kept, gone = two
    assert scanned() == [two]
    assert scanned() == [two]
    actions.dismiss_people(gone, kept, by=manager)
    assert scanned() == []
    actions.propose_people_again(kept, gone, by=manager)
    assert scanned() == [two]
    merge = actions.merge_people(kept, gone, by=manager)
    assert PersonPair.objects.count() == 0
    assert scanned() == []
    actions.undo_person_merge(merge, by=manager)
    assert scanned() == [two]


def test_what_was_said_of_the_one_is_said_of_both(manager, two):
    kept, gone = two
    third = actions.create_person(by=manager, last_name="Moreau", first_name="Anna")
    actions.dismiss_people(gone, third, by=manager)
    merge = actions.merge_people(kept, gone, by=manager)
    assert NotSamePerson.objects.filter(first=kept, second=third).exists()
    actions.undo_person_merge(merge, by=manager)
    assert not NotSamePerson.objects.filter(first=kept, second=third).exists()


def test_the_page_compares_merges_and_undoes(manager, two, signed_in):
    kept, gone = two
    http = signed_in(manager)
    page = http.get(f"/eaux/personnes/{kept.pk}/fusion/", {"avec": gone.pk}).content.decode()
    assert "Anne-Marie Moreau" in page
    assert "1 client" in page
    asked = http.get(f"/eaux/personnes/{kept.pk}/fusion/", {"q": "moreau"}).content.decode()
    assert f"?avec={gone.pk}" in asked
    sent = {
        "avec": gone.pk, "winner_version": kept.version, "loser_version": gone.version, "choice.title": "loser",
        "has.emails": "1", "list.emails": ["anne@moreau.example"],
    }  # fmt: skip
    assert http.post(f"/eaux/personnes/{kept.pk}/fusion/", sent | {"winner_version": 9}).status_code == 409
    assert http.post(f"/eaux/personnes/{kept.pk}/fusion/", sent).status_code == 303
    enter(manager)
    kept.refresh_from_db()
    assert (kept.title, kept.emails) == ("Gérante", ["anne@moreau.example"])
    old = http.get(f"/eaux/personnes/{gone.pk}/")
    assert (old.status_code, old.url) == (303, f"/eaux/personnes/{kept.pk}/")
    assert "Anne-Marie Moreau" in http.get("/eaux/fusions/personnes/").content.decode()
    merge = PersonMerge.objects.get()
    assert "Annuler la fusion" in http.get(f"/eaux/fusions/personnes/{merge.pk}/annulation/").content.decode()
    assert http.post(f"/eaux/fusions/personnes/{merge.pk}/annulation/").status_code == 303
    assert http.get(f"/eaux/personnes/{gone.pk}/").status_code == 200


def test_only_who_may_merge_both_merges_them(agent, manager, two, north, south, signed_in):
    kept, gone = two
    ClientPerson.objects.filter(person=gone, client__number="N1").delete()
    grant(agent, "sector", north.pk, role="manager")
    http = signed_in(agent)
    assert http.get(f"/eaux/personnes/{gone.pk}/fusion/").status_code == 404
    sent = {"avec": gone.pk, "winner_version": kept.version, "loser_version": gone.version}
    assert http.post(f"/eaux/personnes/{kept.pk}/fusion/", sent).status_code == 404
    enter(manager)
    gone.refresh_from_db()
    assert gone.merged_into is None


def test_the_list_of_pairs(manager, agent, two, scanned, signed_in):
    kept, gone = two
    http = signed_in(manager)
    assert "n’a pas encore été faite" in http.get("/eaux/doublons/personnes/").content.decode()
    assert scanned() == [two]
    page = http.get("/eaux/doublons/personnes/").content.decode()
    assert f"/eaux/personnes/{kept.pk}/fusion/?avec={gone.pk}" in page
    sent = {"first": kept.pk, "second": gone.pk}
    assert http.post("/eaux/doublons/personnes/ecartes/", sent).status_code == 303
    assert "Aucun doublon possible" in http.get("/eaux/doublons/personnes/").content.decode()
    assert http.post(f"/eaux/doublons/personnes/ecartes/{kept.pk}/{gone.pk}/annulation/").status_code == 303
    assert http.post("/eaux/doublons/personnes/recherche/").status_code == 303


def test_what_came_since_is_listed_page_by_page(manager, two, topic, signed_in, monkeypatch):
    kept, gone = two
    merge = actions.merge_people(kept, gone, by=manager)
    made = [interaction_with(kept, topic, number) for number in range(20, 25)]
    monkeypatch.setattr(merging, "MOST_MADE", 2)
    http = signed_in(manager)
    address = f"/eaux/fusions/personnes/{merge.pk}/annulation/"
    first = http.get(address).content.decode()
    assert "3 interactions" in first
    assert f"made:interactions_interaction:{made[1].pk}" in first
    assert f"made:interactions_interaction:{made[2].pk}" not in first
    asked = {"table": "interactions_interaction", "apres": made[1].pk}
    rest = http.get(address, asked, htmx=True).content.decode()
    assert "<main" not in rest
    assert f"made:interactions_interaction:{made[3].pk}" in rest
    assert "1 interaction" in rest
    # Chosen on another page than the first, it goes as well.
    sent = {"token": first.split('name="token" value="')[1][:32], f"made:interactions_interaction:{made[4].pk}": "give"}
    assert http.post(address, sent).status_code == 303
    enter(manager)
    assert list(Interaction.objects.filter(person=gone)) == [made[4]]


def test_an_old_address_of_a_person_leads_to_who_remained(manager, two, topic, signed_in):
    kept, gone = two
    actions.merge_people(kept, gone, by=manager)
    page = signed_in(manager).get("/eaux/contacts/nouveau/", {"personne": gone.pk}).content.decode()
    assert "Anne Moreau" in page


def test_an_old_number_of_a_client_leads_the_composer_to_who_remained(manager, client_north, client_south, signed_in):
    actions.merge_clients(client_north, client_south, by=manager)
    page = signed_in(manager).get("/eaux/contacts/nouveau/", {"client": "S1"}).content.decode()
    assert "Blanchisserie Moreau" in page
