"""Transfers from their beginning to their end, and what is refused on the way."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from babel.dates import format_date
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from entregent.clients.actions import delete_client, delete_person
from entregent.documents.files import opened
from entregent.documents.models import StoredFile
from entregent.interactions.models import Interaction
from entregent.interactions.portal_models import PortalAccess
from entregent.notifications.models import Notification
from entregent.outbox.models import Message
from entregent.toolbox.errors import NotFound, Refusal, Refusals
from entregent.transfers import actions, evidence
from entregent.transfers.models import FileTransfer, Signature
from testing.cast import enter


def steps() -> list[str]:
    keys = Interaction.objects.filter(external_key__startswith="transfer:").order_by("pk")
    return [key.split(":", 2)[2].split(":")[0] for key in keys.values_list("external_key", flat=True)]


def told(member) -> list[str]:
    found = Notification.objects.filter(user_id=member.user_id).order_by("pk")
    return list(found.values_list("event", flat=True))


def ask(agent, huot, client_north, **more):
    return actions.request_files(by=agent, person=huot, client=client_north, subject="Bail 2026", **more)


def test_a_request_goes_from_waiting_to_done(agent, huot, access, client_north, kept):
    transfer = ask(agent, huot, client_north)
    assert (transfer.state, transfer.sender) == ("waiting", agent.user)
    item = actions.add_file(transfer, access=access, file=kept("Relevé.pdf"))
    assert item.state == "uploaded"
    actions.complete_request(transfer, access=access)
    transfer.refresh_from_db()
    assert transfer.state == "ready"
    assert told(agent) == ["transfer_files_ready"]
    actions.download(item, by=agent)
    transfer.refresh_from_db()
    assert (transfer.state, transfer.files.get().state) == ("done", "downloaded")
    assert steps() == ["requested", "completed", "downloaded", "done"]


def test_sent_files_are_done_once_all_are_taken(agent, huot, access, client_north, kept):
    transfer = actions.send_files(
        by=agent, person=huot, client=client_north, subject="Bail", files=[kept("a.pdf"), kept("b.pdf")]
    )
    assert transfer.state == "ready"
    first, second = transfer.files.all()
    actions.download(first, access=access)
    transfer.refresh_from_db()
    assert transfer.state == "ready"
    actions.download(second, access=access)
    transfer.refresh_from_db()
    assert transfer.state == "done"
    assert told(agent) == ["transfer_completed"]


def test_who_has_no_portal_gets_a_temporary_access_by_mail(agent, huot, client_north):
    ask(agent, huot, client_north, message="Merci de signer.", secure_message=True)
    access = PortalAccess.objects.get(person=huot)
    assert (access.kind, access.state) == ("temporary", "invited")
    mail = Message.objects.get()
    assert mail.recipients == ["luc.huot@example.org"]
    assert "/portail/invitation/" in mail.text
    assert "Merci de signer" not in mail.text + mail.html


def test_the_message_stands_in_the_mail_unless_it_is_for_the_portal_alone(agent, huot, access, client_north):
    transfer = ask(agent, huot, client_north, message="Merci de signer.")
    mail = Message.objects.get()
    assert "Merci de signer." in mail.text
    assert format_date(transfer.expires_at.astimezone(ZoneInfo("Europe/Paris")), "d MMMM y", locale="fr") in mail.text
    assert f"/portail/eaux/transferts/{transfer.number}/" in mail.text


def test_a_reminder_sends_the_mail_again(agent, huot, client_north):
    transfer = ask(agent, huot, client_north)
    assert actions.remind(transfer, by=agent).reminders == 1
    assert Message.objects.count() == 2
    assert Message.objects.order_by("-pk")[0].subject.startswith("Rappel")
    assert steps() == ["requested", "reminded"]


def test_an_address_corrected_since_is_the_one_that_is_written_to(agent, huot, client_north):
    transfer = ask(agent, huot, client_north)
    huot.emails = ["l.huot@example.org"]
    huot.save()
    actions.remind(transfer, by=agent)
    assert Message.objects.order_by("-pk")[0].recipients == ["l.huot@example.org"]
    assert PortalAccess.objects.get().email == "l.huot@example.org"


@pytest.mark.parametrize(
    ("emails", "told_at"), [(["l.huot@example.org"], "l.huot@example.org"), ([], "portail@example.org")]
)
def test_the_warning_goes_where_the_person_is_reached_now(agent, huot, access, client_north, emails, told_at):
    transfer = ask(agent, huot, client_north)
    huot.emails = emails
    huot.save()
    access.email = "portail@example.org"
    access.save()
    FileTransfer.objects.filter(pk=transfer.pk).update(expires_at=timezone.now() + timedelta(days=1))
    assert actions.warn_due() == 1
    enter(agent)
    assert Message.objects.order_by("-pk")[0].recipients == [told_at]


def test_signing_makes_a_sealed_page_and_tells_the_sender(agent, huot, access, client_north, kept):
    transfer = actions.send_files(
        by=agent, person=huot, client=client_north, subject="Bail", files=[kept()], with_signature=True
    )
    item = transfer.files.get()
    with pytest.raises(Refusal, match="E-004-UNREAD"):
        actions.sign(item, access=access, name="Luc Huot", consents=True, address="192.0.2.1")
    actions.download(item, access=access)
    transfer.refresh_from_db()
    assert transfer.state == "ready"
    for name, consents, code in (("", True, "E-REQUIRED"), ("Luc Huot", False, "E-004-CONSENT")):
        with pytest.raises(Refusals, match=code):
            actions.sign(item, access=access, name=name, consents=consents, address="")
    actions.sign(item, access=access, name="Luc Huot", consents=True, address="192.0.2.1")
    signature = Signature.objects.get()
    assert signature.state == "signed"
    assert signature.facts["sha256"] == item.file.sha256
    assert signature.facts["address"] == "192.0.2.1"
    with opened(signature.evidence) as page:
        assert page.read(5) == b"%PDF-"
    assert evidence.is_sound(signature)
    transfer.refresh_from_db()
    assert transfer.state == "done"
    assert told(agent) == ["transfer_signature", "transfer_completed"]
    with pytest.raises(Refusal, match="E-004-CLOSED"):
        actions.reject(item, access=access)


def test_a_changed_fact_or_document_breaks_the_seal(agent, huot, access, client_north, kept):
    transfer = ask(agent, huot, client_north, with_signature=True)
    for name in ("a.pdf", "b.pdf"):
        actions.add_file(transfer, access=access, file=kept(name))
    with pytest.raises(Refusals, match="E-REQUIRED"):
        actions.complete_request(transfer, access=access)
    actions.complete_request(transfer, access=access, name="Luc Huot", consents=True, address="192.0.2.1")
    first, second = Signature.objects.order_by("pk")
    assert second.facts["before"] == first.seal
    assert evidence.is_sound(second)
    second.facts["name"] = "Quelqu'un d'autre"
    assert not evidence.is_sound(second)
    StoredFile.objects.filter(pk=first.file.file_id).update(sha256="0" * 64)
    assert not evidence.is_sound(Signature.objects.get(pk=first.pk))


def test_a_signature_that_was_taken_out_is_missed(agent, huot, access, client_north, kept):
    transfer = ask(agent, huot, client_north, with_signature=True)
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        actions.add_file(transfer, access=access, file=kept(name))
    actions.complete_request(transfer, access=access, name="Luc Huot", consents=True, address="192.0.2.1")
    first, second, third = Signature.objects.order_by("pk")
    assert all(evidence.is_sound(one) for one in (first, second, third))
    second.delete()
    assert evidence.is_sound(first)
    assert not evidence.is_sound(third)


def test_two_signatures_of_an_organization_are_made_one_after_the_other(agent, huot, access, client_north, kept):
    transfer = ask(agent, huot, client_north, with_signature=True)
    actions.add_file(transfer, access=access, file=kept())
    other = connection.copy()

    def is_free() -> bool:
        with other.cursor() as cursor:
            cursor.execute(
                "SELECT pg_try_advisory_xact_lock(hashtextextended('signatures', %s))", [agent.organization_id]
            )
            return cursor.fetchone()[0]

    try:
        assert is_free()
        actions.complete_request(transfer, access=access, name="Luc Huot", consents=True, address="192.0.2.1")
        assert not is_free()
    finally:
        other.close()


def test_who_rejects_may_say_why(agent, huot, access, client_north, kept):
    transfer = actions.send_files(
        by=agent, person=huot, client=client_north, subject="Bail", files=[kept()], with_signature=True
    )
    actions.reject(transfer.files.get(), access=access, reason="Le montant est faux.")
    assert Signature.objects.get().reason == "Le montant est faux."
    transfer.refresh_from_db()
    assert transfer.state == "done"
    assert Notification.objects.get(event="transfer_signature").words["decision"] == "rejected"


def test_an_unanswered_request_expires_on_day_31(agent, huot, access, client_north, django_capture_on_commit_callbacks):
    with time_machine.travel(timezone.now(), tick=True) as clock:
        transfer = ask(agent, huot, client_north)
        clock.shift(timedelta(days=28))
        assert actions.warn_due() == 1
        assert actions.warn_due() == 0
        enter(agent)
        assert told(agent) == ["transfer_expiring"]
        clock.shift(timedelta(days=2, minutes=1))
        transfer.refresh_from_db()
        assert (transfer.state, transfer.state_now, transfer.is_open) == ("waiting", "expired", False)
        with pytest.raises(Refusal, match="E-004-CLOSED"):
            actions.complete_request(transfer, access=access)
        with django_capture_on_commit_callbacks(execute=True):
            assert actions.expire_due() == 1
        enter(agent)
        transfer.refresh_from_db()
        assert transfer.state == "expired"
        assert steps() == ["requested", "expired"]


def test_a_transfer_that_is_gone_meanwhile_stops_none_of_the_others(agent, huot, access, client_north):
    gone, other = ask(agent, huot, client_north), ask(agent, huot, client_north)
    FileTransfer.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    FileTransfer.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
    assert actions.expire_due() == 1
    enter(agent)
    other.refresh_from_db()
    assert other.state == "expired"


def test_what_expires_is_read_by_nobody(agent, huot, access, client_north, kept, django_capture_on_commit_callbacks):
    transfer = actions.send_files(
        by=agent, person=huot, client=client_north, subject="Bail", files=[kept()], with_signature=True
    )
    FileTransfer.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    item = transfer.files.get()
    for who in ({"by": agent}, {"access": access}):
        with pytest.raises(Refusal) as refused:
            actions.download(item, **who)
        assert (refused.value.code, refused.value.status) == ("E-004-CLOSED", 410)
    with django_capture_on_commit_callbacks(execute=True):
        assert actions.expire_due() == 1
    enter(agent)
    transfer.refresh_from_db()
    assert transfer.state == "expired"
    assert Signature.objects.get().state == "expired"
    with pytest.raises(NotFound):
        opened(StoredFile.objects.get(pk=item.file_id))
    assert actions.expire_due() == 0


def test_a_closed_transfer_takes_nothing(agent, huot, access, client_north, kept):
    transfer = ask(agent, huot, client_north)
    actions.cancel_transfer(transfer, by=agent)
    for act in (
        lambda: actions.add_file(transfer, access=access, file=kept()),
        lambda: actions.complete_request(transfer, access=access),
        lambda: actions.remind(transfer, by=agent),
        lambda: actions.cancel_transfer(transfer, by=agent),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        assert (refused.value.code, refused.value.status) == ("E-004-CLOSED", 410)


def test_another_person_s_transfer_is_not_there(agent, huot, access, client_north, client_south, kept):
    transfer = ask(agent, huot, client_north)
    access.client_id = client_south.pk
    with pytest.raises(NotFound):
        actions.add_file(transfer, access=access, file=kept())


@pytest.mark.parametrize("emails", [[], ["pas une adresse"]])
def test_without_a_valid_address_nothing_is_sent(agent, huot, client_north, emails):
    huot.emails = emails
    with pytest.raises(Refusals, match="E-004-TO"):
        ask(agent, huot, client_north)


def test_sending_needs_a_file_and_a_subject(agent, huot, client_north):
    with pytest.raises(Refusals) as refused:
        actions.send_files(by=agent, person=huot, client=client_north, subject=" ", files=[])
    assert [one.code for one in refused.value.refusals] == ["E-004-NOFILES", "E-REQUIRED"]


def test_in_another_s_name_only_with_the_right(agent, manager, huot, client_north):
    with pytest.raises(Refusals) as refused:
        ask(agent, huot, client_north, sender=manager.user)
    assert (refused.value.refusals[0].code, refused.value.refusals[0].status) == ("E-004-BEHALF", 403)
    enter(manager)
    transfer = ask(manager, huot, client_north, sender=agent.user)
    assert (transfer.sender, transfer.created_by) == (agent.user, manager.user)


def test_whose_transfers_one_sees_depends_on_the_rights(agent, colleague, reader, outsider, huot, client_north):
    transfer = ask(agent, huot, client_north)
    seen = FileTransfer.objects.visible_to
    assert transfer in seen(colleague)
    assert transfer in seen(reader)
    assert transfer not in seen(outsider)
    colleague.rights_removed = ["transfer.view_all"]
    colleague.__dict__.pop("reach", None)
    assert transfer not in seen(colleague)


def test_the_same_key_makes_one_transfer(agent, huot, client_north, kept):
    made = {
        actions.send_files(
            by=agent, person=huot, client=client_north, subject="Bail", files=[kept()], idempotency_key="cle"
        ).pk
        for _time in range(2)
    }
    assert len(made) == 1
    assert Message.objects.count() == 1


def test_a_client_with_an_open_transfer_is_not_deleted(manager, agent, huot, client_north):
    ask(agent, huot, client_north)
    enter(manager)
    with pytest.raises(Refusal) as refused:
        delete_client(client_north, by=manager)
    assert refused.value.code == "E-004-CLIENT-IN-USE"
    assert "1 transfert de fichiers ouvert" in str(refused.value.message)


def test_deleting_a_person_ends_what_was_under_way(manager, agent, huot, client_north):
    transfer = ask(agent, huot, client_north)
    enter(manager)
    delete_person(huot, by=manager)
    transfer.refresh_from_db()
    assert transfer.state == "cancelled"


def test_deleted_transfers_come_back_as_they_had_ended(agent, huot, client_north):
    transfer = ask(agent, huot, client_north)
    actions.delete_transfer(transfer, by=agent)
    assert not FileTransfer.objects.visible_to(agent).exists()
    actions.restore_transfer(transfer, by=agent)
    assert FileTransfer.objects.visible_to(agent).get().state == "cancelled"


def test_the_database_refuses_states_that_contradict_each_other(agent, huot, client_north):
    transfer = ask(agent, huot, client_north)
    for wrong in ({"direction": "send"}, {"state": "done"}, {"closed_at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            FileTransfer.objects.filter(pk=transfer.pk).update(**wrong)


def test_settings_hold_for_what_is_sent_from_then_on(admin, agent, huot, client_north):
    actions.update_transfer_settings(by=admin, version=1, delay_days=10, reminder_days=2)
    enter(agent)
    assert ask(agent, huot, client_north).days_left == 9
    for wrong in ({"delay_days": 0, "reminder_days": 0}, {"delay_days": 5, "reminder_days": 5}):
        with pytest.raises(Refusals, match="E-004-DAYS"):
            actions.update_transfer_settings(by=admin, version=2, **wrong)
