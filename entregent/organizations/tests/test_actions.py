from datetime import timedelta

import pytest

from entregent.access.rights import Right
from entregent.audit.models import Action
from entregent.organizations import actions
from entregent.organizations.models import ApiToken, Grant, Membership, Organization, Sector, User
from entregent.toolbox.dates import today_in
from entregent.toolbox.errors import NotFound, Refusal, Refusals, RightMissing, Stale
from testing.cast import enter, enter_organization

pytestmark = pytest.mark.django_db


def codes(refused) -> list[tuple[str, str | None]]:
    value = refused.value
    return [(one.code, one.field) for one in (value.refusals if isinstance(value, Refusals) else [value])]


def test_a_new_organization_has_an_administrator_who_reaches_everything(db):
    organization = actions.create_organization(slug="Val-Noir", name=" Val  Noir ", trade="water", modules=["portal"])
    member = actions.create_first_user(
        organization=organization, email="Chef@Val.example", name="Chef Du Val", role="admin", password="x" * 20
    )
    assert (organization.slug, organization.name, organization.modules) == ("val-noir", "Val Noir", ["portal"])
    assert member.user.email == "chef@val.example"
    assert member.user.check_password("x" * 20)
    enter(member)
    assert member.reach.is_whole(Right.CLIENT_VIEW)
    assert member.can(Right.SETTINGS)


@pytest.mark.parametrize("slug", ["compte", "api", "langue", "é", "a b", "", "x" * 51, "eaux"])
def test_an_address_that_cannot_serve_is_refused(slug, org):
    with pytest.raises(Refusals) as refused:
        actions.create_organization(slug=slug, name="X", trade="water")
    assert [field for _code, field in codes(refused)] == ["slug"]


def test_every_wrong_setting_is_told_at_its_field(org):
    with pytest.raises(Refusals) as refused:
        actions.create_organization(
            slug="neuf", name=" ", trade="bank", modules=["x"], time_zone="Mars/Base", language="de", country="fr",
            currency="EURO",
        )  # fmt: skip
    assert [field for _code, field in codes(refused)] == [
        "name", "trade", "time_zone", "language", "country", "currency", "modules"
    ]  # fmt: skip


def test_numbers_follow_each_other_per_organization_and_name(org, other_org):
    enter_organization(org)
    assert [actions.next_numbers(org.pk, "client") for _time in range(2)] == [1, 2]
    assert actions.next_numbers(org.pk, "client", 100) == 3
    assert actions.next_numbers(org.pk, "client") == 103
    assert actions.next_numbers(org.pk, "person") == 1
    enter_organization(other_org)
    assert actions.next_numbers(other_org.pk, "client") == 1


def test_a_member_who_manages_by_an_added_right_gives_no_more_than_they_have(admin, manager, agent, reader):
    enter(admin)
    actions.update_member(manager, by=admin, version=1, rights_added=[Right.MEMBERS])
    helper = Membership.objects.get(pk=manager.pk)
    with pytest.raises(RightMissing):
        actions.update_member(admin, by=helper, version=1, role="reader")
    with pytest.raises(RightMissing):
        actions.deactivate_member(admin, by=helper)
    with pytest.raises(RightMissing):
        actions.create_api_token(member=admin, name="x", by=helper)
    for change in ({"role": "admin"}, {"rights_added": [Right.SETTINGS]}, {"rights_added": [Right.HEAD_OFFICE]}):
        with pytest.raises(Refusal) as refused:
            actions.update_member(agent, by=helper, version=1, **change)
        assert codes(refused)[0][0] == "E-ROLE"
    assert actions.update_member(agent, by=helper, version=1, rights_added=[Right.DATA_EXPORT]).version == 2


def test_an_access_never_makes_an_administrator(admin, agent, north):
    enter(admin)
    with pytest.raises(Refusal) as refused:
        actions.grant_access(member=agent, scope_type="sector", scope_id=north.pk, role="admin", by=admin)
    assert codes(refused) == [("E-CHOICE", "role")]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"scope_type": "planet"}, "E-CHOICE"),
        ({"scope_type": "sector"}, "E-REQUIRED"),
        ({"scope_type": "organization", "scope_id": 1}, "E-REQUIRED"),
        ({"scope_type": "sector", "scope_id": 987654321}, "E-NOTFOUND"),
        ({"scope_type": "organization", "role": "king"}, "E-CHOICE"),
    ],
)
def test_a_wrong_access_is_refused(arguments, code, admin, agent):
    enter(admin)
    with pytest.raises(Refusal) as refused:
        actions.grant_access(member=agent, by=admin, **arguments)
    assert codes(refused)[0][0] == code


def test_an_access_ends_after_it_starts_and_not_in_the_past(admin, agent, org):
    enter(admin)
    today = today_in(org.time_zone)
    day = timedelta(days=1)
    for starts_on, ends_on in ((None, today - day), (today + 5 * day, today + 4 * day)):
        with pytest.raises(Refusal) as refused:
            actions.grant_access(
                member=agent, scope_type="organization", starts_on=starts_on, ends_on=ends_on, by=admin
            )
        assert codes(refused) == [("E-002-DATE", "ends_on")]
    assert actions.grant_access(member=agent, scope_type="organization", ends_on=today, by=admin).pk


