"""What is internal cannot reach the client: not by what the portal imports, nor by what mails say (promises S6)."""

import ast

import pytest

from conventions.layers import ROOT
from entregent.clients.actions import create_person
from entregent.documents.actions import keep_file
from entregent.interactions import actions
from entregent.interactions.models import PublishedEntry, PublishedFile, Topic
from entregent.interactions.portal_models import PortalAccess
from entregent.organizations.models import User
from entregent.outbox.models import Message
from testing.cast import enter

# The portal, transfers and the mails about entries know the projection only.
READERS = ["entregent/portal", "entregent/transfers"]
FORBIDDEN = {"Interaction", "InteractionEntry", "EntryAttachment", "InteractionQuerySet"}
MARKER = "MARQUEURINTERNE"


@pytest.mark.parametrize("folder", READERS)
def test_readers_of_the_client_side_do_not_know_interactions(folder):
    wrong = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        if "tests" in path.parts or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("entregent.interactions"):
                wrong += [f"{path}: {name.name}" for name in node.names if name.name in FORBIDDEN]
            if isinstance(node, ast.Import):
                wrong += [f"{path}: {name.name}" for name in node.names if "interactions.models" in name.name]
    assert wrong == []


@pytest.mark.django_db
def test_no_internal_word_is_published_or_mailed(org, agent, client_north):
    actions.seed_topics(org)
    topic = Topic.objects.get(code="renseignement")
    lea = create_person(by=agent, first_name="Léa", last_name="Martin", client=client_north, emails=["lea@x.example"])
    user = User.objects.create_user("lea@x.example", None, name="Léa Martin")
    PortalAccess.objects.create(
        organization=org, person=lea, client=client_north, user=user, state="active", email="lea@x.example"
    )
    file = keep_file(organization=org, name=f"{MARKER}.txt", content=MARKER.encode(), by=agent)
    hidden = {
        "topic": topic, "channel": "phone_call", "notes": MARKER, "subject": MARKER, "internal": True,
        "contact_name": MARKER, "contact_phone": MARKER[:20], "reference": MARKER, "entry_name": MARKER,
        "files": [file],
    }  # fmt: skip
    # Begun inside and answered outside, begun outside with internal words beside, withdrawn, deleted.
    begun_inside = actions.log_interaction(by=agent, client=client_north, **hidden)
    actions.add_entry(begun_inside, by=agent, notes="Bonjour.")
    outside = actions.log_interaction(
        by=agent, client=client_north, topic=topic, channel="email", notes="Votre commande part.",
        contact_name=MARKER, reference=MARKER,
    )  # fmt: skip
    actions.add_entry(outside, by=agent, notes=MARKER, internal=True, entry_name=MARKER, files=[file])
    withdrawn = actions.log_interaction(by=agent, client=client_north, topic=topic, channel="note", notes="À tort.")
    actions.update_entry(
        withdrawn.entries.get(), by=agent, version=1, notes=MARKER, internal=True, incoming=False, entry_name=MARKER
    )
    deleted = actions.log_interaction(by=agent, client=client_north, topic=topic, channel="note", notes="De trop.")
    actions.delete_interaction(deleted, by=agent)
    actions.receive_message(
        organization=org, client=client_north, person=lea, channel="email", text="Merci.", folded=MARKER,
        interaction=outside.number,
    )  # fmt: skip
    enter(agent)

    shown = [str(row) for row in PublishedEntry.objects.values()]
    assert len(shown) == 3
    assert MARKER not in "".join(shown)
    assert PublishedFile.objects.count() == 0
    to_the_client = Message.objects.filter(recipients__contains=["lea@x.example"])
    assert to_the_client.count() == 4  # Each was published when it left; nothing internal is among them.
    assert all(MARKER not in f"{mail.subject}{mail.text}{mail.html}{mail.attachments}" for mail in to_the_client)
