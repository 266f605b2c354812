"""What the client may see: the projection, whatever path a write took."""

from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from entregent.clients.actions import create_person, merge_clients, undo_merge
from entregent.clients.merging import plan_undo
from entregent.config.postgres.base import as_owner
from entregent.documents.actions import keep_file
from entregent.interactions import actions
from entregent.interactions.models import (
    EntryAttachment,
    Interaction,
    InteractionEntry,
    PublishedEntry,
    PublishedFile,
    Topic,
)
from entregent.interactions.publication import conversations, published_file, published_files, published_for, thread
from entregent.toolbox.errors import NotFound, Refusal
from testing.cast import enter, enter_organization, make_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def topic(org, agent):
    actions.seed_topics(org)
    return Topic.objects.get(code="renseignement")


def log(agent, client, topic, **details):
    details = {"channel": "phone_call", "notes": "Bonjour.", "subject": "Objet"} | details
    return actions.log_interaction(by=agent, client=client, topic=topic, **details)


def texts() -> list[str]:
    return list(PublishedEntry.objects.order_by("entry_id").values_list("text", flat=True))


def reader_of(client, person=None, *, sees_colleagues=True):
    return SimpleNamespace(
        organization_id=client.organization_id,
        client_id=client.pk,
        person_id=person.pk if person else None,
        sees_colleagues=sees_colleagues,
    )


def test_what_is_not_internal_is_published_with_the_portal(agent, client_north, topic):
    one = log(agent, client_north, topic, incoming=True)
    log(agent, client_north, topic, internal=True, notes="MARQUEUR")
    actions.add_entry(one, by=agent, notes="MARQUEUR", internal=True)
    actions.add_entry(one, by=agent, notes="Une réponse.")

    first, second = PublishedEntry.objects.order_by("seq")
    assert (first.number, first.client_id, first.subject, first.topic_label) == (
        1,
        client_north.pk,
        "Objet",
        topic.label,
    )
    assert (first.direction, first.shown_name, first.text) == ("incoming", "Omar Agent", "Bonjour.")
    assert (second.seq, second.direction, second.text) == (3, "outgoing", "Une réponse.")
    assert first.published_at == one.entries.get(seq=1).published_at


def test_without_the_portal_nothing_is_published(org, agent, client_north, topic):
    org.modules = []
    org.save()
    agent.organization.refresh_from_db()
    log(agent, client_north, topic)
    assert texts() == []


def test_a_subject_written_with_an_internal_entry_stays_inside(agent, client_north, topic):
    one = log(agent, client_north, topic, internal=True, subject="MARQUEUR")
    actions.add_entry(one, by=agent, notes="Bonjour.")
    assert PublishedEntry.objects.get().subject == ""

    first = one.entries.get(seq=1)
    actions.update_entry(first, by=agent, version=one.version, notes="Ouvert.", internal=False, incoming=False)
    assert list(PublishedEntry.objects.order_by("seq").values_list("subject", "text")) == [
        ("MARQUEUR", "Ouvert."), ("MARQUEUR", "Bonjour."),
    ]  # fmt: skip


def test_an_entry_made_internal_is_withdrawn(agent, client_north, topic):
    one = log(agent, client_north, topic)
    entry = one.entries.get()
    actions.update_entry(entry, by=agent, version=1, notes="Non.", internal=True, incoming=False)
    assert texts() == []
    entry.refresh_from_db()
    assert (entry.published_at, entry.notify) == (None, False)


def test_a_deleted_interaction_leaves_and_comes_back_with_it(agent, client_north, topic):
    one = log(agent, client_north, topic)
    actions.change_status(one, by=agent, status="closed")
    actions.delete_interaction(one, by=agent)
    assert texts() == []
    actions.restore_interaction(one, by=agent)
    assert texts() == ["Bonjour."]
    assert PublishedEntry.objects.get().status == "closed"


