"""Where mails land: with their interaction, their client, in « À rattacher », in quarantine."""

import pytest
from django.db import connection

from entregent.clients.models import ClientPerson, Person
from entregent.documents.models import StoredFile
from entregent.inbound import actions, filing, senders
from entregent.inbound.events import MAIL_TO_ATTACH
from entregent.inbound.models import FiledMail, Mailbox, RawMail
from entregent.interactions.actions import change_status, delete_interaction, log_interaction, record_by_system
from entregent.interactions.models import Interaction, InteractionEntry, Topic
from entregent.notifications.models import Notification
from entregent.organizations.models import Membership
from entregent.outbox.actions import send_mail
from entregent.outbox.addresses import INTERACTION, reply_address
from entregent.outbox.models import Message
from entregent.toolbox.errors import Refusal
from testing.cast import enter, enter_organization
from testing.mails import make_mail, mutated

State, Reason = RawMail.State, RawMail.Reason


@pytest.fixture
def house(org, north):
    enter_organization(org)
    org.mail_reply_address, org.replies_by_mail = "contact@eaux.example", True
    org.save()
    Topic.objects.create(organization=org, code="autre", label_fr="Autre", label_en="Other")
    return org


@pytest.fixture
def moreau(house, client_north):
    client_north.emails = ["contact@moreau.example"]
    client_north.save()
    person = Person.objects.create(
        organization=house, file_as="Moreau, Claire", first_name="Claire", last_name="Moreau", sort_key="moreau claire",
        emails=["Claire@moreau.example"],
    )  # fmt: skip
    ClientPerson.objects.create(organization=house, client=client_north, person=person)
    return client_north


def bring(house, raw=None, **mail) -> RawMail:
    """As a reader does, and then the job."""
    pk, _is_new = actions.keep_raw(organization_id=house.pk, content=raw or make_mail(**mail))
    filing.file_received(house.pk)
    enter_organization(house)
    return RawMail.objects.get(pk=pk)


@pytest.fixture
def talk(house, moreau, agent):
    enter(agent)
    return log_interaction(by=agent, client=moreau, topic="autre", channel="email", notes="Bonjour.")


def entries_of(interaction):
    return list(InteractionEntry.objects.filter(interaction_id=interaction.pk).order_by("seq"))


def test_a_mail_of_a_known_person_makes_an_interaction_of_their_client(house, moreau):
    mail = bring(house, sender="Claire Moreau <claire@MOREAU.example>", subject="Fuite", text="Ça fuit.\n\n-- \nClaire")
    assert (mail.state, mail.client_id) == (State.FILED, moreau.pk)
    made = Interaction.objects.get()
    assert (made.client_id, made.subject, made.channel, made.direction) == (moreau.pk, "Fuite", "email", "incoming")
    (entry,) = entries_of(made)
    assert (entry.notes, entry.folded, entry.origin) == ("Ça fuit.", "-- \nClaire", "mail")
    assert entry.author_person.last_name == "Moreau"
    assert FiledMail.objects.get().interaction_id == made.pk


def test_the_same_mail_twice_is_one(house, moreau):
    raw = make_mail(sender="contact@moreau.example")
    first = bring(house, raw)
    assert bring(house, b"Received: by another way\r\n" + raw).pk == first.pk
    assert (Interaction.objects.count(), InteractionEntry.objects.count()) == (1, 1)


def test_another_mail_under_the_same_mark_is_kept_for_a_person_to_judge(house, moreau, agent):
    bring(house, sender="contact@moreau.example", message_id="<same@x>")
    second = bring(house, sender="contact@moreau.example", message_id="<same@x>", text="Autre chose.")
    assert (second.state, second.reason) == (State.TO_ATTACH, Reason.SAME_ID)
    enter(agent)
    actions.attach_mail(second, by=agent, client=moreau)
    assert InteractionEntry.objects.filter(notes="Autre chose.").count() == 1


def test_a_reply_to_the_address_of_an_interaction_lands_in_it_and_opens_it_again(house, talk, agent, moreau):
    change_status(talk, by=agent, status="closed")
    mail = bring(
        house, sender="claire@moreau.example", to=reply_address(house, INTERACTION, talk.number), text="Merci."
    )
    assert mail.state == State.FILED
    talk.refresh_from_db()
    assert talk.status == "open"
    assert [entry.notes for entry in entries_of(talk)] == ["Bonjour.", "Merci."]


