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
