"""Who is let into the portal, by which invitation, and who is told of what."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from entregent.access.wall import as_user
from entregent.clients.actions import people
from entregent.clients.models import Client
from entregent.interactions import portal_access
from entregent.interactions.models import portal_models
from entregent.interactions.portal_models import PortalAccess, PortalEvent
from entregent.organizations.models import User
from entregent.outbox.models import Message
from entregent.toolbox.errors import ModuleOff, NotFound, Refusal, Refusals
from testing.cast import enter

PASSWORD = "une longue phrase de passe"


@pytest.fixture
def lea(agent, client_north):
    enter(agent)
    return people.create_person(
        by=agent, first_name="Léa", last_name="Martin", emails=["lea@client.example"], client=client_north
    )


@pytest.fixture
def invited(agent, lea, client_north):
    return portal_access.invite_person(by=agent, person=lea, client=client_north)


def token_of(url: str) -> str:
    return url.rstrip("/").rsplit("/", 1)[1]


@pytest.fixture
def access(invited):
    return portal_access.activate_access(token_of(invited[1]), name="Léa Martin", password=PASSWORD, consents=True)


def test_an_invitation_leaves_by_mail_and_keeps_only_the_hash_of_its_secret(agent, lea, client_north, invited):
    access, url = invited
    mail = Message.objects.get()
    assert mail.recipients == ["lea@client.example"]
    assert url in mail.text
    assert mail.client_id == client_north.pk
    assert "/portail/invitation/" in url
    assert token_of(url).split("-", 1)[1] not in access.digest
    assert (access.state, access.kind, access.expires_at) == ("invited", "permanent", None)


def test_accepting_makes_an_account_once_and_the_link_is_void(agent, invited):
    token = token_of(invited[1])
    access = portal_access.activate_access(token, name="Léa Martin", password=PASSWORD, consents=True)
    enter(agent)
    assert access.state == "active"
    assert access.user.check_password(PASSWORD)
    assert access.consent_at
    assert access.user.email == "lea@client.example"
    assert portal_access.find_invitation(token) is None
    with pytest.raises(Refusal) as refused:
        portal_access.activate_access(token, name="X", password=PASSWORD, consents=True)
    assert (refused.value.code, refused.value.status) == ("E-INVITATION", 410)


def test_what_accepting_asks_for(agent, invited):
    token = token_of(invited[1])
    with pytest.raises(Refusals):
        portal_access.activate_access(token, name="", password="court", consents=True)
    with pytest.raises(Refusal) as refused:
        portal_access.activate_access(token, name="Léa", password=PASSWORD)
    assert refused.value.code == "E-003-CONSENT"
    assert portal_access.find_invitation(token) is not None


def test_an_existing_account_is_linked_and_never_taken_over(agent, invited):
    user = User.objects.create(email="LEA@client.example", name="Léa M.")
    token = token_of(invited[1])
    with pytest.raises(Refusal) as refused:
        portal_access.activate_access(token, name="Léa", password=PASSWORD, consents=True)
    assert refused.value.code == "E-003-ACCOUNT"
    access = portal_access.activate_access(token, user=user, consents=True)
    assert access.user == user


@pytest.mark.parametrize("token", ["", "x", "1-", "-", "99999999999999999999-a", "1-abc", "²-abc", "0-a"])
def test_a_token_that_is_none_finds_nothing(db, token):
    assert portal_access.find_invitation(token) is None


def test_an_invitation_ends_with_its_days_with_suspension_and_with_a_newer_one(agent, lea, client_north, invited):
    first = token_of(invited[1])
    _again, url = portal_access.invite_person(by=agent, person=lea, client=client_north)
    assert portal_access.find_invitation(first) is None
    second = token_of(url)
    assert portal_access.find_invitation(second) is not None
    enter(agent)
    access = PortalAccess.objects.get()
    PortalAccess.objects.update(invitation_ends_at=timezone.now() - timedelta(minutes=1))
    assert portal_access.find_invitation(second) is None
    PortalAccess.objects.update(invitation_ends_at=timezone.now() + timedelta(days=1))
    portal_access.suspend_access(access, by=agent)
    assert portal_access.find_invitation(second) is None


def test_a_temporary_access_ends_and_can_be_made_permanent(agent, lea, client_north):
    access, url = portal_access.invite_person(by=agent, person=lea, client=client_north, kind="temporary", mail=False)
    assert not Message.objects.exists()
    assert 29 <= (access.expires_at - timezone.now()).days <= 30
    portal_access.activate_access(token_of(url), name="Léa", password=PASSWORD, consents=True)
    enter(agent)
    again, no_link = portal_access.invite_person(by=agent, person=lea, client=client_north, kind="temporary")
    assert (again.pk, no_link) == (access.pk, "")
    PortalAccess.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert not PortalAccess.objects.active().exists()
    assert PortalAccess.objects.get().state_label == "Expiré"
    portal_access.promote_access(PortalAccess.objects.get(), by=agent)
    assert PortalAccess.objects.active().get().kind == "permanent"


def test_suspended_is_out_and_resumed_is_in(agent, access, lea, client_north):
    enter(agent)
    portal_access.suspend_access(access, by=agent)
    assert not PortalAccess.objects.active().exists()
    with pytest.raises(Refusal):
        portal_access.invite_person(by=agent, person=lea, client=client_north)
    portal_access.resume_access(access, by=agent)
    assert PortalAccess.objects.active().get() == access


def test_access_ends_with_the_tie_with_the_person_and_with_the_client(agent, access, lea, client_north):
    enter(agent)
    people.detach_person(lea, client=client_north, by=agent)
    assert PortalAccess.objects.get().state == "closed"
    people.attach_person(lea, client=client_north, by=agent)
    assert not PortalAccess.objects.active().exists()
    new, _url = portal_access.invite_person(by=agent, person=lea, client=client_north)
    assert new.pk != access.pk
    people.delete_person(lea, by=agent)
    assert not PortalAccess.objects.open().exists()


def test_nobody_enters_for_a_client_who_was_removed(agent, access, client_north):
    enter(agent)
    Client.objects.filter(pk=client_north.pk).update(status="removed")
    assert not PortalAccess.objects.active().exists()
    assert not PortalAccess.objects.standing().exists()
    Client.objects.filter(pk=client_north.pk).update(status="client")
    assert PortalAccess.objects.active().get() == access


def test_who_cannot_be_invited(agent, outsider, manager, lea, client_north, client_south):
    enter(agent)
    nobody = people.create_person(by=agent, last_name="Sans", client=client_north)
    with pytest.raises(Refusal) as refused:
        portal_access.invite_person(by=agent, person=nobody, client=client_north)
    assert refused.value.code == "E-003-ADDRESS"
    with pytest.raises(NotFound):
        portal_access.invite_person(by=agent, person=lea, client=client_south)
    agent.organization.modules = []
    with pytest.raises(ModuleOff):
        portal_access.invite_person(by=agent, person=lea, client=client_north)


def test_who_is_told_of_what(agent, access, lea, client_north, client_south):
    enter(agent)
    event = PortalEvent.ENTRY_PUBLISHED
    told = portal_access.subscribed_people(client_north.pk, lea.pk, event)
    assert [(one.person, one.email, one.language) for one in told] == [(lea, "lea@client.example", "fr")]
    assert portal_access.subscribed_people(client_south.pk, None, event) == []
    other = people.create_person(by=agent, last_name="Autre", emails=["autre@client.example"], client=client_north)
    assert portal_access.subscribed_people(client_north.pk, other.pk, event) == []
    portal_access.set_colleagues(access, by=agent, sees_colleagues=True)
    assert len(portal_access.subscribed_people(client_north.pk, other.pk, event)) == 1
    portal_access.choose_subscriptions(access=access, events=[PortalEvent.TRANSFER], language="en")
    assert portal_access.subscribed_people(client_north.pk, None, event) == []
    assert portal_access.subscribed_people(client_north.pk, None, "transfer")[0].language == "en"


def test_mails_go_to_the_address_that_the_staff_corrected(agent, client_north, lea):
    _access, url = portal_access.invite_person(by=agent, person=lea, client=client_north)
    portal_access.activate_access(token_of(url), name="Léa", password=PASSWORD, consents=True)
    enter(agent)
    emails = ["autre@client.example", *lea.emails]
    person = people.update_person(lea, by=agent, version=lea.version, emails=emails)
    event = "entry_published"
    assert portal_access.subscribed_people(client_north.pk, None, event)[0].email == lea.emails[0]
    people.update_person(person, by=agent, version=person.version, emails=["lea@nouveau.example"])
    assert portal_access.subscribed_people(client_north.pk, None, event)[0].email == "lea@nouveau.example"


def test_the_journal_tells_who_at_the_client_did_it(agent, admin, access, client_north, signed_in):
    enter(agent)
    from entregent.clients.history import history_of

    events, _more = history_of(agent, client_north)
    assert events[0].who == "Léa Martin (chez le client)"
    page = signed_in(admin).get("/eaux/administration/journal/?vue=modifications").content.decode()
    assert "Léa Martin (chez le client)" in page


def test_before_an_organization_is_chosen_somebody_sees_their_own_accesses_only(agent, access, db):
    with as_user(access.user_id):
        assert PortalAccess.objects.filter(user_id=access.user_id).count() == 1
    with as_user(agent.user_id):
        assert not PortalAccess.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.org_id', '', true), set_config('app.user_id', '', true)")
    assert not PortalAccess.objects.exists()


def test_invitations_say_how_long_they_hold(db):
    assert portal_models.INVITATION_DAYS == 14


def test_whoever_is_in_charge_is_told_that_somebody_registered(agent, lea, client_north):
    from entregent.clients.models import Client
    from entregent.notifications.models import Notification

    Client.objects.filter(pk=client_north.pk).update(responsible=agent.user)
    _access, url = portal_access.invite_person(by=agent, person=lea, client=client_north)
    portal_access.activate_access(token_of(url), name="Léa Martin", password=PASSWORD, consents=True)
    enter(agent)
    told = Notification.objects.get(event="portal_registered")
    assert told.user_id == agent.user_id
    assert told.url == f"/eaux/clients/{client_north.number}/portail/"