def test_a_reply_lands_by_its_headers_alone(house, talk, agent):
    enter(agent)
    sent = send_mail(
        organization_id=house.pk, to="claire@moreau.example", subject="Votre demande", text="Voici.",
        thread=(INTERACTION, talk.number), subject_record=talk,
    )  # fmt: skip
    bring(house, sender="claire@moreau.example", In_Reply_To=sent.message_id, text="Un.")
    bring(house, sender="claire@moreau.example", References=sent.references.split()[0], text="Deux.")
    first = RawMail.objects.get(preview="Un.")
    bring(house, sender="contact@moreau.example", In_Reply_To=first.message_id, text="Trois.")
    assert [entry.notes for entry in entries_of(talk)] == ["Bonjour.", "Un.", "Deux.", "Trois."]


def test_a_forged_token_is_worth_nothing(house, talk):
    address = reply_address(house, INTERACTION, talk.number)
    forged = address.replace(f"+i{talk.number}-", f"+i{talk.number + 1}-")
    mail = bring(house, sender="claire@moreau.example", to=forged)
    assert mail.asked_number is None
    assert len(entries_of(talk)) == 1


def test_a_token_passed_on_to_somebody_else_is_not_believed(house, talk, moreau):
    address = reply_address(house, INTERACTION, talk.number)
    mail = bring(house, sender="voisin@ailleurs.example", to=address, text="Coucou")
    assert (mail.state, mail.reason) == (State.TO_ATTACH, Reason.OTHER_SENDER)
    assert (mail.asked_number, mail.guesses) == (talk.number, [moreau.pk])
    assert len(entries_of(talk)) == 1


def test_a_reply_of_a_person_who_was_removed_waits(house, talk):
    ClientPerson.objects.all().delete()
    mail = bring(house, sender="claire@moreau.example", to=reply_address(house, INTERACTION, talk.number))
    assert (mail.state, mail.reason) == (State.TO_ATTACH, Reason.OTHER_SENDER)


def test_a_reply_to_an_interaction_that_was_deleted_makes_a_new_one_or_waits(house, talk, agent, moreau):
    delete_interaction(talk, by=agent)
    address = reply_address(house, INTERACTION, talk.number)
    assert bring(house, sender="claire@moreau.example", to=address).state == State.FILED
    assert Interaction.objects.filter(client=moreau, deleted_at=None).count() == 1
    gone = bring(house, sender="inconnu@ailleurs.example", to=address)
    assert (gone.state, gone.reason) == (State.TO_ATTACH, Reason.INTERACTION_GONE)


def test_an_unknown_sender_waits_and_several_clients_are_proposed(house, moreau, client_south):
    unknown = bring(house, sender="inconnu@ailleurs.example")
    assert (unknown.state, unknown.reason) == (State.TO_ATTACH, Reason.UNKNOWN_SENDER)
    client_south.emails = ["contact@moreau.example"]
    client_south.save()
    several = bring(house, sender="contact@moreau.example")
    assert (several.state, several.reason) == (State.TO_ATTACH, Reason.SEVERAL_CLIENTS)
    assert set(several.guesses) == {moreau.pk, client_south.pk}


def test_a_person_without_a_client_is_known_too(house):
    Person.objects.create(
        organization=house, file_as="Huot", last_name="Huot", sort_key="huot", emails=["notaire@huot.example"]
    )
    mail = bring(house, sender="notaire@huot.example")
    assert mail.state == State.FILED
    assert Interaction.objects.get().client is None


def test_what_a_machine_answers_is_kept_and_opens_nothing(house, talk, agent):
    change_status(talk, by=agent, status="closed")
    reply = {"sender": "claire@moreau.example", "subject": "Absence du bureau", "Auto_Submitted": "auto-replied"}
    mail = bring(house, to=reply_address(house, INTERACTION, talk.number), **reply)
    talk.refresh_from_db()
    assert (mail.state, mail.reason, talk.status) == (State.FILED, Reason.AUTOMATIC, "closed")
    assert len(entries_of(talk)) == 1
    assert FiledMail.objects.get().interaction_id == talk.pk
    alone = bring(house, **reply)
    assert (alone.state, alone.reason) == (State.IGNORED, Reason.AUTOMATIC)
    assert Message.objects.count() == 0


