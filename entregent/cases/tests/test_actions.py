from datetime import date, timedelta

import pytest
from django.utils import timezone

from entregent.cases import actions
from entregent.cases.extension_points import case_events, open_work, work_enders
from entregent.cases.models import Case, CaseAgent, CaseInteraction, CaseLogEntry, CaseReminder
from entregent.clients.models import BusinessObject, BusinessObjectType, Person
from entregent.documents.actions import keep_file
from entregent.interactions.actions import link_agent, link_object, link_participant, log_interaction
from entregent.toolbox.errors import Refusal, Refusals, RightMissing, Stale
from testing.cast import enter


@pytest.fixture
def invoice(agent, client_north):
    enter(agent)
    kind = BusinessObjectType.objects.create(
        organization=agent.organization, code="invoice", label_fr="Facture", label_en="Invoice",
        plural_fr="Factures", plural_en="Invoices",
    )  # fmt: skip
    return BusinessObject.objects.create(
        organization=agent.organization, client=client_north, type=kind, key="F-88", label="Facture 88"
    )


@pytest.fixture
def foreign_invoice(invoice, client_south, manager):
    enter(manager)
    return BusinessObject.objects.create(
        organization=manager.organization, client=client_south, type=invoice.type, key="F-99", label="Facture 99"
    )


@pytest.fixture
def wife(agent):
    enter(agent)
    return Person.objects.create(
        organization=agent.organization, file_as="Dupont, Jeanne", first_name="Jeanne", last_name="Dupont",
        sort_key="dupont jeanne",
    )  # fmt: skip


@pytest.fixture
def case(agent, client_north, complaint):
    enter(agent)
    return actions.open_case(by=agent, client=client_north, case_type=complaint)


def test_a_case_starts_with_its_defaults(agent, client_north, complaint):
    enter(agent)
    case = actions.open_case(by=agent, client=client_north, case_type="reclamation/facture")
    assert (case.number, case.title, case.state, case.sub_status) == (1, "Réclamation facture", "new", "a_valider")
    assert case.responsible == agent.user
    assert case.origin == "manual"
    assert case.due_on > date.today()
    assert [one.client for one in case.participants.all()] == [client_north]
    assert [(one.user, one.role) for one in case.agents.all()] == [(agent.user, "originator")]
    assert [one.kind for one in case.log.all()] == ["opened"]


def test_the_same_request_opens_one_case(agent, client_north, complaint):
    enter(agent)
    made = [
        actions.open_case(by=agent, client=client_north, case_type=complaint, title="Une", idempotency_key="k")
        for _ in range(2)
    ]
    assert made[0].pk == made[1].pk
    assert Case.objects.count() == 1


def test_the_product_opens_one_case_for_its_key(agent, client_north, complaint, invoice):
    for _ in range(2):
        case = actions.open_case(
            by=None, client=client_north, case_type=complaint, objects=[invoice], origin="automatic",
            automatic_key="invoice:88",
        )  # fmt: skip
    assert Case.objects.count() == 1
    assert case.origin == "automatic"
    assert case.responsible is None
    assert case.agents.count() == 0
    assert [one.object for one in case.objects_linked.all()] == [invoice]
    actions.close_case(case, by=None, sub_status="solde", reason="Paiement reçu")
    other = actions.open_case(by=None, client=client_north, case_type=complaint, automatic_key="invoice:88")
    case.refresh_from_db()
    assert other.pk != case.pk
    assert (case.state, case.sub_status) == ("done", "solde")


def test_opening_refuses_what_is_wrong_all_at_once(agent, client_north, complaint, foreign_invoice):
    enter(agent)
    with pytest.raises(Refusals) as refused:
        actions.open_case(
            by=agent, client=client_north, case_type=None, title="x" * 201, objects=[foreign_invoice],
            due_on=date.today() - timedelta(days=2),
        )  # fmt: skip
    assert {one.field for one in refused.value.refusals} == {"case_type", "title", "objects", "due_on"}
    with pytest.raises(Refusal, match="E-001-NO-CLIENT"):
        actions.open_case(by=agent, client=None, case_type=complaint)
    complaint.is_active = False
    complaint.save()
    with pytest.raises(Refusal, match="E-001-CASE-TYPE"):
        actions.open_case(by=agent, client=client_north, case_type=complaint)


