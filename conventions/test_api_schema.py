"""schemathesis on the OpenAPI document, with every role: what programs may send, and what they may not.

Each case is sent by each role, on records of its own, out of its reach, deleted, foreign and such as never were, and
undone: no answer of 5xx, no status and no field that the document does not name, no answer without a token, and no
marker of a record that the role does not see. The long run sends many more.
"""

import itertools
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from conventions.test_probe import MAY_SEE
from conventions.world import DELETED, FOREIGN, HOUSE, SOUTH, build
from entregent.access.rights import Right
from entregent.organizations.actions import create_api_token
from entregent.organizations.models import Module
from testing.cast import enter

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
VARIETIES = ("own", "south", "deleted", "foreign", "random")
# What record stands at a place of a path: the words before it, the kind of `world`.
PLACES = {
    "clients": "client", "people": "person", "interactions": "interaction", "interactions/participants": "participant",
    "interactions/agents": "agent", "interactions/objects": "object_link", "file-transfers": "transfer",
    "file-transfers/files": "transfer_file", "file-transfers/uploads": "upload",
    "loan-applications": "loan_application", "transmissions": "transmission", "business-objects": "business_object",
    "sectors": "sector_code", "topics": "topic_code", "cases": "case", "cases/participants": "case_participant",
    "cases/agents": "case_agent", "cases/objects": "case_object", "cases/tasks": "case_task",
    "cases/reminders": "case_reminder", "cases/documents": "case_document", "cases/contacts": "interaction",
    "cases/cases": "case", "cases/merges": "case_merge", "process-definitions": "process_code", "process-runs": "run",
    "process-runs/steps": "step",
    "client-groups": "group", "processing-requests": "processing_request", "relationships": "relationship",
    "access-requests": "access_request", "users": "member", "users/grants": "grant", "jobs": "job",
    "imports": "import", "views": "view", "addresses": "address", "people/clients": "client",
    "webhooks": "webhook", "teams": "team_code", "case-types": "case_type", "custom-fields": "custom_field",
    "substitutions": "substitution", "received-mails": "raw_mail", "sent-mails": "mail", "clients/mails": "mail",
    "portal-accesses": "portal_access", "object-types": "object_type_code", "merges/clients": "merge",
    "merges/people": "person_merge", "duplicates/clients/dismissals": "client", "letters": "letter",
    "duplicates/people/dismissals": "person", "printings": "print_batch", "response-times": "sla_rule",
    "document-templates": "document_template_code", "record-templates": "template_code",
    "dunning-plans": "dunning_plan",
}  # fmt: skip
PLAIN = {
    "seq": 1, "offset": 0, "list_code": "clients", "part": 1, "preset": "dedouanement",
    "event": "client.credit_hold_set",
}  # fmt: skip
# What a body says of other records, by the name of its field.
MENTIONED = {
    "client": "client", "person": "person", "interaction": "interaction", "case": "case", "other": "client",
    "number": "client", "topic": "topic_code", "process": "process_code", "numbers": "client",
    "clients": "client", "add": "client", "remove": "client", "mails": "raw_mail",
}  # fmt: skip


@pytest.fixture
def people(agent, reader, manager, admin, stranger):
    return {"agent": agent, "reader": reader, "manager": manager, "admin": admin, "stranger": stranger}


@pytest.fixture
def world(org, other_org, north, south, people, settings, monkeypatch):
    settings.API_PER_MINUTE = 0
    for organization in (org, other_org):
        organization.modules = [module.value for module in Module]
        organization.save(update_fields=["modules"])
    world = build(org, other_org, north, south, people)
    world.put("sector_code", "own", north.code)
    world.put("sector_code", "south", south.code)
    return world