def test_our_own_mail_coming_back_is_ignored(house, moreau):
    sent = send_mail(organization_id=house.pk, to="x@moreau.example", subject="a", text="b")
    mail = bring(house, sender="contact@moreau.example", message_id=sent.message_id)
    assert (mail.state, mail.reason) == (State.IGNORED, Reason.LOOP)


def test_a_mail_that_could_not_be_delivered_fails_with_the_words_of_the_server(house, talk, agent):
    enter(agent)
    sent = send_mail(organization_id=house.pk, to="lea@moreau.example", subject="a", text="b", subject_record=talk)
    Message.objects.filter(pk=sent.pk).update(state="sent")
    report = (
        "From: MAILER-DAEMON@relay.example\r\nTo: contact@eaux.example\r\nSubject: Undelivered\r\n"
        'Message-ID: <b@relay.example>\r\nContent-Type: multipart/report; boundary="b1"\r\n\r\n'
        "--b1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
        "Final-Recipient: rfc822; {to}\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 No such user\r\n\r\n"
        f"--b1\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {sent.message_id}\r\n\r\n--b1--\r\n"
    )
    # Of somebody to whom it did not go, or in the name of a server that did not write it, it is not believed.
    for head, to, ends in [
        ("", "autre@moreau.example", (State.IGNORED, Reason.BOUNCE)),
        ("Authentication-Results: mx; dmarc=fail\r\n", "lea@moreau.example", (State.TO_ATTACH, Reason.NOT_AUTHENTIC)),
    ]:
        forged = bring(house, (head + report.replace("{to}", to).replace("<b@", f"<{len(head)}@")).encode())
        sent.refresh_from_db()
        assert (sent.state, forged.state, forged.reason) == ("sent", *ends)
    mail = bring(house, report.replace("{to}", "Lea@moreau.example").encode())
    sent.refresh_from_db()
    assert (sent.state, "550 No such user" in sent.error) == ("failed", True)
    assert (mail.state, mail.reason) == (State.FILED, Reason.BOUNCE)
    assert len(entries_of(talk)) == 1


def test_a_sender_whom_the_server_could_not_confirm_is_not_believed(house, moreau):
    mail = bring(house, sender="contact@moreau.example", Authentication_Results="mx; dmarc=fail")
    assert (mail.state, mail.reason, mail.guesses) == (State.TO_ATTACH, Reason.NOT_AUTHENTIC, [moreau.pk])


def test_an_agent_who_puts_the_mailbox_in_copy_has_their_mail_logged(house, moreau, client_south, agent):
    client_south.emails = ["jeanne@dupont.example"]
    client_south.save()
    mail = bring(
        house, sender="agent@eaux.example", to="claire@moreau.example, jeanne@dupont.example, x@ailleurs.example",
        cc="contact@eaux.example", subject="Rendez-vous", text="À demain.",
    )  # fmt: skip
    # The second client is out of the agent's reach.
    assert mail.state == State.FILED
    made = Interaction.objects.get()
    assert (made.client_id, made.direction, made.created_by_id) == (moreau.pk, "outgoing", agent.user_id)
    (entry,) = entries_of(made)
    assert (entry.notes, entry.internal, entry.author_id) == ("À demain.", True, agent.user_id)


def test_copies_are_told_to_the_client_where_the_mailbox_says_so(house, moreau, agent):
    box = Mailbox.objects.create(
        organization=house, name="Contact", kind="lmtp", address="contact@eaux.example", copies_internal=False
    )
    # In an agent's name nothing is told that the server has not confirmed to be theirs.
    for result, is_internal in [("mx; dmarc=pass", False), ("mx; dmarc=none", True), ("", True)]:
        raw = make_mail(sender="agent@eaux.example", to="claire@moreau.example")
        raw = f"Authentication-Results: {result}\r\n".encode() + raw if result else raw
        actions.keep_raw(organization_id=house.pk, content=raw, mailbox_id=box.pk)
        filing.file_received(house.pk)
        enter_organization(house)
        assert InteractionEntry.objects.order_by("-pk")[0].internal is is_internal, result


