"""Possible duplicates by programs: rules, searches, « pas un doublon », merges taken back."""

import pytest

from entregent.api.tests.test_api import call, topic  # noqa: F401
from entregent.clients.duplicate_models import DuplicatePair, NotDuplicate, NotSamePerson, PersonPair
from entregent.clients.models import Client, Person
from entregent.interactions.models import Interaction
from entregent.jobs.models import Job
from entregent.jobs.tasks import run_job
from testing.cast import enter, grant, make_client, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def twins(org, north, client_north):
    twin = make_client(org, "N2", "Blanchisserie Moreaux", sector=north)
    DuplicatePair.objects.create(organization=org, first=client_north, second=twin, score=85, reasons=["name"])
    return client_north, twin


@pytest.fixture
def people(org, manager, client_north, client_south):
    enter(manager)
    made = []
    for client in (client_north, client_south):
        person = Person.objects.create(
            organization=org, file_as="Roy, Anne", first_name="Anne", last_name="Roy", sort_key="roy anne"
        )
        client.client_people.create(organization=org, person=person)
        made.append(person)
    PersonPair.objects.create(organization=org, first=made[0], second=made[1], score=90, reasons=["name", "email"])
    return made


def test_the_rules_of_duplicates(call, admin, manager):  # noqa: F811
    ask = call(admin)
    seen = ask("GET", "/duplicate-rules")
    assert (seen.body["threshold"], seen.body["weights"]["identifier"]) == (70, 80)
    assert ask("PATCH", "/duplicate-rules", {"threshold": 60}).status_code == 428
    # No version is what cannot be read, not even of rules that nobody has set.
    assert ask("PATCH", "/duplicate-rules", {"threshold": 60}, If_Match='"rien"').status_code == 412
    changed = ask(
        "PATCH", "/duplicate-rules", {"threshold": 60, "weights": {"name": 55}}, If_Match=seen.headers["ETag"]
    )
    assert (changed.body["threshold"], changed.body["hint_threshold"]) == (60, 35)
    assert (changed.body["weights"]["name"], changed.body["weights"]["phone"]) == (55, 35)
    assert ask("PATCH", "/duplicate-rules", {"threshold": 50}, If_Match=seen.headers["ETag"]).status_code == 412
    now = changed.headers["ETag"]
    refusals = [({"threshold": 0}, "threshold"), ({"weights": {"taille": 5}}, "weights"), ({"threshold": 101}, None)]
    for body, field in refusals:
        wrong = ask("PATCH", "/duplicate-rules", body, If_Match=now)
        assert wrong.status_code == 422
        assert field is None or wrong.body["errors"][0]["field"] == field
    assert call(manager)("GET", "/duplicate-rules").status_code == 403


def test_a_search_is_under_way_once(call, org, manager, agent, north):  # noqa: F811
    ask = call(manager)
    for kind in ("clients", "people"):
        started = ask("POST", f"/duplicates/{kind}/search", {}, Idempotency_Key=f"s-{kind}")
        assert (started.status_code, started.body["state"]) == (202, "pending")
        assert ask("POST", f"/duplicates/{kind}/search", {}).body["id"] == started.body["id"]
    assert call(agent)("POST", "/duplicates/clients/search", {}).status_code == 403
    # Who merges in a sector only is told that it is under way, and no figure of the whole.
    local = make_member(org, "chef@eaux.example", "Chef du Nord", "manager")
    grant(local, "sector", north.pk)
    enter(manager)
    Job.objects.filter(kind="clients.scan_duplicates").update(state="running", total=1200, done=40)
    seen = call(local)("POST", "/duplicates/clients/search", {}).body
    assert (seen["state"], seen["total"], seen["done"], seen["counts"]) == ("running", None, 0, {})
    enter(manager)
    job = Job.objects.get(kind="clients.scan_people")
    run_job(job.pk, organization_id=job.organization_id)
    assert call(manager)("GET", f"/jobs/{job.pk}").body["state"] == "done"


def test_clients_who_are_not_one(call, agent, reader, outsider, twins):  # noqa: F811
    ask = call(agent)
    pairs = ask("GET", "/duplicates/clients").body["items"]
    assert [(one["first"]["number"], one["second"]["number"], one["score"]) for one in pairs] == [("N1", "N2", 85)]
    assert call(outsider)("GET", "/duplicates/clients").body["items"] == []
    body = {"first": "N2", "second": "N1"}
    ask = call(agent)
    assert ask("POST", "/duplicates/clients/dismissals", body, Idempotency_Key="d1").status_code == 201
    assert ask("POST", "/duplicates/clients/dismissals", body, Idempotency_Key="d1").body == body
    assert ask("GET", "/duplicates/clients").body["items"] == []
    unknown = [
        ask("POST", "/duplicates/clients/dismissals", {"first": "N1", "second": number}) for number in ("S1", "RIEN")
    ]
    assert {one.body["errors"][0]["field"] for one in unknown} == {"second"}
    assert len({one.content for one in unknown}) == 1
    assert ask("POST", "/duplicates/clients/dismissals", {"first": "N1", "second": "N1"}).body["code"] == "E-MERGE-SELF"
    assert call(reader)("POST", "/duplicates/clients/dismissals", body).status_code == 403
    enter(agent)
    assert NotDuplicate.objects.count() == 1
    away = [call(outsider)("DELETE", f"/duplicates/clients/dismissals/{pair}") for pair in ("N1/N2", "X1/X2")]
    assert {one.status_code for one in away} == {404}
    assert len({one.content for one in away}) == 1
    assert call(agent)("DELETE", "/duplicates/clients/dismissals/N1/N2").status_code == 204
    enter(agent)
    assert not NotDuplicate.objects.exists()


