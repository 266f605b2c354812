"""The cast of people of every test: who sees what is always told with the same faces.

Two organizations. In « Eaux du Val » (`org`): *agent* and *colleague* (editors, sector Nord), *manager* and *admin*
(whole organization), *reader* (whole organization, reads only), *outsider* (editor, sector Sud). In « Autre Maison »
(`other_org`): *stranger* (admin). `client_north`, `client_south` stand in their sectors, `client_elsewhere` in the
other organization. `enter(member)` puts the test's transaction inside that member's organization, as a request would.
"""

import pytest
from django.db import connection
from django.test import Client as HttpClient

from entregent.clients.models import Client
from entregent.organizations.models import Grant, Membership, Module, Organization, Sector, User
from entregent.toolbox.text import search_key

PASSWORD = "un mot de passe de test"


def enter(member: Membership) -> Membership:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.org_id', %s, true), set_config('app.user_id', %s, true)",
            [str(member.organization_id), str(member.user_id)],
        )
    return member


def enter_organization(organization: Organization) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.org_id', %s, true), set_config('app.user_id', '', true)", [str(organization.pk)]
        )


def mails_of_the_instance() -> list:
    """Resets and notices about accounts, which belong to no organization; the newest last."""
    from entregent.access.wall import outside
    from entregent.outbox.models import Message

    with outside():
        return list(Message.objects.order_by("id"))


def make_organization(slug, name, **fields) -> Organization:
    fields = {"trade": "water", "modules": [module.value for module in Module]} | fields
    return Organization.objects.create(slug=slug, name=name, **fields)


def make_member(organization, email, name, role, *, functions=("agent",)) -> Membership:
    # As after a first visit, so that counted pages do not count the remembering of it.
    user = User(email=email, name=name, last_organization=organization)
    user.set_unusable_password()
    user.save()
    enter_organization(organization)
    return Membership.objects.create(organization=organization, user=user, role=role, functions=list(functions))


def grant(member, scope_type="organization", scope_id=None, **fields) -> Grant:
    enter_organization(member.organization)
    member.__dict__.pop("reach", None)
    return Grant.objects.create(
        organization=member.organization, membership=member, scope_type=scope_type, scope_id=scope_id, **fields
    )


def make_client(organization, number, name, *, sector=None, kind="company", first_name="", **fields) -> Client:
    enter_organization(organization)
    display = f"{first_name} {name}".strip()
    return Client.objects.create(
        organization=organization,
        number=number,
        kind=kind,
        name=name,
        first_name=first_name,
        display_name=display,
        sort_key=search_key(f"{name} {first_name}"),
        sector=sector,
        **fields,
    )


class HtmxClient(HttpClient):
    """Django's test client with `htmx=True` for a request as htmx makes it."""

    def request(self, **request):
        if request.pop("htmx", False):
            request["HTTP_HX_REQUEST"] = "true"
        return super().request(**request)


@pytest.fixture
def org(db):
    return make_organization("eaux", "Eaux du Val")


@pytest.fixture
def other_org(db):
    return make_organization("autre", "Autre Maison")


@pytest.fixture
def north(org):
    enter_organization(org)
    return Sector.objects.create(organization=org, code="NORD", name="Nord")


@pytest.fixture
def south(org):
    enter_organization(org)
    return Sector.objects.create(organization=org, code="SUD", name="Sud")


@pytest.fixture
def admin(org):
    member = make_member(org, "admin@eaux.example", "Ada Min", "admin", functions=())
    grant(member)
    return enter(member)


@pytest.fixture
def manager(org):
    member = make_member(org, "manager@eaux.example", "Nadia Gest", "manager")
    grant(member)
    return enter(member)


@pytest.fixture
def agent(org, north):
    member = make_member(org, "agent@eaux.example", "Omar Agent", "editor")
    grant(member, "sector", north.pk)
    return enter(member)


@pytest.fixture
def colleague(org, north):
    member = make_member(org, "collegue@eaux.example", "Colette Collègue", "editor")
    grant(member, "sector", north.pk)
    return enter(member)


@pytest.fixture
def outsider(org, south):
    member = make_member(org, "sud@eaux.example", "Suzanne Sud", "editor")
    grant(member, "sector", south.pk)
    return enter(member)


@pytest.fixture
def reader(org):
    member = make_member(org, "lecteur@eaux.example", "Rita Lit", "reader", functions=())
    grant(member)
    return enter(member)


@pytest.fixture
def stranger(other_org):
    member = make_member(other_org, "etranger@autre.example", "Ève Étrangère", "admin")
    grant(member)
    return enter(member)


@pytest.fixture
def client_north(org, north):
    return make_client(org, "N1", "Blanchisserie Moreau", sector=north)


@pytest.fixture
def client_south(org, south):
    return make_client(org, "S1", "Dupont", first_name="Jeanne", kind="person", sector=south)


@pytest.fixture
def client_elsewhere(other_org):
    return make_client(other_org, "E1", "Marqueur Étranger")


@pytest.fixture
def signed_in():
    """`signed_in(member)` gives a test client whose session is the member's."""

    def sign_in(member) -> HtmxClient:
        client = HtmxClient()
        client.force_login(member.user, backend="entregent.organizations.sessions.SignIn")
        return client

    return sign_in
