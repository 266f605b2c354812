"""What people do with interactions: effect, refusal, journal."""

from datetime import timedelta

import pytest
from django.utils import timezone

from entregent.audit.models import Action, Change
from entregent.clients.actions import merge_clients
from entregent.clients.merging import compare_for_merge, plan_undo
from entregent.clients.models import BusinessObject, BusinessObjectType
from entregent.interactions import actions
from entregent.interactions.models import Interaction, InteractionAgent, InteractionEntry, Topic
from entregent.listing.lists import lists
from entregent.listing.pages import page
from entregent.toolbox.errors import NotFound, Refusal, Refusals, RightMissing, Stale
from testing.cast import enter, grant, make_client, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def topic(org, agent):
    actions.seed_topics(org)
    return Topic.objects.get(code="renseignement")


@pytest.fixture
def contract_type(org, agent):
    kind, _created = BusinessObjectType.objects.get_or_create(
        organization=org,
        code="contract",
        defaults={
            "label_fr": "Contrat", "label_en": "Contract", "plural_fr": "Contrats", "plural_en": "Contracts"
        },
    )  # fmt: skip
    return kind


def make_contract(client, kind, key, state="active"):
    return BusinessObject.objects.create(
        organization=client.organization, client=client, type=kind, key=key, state=state
    )


def log(agent, client, topic, **details):
    details = {"channel": "phone_call", "notes": "Demande une date de relève."} | details
    return actions.log_interaction(by=agent, client=client, topic=topic, **details)


def test_a_contact_is_logged_with_its_defaults(agent, client_north, topic, contract_type):
    contract = make_contract(client_north, contract_type, "C-1")

    interaction = log(agent, client_north, topic)

    kept = Interaction.objects.get(pk=interaction.pk)
    assert (kept.number, kept.status, kept.direction, kept.created_by) == (1, "open", "none", agent.user)
    assert abs(kept.occurred_at - timezone.now()) < timedelta(minutes=1)
    assert kept.created_at == interaction.created_at
    entry = kept.entries.get()
    assert (entry.seq, entry.author, entry.entry_name, entry.internal) == (1, agent.user, "Omar Agent", False)
    assert [one.client for one in kept.participants.all()] == [client_north]
    assert [(one.user, one.role) for one in kept.agents.all()] == [(agent.user, "originator")]
    assert [one.object for one in kept.objects_linked.all()] == [contract]


def test_numbers_follow_each_other(agent, client_north, topic):
    assert [log(agent, client_north, topic).number for _time in range(3)] == [1, 2, 3]


def test_logging_is_in_the_journal_with_who_and_what(agent, client_north, topic):
    interaction = log(agent, client_north, topic)

    action = Action.objects.get(name="log_interaction")
    assert (action.user_id, action.client_id) == (agent.user_id, client_north.pk)
    changes = Change.objects.filter(action_id=action.pk)
    assert {change.table_name.split("_")[1] for change in changes} == {
        "interaction", "interactionentry", "interactionparticipant", "interactionagent"
    }  # fmt: skip
    assert {change.client_id for change in changes} == {client_north.pk}
    assert changes.get(table_name="interactions_interaction").row_id == interaction.pk


def test_a_client_with_two_active_contracts_gets_none_by_default(agent, client_north, topic, contract_type):
    make_contract(client_north, contract_type, "C-1")
    make_contract(client_north, contract_type, "C-2")
    assert log(agent, client_north, topic).objects_linked.count() == 0


def test_an_ended_contract_is_not_taken_by_default(agent, client_north, topic, contract_type):
    make_contract(client_north, contract_type, "C-1", state="terminated")
    assert log(agent, client_north, topic).objects_linked.count() == 0


def test_the_contract_can_be_left_out(agent, client_north, topic, contract_type):
    make_contract(client_north, contract_type, "C-1")
    assert log(agent, client_north, topic, contract=actions.NO_CONTRACT).objects_linked.count() == 0


