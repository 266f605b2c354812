"""Who at the client sees and is mailed what, before it is saved and when it is; who is told here."""

import pytest

from entregent.clients.actions import create_person
from entregent.interactions import actions
from entregent.interactions.audience import audience_of
from entregent.interactions.models import Topic
from entregent.interactions.portal_models import PortalAccess, PortalEvent
from entregent.notifications.models import Notification
from entregent.organizations.models import Membership, User
from entregent.outbox.addresses import read_reply_address
from entregent.outbox.models import Message
from entregent.toolbox.errors import Refusal, Refusals
from testing.cast import enter

pytestmark = pytest.mark.django_db


@pytest.fixture
def topic(org, agent):
    actions.seed_topics(org)
    return Topic.objects.get(code="renseignement")


def give_access(client, name, *, email, subscriptions=None, language="fr", sees_colleagues=True, by):
    first, last = name.split()
    person = create_person(by=by, first_name=first, last_name=last, client=client, emails=[email])
    user = User.objects.create_user(email, None, name=name)
    return PortalAccess.objects.create(
        organization=client.organization,
        person=person,
        client=client,
        user=user,
        state=PortalAccess.State.ACTIVE,
        email=email,
        language=language,
        sees_colleagues=sees_colleagues,
        subscriptions=list(PortalEvent.values) if subscriptions is None else subscriptions,
    )


@pytest.fixture
def lea(agent, client_north):
    return give_access(client_north, "Léa Martin", email="lea@mecano.example", by=agent)


def log(agent, client, topic, **details):
    details = {"channel": "phone_call", "notes": "Il manque deux pièces.", "subject": "Commande 12"} | details
    return actions.log_interaction(by=agent, client=client, topic=topic, **details)


def foreseen(agent, client, **more):
    given = {"person_id": None, "internal": False, "incoming": False, "notify": True} | more
    return audience_of(agent, client_id=client.pk, **given)


def test_the_subscribed_are_mailed_what_is_published(agent, client_north, lea, topic, django_assert_num_queries):
    with django_assert_num_queries(1):
        before = foreseen(agent, client_north)
    assert before.sentences == ["Léa Martin le verra sur le portail et recevra un courriel."]

    log(agent, client_north, topic)

    mail = Message.objects.get()
    assert (mail.recipients, mail.client_id, mail.nature) == (["lea@mecano.example"], client_north.pk, "letter")
    assert mail.subject == "Commande 12 (n° 1)"
    assert "Il manque deux pièces." in mail.text
    assert "Omar Agent vous écrit" in mail.text
    assert "/portail/eaux/echanges/1/" in mail.html
    assert mail.reply_to == "agent@eaux.example"


def test_what_came_from_the_client_is_told_as_recorded_in_their_language(agent, client_north, lea, topic):
    lea.language = "en"
    lea.save()
    log(agent, client_north, topic, incoming=True)
    mail = Message.objects.get()
    assert mail.language == "en"
    assert "recorded" in mail.subject


def test_replies_come_back_to_the_interaction_where_the_organization_takes_them(org, agent, client_north, lea, topic):
    org.mail_reply_address, org.replies_by_mail = "contact@eaux.example", True
    org.save()
    agent.organization.refresh_from_db()
    log(agent, client_north, topic)
    assert read_reply_address(Message.objects.get().reply_to, org) == ("i", 1)


def test_nothing_internal_is_mailed_to_anybody(agent, client_north, lea, topic):
    assert foreseen(agent, client_north, internal=True).sentences == [
        "Interne : personne chez le client ne le verra."
    ]
    one = log(agent, client_north, topic, internal=True, notify=True)
    actions.add_entry(one, by=agent, notes="MARQUEUR", internal=True, notify=True)
    with pytest.raises((Refusal, Refusals)):
        actions.add_entry(one, by=agent, notes="MARQUEUR", internal=True, mail_to=[lea.person])
    assert Message.objects.count() == 0


def test_without_notify_it_is_published_and_nobody_is_mailed(agent, client_north, lea, topic):
    assert foreseen(agent, client_north, notify=False).sentences == [
        "Léa Martin le verra sur le portail, sans courriel."
    ]
    log(agent, client_north, topic, notify=False)
    assert Message.objects.count() == 0


def test_who_did_not_take_it_is_not_mailed_and_the_author_is_told(agent, client_north, lea, topic):
    lea.subscriptions = []
    lea.save()
    one = log(agent, client_north, topic)
    assert (one.audience.warning, Message.objects.count()) == ("W-003-NOSUB", 0)
    assert foreseen(agent, client_north).sentences[-1] == "Aucun destinataire abonné : aucun courriel ne partira."


@pytest.mark.parametrize("mail_from", ["none", "other"])
def test_without_an_address_of_their_own_an_agent_publishes_and_mails_nobody(
    agent, client_north, lea, topic, mail_from
):
    Membership.objects.filter(pk=agent.pk).update(mail_from=mail_from, mail_address="")
    agent.refresh_from_db()
    one = log(agent, client_north, topic)
    assert (one.audience.warning, one.audience.is_communicated, Message.objects.count()) == ("W-003-SENDER", True, 0)
    assert "votre adresse est absente" in foreseen(agent, client_north).sentences[-1]


def test_a_chosen_person_is_mailed_with_or_without_the_portal(org, agent, client_north, topic):
    org.modules = []
    org.save()
    agent.organization.refresh_from_db()
    tim = create_person(by=agent, first_name="Tim", last_name="Roux", client=client_north, emails=["tim@x.example"])
    one = log(agent, client_north, topic, mail_to=[tim])
    mail = Message.objects.get()
    assert mail.recipients == ["tim@x.example"]
    assert "portail" not in mail.text
    assert one.entries.get().published_at is not None

    mute = create_person(by=agent, first_name="Ana", last_name="Roux", client=client_north)
    with pytest.raises(Refusal) as refused:
        log(agent, client_north, topic, mail_to=[mute])
    assert refused.value.code == "E-004-TO"


def test_only_who_sees_it_is_told(agent, client_north, lea, topic):
    tim = give_access(client_north, "Tim Roux", email="tim@x.example", by=agent, sees_colleagues=False)
    log(agent, client_north, topic, person=lea.person)
    assert [mail.recipients for mail in Message.objects.all()] == [["lea@mecano.example"]]
    log(agent, client_north, topic, person=tim.person)
    assert sorted(mail.recipients[0] for mail in Message.objects.all()[:2]) == ["lea@mecano.example", "tim@x.example"]


def test_a_message_of_the_client_is_told_to_whom_it_concerns(org, agent, colleague, client_north, lea, topic):
    enter(agent)
    one = log(agent, client_north, topic, internal=True)
    actions.receive_message(
        organization=org, client=client_north, person=lea.person, channel="portal", text="Et alors ?",
        interaction=one.number,
    )  # fmt: skip
    told = Notification.objects.get()
    assert (told.user_id, told.event, told.url) == (agent.user_id, "portal_message", "/eaux/interactions/1/")
    mail = Message.objects.get()
    assert mail.recipients == ["agent@eaux.example"]
    assert "Et alors ?" in mail.text
    assert "répondez dans l’écran Interactions client" in mail.text
