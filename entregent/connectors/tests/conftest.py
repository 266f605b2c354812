from datetime import timedelta

import pytest
from django.utils import timezone

from entregent.access.wall import in_organization
from entregent.connectors import actions
from entregent.connectors.models import Connector, ConnectorState, Exchange
from entregent.connectors.tasks import work
from testing.cast import enter


@pytest.fixture(autouse=True)
def tried_out(settings, tmp_path):
    """http to this machine itself is admitted where the product is tried out; files go to a folder of the test."""
    settings.DEMO = True
    settings.DATA_DIR = tmp_path


@pytest.fixture
def connect(admin):
    """Makes a connector that is in service; what its kind needs is given."""

    def make(kind, *, name="Aval", audience="clients", is_on=True, **given):
        enter(admin)
        made, secret = actions.create_connector(by=admin, name=name, kind=kind, audience=audience, is_on=is_on, **given)
        made.told_secret = secret
        return made

    return make


def works(organization, *, again=False):
    """What the worker does; `again`: as if the pauses were over."""
    with in_organization(organization.pk):
        if again:
            past = timezone.now() - timedelta(seconds=1)
            Exchange.objects.filter(state="pending").update(next_try_at=past)
            ConnectorState.objects.update(paused_until=None)
    work(organization.pk)


def exchanges(connector):
    with in_organization(connector.organization_id):
        found = Exchange.objects.filter(connector_id=connector.pk).order_by("pk")
        return [(one.operation, one.number, one.state) for one in found]


def copy_of(connector, client):
    with in_organization(connector.organization_id):
        return Connector.objects.get(pk=connector.pk).copies.get(client_id=client.pk)
