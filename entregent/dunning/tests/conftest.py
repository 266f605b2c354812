"""The scene of the tests of dunning: a water service with its plan, and invoices that are due."""

from datetime import timedelta
from decimal import Decimal

import pytest

from entregent.clients.actions.objects import seed_object_types
from entregent.clients.models import BusinessObject, BusinessObjectType
from entregent.documents.template_actions import seed_templates
from entregent.dunning.actions import create_plan
from entregent.organizations.models import Team
from entregent.processes import ready_made
from entregent.processes.models import ProcessDefinition
from entregent.toolbox.dates import today_in
from testing.cast import enter, enter_organization


@pytest.fixture
def scene(org, manager):
    """What every organization has: types of objects, templates, teams."""
    enter_organization(org)
    seed_object_types(org)
    seed_templates(org)
    for code in ("clientele", "exploitation", "facturation"):
        Team.objects.create(organization=org, code=code, label_fr=code.capitalize(), label_en=code.capitalize())
    return org


@pytest.fixture
def process(scene, admin):
    """The ready-made dunning of water, in service."""
    enter(admin)
    ready_made.install(scene, "relance_eau", by=admin)
    return ProcessDefinition.objects.select_related("live").get(organization=scene, code="relance_eau")


@pytest.fixture
def plan(process, manager):
    return create_plan(by=enter(manager), name_fr="Relance eau", service="water", definition=process, is_daily=True)


@pytest.fixture
def invoice_of(scene):
    """`invoice_of(client, "F-88", days=1)`: an unpaid invoice that has been due for so many days."""

    def make(client, key, *, days=1, amount="120.00", state="unpaid", **others) -> BusinessObject:
        enter_organization(scene)
        return BusinessObject.objects.create(
            organization=scene, client=client, key=key, state=state, amount=Decimal(amount), currency="EUR",
            type=BusinessObjectType.objects.get(organization=scene, code="invoice"),
            due_on=today_in(scene.time_zone) - timedelta(days=days), **others,
        )  # fmt: skip

    return make
