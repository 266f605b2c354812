from datetime import timedelta

import pytest
from django.utils import timezone

from entregent.clients.models import ClientPerson, Person
from entregent.documents.actions import keep_file
from entregent.interactions.portal_models import PortalAccess
from entregent.organizations.models import User
from testing.cast import enter

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


@pytest.fixture
def huot(client_north, agent):
    """A person at the client, with an address, without a portal."""
    person = Person.objects.create(
        organization=agent.organization, file_as="Huot, Luc", first_name="Luc", last_name="Huot", sort_key="huot luc",
        emails=["luc.huot@example.org"],
    )  # fmt: skip
    ClientPerson.objects.create(organization=agent.organization, client=client_north, person=person)
    return person


@pytest.fixture
def access(huot, client_north, agent):
    """Huot has registered on the portal."""
    user = User.objects.create_user("luc.huot@example.org", name="Luc Huot")
    enter(agent)
    return PortalAccess.objects.create(
        organization=agent.organization, person=huot, client=client_north, user=user, email=user.email,
        kind=PortalAccess.Kind.TEMPORARY, state=PortalAccess.State.ACTIVE, activated_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=30),
    )  # fmt: skip


@pytest.fixture
def kept(agent):
    def keep(name="Bail.pdf", content=PDF, by=agent):
        return keep_file(organization=agent.organization, name=name, content=content, by=by)

    return keep
