"""The requester asks, the owner grants (R002-29 to -38)."""

from datetime import timedelta

import pytest
from django.db import connection

from entregent.access.rights import Right, Role
from entregent.access.wall import as_user
from entregent.audit.models import Action
from entregent.organizations.models import Module
from entregent.relationships import actions
from entregent.relationships.extension_points import relationship_events
from entregent.relationships.models import AccessRequest, AccountUser, JoinRequest, Relationship, today_of
from entregent.relationships.tests.conftest import make_user
from entregent.toolbox.errors import ModuleOff, NotFound, Refusal, RightMissing
from testing.cast import enter, enter_organization


@pytest.fixture
def request_(broker, admin, account, owner):
    enter(admin)
    return actions.request_access(by=admin, number="123 456 789", comments="mandat 2026")


@pytest.fixture
def heard(monkeypatch):
    """The events that areas above are told."""
    events = []
    monkeypatch.setattr(relationship_events, "_contributions", {"test": (0, lambda event, about: events.append(event))})
    return events


def outside():
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.org_id', '', true), set_config('app.user_id', '', true)")


def code_of(refused):
    return refused.value.code


def test_a_request_says_nothing_of_whether_there_is_such_an_account(broker, admin, account):
    enter(admin)
    known = actions.request_access(by=admin, number="123456789")
    unknown = actions.request_access(by=admin, number="987654321")
    same = {"id", "account_number", "created_at"}
    told = [
        {field.name: getattr(one, field.name) for field in one._meta.concrete_fields if field.name not in same}
        for one in (known, unknown)
    ]
    assert told[0] == told[1]
    assert known.expires_on == today_of(broker) + timedelta(days=21)


def test_only_providers_with_the_module_and_the_right_ask(org, admin, agent):
    enter(admin)
    with pytest.raises(Refusal) as refused:
        actions.request_access(by=admin, number="123456789")
    assert code_of(refused) == "E-002-PROVIDER"
    org.provider_kind = "customs_broker"
    admin.organization.provider_kind = agent.organization.provider_kind = "customs_broker"
    with pytest.raises(RightMissing):
        actions.request_access(by=agent, number="123456789")
    admin.organization.modules = [module.value for module in Module if module != Module.DELEGATION]
    with pytest.raises(ModuleOff):
        actions.request_access(by=admin, number="123456789")
    assert Right.RELATIONSHIPS == "relationship.manage"


def test_one_request_waits_at_a_time(request_, admin):
    with pytest.raises(Refusal) as refused:
        actions.request_access(by=admin, number="123456789")
    assert code_of(refused) == "E-002-PENDING"
    actions.cancel_access_request(request_, by=admin)
    actions.request_access(by=admin, number="123456789")
    assert sorted(AccessRequest.objects.values_list("state", flat=True)) == ["cancelled", "pending"]


@pytest.mark.parametrize("typed", ["", "12345678", "1234567890", "12345678a", "١٢٣٤٥٦٧٨٩"])
def test_a_number_that_cannot_be_one_is_refused_at_its_field(broker, admin, typed):
    enter(admin)
    with pytest.raises(Refusal) as refused:
        actions.request_access(by=admin, number=typed)
    assert refused.value.field == "account_number"
    assert not AccessRequest.objects.exists()


def test_the_manager_of_the_account_approves_everything(request_, admin, owner, heard):
    outside()
    given = actions.approve_access(request_, by=owner, level="business", visibility=["others"])
    enter(admin)
    given.refresh_from_db()
    assert (given.level, given.visibility, given.approved_by_name) == ("business", ["own", "others"], "Zoé Zêta")
    assert given.starts_on == today_of(admin.organization)
    assert list(Relationship.objects.active(given.starts_on)) == [given]
    assert AccessRequest.objects.get().state == "approved"
    assert heard == ["relationship.approved"]
    told = Action.objects.get(name="approve_access")
    assert (told.organization_id, told.data["told_as"]) == (admin.organization_id, "Zoé Zêta")


def test_a_manager_of_programs_gives_their_own_programs_only(request_, admin, account, program_manager):
    outside()
    with pytest.raises(RightMissing):
        actions.approve_access(request_, by=program_manager, level="business")
    with pytest.raises(RightMissing):
        actions.approve_access(
            request_, by=program_manager, level="program", programs=account.programs.filter(number__endswith="RM0001")
        )
    with pytest.raises(Refusal) as refused:
        actions.approve_access(request_, by=program_manager, level="program")
    assert refused.value.field == "programs"
    own = account.programs.get(number__endswith="RM0002")
    given = actions.approve_access(request_, by=program_manager, level="program", programs=[own])
    enter(admin)
    assert [one.program for one in given.programs.all()] == [own]