def test_what_a_member_writes_is_never_the_clients_word(house, talk, agent, moreau):
    moreau.emails = ["contact@moreau.example", "agent@eaux.example"]
    moreau.save()
    mail = bring(house, sender="agent@eaux.example", to="quiconque@ailleurs.example", text="Entre nous.")
    assert (mail.state, mail.reason) == (State.TO_ATTACH, Reason.UNKNOWN_RECIPIENT)
    bring(house, sender="agent@eaux.example", to=reply_address(house, INTERACTION, talk.number), text="Noté.")
    entry = entries_of(talk)[-1]
    assert (entry.notes, entry.author_id, entry.internal, entry.incoming) == ("Noté.", agent.user_id, True, False)
    bring(house, sender="agent@eaux.example", to="claire@moreau.example", text="Bonjour Claire.")
    copied = Interaction.objects.order_by("-pk")[0]
    assert (copied.direction, entries_of(copied)[0].internal) == ("outgoing", True)
    # Nor by hand.
    enter(agent)
    made = actions.attach_mail(mail, by=agent, client=moreau)
    assert newest(made) == (True, False, False)


def test_an_agent_who_answers_the_address_of_an_interaction_writes_in_it(house, talk, agent):
    bring(house, sender="agent@eaux.example", to=reply_address(house, INTERACTION, talk.number), text="Noté.")
    assert [(entry.notes, entry.author_id, entry.internal) for entry in entries_of(talk)][1] == (
        "Noté.", agent.user_id, True,
    )  # fmt: skip


def test_the_copy_of_an_agent_who_does_not_reach_the_client_waits(house, moreau, outsider):
    mail = bring(house, sender="sud@eaux.example", to="claire@moreau.example")
    assert (mail.state, mail.reason) == (State.TO_ATTACH, Reason.OUT_OF_REACH)


def test_what_cannot_be_read_is_in_quarantine_and_kept(house):
    raw = b"\xff\xfe not a mail at all"
    mail = bring(house, raw)
    assert (mail.state, mail.reason) == (State.QUARANTINED, Reason.UNREADABLE)
    assert actions.content_of(mail) == raw


def test_a_mail_upon_which_the_worker_dies_is_set_aside(house):
    pk, _is_new = actions.keep_raw(organization_id=house.pk, content=make_mail())
    enter_organization(house)
    RawMail.objects.filter(pk=pk).update(tries=3)
    filing.file_received(house.pk)
    enter_organization(house)
    assert RawMail.objects.get(pk=pk).reason == Reason.CRASHED


def test_retrying_reads_again(house, manager, moreau):
    mail = bring(house, sender="contact@moreau.example")
    RawMail.objects.filter(pk=mail.pk).update(state=State.QUARANTINED, reason="refused")
    enter(manager)
    actions.retry_mail(mail, by=manager)
    filing.file_received(house.pk)
    enter_organization(house)
    assert RawMail.objects.get(pk=mail.pk).state == State.FILED
    assert Interaction.objects.count() == 1


def test_attaching_and_taking_back(house, moreau, agent, talk):
    mail = bring(house, sender="inconnu@ailleurs.example", text="Bonjour à tous.")
    enter(agent)
    made = actions.attach_mail(mail, by=agent, client=moreau)
    with pytest.raises(Refusal):
        actions.attach_mail(mail, by=agent, client=moreau)
    actions.detach_mail(RawMail.objects.get(pk=mail.pk), by=agent)
    assert Interaction.objects.get(pk=made.pk).deleted_at is not None
    actions.attach_mail(RawMail.objects.get(pk=mail.pk), by=agent, interaction=talk)
    assert [entry.notes for entry in entries_of(talk)] == ["Bonjour.", "Bonjour à tous."]
    actions.detach_mail(RawMail.objects.get(pk=mail.pk), by=agent)
    assert [entry.notes for entry in entries_of(talk)] == ["Bonjour."]
    assert Interaction.objects.get(pk=talk.pk).deleted_at is None


def test_ignoring_and_taking_back(house, agent):
    mail = bring(house, sender="inconnu@ailleurs.example")
    enter(agent)
    assert actions.ignore_mails([mail], by=agent) == [mail.pk]
    assert actions.take_back_mails([mail], by=agent) == [mail.pk]
    assert RawMail.objects.get().state == State.TO_ATTACH


def test_a_mail_dropped_on_an_interaction_becomes_an_entry_once(house, talk, agent):
    enter(agent)
    raw = make_mail(sender="quiconque@ailleurs.example", text="Déposé.")
    actions.add_mail(raw, by=agent, interaction=talk)
    assert [entry.notes for entry in entries_of(talk)] == ["Bonjour.", "Déposé."]
    with pytest.raises(Refusal, match="E-003-EML-TWICE"):
        actions.add_mail(raw, by=agent, interaction=talk)
    with pytest.raises(Refusal, match="E-003-EML"):
        actions.add_mail(b"%PDF-1.4", by=agent, interaction=talk)