def test_a_case_from_a_contact_has_all_that_the_contact_has(
    agent, colleague, client_north, contact, complaint, invoice, wife
):
    link_object(contact, by=agent, business_object=invoice)
    link_agent(contact, by=agent, user=colleague.user, role="responsible")
    link_participant(contact, by=agent, party=wife, role="épouse")
    case = actions.open_case_from(contact, by=agent, case_type=complaint)
    assert {(one.client_id, one.person_id) for one in case.participants.all()} == {
        (client_north.pk, None), (None, wife.pk),
    }  # fmt: skip
    assert {(one.user_id, one.role) for one in case.agents.all()} == {
        (agent.user_id, "originator"), (colleague.user_id, "responsible"),
    }  # fmt: skip
    assert [one.object for one in case.objects_linked.all()] == [invoice]
    assert [one.interaction for one in case.contacts.all()] == [contact]


def test_attaching_adds_what_is_missing_and_nothing_twice(agent, client_north, case, topic, wife, invoice):
    second = log_interaction(
        by=agent, client=client_north, topic=topic, channel="phone_call", notes="Encore", participants=[wife],
        objects=[invoice],
        files=[keep_file(organization=agent.organization, name="photo.txt", content=b"compteur", by=agent)],
    )  # fmt: skip
    before = list(case.participants.values_list("pk", "role"))
    missing = actions.difference(case, second)
    assert [row.person for row in missing.participants.added] == [wife]
    assert missing.there == 2
    for _ in range(2):
        actions.attach_interaction(case, second, by=agent)
    assert case.participants.filter(person=wife).count() == 1
    assert list(case.participants.exclude(person=wife).values_list("pk", "role")) == before
    assert [one.title for one in case.documents.all()] == ["photo.txt"]
    again = actions.difference(case, second)
    assert again.added == 0
    assert again.is_attached


def test_a_document_with_newer_versions_stays_when_its_contact_is_taken_out(agent, client_north, case, topic):
    def made(name):
        return keep_file(organization=agent.organization, name=name, content=b"a", by=agent)

    contact = log_interaction(
        by=agent,
        client=client_north,
        topic=topic,
        channel="phone_call",
        notes="…",
        files=[made("a.txt"), made("b.txt")],
    )
    actions.attach_interaction(case, contact, by=agent)
    first = case.documents.get(title="a.txt")
    actions.keep_case_document(case, by=agent, file=made("a2.txt"), kind="attachment", version_of=first)
    actions.detach_interaction(case, contact, by=agent)
    assert sorted(case.documents.values_list("title", flat=True)) == ["a.txt", "a2.txt"]


def test_taking_a_contact_out_takes_what_came_with_it_and_nothing_else(agent, client_north, case, topic, wife, invoice):
    def told(**more):
        return log_interaction(by=agent, client=client_north, topic=topic, channel="phone_call", notes="…", **more)

    actions.link_object(case, by=agent, business_object=invoice)
    first, second = told(participants=[wife], objects=[invoice]), told(participants=[wife])
    actions.attach_interaction(case, first, by=agent)
    actions.attach_interaction(case, second, by=agent)
    actions.detach_interaction(case, first, by=agent)
    # Jeanne stays: the second contact has her as well. The invoice was there before.
    assert case.participants.filter(person=wife).count() == 1
    assert case.objects_linked.count() == 1
    actions.detach_interaction(case, second, by=agent)
    actions.detach_interaction(case, second, by=agent)
    assert case.participants.filter(person=wife).count() == 0
    assert case.objects_linked.count() == 1
    assert case.contacts.count() == 0


def test_a_contact_of_another_client_is_refused_unless_that_client_takes_part(
    manager, client_north, client_south, complaint, topic
):
    enter(manager)
    case = actions.open_case(by=manager, client=client_north, case_type=complaint)
    other = log_interaction(by=manager, client=client_south, topic=topic, channel="note", notes="…")
    with pytest.raises(Refusal, match="E-001-CASE-OTHER"):
        actions.attach_interaction(case, other, by=manager)
    actions.link_participant(case, by=manager, party=client_south)
    actions.attach_interaction(case, other, by=manager)
    assert case.contacts.count() == 1


def test_a_closed_case_takes_nothing(agent, case, contact, invoice):
    actions.close_case(case, by=agent, reason="Réglé")
    for refused in (
        lambda: actions.attach_interaction(case, contact, by=agent),
        lambda: actions.link_object(case, by=agent, business_object=invoice),
        lambda: actions.edit_case(case, by=agent, title="Autre"),
        lambda: actions.add_tasks(case, by=agent, texts=["Appeler"]),
    ):
        with pytest.raises(Refusal, match="E-001-CASE-CLOSED"):
            refused()
    actions.add_log_entry(case, by=agent, text="On peut encore noter.")