def test_others_of_the_account_decide_nothing(request_, clerk):
    outside()
    for decide in (
        lambda: actions.approve_access(request_, by=clerk, level="business"),
        lambda: actions.reject_access(request_, by=clerk),
    ):
        with pytest.raises(RightMissing):
            decide()


def test_a_manager_of_another_account_does_not_find_the_request(request_, db):
    other = actions.keep_account(number="555555555", name="Autre", postal_code="1")
    actions.add_program(other, "RM0001")
    user = make_user("x@autre.example", "X")
    theirs = actions.register_account(user=user, number="555555555", name="Autre", postal_code="1", program="RM0001")
    outside()
    for decide in (
        lambda: actions.approve_access(request_, by=theirs, level="business"),
        lambda: actions.reject_access(request_, by=theirs),
    ):
        with pytest.raises(NotFound):
            decide()


def test_a_request_is_decided_once(request_, owner):
    outside()
    actions.reject_access(request_, by=owner, reason="Pas de mandat")
    for decide in (
        lambda: actions.approve_access(request_, by=owner, level="business"),
        lambda: actions.reject_access(request_, by=owner),
    ):
        with pytest.raises(Refusal) as refused:
            decide()
        assert code_of(refused) == "E-002-DECIDED"


def test_a_request_that_waited_too_long_is_answered_no_more(request_, admin, owner, heard):
    AccessRequest.objects.update(expires_on=today_of(admin.organization) - timedelta(days=1))
    outside()
    with pytest.raises(Refusal) as refused:
        actions.approve_access(request_, by=owner, level="business")
    assert code_of(refused) == "E-002-DECIDED"
    assert actions.expire_due() == 1
    enter(admin)
    assert AccessRequest.objects.get().state == "expired"
    assert heard == ["request.expired"]


def test_an_end_before_today_is_refused(request_, admin, owner):
    outside()
    with pytest.raises(Refusal) as refused:
        actions.approve_access(
            request_, by=owner, level="business", ends_on=today_of(admin.organization) - timedelta(days=1)
        )
    assert (code_of(refused), refused.value.field) == ("E-002-DATE", "ends_on")


def test_the_last_day_counts_and_the_next_one_does_not(request_, admin, owner, heard):
    today = today_of(admin.organization)
    outside()
    given = actions.approve_access(request_, by=owner, level="business", ends_on=today)
    enter(admin)
    assert Relationship.objects.active(today).exists()
    assert not Relationship.objects.active(today + timedelta(days=1)).exists()
    Relationship.objects.update(starts_on=today - timedelta(days=3), ends_on=today - timedelta(days=1))
    outside()
    assert actions.expire_due() == 1
    assert actions.expire_due() == 0
    enter(admin)
    given.refresh_from_db()
    assert given.state == "expired"
    assert heard == ["relationship.approved", "relationship.ended"]


def test_a_manager_of_programs_rejects_nothing_that_is_above_them(request_, admin, owner, program_manager):
    outside()
    given = actions.approve_access(request_, by=owner, level="business")
    enter(admin)
    again = actions.request_access(by=admin, number="123456789")
    outside()
    with pytest.raises(Refusal) as refused:
        actions.reject_access(again, by=program_manager)
    assert code_of(refused) == "E-002-LEVEL"
    actions.revoke_relationship(given, by=owner)
    assert actions.reject_access(again, by=program_manager).state == "rejected"
    join = JoinRequest.objects.create(user=admin.user, account_number="123456789")
    with pytest.raises(RightMissing):
        actions.reject_joining(join, by=program_manager)
    actions.reject_joining(join, by=owner)
    assert not JoinRequest.objects.exists()


def test_a_renewal_is_a_new_relationship_and_nobody_loses_the_access_in_between(request_, admin, owner, heard):
    outside()
    first = actions.approve_access(request_, by=owner, level="business")
    enter(admin)
    again = actions.request_access(by=admin, number="123456789")
    outside()
    second = actions.approve_access(again, by=owner, level="business")
    enter(admin)
    first.refresh_from_db()
    assert (first.state, second.state) == ("replaced", "active")
    assert heard == ["relationship.approved", "request.made", "relationship.approved"]


def test_the_business_revokes_at_any_time_and_the_provider_may_give_up(request_, admin, owner, clerk, heard):
    outside()
    given = actions.approve_access(request_, by=owner, level="business")
    with pytest.raises(RightMissing):
        actions.revoke_relationship(given, by=clerk)
    actions.revoke_relationship(given, by=owner)
    with pytest.raises(NotFound):
        actions.revoke_relationship(given, by=owner)
    enter(admin)
    again = actions.request_access(by=admin, number="123456789")
    outside()
    second = actions.approve_access(again, by=owner, level="business")
    enter(admin)
    actions.give_up_relationship(second, by=admin)
    assert sorted(Relationship.objects.values_list("state", flat=True)) == ["given_up", "revoked"]
    assert heard.count("relationship.ended") == 2