def newest(interaction):
    entry = entries_of(interaction)[-1]
    return entry.internal, entry.incoming, entry.published_at is not None


def test_a_dropped_mail_stays_inside_unless_it_is_the_clients_or_is_said_to_be_shown(house, talk, agent, colleague):
    enter(agent)
    house.modules = [*house.modules, "portal"]
    house.save()
    change_status(talk, by=agent, status="closed")
    actions.add_mail(make_mail(sender="fournisseur@ailleurs.example"), by=agent, interaction=talk)
    assert newest(talk) == (True, False, False)
    entry = entries_of(talk)[-1]
    assert (entry.entry_name, entry.author_person_id) == ("fournisseur@ailleurs.example", None)
    talk.refresh_from_db()
    assert talk.status == "closed"
    actions.add_mail(make_mail(sender=colleague.user.email), by=agent, interaction=talk, visible=True)
    assert newest(talk) == (True, False, False)
    forged = make_mail(sender="claire@moreau.example", Authentication_Results="mx; dmarc=fail")
    actions.add_mail(forged, by=agent, interaction=talk)
    assert newest(talk) == (True, False, False)
    actions.add_mail(make_mail(sender="claire@moreau.example"), by=agent, interaction=talk)
    assert newest(talk) == (False, True, True)
    assert entries_of(talk)[-1].author_person.last_name == "Moreau"
    actions.add_mail(make_mail(sender="notaire@ailleurs.example"), by=agent, interaction=talk, visible=True)
    assert newest(talk) == (False, True, True)


def test_a_mail_of_another_sender_attached_to_an_interaction_stays_inside(house, talk, agent):
    house.modules = [*house.modules, "portal"]
    house.save()
    mail = bring(house, sender="voisin@ailleurs.example", to=reply_address(house, INTERACTION, talk.number))
    assert mail.reason == Reason.OTHER_SENDER
    enter(agent)
    actions.attach_mail(mail, by=agent, interaction=talk)
    assert newest(talk) == (True, False, False)
    actions.detach_mail(RawMail.objects.get(pk=mail.pk), by=agent)
    actions.attach_mail(RawMail.objects.get(pk=mail.pk), by=agent, interaction=talk, visible=True)
    assert newest(talk) == (False, True, True)


def test_a_mail_attached_to_a_client_stays_inside_unless_it_is_theirs_or_said_to_be_shown(house, moreau, agent):
    house.modules = [*house.modules, "portal"]
    house.save()
    mail = bring(house, sender="voisin@ailleurs.example", text="Mon voisin, M. Moreau, ne paie pas.")
    enter(agent)
    made = actions.attach_mail(mail, by=agent, client=moreau)
    assert (*newest(made), made.direction) == (True, False, False, "none")
    actions.detach_mail(RawMail.objects.get(pk=mail.pk), by=agent)
    shown = actions.attach_mail(RawMail.objects.get(pk=mail.pk), by=agent, client=moreau, visible=True)
    assert (*newest(shown), shown.direction) == (False, True, True, "incoming")
    forged = bring(house, sender="contact@moreau.example", Authentication_Results="mx; dmarc=fail")
    enter(agent)
    assert newest(actions.attach_mail(forged, by=agent, client=moreau)) == (True, False, False)


def test_a_mail_of_the_client_attached_by_hand_is_theirs(house, moreau, agent):
    ignored = bring(house, sender="claire@moreau.example", Auto_Submitted="auto-replied")
    RawMail.objects.filter(pk=ignored.pk).update(state=State.TO_ATTACH)
    enter(agent)
    made = actions.attach_mail(RawMail.objects.get(pk=ignored.pk), by=agent, client=moreau)
    assert newest(made)[:2] == (False, True)
    assert made.person.last_name == "Moreau"