def test_a_contact_is_split_out_and_put_back(agent, case, contact):
    actions.attach_interaction(case, contact, by=agent)
    made = actions.split_interaction(case, contact, by=agent, title="À part")
    assert case.contacts.count() == 0
    assert made.contacts.count() == 1
    assert case.links.get().other == made
    first = actions.undo_split(made, by=agent)
    assert first == case
    assert case.contacts.count() == 1
    assert not Case.objects.visible_to(agent).filter(pk=made.pk).exists()
    assert not case.log.filter(kind=CaseLogEntry.Kind.SPLIT).exists()


def test_a_split_case_that_was_used_is_not_taken_away(agent, case, contact):
    for use in (
        lambda one: actions.add_log_entry(one, by=agent, text="Une note"),
        lambda one: actions.add_tasks(one, by=agent, texts=["Rappeler"]),
        lambda one: actions.keep_case_document(
            one, by=agent, kind="attachment",
            file=keep_file(organization=agent.organization, name="a.txt", content=b"a", by=agent),
        ),
    ):  # fmt: skip
        actions.attach_interaction(case, contact, by=agent)
        made = actions.split_interaction(case, contact, by=agent, title="À part")
        use(made)
        with pytest.raises(Refusal, match="E-001-CASE-USED"):
            actions.undo_split(made, by=agent)
        assert Case.objects.visible_to(agent).filter(pk=made.pk).exists()


def test_states_move_as_the_table_says_and_no_other_way(agent, client_north, complaint):
    allowed = {
        ("new", "in_progress"), ("new", "cancelled"), ("new", "rejected"), ("in_progress", "deferred"),
        ("in_progress", "done"), ("in_progress", "cancelled"), ("deferred", "in_progress"),
        ("deferred", "cancelled"), ("done", "in_progress"),
    }  # fmt: skip
    enter(agent)
    for before in Case.State.values:
        for after in Case.State.values:
            if before == after:
                continue
            case = actions.open_case(by=agent, client=client_north, case_type=complaint)
            closed = timezone.now() if before in ("done", "cancelled", "rejected") else None
            Case.objects.filter(pk=case.pk).update(state=before, closed_at=closed, sub_status="")
            if (before, after) in allowed:
                moved = actions.change_state(case, by=agent, state=after, reason="Parce que")
                assert moved.state == after
                assert (moved.closed_at is not None) == (after in ("done", "cancelled", "rejected"))
            else:
                with pytest.raises(Refusal, match="E-001-TRANSITION"):
                    actions.change_state(case, by=agent, state=after, reason="Parce que")


def test_sub_statuses_go_with_their_state(agent, case):
    moved = actions.change_state(case, by=agent, state="in_progress")
    moved = actions.change_state(moved, by=agent, state="deferred")
    assert moved.sub_status == "en_attente"
    assert moved.status_label == "Différé · En attente du client"
    with pytest.raises(Refusal, match="E-001-SUB-STATUS"):
        actions.change_state(moved, by=agent, state="in_progress", sub_status="solde")


def test_reopening_and_cancelling_want_a_reason(agent, case):
    with pytest.raises(Refusal, match="E-REQUIRED"):
        actions.close_case(case, by=agent, state="cancelled")
    closed = actions.close_case(case, by=agent, reason="Réglé")
    assert closed.state == "done"
    assert closed.closing_reason == "Réglé"
    with pytest.raises(Refusal, match="E-REQUIRED"):
        actions.change_state(closed, by=agent, state="in_progress")
    opened = actions.change_state(closed, by=agent, state="in_progress", reason="Nouvelle plainte")
    assert opened.closed_at is None
    assert opened.closing_reason == ""


def test_what_still_runs_keeps_a_case_open_until_it_is_abandoned(agent, case):
    ended = []

    def works(one):
        return [] if ended else [("Réclamation facture", "/plan/1/")]

    def end(one, by, reason):
        ended.append(reason)

    open_work.add(works, name="works")
    work_enders.add(end, name="end")
    try:
        with pytest.raises(Refusal, match="E-001-OPEN-WORK"):
            actions.close_case(case, by=agent, reason="Réglé")
        actions.close_case(case, by=agent, reason="Réglé", open_steps="abandon")
    finally:
        _take_away(open_work, "works")
        _take_away(work_enders, "end")
    assert ended == ["Réglé"]