def test_accesses_are_journaled_with_who_and_before(admin, agent, north):
    from entregent.audit.models import Change

    enter(admin)
    given = actions.grant_access(member=agent, scope_type="sector", scope_id=north.pk, by=admin)
    action = Action.objects.get(name="grant_access")
    change = Change.objects.get(table_name="organizations_grant", row_id=given.pk)
    assert (change.action_id, change.user_id, change.operation) == (action.pk, admin.user_id, "I")
    assert (action.data["name"], action.data["scope_id"]) == (agent.user.name, north.pk)
    identity = given.pk
    actions.revoke_access(given, by=admin)
    gone = Change.objects.get(table_name="organizations_grant", row_id=identity, operation="D")
    assert gone.before["scope_id"] == north.pk


def test_what_an_action_refused_leaves_no_trace(admin, agent):
    enter(admin)
    before = Action.objects.count()
    with pytest.raises(Refusal):
        actions.update_member(agent, by=admin, version=1, role="king")
    assert Action.objects.count() == before


def test_a_substitute_is_another_active_member_of_the_organization(admin, agent, outsider, stranger, org):
    today = today_in(org.time_zone)
    enter(admin)
    days = {"starts_on": today, "ends_on": today}
    with pytest.raises(Refusal):
        actions.set_substitute(absent=agent, substitute=agent, by=admin, **days)
    with pytest.raises(NotFound):
        actions.set_substitute(absent=agent, substitute=stranger, by=admin, **days)
    with pytest.raises(RightMissing):
        actions.set_substitute(absent=agent, substitute=outsider, by=outsider, **days)
    gone = actions.deactivate_member(outsider, by=admin)
    with pytest.raises(Refusal) as refused:
        actions.set_substitute(absent=agent, substitute=gone, by=admin, **days)
    assert codes(refused) == [("E-000-AGENT", "substitute")]


def test_who_manages_members_without_administering_gives_no_more_than_they_have(
    admin, agent, outsider, north, south, org
):
    today = today_in(org.time_zone)
    enter(admin)
    actions.update_member(
        agent, by=admin, version=1, rights_added=["organization.members"], rights_removed=["data.export"]
    )
    agent = Membership.objects.select_related("user", "organization").get(pk=agent.pk)
    refusals = [
        lambda: actions.grant_access(member=agent, scope_type="organization", by=agent),
        lambda: actions.grant_access(member=agent, scope_type="sector", scope_id=south.pk, by=agent),
        lambda: actions.set_substitute(absent=admin, substitute=agent, starts_on=today, ends_on=today, by=agent),
        lambda: actions.update_member(agent, by=agent, version=agent.version, rights_removed=[]),
    ]
    for attempt in refusals:
        with pytest.raises(Refusal) as refused:
            attempt()
        assert refused.value.status == 403
    actions.set_substitute(absent=outsider, substitute=agent, starts_on=today, ends_on=today, by=admin)
    agent.__dict__.pop("reach", None)
    with pytest.raises(Refusal):
        actions.grant_access(member=agent, scope_type="sector", scope_id=south.pk, by=agent)
    assert actions.grant_access(member=outsider, scope_type="sector", scope_id=north.pk, by=agent).pk


def test_a_sector_keeps_its_code_and_never_stands_below_itself(admin, org, north, south):
    enter(admin)
    below = actions.create_sector(organization=org, code="N-1", name="Sous-Nord", parent=north, by=admin)
    with pytest.raises(Refusal) as refused:
        actions.create_sector(organization=org, code="N-1", name="X", by=admin)
    assert codes(refused) == [("E-SECTOR", "code")]
    for parent in (north, below):
        with pytest.raises(Refusal) as refused:
            actions.update_sector(north, by=admin, version=1, parent=parent)
        assert codes(refused) == [("E-SECTOR", "parent")]
    with pytest.raises(Stale) as stale:
        actions.update_sector(below, by=admin, version=7, name="Y")
    assert stale.value.who == "Ada Min"
    assert stale.value.current.name == "Sous-Nord"
    with pytest.raises(Refusal) as refused:
        actions.delete_sector(north, by=admin)
    assert codes(refused)[0][0] == "E-SECTOR-IN-USE"
    with pytest.raises(Refusals):
        actions.create_sector(organization=org, code="", name="x" * 121, level="y" * 61, by=admin)


def test_a_token_is_kept_as_a_hash_only(admin, agent):
    enter(admin)
    token, key = actions.create_api_token(member=agent, name=" Facturation ", by=admin)
    assert (token.name, token.digest) == ("Facturation", ApiToken.digest_of(key))
    assert key not in str(vars(token))
    with pytest.raises(Refusals):
        actions.create_api_token(member=agent, name=" ", by=admin)


def test_somebody_with_an_account_keeps_it_when_invited_elsewhere(stranger, admin):
    enter(admin)
    before = User.objects.count()
    member = actions.invite_member(by=admin, email=stranger.user.email.upper(), name="Autre Nom", role="reader")
    assert (member.user_id, User.objects.count()) == (stranger.user_id, before)
    assert member.user.name == "Ève Étrangère"


def test_the_link_of_an_invitation_serves_once(org, admin):
    from entregent.organizations.invitations import make_token, read_token

    enter(admin)
    user = actions.invite_member(by=admin, email="n@eaux.example", name="Nour", role="editor").user
    token = make_token(user)
    assert read_token(token) == user
    user.set_password("un mot de passe tout neuf")
    user.save()
    for wrong in (token, token[:-1], "", "x:y:z"):
        with pytest.raises(Refusal) as refused:
            read_token(wrong)
        assert codes(refused) == [("E-INVITATION", None)]


def test_an_organization_is_not_seen_from_another(org, other_org, admin, stranger):
    enter(stranger)
    assert not Grant.objects.filter(membership=admin).exists()
    assert not Sector.objects.filter(organization=org).exists()
    assert Organization.objects.count() == 2
