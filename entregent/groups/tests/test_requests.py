"""What account managers ask of groups: names, choices, words to type, one change at a time, whole or not at all."""

import pytest
from django.utils import translation

from entregent.access.wall import in_organization
from entregent.clients.actions.bulk import change_clients
from entregent.clients.models import Client
from entregent.groups.actions.drafts import draft_of, stage, unstage
from entregent.groups.actions.requests import (
    NO_ACCESS,
    assign_group,
    can_undo,
    cancel_request,
    create_group,
    delete_group,
    retry_request,
    undo_request,
    update_group,
)
from entregent.groups.actions.staging import carry_out
from entregent.groups.availability import available
from entregent.groups.draft_models import DraftRow
from entregent.groups.models import ClientGroup, ProcessingRequest
from entregent.groups.selection import members_of
from entregent.jobs.models import Job
from entregent.jobs.tasks import run_job
from entregent.organizations.models import Membership
from entregent.relationships.actions import give_up_relationship
from entregent.toolbox.errors import ModuleOff, Refusal, RightMissing, Stale
from testing.cast import enter, make_client

State = ProcessingRequest.State


def names(clients):
    return sorted(clients.values_list("display_name", flat=True))


def refused(code):
    return pytest.raises(Refusal, match=code)


def test_a_group_is_made_of_the_available_clients(admin, delegated, gamma):
    request = create_group(by=admin, name="Est", whole=True)
    assert request.state == State.DONE
    assert request.operation == "create"
    assert request.initiated_by_name == "Ada Min"
    assert request.number == 1
    assert names(members_of(request.group)) == ["Alpha", "Bêta"]
    assert request.group.member_count == 2
    assert not available(admin.organization).exists()


@pytest.mark.parametrize("name", ["Est", "  est ", "EST", "Ést"])
def test_a_name_is_taken_for_ever(admin, delegated, name):
    group = create_group(by=admin, name="Est", client_ids=[delegated["alpha"].pk]).group
    delete_group(group, by=admin, word="SUPPRIMER")
    with refused("E-002-NAME"):
        create_group(by=admin, name=name, client_ids=[delegated["alpha"].pk])


@pytest.mark.parametrize("name", ["", "   "])
def test_a_group_has_a_name(admin, delegated, name):
    with refused("E-002-NAME"):
        create_group(by=admin, name=name, whole=True)


def test_a_name_may_be_a_hundred_characters_long(admin, delegated):
    with refused("E-LENGTH"):
        create_group(by=admin, name="x" * 101, whole=True)
    assert create_group(by=admin, name="x" * 100, whole=True).state == State.DONE


def test_a_group_is_made_with_a_client_at_least(admin, delegated):
    with refused("E-002-EMPTY"):
        create_group(by=admin, name="Est")


def test_a_client_in_another_group_refuses_the_whole_by_its_name(admin, delegated):
    create_group(by=admin, name="Ouest", client_ids=[delegated["beta"].pk])
    with refused("E-002-UNAVAILABLE") as caught:
        create_group(by=admin, name="Est", client_ids=[delegated["alpha"].pk, delegated["beta"].pk])
    assert caught.value.message == "Bêta n'est plus disponible."
    assert caught.value.status == 409
    assert ClientGroup.objects.count() == 1
    assert available(admin.organization).get() == delegated["alpha"]


def test_a_change_adds_removes_and_renames_at_once(admin, delegated, epsilon):
    group = create_group(by=admin, name="Est", client_ids=[delegated["alpha"].pk, delegated["beta"].pk]).group
    draft = draft_of(by=admin, group=group)
    assert stage(draft, by=admin, change="add", whole=True, text="epsi") == 1
    assert stage(draft, by=admin, change="remove", ids=[delegated["beta"].pk]) == 1
    request = update_group(group, by=admin, word="CONFIRMER", version=group.version, name="Est bis", draft=draft)
    assert request.state == State.DONE
    group.refresh_from_db()
    assert (group.name, names(members_of(group))) == ("Est bis", ["Alpha", "Epsilon"])
    assert names(available(admin.organization)) == ["Bêta"]
    with refused("E-002-NAME"):
        create_group(by=admin, name="est BIS", whole=True)


def test_what_was_chosen_can_be_taken_back(admin, delegated):
    draft = draft_of(by=admin)
    assert stage(draft, by=admin, change="add", whole=True) == 2
    assert unstage(draft, change="add", ids=[delegated["beta"].pk]) == 1
    assert draft.rows.get().client_id == delegated["alpha"].pk
    assert draft_of(by=admin) == draft


def test_the_draft_of_one_is_not_that_of_another(admin, manager, delegated):
    assert draft_of(by=admin) != draft_of(by=manager)


