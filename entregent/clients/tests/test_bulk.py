"""One change of many clients."""

import pytest

from entregent.audit.models import Action, Change
from entregent.clients import tasks
from entregent.clients.actions.bulk import change_clients
from entregent.clients.models import BulkRow, Client
from entregent.jobs.tasks import run_job
from entregent.organizations.models import Grant
from entregent.toolbox.errors import Refusal
from testing.cast import enter, make_client


def run(job):
    run_job(job_id=job.pk, organization_id=job.organization_id)
    job.refresh_from_db()
    return job


def chosen(*clients):
    return {"list": "clients", "condition": None, "text": "", "ids": [client.pk for client in clients], "except": []}


def test_many_clients_get_an_agent_and_each_says_what_became_of_it(manager, agent, org, north, client_north):
    enter(manager)
    others = [make_client(org, f"L{n}", f"Lot {n}", sector=north) for n in range(5)]
    others[0].responsible = agent.user
    others[0].save()
    job = change_clients(
        by=enter(manager), selection=chosen(client_north, *others), change="responsible", value=str(agent.user_id)
    )
    run(job)
    enter(manager)
    assert (job.state, job.done, job.total, job.result) == ("done", 6, 6, {"changed": 5, "unchanged": 1})
    assert set(Client.objects.filter(number__startswith="L").values_list("responsible_id", flat=True)) == {
        agent.user_id
    }
    assert BulkRow.objects.get(job_id=job.pk, client=others[0]).verdict == "unchanged"
    client_north.refresh_from_db()
    assert client_north.version == 2
    action = Action.objects.get(name="change_clients")
    assert Change.objects.filter(action_id=action.pk, table_name="clients_client").count() == 5


def test_a_status_that_cannot_follow_is_refused_row_by_row(manager, org):
    ready = make_client(org, "S1", "Prêt", status="client")
    prospect = make_client(org, "S2", "Prospecte", status="prospect")
    job = run(change_clients(by=enter(manager), selection=chosen(ready, prospect), change="status", value="inactive"))
    enter(manager)
    assert job.result == {"changed": 1, "refused": 1}
    assert BulkRow.objects.get(client=prospect).reason == "Passage de Prospect à Inactif impossible."
    prospect.refresh_from_db()
    assert prospect.status == "prospect"


def test_tags_come_and_go_whatever_their_case(manager, org):
    one, two = make_client(org, "T1", "Un", tags=["vip"]), make_client(org, "T2", "Deux", tags=["Bleu"])
    run(change_clients(by=enter(manager), selection=chosen(one, two), change="add_tag", value=" VIP "))
    enter(manager)
    assert sorted(Client.objects.filter(number__startswith="T").values_list("tags", flat=True)) == [
        ["Bleu", "VIP"], ["vip"],
    ]  # fmt: skip
    run(change_clients(by=enter(manager), selection=chosen(one, two), change="remove_tag", value="vip"))
    enter(manager)
    assert sorted(Client.objects.filter(number__startswith="T").values_list("tags", flat=True)) == [[], ["Bleu"]]


def test_reach_is_looked_at_again_when_the_job_runs(agent, manager, client_north, client_south):
    enter(agent)
    job = change_clients(by=agent, selection=chosen(client_north, client_south), change="add_tag", value="x")
    run(job)
    enter(manager)
    # What is out of reach is not even counted.
    assert job.result == {"changed": 1}
    job = change_clients(by=enter(agent), selection=chosen(client_north), change="add_tag", value="y")
    Grant.objects.filter(membership=agent).delete()
    run(job)
    enter(manager)
    client_north.refresh_from_db()
    assert client_north.tags == ["x"]


def test_a_change_that_no_client_could_take_is_refused_at_once(manager, agent, stranger, south, client_north):
    for member, change, value in [
        (manager, "responsible", str(stranger.user_id)),
        (agent, "sector", str(south.pk)),
        (manager, "status", "nothing"),
        (manager, "add_tag", "x" * 41),
        (manager, "add_tag", " "),
    ]:
        with pytest.raises(Refusal):
            change_clients(by=enter(member), selection=chosen(client_north), change=change, value=value)
    with pytest.raises(Refusal, match="Sélectionnez"):
        change_clients(by=enter(manager), selection=chosen(), change="add_tag", value="x")


def test_a_job_that_was_interrupted_goes_on_from_its_marker(manager, org, monkeypatch):
    many = [make_client(org, f"M{n}", f"Mille {n}") for n in range(7)]
    monkeypatch.setattr(tasks, "CHUNK_ROWS", 3)
    job = change_clients(by=enter(manager), selection=chosen(*many), change="add_tag", value="x")
    calls = []
    genuine = tasks.change_chunk

    def breaks_once(**keywords):
        calls.append(len(keywords["client_ids"]))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return genuine(**keywords)

    monkeypatch.setattr(tasks, "change_chunk", breaks_once)
    with pytest.raises(KeyboardInterrupt):
        run_job(job_id=job.pk, organization_id=job.organization_id)
    run(job)
    enter(manager)
    assert calls == [3, 3, 3, 1]
    assert job.result == {"changed": 7}
    assert set(Client.objects.filter(number__startswith="M").values_list("version", flat=True)) == {2}
