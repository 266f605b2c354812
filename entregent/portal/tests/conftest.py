"""Léa Martin at a client of « Eaux du Val », with access to its portal; `door` makes a browser at the portal's door."""

import pytest
from django.conf import settings

from entregent.clients.actions import people
from entregent.interactions.portal_access import activate_access, invite_person
from entregent.portal.sessions import COOKIE, PREFIX, PortalStore
from testing.cast import HtmxClient, enter

PASSWORD = "une longue phrase de passe"


def give_access(member, client, email="lea@client.example", first_name="Léa", last_name="Martin", user=None):
    enter(member)
    person = people.create_person(by=member, first_name=first_name, last_name=last_name, emails=[email], client=client)
    _access, url = invite_person(by=member, person=person, client=client)
    token = url.rstrip("/").rsplit("/", 1)[1]
    access = activate_access(token, user=user, name=f"{first_name} {last_name}", password=PASSWORD, consents=True)
    enter(member)
    return access


def door(user) -> HtmxClient:
    """Signed in at the portal's door, as after the form."""
    session = PortalStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[0]
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()
    http = HtmxClient()
    http.cookies[COOKIE] = session.session_key
    http.cookies[COOKIE]["path"] = PREFIX
    return http


@pytest.fixture
def access(agent, client_north):
    return give_access(agent, client_north)


@pytest.fixture
def lea(access):
    return door(access.user)
