"""The demo story is told by the actions, once."""

from django.contrib.auth.hashers import check_password

from entregent.access.wall import in_organization
from entregent.clients.models import Client
from entregent.config import demo_story
from entregent.organizations.models import Membership, Organization, User


def test_the_story_is_told_once(db):
    assert demo_story.tell() is True
    assert demo_story.tell() is False
    assert set(Organization.objects.values_list("slug", flat=True)) == {
        "eaux-du-val", "hypo-nord", "courtage-frontiere", "mecano", "cabinet-roy",
    }  # fmt: skip


def test_every_sign_in_that_is_printed_works(db):
    demo_story.tell()
    for email, name, _role in demo_story.SIGN_INS:
        user = User.objects.get(email=email)
        assert user.name == name
        assert check_password(demo_story.PASSWORD, user.password)


def test_omar_reaches_only_the_north(db):
    demo_story.tell()
    organization = Organization.objects.get(slug="eaux-du-val")
    with in_organization(organization.pk):
        omar = Membership.objects.get(user__email="omar@eaux-du-val.example")
        seen = Client.objects.visible_to(omar)
        assert {client.sector.code for client in seen} == {"NORD"}
        assert Client.objects.visible_to(omar).filter(number="100517").count() == 0