@pytest.mark.parametrize(
    ("details", "code", "field"),
    [
        ({"internal": True, "incoming": True}, "E-003-INT-ENT", "visibility"),
        ({"occurred_at": timezone.now() + timedelta(hours=2)}, "E-003-FUTURE", "occurred_at"),
        ({"follow_up_on": timezone.localdate() - timedelta(days=2)}, "E-003-FOLLOW", "follow_up_on"),
        ({"notes": "x" * 20_001}, "E-LENGTH", "notes"),
        ({"entry_name": "x" * 81}, "E-LENGTH", "entry_name"),
        ({"channel": "pigeon"}, "E-REQUIRED", "channel"),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(agent, client_north, topic, details, code, field):
    with pytest.raises(Refusal) as refused:
        log(agent, client_north, topic, **details)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert Interaction.objects.count() == 0


def test_several_faults_are_told_together(agent, client_north, topic):
    with pytest.raises(Refusals) as refused:
        actions.log_interaction(by=agent, topic=None, channel="phone_call")
    assert [one.code for one in refused.value.refusals] == ["E-001-NO-CLIENT", "E-REQUIRED"]


def test_a_topic_no_longer_offered_is_refused(agent, client_north, topic):
    Topic.objects.update(is_active=False)
    topic.refresh_from_db()
    with pytest.raises(Refusal, match="E-003-TOPIC"):
        log(agent, client_north, topic)


def test_an_object_of_another_client_is_refused(agent, client_north, client_south, topic, contract_type):
    enter(agent)
    foreign = make_contract(client_south, contract_type, "C-9")
    with pytest.raises(Refusal, match="E-001-OBJECT"):
        log(agent, client_north, topic, objects=[foreign])
    # One of its participants' is welcome.
    assert log(agent, client_north, topic, objects=[foreign], participants=[client_south]).objects_linked.count() == 1


def test_the_same_key_makes_one_interaction(agent, client_north, topic):
    first = log(agent, client_north, topic, idempotency_key="k-1")
    again = log(agent, client_north, topic, idempotency_key="k-1")
    assert again.pk == first.pk
    assert Interaction.objects.count() == 1
    with pytest.raises(Refusal, match="E-IDEMPOTENCY"):
        log(agent, client_north, topic, idempotency_key="k-1", notes="autre chose")


def test_text_is_kept_as_text(agent, client_north, topic):
    interaction = log(agent, client_north, topic, notes="<script>alert(1)</script>\r\n\x00\x07fin  ")
    assert interaction.entries.get().notes == "<script>alert(1)</script>\nfin"


def test_the_follow_up_belongs_to_its_author_unless_said_otherwise(agent, colleague, client_north, topic):
    enter(agent)
    day = timezone.localdate() + timedelta(days=3)
    assert log(agent, client_north, topic, follow_up_on=day).follow_up_owner == agent.user
    assert log(agent, client_north, topic, follow_up_on=day, follow_up_owner=colleague.user).follow_up_owner == (
        colleague.user
    )
    assert log(agent, client_north, topic).follow_up_owner is None


def test_a_follow_up_is_done_opened_again_and_put_off(agent, client_north, topic):
    day = timezone.localdate() + timedelta(days=3)
    interaction = log(agent, client_north, topic, follow_up_on=day)

    done = actions.complete_follow_up(interaction, by=agent)
    assert done.follow_up_done_by == agent.user
    assert not Interaction.objects.to_follow_up().exists()
    actions.reopen_follow_up(interaction, by=agent)
    assert Interaction.objects.to_follow_up().exists()
    actions.complete_follow_up(interaction, by=agent)
    later = actions.postpone_follow_up(interaction, by=agent, on=day + timedelta(days=7))
    assert (later.follow_up_on, later.follow_up_done_at) == (day + timedelta(days=7), None)
    with pytest.raises(Refusal, match="E-003-FOLLOW"):
        actions.postpone_follow_up(interaction, by=agent, on=timezone.localdate() - timedelta(days=3))


def test_entries_are_added_in_order(agent, colleague, client_north, topic):
    enter(agent)
    interaction = log(agent, client_north, topic)
    actions.add_entry(interaction, by=colleague, notes="Vu avec la régie.", internal=True)
    entries = InteractionEntry.objects.filter(interaction=interaction)
    assert [(entry.seq, entry.entry_name, entry.internal) for entry in entries] == [
        (1, "Omar Agent", False), (2, "Colette Collègue", True)
    ]  # fmt: skip
    with pytest.raises(Refusal, match="E-003-INT-ENT"):
        actions.add_entry(interaction, by=agent, notes="", internal=True, incoming=True)


def test_an_entry_made_internal_is_no_longer_published(agent, client_north, topic):
    interaction = log(agent, client_north, topic)
    entry = interaction.entries.get()
    entry.published_at = timezone.now()
    entry.save()
    changed = actions.update_entry(entry, by=agent, version=1, notes="Corrigé", internal=True, incoming=False)
    assert (changed.notes, changed.published_at, changed.author) == ("Corrigé", None, agent.user)
    with pytest.raises(Stale):
        actions.update_entry(entry, by=agent, version=1, notes="Trop tard", internal=True, incoming=False)


def test_a_change_is_kept_and_a_stale_one_refused(agent, colleague, client_north, topic):
    enter(agent)
    interaction = log(agent, client_north, topic)
    actions.update_interaction(interaction, by=colleague, version=1, subject="Relève", contact_phone="+33261910042")
    with pytest.raises(Stale) as refused:
        actions.update_interaction(interaction, by=agent, version=1, subject="Autre")
    assert refused.value.who == "Colette Collègue"
    assert refused.value.current.subject == "Relève"


@pytest.mark.parametrize(
    ("moves", "fits"),
    [
        (["waiting", "open", "closed", "open"], True),
        (["waiting", "closed"], True),
        (["closed", "waiting"], False),
    ],
)
def test_status_moves_as_the_state_machine_says(agent, client_north, topic, moves, fits):
    interaction = log(agent, client_north, topic)
    if fits:
        for status in moves:
            interaction = actions.change_status(interaction, by=agent, status=status)
        assert interaction.status == moves[-1]
    else:
        actions.change_status(interaction, by=agent, status=moves[0])
        with pytest.raises(Refusal) as refused:
            actions.change_status(interaction, by=agent, status=moves[1])
        assert (refused.value.code, refused.value.status) == ("E-001-TRANSITION", 409)
        assert "Close" in str(refused.value.message)


def test_an_interaction_is_deleted_whatever_its_status_and_brought_back(manager, client_north, topic):
    enter(manager)
    interaction = log(manager, client_north, topic)
    actions.change_status(interaction, by=manager, status="closed")
    actions.delete_interaction(interaction, by=manager)
    assert not Interaction.objects.visible_to(manager).exists()
    assert Action.objects.filter(name="delete_interaction", client_id=client_north.pk).exists()
    with pytest.raises(NotFound):
        actions.add_entry(interaction, by=manager, notes="trop tard")
    actions.restore_interaction(interaction, by=manager)
    assert Interaction.objects.visible_to(manager).get().status == "closed"


def test_an_editor_deletes_their_own_within_a_day_only(agent, colleague, manager, client_north, topic, time_machine):
    enter(agent)
    interaction = log(agent, client_north, topic)
    with pytest.raises(RightMissing):
        actions.delete_interaction(interaction, by=colleague)
    actions.delete_interaction(interaction, by=agent)
    actions.restore_interaction(interaction, by=agent)
    time_machine.move_to(timezone.now() + timedelta(hours=25))
    with pytest.raises(RightMissing):
        actions.delete_interaction(interaction, by=agent)
    actions.delete_interaction(interaction, by=manager)
    with pytest.raises(NotFound):
        actions.restore_interaction(interaction, by=agent)


def test_the_emetteur_cannot_be_taken_off_or_doubled(agent, colleague, client_north, topic):
    enter(agent)
    interaction = log(agent, client_north, topic, agents=[(colleague.user, "responsible")])
    with pytest.raises(Refusal, match="E-001-ORIGINATOR"):
        actions.unlink_agent(InteractionAgent.objects.get(user=agent.user), by=agent)
    with pytest.raises(Refusal, match="E-001-ORIGINATOR"):
        actions.link_agent(interaction, by=agent, user=colleague.user, role="originator")
    actions.unlink_agent(InteractionAgent.objects.get(user=colleague.user), by=agent)
    assert InteractionAgent.objects.get().role == "originator"


def test_links_are_sets(agent, client_north, client_south, topic, contract_type):
    enter(agent)
    contract = make_contract(client_north, contract_type, "C-1")
    interaction = log(agent, client_north, topic, participants=[client_north, client_south], objects=[contract])
    actions.link_participant(interaction, by=agent, party=client_south)
    actions.link_object(interaction, by=agent, business_object=contract)
    assert (interaction.participants.count(), interaction.objects_linked.count()) == (2, 1)
    with pytest.raises(Refusal, match="E-001-PARTICIPANT"):
        actions.unlink_participant(interaction.participants.get(client=client_north), by=agent)
    actions.unlink_participant(interaction.participants.get(client=client_south), by=agent)
    actions.unlink_object(interaction.objects_linked.get(), by=agent)
    assert (interaction.participants.count(), interaction.objects_linked.count()) == (1, 0)


def test_topics_start_with_those_of_the_trade(org, agent):
    actions.seed_topics(org)
    actions.seed_topics(org)
    assert [topic.label_fr for topic in Topic.objects.all()[:5]] == [
        "Contestation de facture", "Renseignement", "Paiement", "Relève", "Rappel"
    ]  # fmt: skip
    assert Topic.objects.count() == 10


def test_topics_are_added_renamed_and_withdrawn(admin, topic):
    enter(admin)
    added = actions.create_topic(by=admin, label_fr="Renseignement", label_en="Enquiry")
    assert added.code == "renseignement-2"
    changed = actions.update_topic(added, by=admin, version=1, label_fr="Chantier", is_active=False)
    assert (changed.label_fr, changed.is_active, changed.version) == ("Chantier", False, 2)
    with pytest.raises(Stale):
        actions.update_topic(added, by=admin, version=1, label_fr="Trop tard")
    with pytest.raises(Refusal, match="E-REQUIRED"):
        actions.create_topic(by=admin, label_fr=" ", label_en="Empty")


def test_logging_takes_few_statements(agent, client_north, topic, django_assert_num_queries):
    # contract looked for, who at the client is told, journal, number, everything else in one; around them the key and
    # its savepoint.
    with django_assert_num_queries(11):
        log(agent, client_north, topic, idempotency_key="k-2")


def test_a_merge_counts_and_names_interactions_only_to_who_sees_them(manager, agent, north, org, topic):
    winner, loser = (make_client(org, number, "Lavoir", sector=north) for number in ("L1", "L2"))
    enter(agent)
    log(agent, loser, topic)
    deaf = enter(make_member(org, "sourde@eaux.example", "Sonia Sourde", "editor"))
    grant(deaf, "sector", north.pk)
    deaf.rights_removed = ["interaction.view"]
    enter(manager)
    told = {who: compare_for_merge(who, winner, loser).moves for who in (manager, agent, deaf)}
    assert told[manager] == told[agent] == ["1 interaction", "1 participation"]
    assert told[deaf] == []
    merge = merge_clients(winner, loser, by=manager)
    later = log(manager, winner, topic)
    actions.delete_interaction(Interaction.objects.get(client=winner, number=1), by=manager)
    plans = {who: plan_undo(who, merge) for who in (manager, agent, deaf)}
    assert plans[agent] == plans[manager]
    assert any(row.name.startswith(f"n° {later.number}") for row in plans[agent].made)
    names = {row.name for row in [*plans[deaf].rows, *plans[deaf].made]}
    assert names == {"Hors de votre périmètre"}
    assert plans[deaf].token == plans[manager].token


def test_the_list_sorts_by_the_name_of_the_first_entry(agent, client_north, topic):
    names = ["zoé", "Ève Petit", "Éric"]
    for name in names:
        log(agent, client_north, topic, entry_name=name)
    hidden = log(agent, client_north, topic, entry_name="Alma", internal=True)
    actions.add_entry(hidden, by=agent, notes="x", internal=True, entry_name="Zed")

    definition = lists(agent)["interactions"]
    rows = page(definition, agent, sort="entry_name", columns=["entry_name", "published"]).rows
    told = [(row["entry_name"], row["published"]) for row in rows]
    assert told == [("Alma", False), ("Éric", True), ("Ève Petit", True), ("zoé", True)]
    first = Interaction.objects.get(number=1).entries.get()
    actions.update_entry(first, by=agent, version=1, notes="x", internal=False, incoming=False, entry_name="Abel")
    assert page(definition, agent, sort="entry_name", columns=["entry_name"]).rows[0]["entry_name"] == "Abel"
