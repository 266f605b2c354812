"""Mails of plans that the mail server refuses: people are told, the mail is sent again or goes as a letter."""

import pytest

from entregent.cases.models import Case, CaseDocument
from entregent.clients.models import Address, Client
from entregent.documents import letters
from entregent.documents.models import DocumentTemplate, Letter
from entregent.interactions.actions import log_interaction
from entregent.interactions.models import Topic
from entregent.notifications.models import Notification
from entregent.outbox.actions import note_return, retry_messages
from entregent.outbox.delivery import deliver_due
from entregent.outbox.models import Message
from entregent.outbox.tests.test_delivery import smtp  # noqa: F401 (a fixture)
from entregent.processes import actions
from entregent.processes.actions import performing
from entregent.processes.models import ProcessRun
from entregent.processes.tests.conftest import process, step
from entregent.processes.tests.test_plans import current, states
from entregent.toolbox.errors import Refusal
from testing.cast import enter

HTMX = {"HX-Request": "true"}


@pytest.fixture
def moreau(client_north, manager):
    """The client, who takes letters at an address and mails at one that the server does not know."""
    enter(manager)
    Client.objects.filter(pk=client_north.pk).update(emails=["inconnu@moreau.example"])
    Address.objects.create(
        organization=client_north.organization, client=client_north, kind="main", street="3 rue du Lavoir",
        postal_code="57000", city="Metz",
    )  # fmt: skip
    DocumentTemplate.objects.create(
        organization=client_north.organization, code="accuse", name_fr="Accusé de réception", kind="mail",
        subject_fr="Votre demande", body_fr="Nous avons bien reçu votre demande, {{ client.name }}.",
    )  # fmt: skip
    return client_north


@pytest.fixture
def body():
    return process("accuse", step("avis", do=[{"send_mail": {"template": "accuse"}}]), step("suite"))


@pytest.fixture
def run(live, body, case, moreau, manager):
    run = actions.launch(definition=live(body), case=case, by=enter(manager))
    actions.run_due(case.organization_id)
    enter(manager)
    return run


@pytest.fixture
def refused(run, smtp, manager):  # noqa: F811 (the fixture)
    """The plan whose mail the server has refused for good."""
    deliver_due()
    enter(manager)
    assert Message.objects.get(subject_type="cases.case").state == "failed"
    return run


def letter_of(case) -> CaseDocument:
    return CaseDocument.objects.select_related("file").get(case=case, kind="letter")


def test_who_has_to_do_with_the_plan_is_told_once(refused, case, manager):
    told = Notification.objects.get(event="step_mail_refused")
    assert told.user_id == manager.user_id
    assert "inconnu@moreau.example" in told.words["text"]
    assert states(refused) == {"avis": "done", "suite": "ready"}
    # It comes back once more by another way: known already.
    note_return(Message.objects.get(subject_type="cases.case"), told="550")
    assert Notification.objects.filter(event="step_mail_refused").count() == 1


def test_what_comes_back_later_is_told_as_well(run, manager):
    mail = Message.objects.get(subject_type="cases.case")
    Message.objects.filter(pk=mail.pk).update(state="sent")
    note_return(mail, told="550 no such user")
    assert Notification.objects.filter(event="step_mail_refused", user_id=manager.user_id).count() == 1


def test_the_timeline_offers_to_try_again_or_to_write(refused, case, manager, signed_in, monkeypatch):
    letters_drawn, drawn = [], letters.drawn
    monkeypatch.setattr(letters, "drawn", lambda data: letters_drawn.append(data) or drawn(data))
    page = signed_in(manager)
    shown = page.get(f"/{case.organization.slug}/plans-d-action/{refused.pk}/").content.decode()
    assert "inconnu@moreau.example" in shown
    assert "refuse l’adresse du destinataire" in shown
    assert "550 no such user" in shown
    mail, first = Message.objects.get(subject_type="cases.case"), current(refused, "avis")
    here = f"/{case.organization.slug}/plans-d-action/etapes/{first.pk}"
    assert page.post(f"{here}/courriel/", {"courriel": mail.pk}).status_code == 303
    enter(manager)
    mail.refresh_from_db()
    assert mail.state == "pending"
    # It waits: there is nothing to write instead.
    assert page.post(f"{here}/courrier/", {"courriel": mail.pk}).status_code == 422
    deliver_due()
    enter(manager)
    posted = page.post(f"{here}/courrier/", {"courriel": mail.pk, "version": first.version}, headers=HTMX)
    assert posted.status_code == 200
    shown = posted.content.decode()
    assert "Passer en courrier" not in shown
    assert "Accusé de réception" in shown
    # Twice is once.
    assert page.post(f"{here}/courrier/", {"courriel": mail.pk}).status_code == 422
    enter(manager)
    assert letter_of(case).file.media_type == "application/pdf"
    (letter,) = letters_drawn
    assert "Nous avons bien reçu votre demande" in str(letter["blocks"])
    assert "3 rue du Lavoir" in letter["address"]
    assert Letter.objects.filter(client=case.client, batch=None).count() == 1


