"""The API through its front door: a token, a request, an answer."""

import base64
import json
from urllib.parse import quote

import pytest

from entregent.clients.actions import seed_object_types
from entregent.clients.models import Client
from entregent.interactions.models import Interaction, Topic
from entregent.organizations.actions import create_api_token
from testing.cast import enter, enter_organization, grant, make_client, make_member


class Caller:
    """A program that holds a token of a member."""

    def __init__(self, http, token):
        self.http = http
        self.token = token

    def __call__(self, method, path, body=None, **headers):
        response = self.http.generic(
            method,
            f"/api/v1{path}",
            data=json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}"} | {k.replace("_", "-"): v for k, v in headers.items()},
        )
        response.body = response.json() if response.content else None
        return response


@pytest.fixture
def call(client):
    def for_member(member):
        enter(member)
        _token, text = create_api_token(member=member, name="Essai", by=member)
        return Caller(client, text)

    return for_member


@pytest.fixture
def topic(org):
    enter_organization(org)
    return Topic.objects.create(
        organization=org, code="renseignement", label_fr="Renseignement", label_en="Enquiry", applies_to=["client"]
    )


def test_without_a_token_nothing_is_answered(client, db):
    response = client.get("/api/v1/clients")
    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "E-AUTH"


def test_an_unknown_or_revoked_token_is_refused(call, manager, client_north):
    api = call(manager)
    assert api("GET", "/clients").status_code == 200
    enter(manager)
    manager.tokens.update(revoked_at="2026-01-01T00:00:00Z")
    assert api("GET", "/clients").status_code == 401
    api.token = "inconnu"
    assert api("GET", "/clients").status_code == 401


