"""Whose an address is: no organization takes another's mails."""

import threading

import pytest
from django.db import connection, transaction

from entregent.access.wall import in_organization
from entregent.inbound import mailboxes, routing
from entregent.inbound.models import Mailbox
from entregent.organizations.actions import update_mail_settings
from entregent.organizations.models import Organization
from entregent.toolbox.errors import Refusal, Refusals
from testing.cast import enter, enter_organization, grant, make_member, make_organization

ADDRESS = "Contact@eaux.example"


@pytest.fixture
def taken(org, admin):
    enter(admin)
    update_mail_settings(org, by=admin, version=org.version, mail_reply_address=ADDRESS)
    return org


def rival_of(stranger):
    enter(stranger)
    return stranger.organization


@pytest.mark.parametrize("address", ["contact@eaux.example", "CONTACT@eaux.example"])
def test_a_mailbox_does_not_take_the_reply_address_of_another_organization(taken, stranger, address):
    rival_of(stranger)
    with pytest.raises(Refusal) as refused:
        mailboxes.create_mailbox(by=stranger, kind="lmtp", name="À moi", address=address)
    assert (refused.value.code, refused.value.status) == ("E-INBOUND-TAKEN", 409)
    # Neither does one that is fetched, changed into one that is handed over.
    mailbox = Mailbox.objects.create(organization=stranger.organization, kind="imap", host="h", address=address)
    with pytest.raises(Refusal, match="E-INBOUND-TAKEN"):
        mailboxes.update_mailbox(mailbox, by=stranger, version=1, kind="lmtp")
    assert routing.addressee("contact+i1-abcdefghijklmnop@eaux.example") == (taken.pk, None)


def test_an_address_that_is_handed_over_holds_no_plus(taken, stranger):
    rival_of(stranger)
    with pytest.raises(Refusal, match="E-004-EMAILS"):
        mailboxes.create_mailbox(
            by=stranger, kind="lmtp", name="", address="contact+i123-abcdefghijklmnop@eaux.example"
        )


@pytest.mark.parametrize("address", ["contact@eaux.example", "Contact+b@eaux.example"])
def test_a_reply_address_is_not_the_one_of_another_organization(taken, stranger, address):
    rival = rival_of(stranger)
    with pytest.raises(Refusals) as refused:
        update_mail_settings(rival, by=stranger, version=rival.version, mail_reply_address=address)
    assert [one.code for one in refused.value.refusals] == ["E-INBOUND-TAKEN"]


def test_a_reply_address_is_not_the_mailbox_of_another_organization(org, admin, stranger):
    rival = rival_of(stranger)
    mailboxes.create_mailbox(by=stranger, kind="lmtp", name="", address="contact@autre.example")
    # One's own is no other's.
    update_mail_settings(rival, by=stranger, version=rival.version, mail_reply_address="contact@autre.example")
    enter(admin)
    with pytest.raises(Refusals, match="E-INBOUND-TAKEN"):
        update_mail_settings(org, by=admin, version=org.version, mail_reply_address="contact@autre.example")


def test_an_address_that_two_have_all_the_same_is_nobodys(taken, stranger):
    rival = rival_of(stranger)
    Mailbox.objects.create(organization=rival, kind="lmtp", address="contact+x@eaux.example")
    assert routing.addressee("contact@eaux.example") == (taken.pk, None)
    with pytest.raises(routing.Contested):
        routing.addressee("contact+x@eaux.example")
    assert routing.addressees(b"To: contact+x@eaux.example\r\n\r\n") == []


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_an_address_at_once_one_gets_it():
    with transaction.atomic():
        both = [
            make_member(make_organization(slug, slug), f"a@{slug}.example", "A", "admin") for slug in ("un", "deux")
        ]
        for member in both:
            enter_organization(member.organization)
            grant(member)
    barrier, told = threading.Barrier(2), []

    def take(member, is_mailbox):
        try:
            with in_organization(member.organization_id, user_id=member.user_id):
                organization = Organization.objects.get(pk=member.organization_id)
                barrier.wait(10)
                if is_mailbox:
                    mailboxes.create_mailbox(by=member, kind="lmtp", name="", address="info@tous.example")
                else:
                    update_mail_settings(
                        organization, by=member, version=organization.version, mail_reply_address="info@tous.example"
                    )
            told.append("taken")
        except (Refusal, Refusals):
            told.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(member, n == 0)) for n, member in enumerate(both)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told) == ["refused", "taken"]