@pytest.mark.parametrize("word", ["confirmer", "CONFIRM", "", "CONFIRMERA"])
def test_another_word_changes_nothing(admin, delegated, word):
    group = create_group(by=admin, name="Est", whole=True).group
    with refused("E-002-WORD"):
        update_group(group, by=admin, word=word, version=group.version, name="Autre")
    with refused("E-002-WORD"):
        delete_group(group, by=admin, word=word)


def test_the_words_are_english_in_english(admin, delegated):
    group = create_group(by=admin, name="Est", whole=True).group
    with translation.override("en"):
        update_group(group, by=admin, word=" CONFIRM ", version=group.version, name="East")
        with refused("E-002-WORD"):
            delete_group(group, by=admin, word="SUPPRIMER")
        delete_group(group, by=admin, word="DELETE")


def test_a_change_of_nothing_is_refused(admin, delegated):
    group = create_group(by=admin, name="Est", whole=True).group
    with refused("E-002-NOCHANGE"):
        update_group(group, by=admin, word="CONFIRMER", version=group.version)


def test_a_stale_change_is_refused(admin, delegated):
    group = create_group(by=admin, name="Est", whole=True).group
    update_group(group, by=admin, word="CONFIRMER", version=group.version, name="Autre")
    with pytest.raises(Stale):
        update_group(group, by=admin, word="CONFIRMER", version=group.version, name="Tiers")


def test_a_deleted_group_lets_its_clients_and_employees_go(admin, agent, delegated):
    group = create_group(by=admin, name="Est", whole=True).group
    assign_group(group, by=admin, user_ids=[agent.user_id], role="editor")
    request = delete_group(group, by=admin, word="SUPPRIMER")
    group.refresh_from_db()
    assert not group.is_live
    assert not group.assignments.live().exists()
    assert available(admin.organization).count() == 2
    assert request.rows.filter(change="remove").count() == 2
    assert request.rows.filter(change="role").count() == 1


def test_employees_get_a_role_another_and_none(admin, agent, colleague, delegated):
    group = create_group(by=admin, name="Est", whole=True).group
    assign_group(group, by=admin, user_ids=[agent.user_id, colleague.user_id], role="editor")
    assign_group(group, by=admin, user_ids=[agent.user_id], role="manager")
    assert dict(group.assignments.live().values_list("user_id", "role")) == {
        agent.user_id: "manager", colleague.user_id: "editor",
    }  # fmt: skip
    assign_group(group, by=admin, user_ids=[colleague.user_id], role=NO_ACCESS)
    assert group.assignments.live().get().user_id == agent.user_id
    with refused("E-002-NOCHANGE"):
        assign_group(group, by=admin, user_ids=[colleague.user_id], role=NO_ACCESS)


def test_what_an_assignment_lacks_is_said(admin, agent, stranger, delegated):
    enter(admin)
    group = create_group(by=admin, name="Est", whole=True).group
    with refused("E-002-NOGROUP"):
        assign_group(None, by=admin, user_ids=[agent.user_id], role="editor")
    for role in ("", "admin", "owner"):
        with refused("E-002-NOROLE"):
            assign_group(group, by=admin, user_ids=[agent.user_id], role=role)
    with refused("E-002-BAM"):
        assign_group(group, by=admin, user_ids=[agent.user_id, admin.user_id], role="editor")
    for users in ([], [stranger.user_id], [agent.user_id, 10**15]):
        with refused("E-002-EMPLOYEE"):
            assign_group(group, by=admin, user_ids=users, role="editor")
    assert not group.assignments.exists()


def test_groups_are_for_managers_of_service_providers(admin, manager, delegated):
    with pytest.raises(RightMissing):
        create_group(by=manager, name="Est", whole=True)
    admin.organization.provider_kind = ""
    with refused("E-002-PROVIDER"):
        create_group(by=admin, name="Est", whole=True)
    admin.organization.modules.remove("delegation")
    with pytest.raises(ModuleOff):
        create_group(by=admin, name="Est", whole=True)


def test_clients_who_are_removed_in_bulk_leave_their_group(admin, delegated):
    group = create_group(by=admin, name="Est", whole=True).group
    Client.objects.filter(pk=delegated["alpha"].pk).update(status="inactive")
    chosen = {
        "list": "clients", "condition": None, "text": "", "ids": [delegated["alpha"].pk], "except": [],
    }  # fmt: skip
    job = change_clients(by=admin, selection=chosen, change="status", value="removed")
    run_job(job.pk, admin.organization_id)
    enter(admin)
    assert Client.objects.get(pk=delegated["alpha"].pk).status == "removed"
    assert group.members.live().get().client_id == delegated["beta"].pk
    request = ProcessingRequest.objects.get(operation="expire")
    assert request.rows.get().client_id == delegated["alpha"].pk


