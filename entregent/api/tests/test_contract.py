"""The OpenAPI document says of each operation what it needs, what it takes and what it answers."""

import jsonschema
import pytest

from entregent.access.token_scopes import SCOPES
from entregent.api.urls import api


@pytest.fixture(scope="module")
def document():
    return api.get_openapi_schema()


def operations(document):
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield f"{method.upper()} {path}", method.upper(), told


def answers(document, told):
    for status, answer in told["responses"].items():
        if "$ref" in answer:
            answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        yield status, answer


def faults_of(document, content):
    faults = []
    for kind, body in content.items():
        if not {"schema", "example"} <= set(body):
            faults.append(f"{kind}: no schema or no example")
        elif body["schema"].get("type") != "string":
            whole = {**body["schema"], "components": document["components"]}
            checked = jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker())
            faults += [f"{kind}: {error.json_path}: {error.message}" for error in checked.iter_errors(body["example"])]
    return faults


def test_it_is_openapi_3_1_with_security(document):
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]
    without = [name for name, _method, told in operations(document) if not told.get("security")]
    assert without == []


def test_each_operation_names_its_right_its_scope_and_what_it_does(document):
    faults = [
        name
        for name, _method, told in operations(document)
        if not (told["x-right"] and told["x-scope"] in SCOPES and told["summary"] and told["tags"])
    ]
    assert faults == []


def test_each_operation_documents_its_refusals(document):
    faults = []
    for name, method, told in operations(document):
        documented = set(told["responses"])
        wanted = {"400", "401", "403", "404", "422", "429", "503"}
        wanted |= {"409"} if method != "GET" else set()
        wanted |= {"412", "428"} if method == "PATCH" else set()
        if not (wanted <= documented and any(status < "300" for status in documented)):
            faults.append(f"{name}: {sorted(documented)}")
    assert faults == []


def test_each_body_has_an_example_that_fits_its_schema(document):
    faults = []
    for name, _method, told in operations(document):
        faults += [f"{name}: {fault}" for fault in faults_of(document, told.get("requestBody", {}).get("content", {}))]
        for status, answer in answers(document, told):
            if status == "204":
                assert "content" not in answer, name
            elif not answer.get("content"):
                faults.append(f"{name}: {status} says nothing of its content")
            faults += [f"{name} {status}: {fault}" for fault in faults_of(document, answer.get("content", {}))]
    assert faults == []


def test_each_post_takes_a_key_and_each_patch_a_version(document):
    for name, method, told in operations(document):
        headers = {parameter["name"] for parameter in told["parameters"] if parameter["in"] == "header"}
        assert ("Idempotency-Key" in headers) is (method == "POST"), name
        assert method != "PATCH" or "If-Match" in headers, name