def test_what_happens_is_told_in_order(agent, client_north, complaint, contact):
    told = []

    def listen(event, case, by):
        told.append(event)

    case_events.add(listen, name="listen")
    try:
        case = actions.open_case_from(contact, by=agent, case_type=complaint)
        actions.change_state(case, by=agent, state="in_progress")
        actions.close_case(case, by=agent)
    finally:
        _take_away(case_events, "listen")
    assert told == [
        "case.opened", "case.contact_attached", "case.state_changed", "case.state_changed", "case.closed",
    ]  # fmt: skip


def _take_away(point, name):
    point._contributions.pop(name)


def test_a_stale_version_is_refused(agent, case):
    actions.edit_case(case, by=agent, version=case.version, title="Nouveau titre")
    with pytest.raises(Stale):
        actions.edit_case(case, by=agent, version=case.version, title="Autre titre")


def test_a_case_is_not_its_own_parent(agent, client_north, complaint, case):
    child = actions.open_case(by=agent, client=client_north, case_type=complaint, parent=case)
    with pytest.raises(Refusal, match="E-001-PARENT"):
        actions.edit_case(case, by=agent, parent=child)


def test_the_originator_and_whoever_is_in_charge_stay(agent, colleague, case):
    with pytest.raises(Refusal, match="E-001-ORIGINATOR"):
        actions.unlink_agent(case.agents.get(), by=agent)
    actions.edit_case(case, by=agent, responsible=colleague.user)
    with pytest.raises(Refusal, match="E-001-RESPONSIBLE"):
        actions.unlink_agent(case.agents.get(user=colleague.user), by=agent)
    actions.edit_case(case, by=agent, responsible=agent.user)
    actions.unlink_agent(case.agents.get(user=colleague.user), by=agent)


def test_an_object_of_somebody_else_is_refused(manager, client_north, client_south, complaint, foreign_invoice):
    enter(manager)
    case = actions.open_case(by=manager, client=client_north, case_type=complaint)
    with pytest.raises(Refusal, match="E-001-OBJECT"):
        actions.link_object(case, by=manager, business_object=foreign_invoice)
    actions.link_participant(case, by=manager, party=client_south)
    actions.link_object(case, by=manager, business_object=foreign_invoice)
    with pytest.raises(Refusal, match="E-001-PARTICIPANT"):
        actions.unlink_participant(case.participants.get(client=client_south), by=manager)


def test_merging_and_taking_it_back(agent, colleague, client_north, complaint, contact, invoice, wife, case):
    other = actions.open_case_from(contact, by=agent, case_type=complaint, agents=[colleague.user])
    actions.link_object(other, by=agent, business_object=invoice)
    actions.link_participant(other, by=agent, party=wife)
    actions.add_log_entry(other, by=agent, text="Une note")
    actions.add_tasks(other, by=agent, texts=["Rappeler"])
    merge = actions.merge_cases(case, other, by=agent)
    other.refresh_from_db()
    assert other.state == "cancelled"
    assert other.merged_into == case
    assert case.contacts.count() == 1
    assert case.objects_linked.count() == 1
    assert case.tasks.count() == 1
    assert case.participants.count() == 2
    assert case.agents.count() == 2
    with pytest.raises(Refusal, match="E-001-MERGED"):
        actions.merge_cases(case, other, by=agent)
    for _ in range(2):
        actions.undo_case_merge(merge, by=agent)
        other.refresh_from_db()
        assert other.state == "new"
        assert other.closed_at is None
        assert other.merged_into is None
        assert case.contacts.count() == 0
        assert case.objects_linked.count() == 0
        assert case.tasks.count() == 0
        assert case.participants.count() == 1
        assert case.agents.count() == 1
        assert other.contacts.count() == 1
        assert other.log.filter(kind="note").count() == 1


