"""The scene of the tests of plans: a case type, a case, teams, processes."""

from copy import deepcopy

import pytest

from entregent.cases.actions import open_case
from entregent.cases.models import CaseType
from entregent.organizations.models import Team, TeamMember
from entregent.processes import actions
from entregent.processes.definitions import normalised
from entregent.processes.models import ProcessDefinition
from testing.cast import enter

ONE_STEP = {"key": "a", "name": {"fr": "Étape A", "en": "Step A"}, "form": {"properties": {}}}


def form(**properties):
    required = [key for key, spec in properties.items() if spec.pop("required", False)]
    return {"properties": properties, "required": required}


def step(key, **others):
    made = {"key": key, "name": {"fr": f"Étape {key}", "en": f"Step {key}"}, **others}
    return made if {"form", "do", "wait"} & set(made) else {**made, "form": {}}


def process(code, *steps, **others):
    return normalised(
        {"process": code, "name": {"fr": f"Plan {code}", "en": f"Plan {code}"}, "steps": list(steps)} | others
    )


@pytest.fixture
def case_type(org, manager):
    enter(manager)
    return CaseType.objects.create(
        organization=org, code="reclamation", path="reclamation", label_fr="Réclamation", label_en="Complaint"
    )


@pytest.fixture
def case(manager, client_north, case_type):
    enter(manager)
    return open_case(by=manager, client=client_north, case_type=case_type, title="Facture contestée")


@pytest.fixture
def team(org, agent, manager):
    enter(manager)
    made = Team.objects.create(
        organization=org, code="clientele", label_fr="Clientèle", label_en="Customer service", lead=manager.user
    )
    TeamMember.objects.create(organization=org, team=made, user=agent.user)
    return made


@pytest.fixture
def live(admin):
    """`live(body)` gives the definition of a process that is live."""

    def publish(body) -> ProcessDefinition:
        enter(admin)
        known = ProcessDefinition.objects.filter(organization=admin.organization, code=body["process"]).first()
        if known is None:
            known = actions.create_process(by=admin, body=deepcopy(body)).definition
        else:
            actions.save_draft(known, by=admin, body=deepcopy(body))
        actions.publish(known, by=admin)
        return ProcessDefinition.objects.select_related("live").get(pk=known.pk)

    return publish
