"""The demo story is told by the actions, once."""

import pytest
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from entregent.access.wall import in_organization, outside
from entregent.clients.models import BusinessObject, Client
from entregent.config import demo_story
from entregent.organizations.models import Membership, Organization, User
from entregent.organizations.web.demo import demo_mails
from entregent.outbox.actions import send_mail
from entregent.relationships.models import AccessRequest, Relationship
from entregent.toolbox.errors import NotFound
from entregent.transfers.models import FileTransfer


def test_the_story_is_told_once(db):
    assert demo_story.tell() is True
    assert demo_story.tell() is False
    assert set(Organization.objects.values_list("slug", flat=True)) == {
        "eaux-du-val", "hypo-nord", "courtage-frontiere", "mecano", "cabinet-roy",
    }  # fmt: skip


def test_every_sign_in_that_is_printed_works(db):
    demo_story.tell()
    for email, name, _role in [*demo_story.SIGN_INS, *demo_story.PORTAL_SIGN_INS]:
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


def test_transfers_of_each_kind_are_there(db):
    demo_story.tell()
    organization = Organization.objects.get(slug="mecano")
    with in_organization(organization.pk):
        told = set(FileTransfer.objects.values_list("direction", "state", "with_signature"))
        assert told == {
            ("send", "done", False), ("request", "ready", False), ("send", "ready", True),
            ("request", "waiting", False),
        }  # fmt: skip


def test_the_demo_shows_every_mail_that_would_have_left(db, settings):
    demo_story.tell()
    request = RequestFactory().get("/demo/courriels/")
    request.user = AnonymousUser()
    settings.DEMO = True
    with outside():
        send_mail(organization_id=None, to="a@example.com", subject="Nouveau mot de passe", text="Bonjour.")
    page = demo_mails(request).content.decode()
    assert "Nouveau mot de passe" in page
    assert "Conditions de vente 2027" in page
    request = RequestFactory().get("/demo/courriels/", {"organisation": "mecano"})
    request.user = AnonymousUser()
    page = demo_mails(request).content.decode()
    assert "Nouveau mot de passe" not in page
    assert "Conditions de vente 2027" in page
    settings.DEMO = False
    with pytest.raises(NotFound):
        demo_mails(request)


def test_clients_of_the_broker_have_let_it_act_or_not(db):
    demo_story.tell()
    organization = Organization.objects.get(slug="courtage-frontiere")
    with in_organization(organization.pk):
        states = dict(Relationship.objects.values_list("account__name", "state"))
        assert states == {
            "Importations Alpha inc.": "active", "Bêta Transport ltée": "active", "Delta Textiles inc.": "active",
            "Epsilon Électronique inc.": "active", "Thêta Vins et Spiritueux": "expired",
        }  # fmt: skip
        asked = AccessRequest.objects.filter(state="pending").values_list("account_number", flat=True)
        assert set(asked) == {"812348415", "812352524"}
        assert Client.objects.get(number="A100").business_account.number == "812345676"
        # Clients that the broker did not know are its clients now, as the record has them.
        made = Client.objects.filter(business_account__isnull=False).exclude(number__in=["A100", "B100", "D100"])
        claire = Membership.objects.get(user__email="claire@courtage-frontiere.example")
        seen = BusinessObject.objects.visible_to(claire).filter(type__code="declaration").count()
        assert (seen, BusinessObject.objects.filter(type__code="declaration").count()) == (4, 4)
        assert {client.name for client in made} == {"Epsilon Électronique inc.", "Thêta Vins et Spiritueux"}