def test_a_member_is_known_by_the_address_they_write_from(house, moreau, agent, colleague):
    Membership.objects.filter(pk=agent.pk).update(mail_from="other", mail_address="Relations@eaux.example")
    bring(house, sender="relations@eaux.example", to="claire@moreau.example", text="Bonjour Claire.")
    made = Interaction.objects.get()
    assert (made.direction, made.created_by_id, entries_of(made)[0].internal) == ("outgoing", agent.user_id, True)
    # Whom of two who share it cannot be told: it waits, and is the client's word never.
    Membership.objects.filter(pk=colleague.pk).update(mail_from="other", mail_address="relations@eaux.example")
    moreau.emails = [*moreau.emails, "relations@eaux.example"]
    moreau.save()
    mail = bring(house, sender="relations@eaux.example", to="claire@moreau.example", text="Bonjour.")
    assert (mail.state, mail.reason) == (State.TO_ATTACH, Reason.SHARED_ADDRESS)
    enter(agent)
    assert newest(actions.attach_mail(mail, by=agent, client=moreau, visible=True))[0] is True
    # An address that is no more in use says nothing.
    Membership.objects.update(mail_from="sign_in")
    assert senders.members_at(house.pk, "relations@eaux.example") == []
    assert [one.pk for one in senders.members_at(house.pk, agent.user.email.upper())] == [agent.pk]


def test_no_mail_is_put_into_what_the_system_made(house, moreau, agent):
    enter(agent)
    made = record_by_system(
        organization=house, client=moreau, person=None, subject="Transfert", text="Signé.", published=True,
        external_key="t1",
    )  # fmt: skip
    with pytest.raises(Refusal, match="E-004-SYS"):
        actions.add_mail(make_mail(sender="claire@moreau.example"), by=agent, interaction=made)
    mail = bring(house, sender="inconnu@ailleurs.example")
    enter(agent)
    with pytest.raises(Refusal, match="E-004-SYS"):
        actions.attach_mail(mail, by=agent, interaction=made)
    assert len(entries_of(made)) == 1


def test_limited_members_see_only_what_may_be_their_clients(house, moreau, agent, outsider, manager):
    guessed = bring(house, sender="contact@moreau.example", Authentication_Results="mx; dmarc=fail")
    bring(house, sender="inconnu@ailleurs.example")
    enter(agent)
    assert list(RawMail.objects.visible_to(agent)) == [guessed]
    enter(outsider)
    assert list(RawMail.objects.visible_to(outsider)) == []
    enter(manager)
    assert RawMail.objects.visible_to(manager).count() == 2


def test_only_who_sees_a_waiting_mail_is_told_of_it(house, moreau, agent, outsider, manager):
    def told():
        users = set(Notification.objects.filter(event=MAIL_TO_ATTACH).values_list("user_id", flat=True))
        Notification.objects.all().delete()
        return users & {agent.user_id, outsider.user_id, manager.user_id}

    bring(house, sender="inconnu@ailleurs.example")
    assert told() == {manager.user_id}
    bring(house, sender="contact@moreau.example", Authentication_Results="mx; dmarc=fail")
    assert told() == {manager.user_id, agent.user_id}


def test_a_mark_that_no_database_keeps_holds_up_no_mailbox(house):
    for number, mark in enumerate([b"<a\0b@x>", b"a\0b@x", b"=?unicode_escape?q?=3C=5Cud800a@x=3E?="]):
        raw = b"Message-ID: " + mark + b"\r\n" + make_mail(sender=f"jo{number}@ailleurs.example", subject=str(number))
        assert bring(house, raw).state == State.TO_ATTACH


def test_senders_are_found_by_an_index(house, moreau):
    enter_organization(house)
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_id, person_id FROM inbound_people_at(%s)", [["e:claire@moreau.example"]])
        assert [row[0] for row in cursor.fetchall()] == [moreau.pk]
        # Among many, by the index, whatever its function costs.
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'person_reached_by'")
        assert "USING gin (duplicate_keys(" in cursor.fetchone()[0]


def _bring_mutated(house, count):
    for number in range(count):
        actions.keep_raw(organization_id=house.pk, content=mutated(number))
    while filing.file_received(house.pk):
        pass
    enter_organization(house)
    assert not RawMail.objects.filter(state=State.RECEIVED).exists()
    assert not RawMail.objects.filter(reason=Reason.REFUSED).exists()
    digests = {actions.mails.digest_of(mutated(number)) for number in range(count)}
    assert RawMail.objects.count() == len(digests)
    assert StoredFile.objects.filter(pk__in=RawMail.objects.values("file_id")).count() == len(digests)


def test_mutated_mails_are_all_kept_and_all_settled(house, moreau):
    _bring_mutated(house, 120)


@pytest.mark.long
def test_four_thousand_mutated_mails_are_all_kept_and_all_settled(house, moreau):
    _bring_mutated(house, 4000)