def test_what_is_part_of_another_is_not_reopened_and_a_merge_into_a_closed_one_stays(
    agent, client_north, complaint, case
):
    other = actions.open_case(by=agent, client=client_north, case_type=complaint)
    actions.close_case(other, by=agent, reason="Fait")
    merge = actions.merge_cases(case, other, by=agent)
    for by in (agent, None):
        with pytest.raises(Refusal, match="E-001-MERGED"):
            actions.change_state(other, by=by, state="in_progress", reason="Encore")
    actions.close_case(case, by=agent, reason="Fait")
    with pytest.raises(Refusal, match="E-001-CASE-CLOSED"):
        actions.undo_case_merge(merge, by=agent)
    actions.change_state(case, by=agent, state="in_progress", reason="Encore")
    assert actions.undo_case_merge(merge, by=agent).state == "done"


def test_no_second_case_of_a_key_is_opened_again(agent, manager, client_north, complaint, case):
    def automatic():
        return actions.open_case(
            by=None, client=client_north, case_type=complaint, origin="automatic", automatic_key="invoice:88"
        )

    first = automatic()
    merge = actions.merge_cases(case, first, by=agent)
    second = automatic()
    assert second != first
    with pytest.raises(Refusal, match="E-001-CASE-TWICE"):
        actions.undo_case_merge(merge, by=agent)
    actions.close_case(second, by=agent, reason="Fait")
    third = automatic()
    with pytest.raises(Refusal, match="E-001-CASE-TWICE"):
        actions.change_state(second, by=agent, state="in_progress", reason="Encore")
    enter(manager)
    actions.delete_case(third, by=manager)
    automatic()
    with pytest.raises(Refusal, match="E-001-CASE-TWICE"):
        actions.restore_case(third, by=manager)


def test_a_confidential_case_stays_so_in_the_one_that_it_becomes_part_of(
    agent, colleague, client_north, complaint, case
):
    from entregent.audit.models import Action

    other = actions.open_case(by=agent, client=client_north, case_type=complaint, is_confidential=True)
    actions.add_log_entry(other, by=agent, text="Un secret")
    merge = actions.merge_cases(case, other, by=agent)
    case.refresh_from_db()
    assert case.is_confidential
    assert Case.objects.visible_to(agent).filter(pk=case.pk).exists()
    assert not Case.objects.visible_to(colleague).filter(pk=case.pk).exists()
    assert not Action.objects.filter(name="merge_cases", client_id=client_north.pk).exists()
    actions.undo_case_merge(merge, by=agent)
    case.refresh_from_db()
    assert not case.is_confidential
    assert Case.objects.visible_to(colleague).filter(pk=case.pk).exists()


def test_a_case_of_another_client_is_not_merged(manager, client_north, client_south, complaint):
    enter(manager)
    one = actions.open_case(by=manager, client=client_north, case_type=complaint)
    other = actions.open_case(by=manager, client=client_south, case_type=complaint)
    with pytest.raises(Refusal, match="E-001-CASE-OTHER"):
        actions.merge_cases(one, other, by=manager)


def test_a_confidential_case_is_seen_by_its_agents_and_the_right_alone(
    agent, colleague, manager, reader, client_north, complaint
):
    enter(agent)
    case = actions.open_case(by=agent, client=client_north, case_type=complaint, is_confidential=True)
    seen = {member.user.name for member in (agent, colleague, manager, reader) if _sees(member, case)}
    assert seen == {agent.user.name, manager.user.name}
    actions.link_agent(case, by=agent, user=colleague.user)
    assert _sees(colleague, case)


def test_whoever_makes_a_case_confidential_goes_on_seeing_it(agent, colleague, case):
    actions.edit_case(case, by=colleague, is_confidential=True)
    assert _sees(colleague, case)
    assert case.agents.filter(user=colleague.user).exists()


def _sees(member, case):
    enter(member)
    return Case.objects.visible_to(member).filter(pk=case.pk).exists()


def test_a_case_is_seen_with_its_client(outsider, stranger, case):
    assert not _sees(outsider, case)
    assert not _sees(stranger, case)


def test_deleting_and_bringing_back(agent, colleague, manager, case):
    with pytest.raises(RightMissing):
        actions.delete_case(case, by=colleague)
    actions.delete_case(case, by=agent)
    assert not _sees(agent, case)
    actions.restore_case(case, by=agent)
    assert _sees(agent, case)


def test_tasks_are_added_once_and_ticked(agent, case):
    actions.add_tasks(case, by=agent, texts=["Appeler", "Vérifier", "Appeler"])
    actions.add_tasks(case, by=agent, texts=["Appeler"])
    tasks = list(case.tasks.all())
    assert [one.text for one in tasks] == ["Appeler", "Vérifier"]
    done = actions.set_task(tasks[0], by=agent, done=True)
    assert done.done_by == agent.user
    assert actions.set_task(tasks[0], by=agent, done=False).done_at is None