def test_people_who_are_not_one(call, manager, agent, people):  # noqa: F811
    first, second = (one.pk for one in people)
    ask = call(manager)
    pairs = ask("GET", "/duplicates/people").body["items"]
    assert [(one["first"]["id"], one["second"]["name"]) for one in pairs] == [(first, "Anne Roy")]
    # One of the two is out of reach.
    assert call(agent)("GET", "/duplicates/people").body["items"] == []
    body = {"first": first, "second": second}
    away = call(agent)("POST", "/duplicates/people/dismissals", body)
    assert (away.status_code, away.body["errors"][0]["field"]) == (422, "second")
    ask = call(manager)
    assert ask("POST", "/duplicates/people/dismissals", body).status_code == 201
    assert ask("GET", "/duplicates/people").body["items"] == []
    enter(manager)
    assert NotSamePerson.objects.count() == 1
    assert call(agent)("DELETE", f"/duplicates/people/dismissals/{first}/{second}").status_code == 404
    assert call(manager)("DELETE", f"/duplicates/people/dismissals/{second}/{first}").status_code == 204
    enter(manager)
    assert not NotSamePerson.objects.exists()


def test_a_merge_of_clients_is_taken_back(call, manager, agent, outsider, twins, topic):  # noqa: F811
    ask = call(manager)
    client = ask("GET", "/clients/N1")
    assert ask("POST", "/clients/N1/merge", {"other": "N2"}, If_Match=client.headers["ETag"]).status_code == 200
    (merge,) = ask("GET", "/merges/clients").body["items"]
    assert (merge["winner"]["number"], merge["loser"]["number"], merge["undone_at"]) == ("N1", "N2", None)
    assert merge["merged_by"] == manager.user.email
    url = f"/merges/clients/{merge['id']}"
    assert ask("GET", url).body["undoing"]["conflicts"] == []
    assert call(agent)("POST", f"{url}/undo", {}).status_code == 403
    assert call(outsider)("GET", "/merges/clients").body["items"] == []

    ask = call(manager)
    body = {"client": "N1", "topic": topic.code, "channel": "note", "notes": "Depuis."}
    number = ask("POST", "/interactions", body).body["number"]
    # What came since is read before anything is undone.
    unread = ask("POST", f"{url}/undo", {})
    assert (unread.status_code, unread.body["code"], unread.body["errors"][0]["field"]) == (
        409, "E-MERGE-STALE", "token",
    )  # fmt: skip
    undoing = ask("GET", url).body["undoing"]
    given = {"token": undoing["token"], "answers": {one["key"]: "give" for one in undoing["made_since"]}}
    assert ask("POST", f"{url}/undo", given | {"token": "autre"}).body["code"] == "E-MERGE-STALE"
    undone = ask("POST", f"{url}/undo", given, Idempotency_Key="u1")
    assert (undone.status_code, undone.body["undone_by"]) == (200, manager.user.email)
    assert ask("POST", f"{url}/undo", given, Idempotency_Key="u1").body == undone.body
    assert ask("POST", f"{url}/undo", given).body["code"] == "E-MERGE-UNDONE"
    assert ask("GET", url).body["undoing"] is None
    enter(manager)
    assert Client.objects.get(number="N2").merged_into is None
    assert Interaction.objects.get(number=number).client.number == "N2"


def test_a_merge_of_people_is_taken_back(call, manager, reader, stranger, people):  # noqa: F811
    first, second = (one.pk for one in people)
    ask = call(manager)
    person = ask("GET", f"/people/{first}")
    merged = ask("POST", f"/people/{first}/merge", {"other": str(second)}, If_Match=person.headers["ETag"])
    assert merged.status_code == 200
    (merge,) = ask("GET", "/merges/people").body["items"]
    assert (merge["winner"]["id"], merge["loser"]["id"]) == (first, second)
    url = f"/merges/people/{merge['id']}"
    undoing = ask("GET", url).body["undoing"]
    assert call(reader)("GET", url).status_code == 403
    elsewhere = [call(stranger)("GET", one) for one in (url, "/merges/people/987654321")]
    assert {one.status_code for one in elsewhere} == {404}
    assert len({one.content for one in elsewhere}) == 1
    ask = call(manager)
    assert ask("POST", f"{url}/undo", {"token": undoing["token"]}).body["undone_by"] == manager.user.email
    assert ask("GET", f"/people/{second}").status_code == 200