def test_writes_that_pass_by_the_actions_are_followed(agent, client_north, topic):
    one = log(agent, client_north, topic)
    InteractionEntry.objects.update(notes="Autrement.")
    assert texts() == ["Autrement."]
    Interaction.objects.update(subject="Autre objet", deleted_at=None)
    assert PublishedEntry.objects.get().subject == "Autre objet"
    InteractionEntry.objects.filter(interaction=one).delete()
    assert texts() == []


def test_a_merge_moves_what_is_published_and_its_undo_moves_it_back(manager, agent, client_north, topic, org):
    other = make_client(org, "N2", "Moreau frères", sector=client_north.sector)
    enter(manager)
    log(agent, other, topic)
    merge = merge_clients(client_north, other, by=manager)
    assert PublishedEntry.objects.get().client_id == client_north.pk
    undo_merge(merge, by=manager, token=plan_undo(manager, merge).token)
    assert PublishedEntry.objects.get().client_id == other.pk


def as_the_owner(*statements) -> None:
    with as_owner(connection), transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_the_database_refuses_an_internal_entry_in_the_projection(agent, client_north, topic):
    log(agent, client_north, topic)
    hidden = log(agent, client_north, topic, internal=True)
    shown, internal = PublishedEntry.objects.get(), hidden.entries.get()

    for is_internal in ("false", "true"):
        with pytest.raises(IntegrityError):
            as_the_owner(
                f"UPDATE interactions_publishedentry SET entry_id = {internal.pk}, internal = {is_internal}"
                f" WHERE entry_id = {shown.entry_id}",
                "SET CONSTRAINTS ALL IMMEDIATE",
            )
    # The application's role writes nothing there at all.
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        PublishedEntry.objects.update(text="x")


def test_making_an_entry_internal_beside_the_triggers_fails(agent, client_north, topic):
    log(agent, client_north, topic)
    statements = [
        "SET CONSTRAINTS ALL IMMEDIATE",
        "ALTER TABLE interactions_interactionentry DISABLE TRIGGER entry_published_update",
        "UPDATE interactions_interactionentry SET internal = true, published_at = NULL",
    ]
    with pytest.raises(IntegrityError):
        as_the_owner(*statements)


def test_a_message_of_the_client_makes_an_interaction_once(org, agent, client_north, topic):
    lea = create_person(by=agent, first_name="Léa", last_name="Martin", client=client_north)
    message = {"organization": org, "client": client_north, "person": lea, "channel": "portal", "text": "Bonjour ?"}

    first = actions.receive_message(**message, subject="Livraison", idempotency_key="a")
    assert actions.receive_message(**message, subject="Livraison", idempotency_key="a") == first

    kept = Interaction.objects.get(pk=first[0])
    assert (kept.number, kept.origin, kept.channel, kept.direction, kept.topic) == (
        first[1], "portal", "portal", "incoming", topic,
    )  # fmt: skip
    entry = kept.entries.get()
    assert (entry.author, entry.author_person, entry.entry_name, entry.incoming) == (None, lea, "Léa Martin", True)
    assert texts() == ["Bonjour ?"]


def test_files_are_published_with_their_entry_and_leave_with_it(org, agent, client_north, client_south, topic):
    kept = [keep_file(organization=org, name=name, content=b"%PDF-1.7 x", by=agent) for name in ("a.pdf", "b.pdf")]
    one = log(agent, client_north, topic, files=kept[:1])
    second = actions.add_entry(one, by=agent, notes="Suite.", files=[kept[1], kept[1]])
    actions.add_entry(one, by=agent, notes="MARQUEUR", internal=True, files=kept)

    reader = reader_of(client_north)
    shown = thread(reader, one.number)
    assert [[one.file.name for one in entry.files.all()] for entry in shown] == [["a.pdf"], ["b.pdf"]]
    assert [entry.has_files for entry in shown] == [True, True]
    assert [one.file for one in published_files(reader)] == kept[::-1]
    attachment = shown[0].files.all()[0]
    assert published_file(reader, one.number, attachment.pk) == kept[0]
    with pytest.raises(NotFound):
        published_file(reader_of(client_south), one.number, attachment.pk)

    one.refresh_from_db()
    actions.update_entry(second, by=agent, version=one.version, notes="Suite.", internal=True, incoming=False)
    assert PublishedFile.objects.count() == 1
    EntryAttachment.objects.all().delete()
    assert (PublishedFile.objects.count(), PublishedEntry.objects.get().has_files) == (0, False)