def test_reminders_stand_on_a_day_to_come(agent, case, contact):
    with pytest.raises(Refusal, match="E-001-REMINDER"):
        actions.add_reminder(case, by=agent, on=date.today() - timedelta(days=2))
    actions.add_reminder(case, by=agent, on=date.today() + timedelta(days=1), text="Rappeler")
    reminder = actions.add_reminder(contact, by=agent, on=date.today() + timedelta(days=1))
    actions.complete_reminder(reminder, by=agent)
    assert CaseReminder.objects.filter(done_at__isnull=True).count() == 1


def test_a_document_is_kept_once_with_its_versions(agent, case):
    def made(name):
        return keep_file(organization=agent.organization, name=name, content=name.encode(), by=agent)

    file = made("lettre.txt")
    first = actions.keep_case_document(case, by=agent, file=file, kind="letter", title="Réponse")
    assert actions.keep_case_document(case, by=agent, file=file).pk == first.pk
    second = actions.keep_case_document(case, by=agent, file=made("lettre2.txt"), kind="letter", version_of=first)
    third = actions.keep_case_document(case, by=None, file=made("lettre3.txt"), kind="letter", version_of=second)
    assert second.version_of == first
    assert third.version_of == first


def test_a_new_responsible_is_told(agent, colleague, case):
    from entregent.notifications.models import Notification

    actions.edit_case(case, by=agent, responsible=colleague.user)
    assert CaseAgent.objects.get(case=case, user=colleague.user).role == "responsible"
    assert Notification.objects.filter(user=colleague.user, event="case_assigned").count() == 1


def test_a_client_with_open_cases_is_not_deleted(manager, client_north, case):
    from entregent.clients.actions import delete_client

    enter(manager)
    with pytest.raises(Refusal) as refused:
        delete_client(client_north, by=manager)
    assert "des dossiers sont ouverts" in str(refused.value)


def test_a_contact_stands_in_several_cases(agent, case, contact, client_north, complaint):
    other = actions.open_case(by=agent, client=client_north, case_type=complaint)
    for one in (case, other):
        actions.attach_interaction(one, contact, by=agent)
    assert CaseInteraction.objects.filter(interaction=contact).count() == 2


def test_a_reminder_is_told_once_on_its_day_to_who_still_sees_it(agent, outsider, case):
    from entregent.cases import reminders
    from entregent.notifications.models import Notification

    one = actions.add_reminder(case, by=agent, on=date.today() + timedelta(days=1), text="Rappeler")
    other = actions.add_reminder(case, by=agent, on=date.today() + timedelta(days=1), user=outsider.user)
    CaseReminder.objects.filter(pk__in=[one.pk, other.pk]).update(on=date.today() - timedelta(days=1))
    at_noon = timezone.now().replace(hour=12)
    assert [reminders.remind(at_noon), reminders.remind(at_noon)] == [1, 0]
    enter(agent)
    told = Notification.objects.get(event="case_reminder")
    assert told.user == agent.user
    assert told.url == f"/eaux/dossiers/{case.number}/"


def test_a_contact_begun_from_a_case_goes_into_it(agent, case, contact):
    from entregent.cases.beginnings import begun_from_case

    assert begun_from_case(f"dossier:{case.number}", contact, by=agent) == f"/eaux/dossiers/{case.number}/"
    assert begun_from_case("appel-12", contact, by=agent) is None
    assert case.contacts.count() == 1


def test_the_product_opens_a_case_with_the_template_of_its_type(agent, client_north, complaint, invoice):
    from entregent.interactions.template_models import RecordTemplate

    complaint.template = RecordTemplate.objects.create(
        organization=agent.organization, code="facture", name_fr="Facture", name_en="Invoice", kind="case",
        subject_fr="Facture contestée", text_fr="À vérifier", priority="high",
        object_rules=[{"selector": "last_invoice", "required": True}, {"selector": "last_reading", "required": True}],
    )  # fmt: skip
    complaint.save()
    case = actions.open_case(by=None, client=client_north, case_type=complaint, with_template=True)
    assert (case.title, case.priority) == ("Facture contestée", "high")
    assert [one.object for one in case.objects_linked.all()] == [invoice]
    opened = case.log.get()
    assert opened.text == "À vérifier"
    assert len(opened.data["left_out"]) == 1