def test_what_went_by_post_is_not_sent_with_the_others(refused, case, manager):
    actions.send_by_post(current(refused, "avis"), by=manager)
    assert retry_messages(Message.objects.all(), by=manager) == 0
    mail = Message.objects.get(subject_type="cases.case")
    assert (mail.state, mail.reason) == ("failed", "posted")


def test_a_plan_that_is_over_writes_all_the_same(refused, case, manager):
    actions.complete_step(current(refused, "suite"), by=manager)
    assert ProcessRun.objects.get(pk=refused.pk).state == "done"
    actions.send_by_post(current(refused, "avis"), by=manager)
    assert letter_of(case).step_id == current(refused, "avis").pk
    assert ProcessRun.objects.get(pk=refused.pk).state == "done"


def test_no_letter_goes_where_none_arrives(refused, case, manager, moreau):
    Address.objects.filter(client=moreau).delete()
    with pytest.raises(Refusal, match="E-001-NO-ADDRESS"):
        actions.send_by_post(current(refused, "avis"), by=manager)
    assert not CaseDocument.objects.filter(case=case).exists()


def test_a_step_that_failed_for_want_of_an_address_goes_on_by_post(live, body, case, moreau, manager, signed_in):
    Client.objects.filter(pk=moreau.pk).update(emails=[])
    run = actions.launch(definition=live(body), case=case, by=enter(manager))
    actions.run_due(case.organization_id)
    enter(manager)
    assert states(run) == {"avis": "failed", "suite": "coming"}
    page, first = signed_in(manager), current(run, "avis")
    shown = page.get(f"/{case.organization.slug}/plans-d-action/{run.pk}/").content.decode()
    assert "adresse de courriel" in shown
    assert "Passer en courrier" in shown
    address = f"/{case.organization.slug}/plans-d-action/etapes/{first.pk}/courrier/"
    assert page.post(address, {"version": first.version}).status_code == 303
    enter(manager)
    assert states(run) == {"avis": "done", "suite": "ready"}
    assert ProcessRun.objects.get(pk=run.pk).state == "running"
    assert letter_of(case).step_id == first.pk
    assert not Message.objects.filter(subject_type="cases.case").exists()


def test_what_follows_the_mail_in_its_step_is_done_after_the_letter(live, case, moreau, manager):
    Client.objects.filter(pk=moreau.pk).update(emails=[])
    note = {"log_entry": {"text": "Prévenu"}}
    body = process("suivi", step("avis", do=[note, {"send_mail": {"template": "accuse"}}, note]))
    run = actions.launch(definition=live(body), case=case, by=enter(manager))
    actions.run_due(case.organization_id)
    enter(manager)
    actions.send_by_post(current(run, "avis"), by=manager)
    assert case.log.filter(text="Prévenu").count() == 1
    assert ProcessRun.objects.get(pk=run.pk).state == "running"
    actions.run_due(case.organization_id)
    enter(manager)
    assert case.log.filter(text="Prévenu").count() == 2
    assert [one["action"] for one in current(run, "avis").data["made"]] == ["log_entry", "send_mail", "log_entry"]
    assert ProcessRun.objects.get(pk=run.pk).state == "done"


def test_a_step_that_failed_otherwise_has_nothing_to_write(live, case, moreau, manager, monkeypatch):
    def refuse(action):
        raise Refusal("E-001-WHO", "Personne.")

    run = actions.launch(
        definition=live(process("autre", step("a", do=[{"log_entry": {"text": "Note"}}]))), case=case, by=enter(manager)
    )
    monkeypatch.setitem(performing.PERFORMERS, "log_entry", refuse)
    actions.run_due(case.organization_id)
    enter(manager)
    assert states(run) == {"a": "failed"}
    with pytest.raises(Refusal, match="E-001-STEP"):
        actions.send_by_post(current(run, "a"), by=manager)


def test_the_letter_of_a_confidential_case_stays_with_it(live, body, case, moreau, manager):
    Case.objects.filter(pk=case.pk).update(is_confidential=True)
    Client.objects.filter(pk=moreau.pk).update(emails=[])
    run = actions.launch(definition=live(body), case=case, by=enter(manager))
    actions.run_due(case.organization_id)
    enter(manager)
    actions.send_by_post(current(run, "avis"), by=manager)
    assert Letter.objects.get(client=moreau).is_confidential


def test_a_plan_of_a_contact_keeps_its_letter_with_the_contacts(live, moreau, manager, smtp, org):  # noqa: F811
    enter(manager)
    topic = Topic.objects.create(
        organization=org, code="question", label_fr="Question", label_en="Question", applies_to=["client"]
    )
    contact = log_interaction(by=manager, client=moreau, topic=topic, channel="phone_call", notes="Appel")
    body = process("contact", step("avis", do=[{"send_mail": {"template": "accuse"}}]), subjects=["interaction"])
    run = actions.launch(definition=live(body), interaction=contact, by=enter(manager))
    actions.run_due(org.pk)
    deliver_due()
    enter(manager)
    assert Notification.objects.filter(event="step_mail_refused", user_id=manager.user_id).exists()
    done = actions.send_by_post(current(run, "avis"), by=manager)
    assert done.data["made"][0]["by_post"]
    assert done.data["made"][0]["interaction"] != contact.number