def test_a_file_of_another_organization_is_not_found(other_org, agent, client_north, topic):
    enter_organization(other_org)
    foreign = keep_file(organization=other_org, name="a.txt", content=b"x")
    enter(agent)
    with pytest.raises(NotFound):
        log(agent, client_north, topic, files=[foreign])


def test_what_the_client_writes_opens_the_interaction_again(org, agent, client_north, topic):
    for status in ("closed", "waiting"):
        one = log(agent, client_north, topic)
        actions.change_status(one, by=agent, status=status)
        answered = actions.receive_message(
            organization=org, client=client_north, person=None, channel="portal", text="Et ?", interaction=one.number
        )
        assert answered == (one.pk, one.number)
        one.refresh_from_db()
        assert (one.status, one.entries.count()) == ("open", 2)


def test_a_portal_message_reaches_no_interaction_of_another_client(org, agent, client_north, client_south, topic):
    one = log(agent, client_north, topic)
    for number in (one.number, 999):
        with pytest.raises(NotFound):
            actions.receive_message(
                organization=org, client=client_south, person=None, channel="portal", text="?", interaction=number
            )


def test_the_same_mail_comes_once_and_a_mail_about_what_is_gone_makes_a_new_one(org, agent, client_north, topic):
    one = log(agent, client_north, topic)
    mail = {"organization": org, "client": client_north, "person": None, "channel": "email", "text": "Oui."}
    mail |= {"folded": "> Bonjour.", "mail_message_id": "<a@b>", "interaction": one.number}
    assert actions.receive_message(**mail) == actions.receive_message(**mail) == (one.pk, one.number)
    assert one.entries.count() == 2
    assert texts() == ["Bonjour.", "Oui."]

    actions.delete_interaction(one, by=agent)
    made = actions.receive_message(**mail | {"mail_message_id": "<c@d>"})
    assert made[0] != one.pk
    assert Interaction.objects.get(pk=made[0]).origin == "mail"


def test_a_step_of_the_system_is_made_once_and_nobody_edits_it(org, agent, client_north, topic):
    step = {"organization": org, "client": client_north, "person": None, "external_key": "transfer:1:sent"}
    step |= {"subject": "Bail 2026", "text": "Fichiers demandés."}
    made = actions.record_by_system(**step)
    assert actions.record_by_system(**step) == made
    assert (made.origin, made.status, made.channel) == ("transfer", "closed", "file_transfer")
    assert texts() == []
    for change in (
        lambda: actions.update_interaction(made, by=agent, version=1, subject="Non"),
        lambda: actions.update_entry(
            made.entries.get(), by=agent, version=1, notes="Non", internal=False, incoming=False
        ),
    ):
        with pytest.raises(Refusal) as refused:
            change()
        assert (refused.value.code, refused.value.status) == ("E-004-SYS", 403)


def test_who_sees_what_at_the_client(org, agent, client_north, client_south, topic):
    lea = create_person(by=agent, first_name="Léa", last_name="Martin", client=client_north)
    tim = create_person(by=agent, first_name="Tim", last_name="Roux", client=client_north)
    shared = log(agent, client_north, topic)
    own = log(agent, client_north, topic, person=lea)
    actions.add_entry(own, by=agent, notes="La suite.")
    log(agent, client_north, topic, person=tim)

    assert [row.number for row in published_for(reader_of(client_north)).order_by("entry_id")] == [1, 2, 2, 3]
    alone = reader_of(client_north, lea, sees_colleagues=False)
    assert [(row.number, row.text) for row in conversations(alone)] == [(2, "La suite."), (1, "Bonjour.")]
    assert [row.seq for row in thread(alone, own.number)] == [1, 2]
    for number, reader in ((3, alone), (shared.number, reader_of(client_south)), (99, alone)):
        with pytest.raises(NotFound):
            thread(reader, number)