def test_a_token_acts_with_the_reach_of_its_member(call, agent, client_north, client_south, client_elsewhere):
    api = call(agent)
    assert [item["number"] for item in api("GET", "/clients").body["items"]] == ["N1"]
    answers = [api("GET", f"/clients/{number}") for number in ("S1", "E1", "RIEN")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_a_client_is_created_once_for_one_key(call, manager):
    api = call(manager)
    body = {"kind": "company", "name": "Scierie du Lac", "phones": [{"number": "02 61 91 00 42"}]}
    first = api("POST", "/clients", body, Idempotency_Key="clef-1")
    again = api("POST", "/clients", body, Idempotency_Key="clef-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.body == again.body
    assert first.body["phones"] == [{"label": "", "number": "+33261910042"}]
    enter(manager)
    assert Client.objects.filter(name="Scierie du Lac").count() == 1
    other = api("POST", "/clients", body | {"name": "Autre"}, Idempotency_Key="clef-1")
    assert (other.status_code, other.body["code"]) == (422, "E-IDEMPOTENCY")


def test_faults_are_named_field_by_field(call, manager):
    api = call(manager)
    wrong = api("POST", "/clients", {"kind": "company", "name": " ", "emails": ["a", "b@c.fr", "c@c.fr", "d@c.fr"]})
    assert wrong.status_code == 422
    assert {error["field"] for error in wrong.body["errors"]} >= {"name", "emails"}
    unknown = api("POST", "/clients", {"kind": "company", "name": "A", "organization_id": 7})
    assert unknown.status_code == 422
    assert unknown.body["errors"][0]["field"] == "organization_id"
    assert api("POST", "/clients", None).status_code in (400, 422)


def test_a_change_carries_a_version(call, manager, client_north):
    api = call(manager)
    seen = api("GET", "/clients/N1")
    assert seen.headers["ETag"] == '"1"'
    assert api("PATCH", "/clients/N1", {"category": "Pro"}).status_code == 428
    changed = api("PATCH", "/clients/N1", {"category": "Pro"}, If_Match=seen.headers["ETag"])
    assert (changed.status_code, changed.body["category"]) == (200, "Pro")
    stale = api("PATCH", "/clients/N1", {"category": "Part"}, If_Match=seen.headers["ETag"])
    assert (stale.status_code, stale.body["code"]) == (412, "E-STALE")
    enter(manager)
    client_north.refresh_from_db()
    assert client_north.category == "Pro"


def test_a_reader_changes_nothing(call, reader, client_north):
    api = call(reader)
    for method, path, body in [
        ("POST", "/clients", {"kind": "company", "name": "A"}),
        ("PATCH", "/clients/N1", {"name": "B"}),
        ("DELETE", "/clients/N1", None),
    ]:
        answer = api(method, path, body, If_Match='"1"')
        assert (answer.status_code, answer.body["code"]) == (403, "E-ROLE")
    enter(reader)
    client_north.refresh_from_db()
    assert (client_north.name, client_north.deleted_at) == ("Blanchisserie Moreau", None)


def test_pages_follow_each_other_by_cursor(call, manager, org):
    for number in range(7):
        make_client(org, f"P{number}", f"Page {number % 3}")
    api = call(manager)
    numbers, cursor = [], None
    while True:
        answer = api("GET", f"/clients?limit=3{f'&cursor={cursor}' if cursor else ''}").body
        numbers += [item["number"] for item in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert len(numbers) == len(set(numbers)) == 7
    assert api("GET", "/clients?cursor=faux").status_code == 422
    assert api("GET", "/clients?limit=500").status_code == 422


def test_search_finds_in_any_writing(call, manager, org):
    make_client(org, "L1", "Lefèvre", first_name="Hélène", kind="person")
    api = call(manager)
    assert [item["number"] for item in api("GET", "/clients?q=lefevre").body["items"]] == ["L1"]


def test_an_interaction_is_logged_for_a_client(call, agent, client_north, client_south, topic):
    api = call(agent)
    body = {"client": "N1", "topic": "renseignement", "channel": "phone_call", "notes": "Demande son solde."}
    logged = api("POST", "/interactions", body, Idempotency_Key="appel-7")
    assert logged.status_code == 201
    assert logged.body["entries"][0]["notes"] == "Demande son solde."
    assert logged.body["author"] == agent.user.email
    assert api("POST", "/interactions", body, Idempotency_Key="appel-7").body["number"] == logged.body["number"]
    enter(agent)
    assert Interaction.objects.filter(client=client_north).count() == 1
    assert api("POST", "/interactions", body | {"client": "S1"}).status_code == 422
    assert api("GET", f"/interactions/{logged.body['number']}").body["client"] == "N1"


def test_a_business_object_sent_twice_is_one(call, manager, org, client_north):
    from entregent.clients.models import BusinessObjectType

    enter(manager)
    BusinessObjectType.objects.get_or_create(
        organization=org, code="invoice",
        defaults={"label_fr": "Facture", "label_en": "Invoice", "plural_fr": "Factures", "plural_en": "Invoices"},
    )  # fmt: skip
    api = call(manager)
    body = {"client": "N1", "type": "invoice", "key": "F-1", "amount": "12.50", "currency": "EUR"}
    first = api("POST", "/business-objects", body)
    again = api("POST", "/business-objects", body | {"amount": "13.00"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.body["id"] == again.body["id"]
    assert again.body["amount"] == "13.00"


def test_the_schema_names_what_may_be_answered(client, db):
    schema = client.get("/api/v1/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    answers = schema["paths"]["/api/v1/clients"]["post"]["responses"]
    assert {"201", "401", "403", "404", "409", "422", "429"} <= set(answers)
    assert client.get("/api/v1/docs").status_code == 200


def test_what_is_only_read_is_not_written_to(call, agent, topic, client_north, client_south):
    grant(agent, "client", client_south.pk, role="reader")
    api = call(agent)
    assert api("GET", "/clients/S1").status_code == 200
    person = api("POST", "/people", {"last_name": "Roy", "client": "S1", "is_primary": True})
    contact = {"client": "S1", "topic": "renseignement", "channel": "phone_call"}
    logged = api("POST", "/interactions", contact)
    for refused in (person, logged):
        assert (refused.status_code, refused.body["code"]) == (422, "E-003-CLIENT")
    enter(agent)
    assert not client_south.client_people.exists()
    assert not Interaction.objects.exists()
    assert api("POST", "/interactions", contact | {"client": "N1"}).status_code == 201


@pytest.mark.parametrize(
    "values", [["a", "x"], [1, 2], ["\x00", 1], [1, None], [True, 1e99], [10**30, 10**30], [[], {}]]
)
@pytest.mark.parametrize("path", ["/clients", "/people", "/interactions", "/topics", "/sectors"])
def test_a_cursor_that_nobody_gave_is_refused(call, manager, path, values):
    cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
    answer = call(manager)("GET", f"{path}?cursor={cursor}")
    assert answer.status_code in (200, 422)
    if answer.status_code == 422:
        assert answer.body["code"] == "E-CURSOR"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/clients?q=%00&category=%00", None),
        ("GET", "/clients?category=%00", None),
        ("GET", "/clients/%00", None),
        ("GET", "/business-objects?key=%00", None),
        ("POST", "/clients", {"kind": "company", "name": "a\x00b"}),
        ("POST", "/clients", {"kind": "company", "name": "ab", "category": "\x00", "number": "1\x002"}),
        ("POST", "/clients", {"kind": "company", "name": "ab", "responsible": "\x00@b.fr", "sector": "\x00"}),
        ("POST", "/people", {"last_name": "a\x00b", "client": "\x00"}),
        ("POST", "/business-objects", {"client": "N1", "type": "\x00", "key": "\x00", "attributes": {"a": "\x00"}}),
        ("POST", "/business-objects", {"client": "N1", "type": "contract", "key": "k", "attributes": {"a": "\x00"}}),
        ("POST", "/business-objects", {"client": "N1", "type": "contract", "key": "k", "amount": "1e30"}),
        ("POST", "/interactions", {"client": "N1", "topic": "\x00", "channel": "email"}),
    ],
)
def test_what_no_text_can_hold_is_refused_without_a_fault(call, manager, client_north, method, path, body):
    enter(manager)
    seed_object_types(manager.organization)
    answer = call(manager)(method, path, body)
    assert answer.status_code in (200, 201, 400, 404, 422)


def test_an_object_is_put_into_a_sector_in_reach_only(call, org, north, south, client_north):
    member = make_member(org, "chef@eaux.example", "Chloé Chef", "manager")
    grant(member, "sector", north.pk)
    enter(member)
    seed_object_types(org)
    api = call(member)
    point = {"client": "N1", "type": "service_point", "key": "P1"}
    refused = api("POST", "/business-objects", point | {"sector": "SUD"})
    assert (refused.status_code, refused.body["code"]) == (422, "E-SECTOR")
    assert api("POST", "/business-objects", point | {"sector": "NORD"}).status_code == 201


def test_clients_are_narrowed_by_criteria_of_views(call, manager, client_north, client_south):
    api = call(manager)
    asked = json.dumps({"all": [["name", "contains", "moreau"], {"has_not": "interactions"}]})
    assert [item["number"] for item in api("GET", f"/clients?filter={quote(asked)}").body["items"]] == ["N1"]
    for broken in ("{", '["gone", "is", "x"]', '{"has": "gone"}'):
        refused = api("GET", f"/clients?filter={quote(broken)}")
        assert (refused.status_code, refused.body["code"]) == (422, "E-CONDITION")


def test_a_program_merges_clients_and_people(call, manager, agent, north, org):
    make_client(org, "K1", "Moreau", sector=north)
    make_client(org, "K2", "Moreau SARL", sector=north)
    asks = call(manager)
    assert asks("POST", "/clients/K1/merge", {"other": "K2"}).status_code == 428
    assert asks("POST", "/clients/K1/merge", {"other": "K2"}, If_Match='"9"').status_code == 412
    assert asks("POST", "/clients/K1/merge", {"other": "K1"}, If_Match='"1"').status_code == 422
    assert asks("POST", "/clients/K1/merge", {"other": "NO"}, If_Match='"1"').status_code == 404
    assert call(agent)("POST", "/clients/K1/merge", {"other": "K2"}, If_Match='"1"').status_code == 403
    asks = call(manager)
    answer = asks("POST", "/clients/K1/merge", {"other": "K2", "choices": {"name": "loser"}}, If_Match='"1"')
    assert (answer.status_code, answer.body["number"], answer.body["name"]) == (200, "K1", "Moreau SARL")
    assert asks("GET", "/clients/K2").body["number"] == "K1"
    people = [
        asks("POST", "/people", {"client": "K1", "last_name": "Moreau", "first_name": name}).body["id"]
        for name in ("Anne", "A.")
    ]
    answer = asks("POST", f"/people/{people[0]}/merge", {"other": str(people[1])}, If_Match='"1"')
    assert (answer.status_code, answer.body["id"]) == (200, people[0])
    assert asks("GET", f"/people/{people[1]}").body["id"] == people[0]


def test_a_client_is_removed_and_taken_back_once_however_often_it_is_asked(call, manager, client_north):
    told = call(manager)
    for _again in range(2):
        answer = told("POST", f"/clients/{client_north.number}/removal", {}, Idempotency_Key="retrait-1")
        assert (answer.status_code, answer.body["status"]) == (201, "removed")
    version = answer.body["version"]
    answer = told("POST", f"/clients/{client_north.number}/reinstatement", {}, Idempotency_Key="retour-1")
    assert (answer.status_code, answer.body["status"], answer.body["version"]) == (201, "client", version + 1)