# ——— Large ones ———


@pytest.fixture
def large(monkeypatch):
    """What a large change is, made small: two clients go to the worker, one in a chunk."""
    monkeypatch.setattr("entregent.groups.actions.requests.AT_ONCE", 1)
    monkeypatch.setattr("entregent.groups.actions.staging.CHUNK", 1)


def work(request):
    run_job(request.job_id, request.organization_id)
    request.refresh_from_db()


@pytest.mark.usefixtures("large")
def test_a_large_change_waits_holds_nothing_yet_and_then_all_of_it(admin, delegated):
    request = create_group(by=admin, name="Est", whole=True)
    assert (request.state, request.total, request.group) == (State.WAITING, 2, None)
    with refused("E-002-NAME"):
        create_group(by=admin, name="est", client_ids=[delegated["alpha"].pk])
    work(request)
    assert (request.state, request.staged) == (State.DONE, 2)
    assert members_of(request.group).count() == 2
    assert not DraftRow.objects.exists()


@pytest.mark.usefixtures("large")
def test_a_second_change_of_the_group_is_refused_meanwhile(admin, agent, delegated):
    group = create_group(by=admin, name="Est", whole=True)
    work(group)
    group = group.group
    request = delete_group(group, by=admin, word="SUPPRIMER")
    assert request.state == State.WAITING
    for again in (
        lambda: delete_group(group, by=admin, word="SUPPRIMER"),
        lambda: update_group(group, by=admin, word="CONFIRMER", version=group.version, name="Autre"),
        lambda: assign_group(group, by=admin, user_ids=[agent.user_id], role="editor"),
    ):
        with refused("E-002-BUSY"):
            again()
    group.refresh_from_db()
    assert group.is_live
    cancel_request(request, by=admin)
    work(request)
    assert request.state == State.CANCELLED
    group.refresh_from_db()
    assert group.is_live
    assert members_of(group).count() == 2


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("has_begun", [False, True])
def test_a_request_ends_with_its_job(admin, delegated, signed_in, has_begun):
    """Cancelled on the page of all jobs."""
    request = create_group(by=admin, name="Est", whole=True)
    if has_begun:
        Job.objects.filter(pk=request.job_id).update(state="running")
    address = f"/{admin.organization.slug}/administration/travaux/{request.job_id}/annulation/"
    assert signed_in(admin).post(address).status_code == 303
    work(request)
    enter(admin)
    request.refresh_from_db()
    assert (request.state, request.job.state) == (State.CANCELLED, "cancelled")
    assert request.ended_at is not None
    with refused("E-002-DECIDED"):
        cancel_request(request, by=admin)
    assert create_group(by=admin, name="Est", client_ids=[delegated["alpha"].pk]).state == State.DONE


@pytest.mark.usefixtures("large")
def test_of_two_who_group_the_same_clients_one_wins_whole(admin, delegated, monkeypatch):
    first = create_group(by=admin, name="Est", whole=True)
    second = create_group(by=admin, name="Ouest", whole=True)
    work(first)
    work(second)
    assert (first.state, second.state) == (State.DONE, State.FAILED)
    assert second.failure == {"code": "E-002-UNAVAILABLE", "message": "Alpha, Bêta ne sont plus disponibles."}
    assert second.group is None
    assert ClientGroup.objects.get().name == "Est"
    assert set(second.rows.values_list("result", "reason")) == {("unavailable", "in_group")}
    with in_organization(admin.organization_id, user_id=admin.user_id):
        undo_request(first, by=admin)
        again = retry_request(second, by=admin)
    work(ProcessingRequest.objects.get(undoes=first))
    work(again)
    assert again.state == State.DONE
    assert again.group.name == "Ouest"
    assert members_of(again.group).count() == 2


@pytest.mark.usefixtures("large")
def test_a_failed_change_can_go_on_without_those_that_are_lost(admin, delegated, epsilon):
    request = create_group(by=admin, name="Est", whole=True)
    monkey = create_group(by=admin, name="Ouest", client_ids=[delegated["beta"].pk])
    assert monkey.state == State.DONE
    work(request)
    assert request.state == State.FAILED
    request = retry_request(request, by=admin, without_unavailable=True)
    work(request)
    assert request.state == State.DONE
    assert names(members_of(request.group)) == ["Alpha", "Epsilon"]
    assert request.rows.filter(result="unavailable").get().client_id == delegated["beta"].pk