@pytest.fixture(autouse=True)
def one_connection():
    """Requests of the test are within its transaction: Django would close the connection after each of them."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def tokens(people):
    made = {}
    for name, member in people.items():
        enter(member)
        if name == "admin":
            member.rights_added = [Right.HEAD_OFFICE.value]
            member.save(update_fields=["rights_added"])
        made[name] = create_api_token(member=member, name="Schemathesis", by=member)[1]
    return made


class _Undo(Exception):
    """Each call is tried on the same world."""


def check(world, tokens, *, examples: int, is_long: bool = False) -> list[str]:
    """Each case by every role; in the short run by the administrator and by one of the others in turn."""
    others = [role for role in tokens if role != "admin"]
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    faults: dict[str, str] = {}
    turns = itertools.count()
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(
                max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(case=operation.as_strategy(generation_mode=mode))
            def run(case: Any) -> None:
                turn = next(turns)
                aim(case, world, turn)
                for role in tokens if is_long else ("admin", others[turn // 2 % len(others)]):
                    fault = send(case, role, tokens[role])
                    if fault:
                        sent = f"{case.path_parameters} {case.query} {case.body}"[:300]
                        faults.setdefault(f"{case.method} {case.path}: {fault}", f" as {role}: {sent}")

            try:
                run()
            except Exception as error:  # What cannot be generated is told as a fault.
                faults[f"{operation.label} ({mode})"] = f"{type(error).__name__}: {error}"[:300]
    return sorted(what + where for what, where in faults.items())


def aim(case: Any, world: Any, turn: int) -> None:
    """Half of the cases name records that there are."""
    variety = VARIETIES[turn % len(VARIETIES)]
    if turn % 3:
        words = case.path.removeprefix("/api/v1/").split("/")
        for position, word in enumerate(words):
            if not word.startswith("{"):
                continue
            before = [one for one in words[:position] if not one.startswith("{")]
            place = "/".join(before)
            kind = PLACES.get(place)
            if word[1:-1] in PLAIN:
                case.path_parameters[word[1:-1]] = PLAIN[word[1:-1]]
            elif kind in world.records:
                of_kind = world.records[kind]
                case.path_parameters[word[1:-1]] = of_kind.get(variety, of_kind.get("own"))
    if isinstance(case.body, dict) and turn % 2:
        for name, kind in MENTIONED.items():
            if name in case.body and kind in world.records:
                told = world.records[kind].get(variety, world.records[kind]["own"])
                case.body[name] = [told] if isinstance(case.body[name], list) else told
    if case.headers is not None and "If-Match" in case.headers and turn % 4:
        case.headers["If-Match"] = '"1"'


def send(case: Any, role: str, token: str) -> str:
    """What is wrong with the answer; "" when nothing is."""
    fault = ""
    try:
        with transaction.atomic():
            try:
                response = case.call(headers={"Authorization": f"Bearer {token}"})
                case.validate_response(response, checks=CHECKS, headers={"Authorization": f"Bearer {token}"})
            except (Exception, BaseExceptionGroup) as error:  # Any failure of a check is a fault.
                reasons = getattr(error, "exceptions", [error])
                fault = "; ".join(" ".join(f"{type(one).__name__} {one}"[:400].split()) for one in reasons)
            else:
                text = response.content.decode(errors="replace")
                leaked = {mark for mark in (SOUTH, DELETED, FOREIGN, HOUSE) if mark in text} - MAY_SEE[role]
                sent = f"{case.path_parameters}{case.query}{case.body}"
                if any(mark not in sent and mark.lower() not in sent for mark in leaked):
                    fault = f"shows {leaked} ({response.status_code})"
            raise _Undo
    except _Undo:
        return fault


def test_every_operation_answers_as_documented_to_every_role(world, tokens):
    faults = check(world, tokens, examples=1)
    assert faults == [], "\n".join(faults)


def test_no_operation_answers_without_a_token(world, tokens):
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    faults = []
    for found in schema.get_all_operations():
        case = found.ok().Case(path_parameters={}, method=found.ok().method.upper())
        aim(case, world, 1)
        for part in case.path.split("/"):
            if part.startswith("{"):
                case.path_parameters.setdefault(part[1:-1], 1)
        for given_headers in ({}, {"Authorization": "Bearer faux"}, {"Authorization": f"Basic {tokens['admin']}"}):
            response = case.call(headers=given_headers)
            if response.status_code != 401:
                faults.append(f"{case.method} {case.path}: {response.status_code}")
    assert faults == []


@pytest.mark.long
def test_every_operation_answers_as_documented_to_every_role_at_length(world, tokens):
    faults = check(world, tokens, examples=25, is_long=True)
    assert faults == [], "\n".join(faults)