def test_the_wall_shows_an_account_its_own_requests_and_a_provider_its_own(request_, owner, stranger, admin):
    with as_user(owner.user_id):
        assert list(AccessRequest.objects.all()) == [request_]
    with as_user(stranger.user_id):
        assert not AccessRequest.objects.exists()
    enter_organization(stranger.organization)
    assert not AccessRequest.objects.exists()


def test_the_record_must_be_known_to_the_letter(account):
    user = make_user("qui@ailleurs.example", "Qui")
    right = {"number": "123456789", "name": "Zêta inc.", "postal_code": "H2X 1Y4", "program": "RM0001"}
    for wrong in (
        {"name": "Zêta inc"},
        {"name": "Zeta inc."},
        {"postal_code": "H2X1Y4"},
        {"program": "RM0009"},
        {"number": "999999999"},
    ):
        with pytest.raises(Refusal) as refused:
            actions.register_account(user=user, **(right | wrong))
        assert code_of(refused) == "E-002-MATCH"
    first = actions.register_account(user=user, **right)
    assert first.role == Role.ADMIN
    with pytest.raises(Refusal) as refused:
        actions.register_account(user=make_user("b@ailleurs.example", "B"), **right)
    assert code_of(refused) == "E-002-MATCH"


def test_the_last_manager_of_an_account_stays(owner, account):
    with pytest.raises(Refusal) as refused:
        actions.remove_account_user(owner, by=owner, version=owner.version)
    assert code_of(refused) == "E-002-LASTBAM"
    with pytest.raises(Refusal) as refused:
        actions.change_account_user(owner, by=owner, version=owner.version, role=Role.EDITOR)
    assert code_of(refused) == "E-002-LASTBAM"
    second = actions.add_account_user(by=owner, user=make_user("b@zeta.example", "B"), role=Role.ADMIN)
    actions.remove_account_user(owner, by=owner, version=owner.version)
    with pytest.raises(RightMissing):
        actions.add_account_user(by=owner, user=make_user("c@zeta.example", "C"), role=Role.READER)
    with pytest.raises(Refusal) as refused:
        actions.remove_account_user(second, by=second, version=second.version)
    assert code_of(refused) == "E-002-LASTBAM"


def test_a_manager_of_programs_adds_editors_of_their_own_programs_only(program_manager, account):
    own, other = account.programs.get(number__endswith="RM0002"), account.programs.get(number__endswith="RM0001")
    add = actions.add_account_user
    for role, programs in ((Role.MANAGER, [own]), (Role.ADMIN, []), (Role.EDITOR, [other]), (Role.EDITOR, [])):
        with pytest.raises(RightMissing):
            add(
                by=program_manager,
                user=make_user(f"{role}{len(programs)}{other in programs}@zeta.example", "N"),
                role=role,
                programs=programs,
            )
    made = add(by=program_manager, user=make_user("n@zeta.example", "N"), role=Role.EDITOR, programs=[own])
    assert list(AccountUser.objects.get(pk=made.pk).programs.all()) == [own]


def test_a_stale_change_of_a_user_is_refused(owner, clerk):
    actions.change_account_user(clerk, by=owner, version=clerk.version, role=Role.READER)
    with pytest.raises(Refusal) as refused:
        actions.change_account_user(clerk, by=owner, version=clerk.version, role=Role.ADMIN)
    assert code_of(refused) == "E-STALE"


def test_the_days_that_a_request_waits_are_the_providers_choice(broker, admin):
    enter(admin)
    actions.set_request_days(by=admin, days=5)
    made = actions.request_access(by=admin, number="123456789")
    assert made.expires_on == today_of(broker) + timedelta(days=5)
    with pytest.raises(Refusal) as refused:
        actions.set_request_days(by=admin, days=0)
    assert refused.value.field == "request_days"


def test_what_was_withdrawn_counts_among_the_mails_of_an_hour_and_a_day(owner, clerk, monkeypatch):
    monkeypatch.setattr("entregent.relationships.actions.invitations.AN_HOUR_AT_MOST", 2)
    monkeypatch.setattr("entregent.relationships.actions.joining.A_DAY_AT_MOST", 2)
    outside()

    def invite():
        made = actions.invite_account_user(by=owner, email="anne@zeta.example", role="admin")
        actions.withdraw_account_invitation(made, by=owner)

    def join():
        actions.withdraw_joining(actions.ask_to_join(user=clerk.user, number="987654321"), user=clerk.user)

    for act in (invite, join):
        act()
        act()
        with pytest.raises(Refusal, match="E-RATE"):
            act()