@pytest.mark.usefixtures("large")
def test_a_client_that_leaves_meanwhile_keeps_no_group_from_being_deleted(admin, delegated, epsilon):
    created = create_group(by=admin, name="Est", whole=True)
    work(created)
    group = created.group
    request = delete_group(group, by=admin, word="SUPPRIMER")
    with in_organization(admin.organization_id, user_id=admin.user_id):
        carry_out(ProcessingRequest.objects.get(pk=request.pk), by=admin)
        give_up_relationship(delegated["alpha"].business_account.relationships.get(), by=admin)
    work(request)
    assert request.state == State.DONE
    group.refresh_from_db()
    assert not group.is_live
    assert not members_of(group).exists()
    assert names(available(admin.organization)) == ["Bêta", "Epsilon"]


def test_a_client_that_was_never_in_the_group_is_not_taken_out(admin, delegated):
    group = create_group(by=admin, name="Est", client_ids=[delegated["alpha"].pk]).group
    with refused("E-002-UNAVAILABLE"):
        update_group(group, by=admin, word="CONFIRMER", version=None, remove=[delegated["beta"].pk])


# ——— Undoing ———


def test_a_change_is_undone_by_its_opposite(admin, agent, delegated, epsilon):
    created = create_group(by=admin, name="Est", client_ids=[delegated["alpha"].pk, delegated["beta"].pk])
    group = created.group
    changed = update_group(
        group, by=admin, word="CONFIRMER", version=group.version, name="Autre", add=[epsilon.pk],
        remove=[delegated["beta"].pk],
    )  # fmt: skip
    assert not can_undo(created)
    assert can_undo(changed)
    with refused("E-002-UNDO"):
        undo_request(created, by=admin)
    undone = undo_request(changed, by=admin)
    group.refresh_from_db()
    assert (group.name, names(members_of(group)), undone.undoes) == ("Est", ["Alpha", "Bêta"], changed)
    assigned = assign_group(group, by=admin, user_ids=[agent.user_id], role="editor")
    undo_request(assigned, by=admin)
    assert not group.assignments.live().exists()


def test_a_deletion_is_undone_with_its_clients_and_employees(admin, agent, delegated):
    group = create_group(by=admin, name="Est", whole=True).group
    assign_group(group, by=admin, user_ids=[agent.user_id], role="reader")
    deleted = delete_group(group, by=admin, word="SUPPRIMER")
    undo_request(deleted, by=admin)
    group.refresh_from_db()
    assert group.is_live
    assert members_of(group).count() == 2
    assert group.assignments.live().get().role == "reader"


def test_nobody_gets_a_role_back_who_works_here_no_longer(admin, agent, colleague, reader, delegated):
    group = create_group(by=admin, name="Est", whole=True).group
    users = [agent.user_id, colleague.user_id, reader.user_id]
    assign_group(group, by=admin, user_ids=users, role="editor")
    deleted = delete_group(group, by=admin, word="SUPPRIMER")
    Membership.objects.filter(pk=agent.pk).update(is_active=False)
    Membership.objects.filter(pk=colleague.pk).update(role="admin")
    undone = undo_request(deleted, by=admin)
    assert undone.state == State.DONE
    assert group.assignments.live().get().user_id == reader.user_id
    assert set(undone.rows.filter(result="unavailable").values_list("user_id", flat=True)) == set(users[:2])


def test_a_role_that_nobody_can_get_back_is_refused_by_name(admin, agent, delegated):
    group = create_group(by=admin, name="Est", whole=True).group
    assign_group(group, by=admin, user_ids=[agent.user_id], role="editor")
    taken = assign_group(group, by=admin, user_ids=[agent.user_id], role=NO_ACCESS)
    Membership.objects.filter(pk=agent.pk).update(is_active=False)
    with refused("E-002-UNAVAILABLE") as caught:
        undo_request(taken, by=admin)
    assert caught.value.message == "Omar Agent n'est plus disponible."


def test_a_creation_is_undone_by_a_deletion(admin, delegated):
    created = create_group(by=admin, name="Est", whole=True)
    assert undo_request(created, by=admin).operation == "delete"
    assert available(admin.organization).count() == 2


def test_what_is_over_can_not_be_cancelled_or_tried_again(admin, delegated):
    done = create_group(by=admin, name="Est", whole=True)
    for change in (cancel_request, retry_request):
        with refused("E-002-DECIDED"):
            change(done, by=admin)


def test_a_client_of_another_organization_is_never_chosen(admin, stranger, delegated):
    elsewhere = make_client(stranger.organization, "Z1", "Zoulou")
    enter(admin)
    with refused("E-002-UNAVAILABLE"):
        create_group(by=admin, name="Est", client_ids=[elsewhere.pk])
