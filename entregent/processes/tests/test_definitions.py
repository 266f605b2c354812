"""Definitions: read, checked with a sentence for each fault, told, published, migrated, tried."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from django.db import IntegrityError, transaction
from django.utils import translation

from entregent.jobs.models import Job
from entregent.jobs.tasks import run_job
from entregent.processes import actions
from entregent.processes.definitions import dump, known_at, problems, read, told_conditions
from entregent.processes.models import ProcessDefinition, ProcessRun, ProcessVersion
from entregent.processes.registry import kinds
from entregent.processes.simulation import simulate
from entregent.processes.tests.conftest import form, process, step
from entregent.processes.tests.test_plans import COMPLAINT, current, states
from entregent.toolbox.errors import Refusal, Refusals
from entregent.toolbox.working_time import WorkingCalendar
from testing.cast import enter

PRESETS = sorted((Path(actions.__file__).parents[1] / "presets").glob("*.yaml"))


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_presets_are_without_problems_and_come_back_from_yaml(path):
    body = read(path.read_text())
    assert problems(body) == []
    assert read(dump(body)) == body


@pytest.mark.parametrize(
    "text",
    ["", "steps: [", "- a", "process: x", "a: &x [1]\nsteps: [*x]", "steps: []\nsteps: []", "[" * 5000, "steps: .nan",
     "steps: !!python/object/apply:os.system [ls]", "x" * 300_000],
)  # fmt: skip
def test_what_is_no_process_is_refused(text):
    with pytest.raises(Refusal, match="E-PROCESS-YAML"):
        read(text)


def sentences(*steps, **others) -> list[str]:
    return [one.sentence for one in problems(process("essai", *steps, **others))]


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([step("a", after=["b"]), step("b")], "vient après « b », qui n’est pas une étape placée plus haut"),
        ([step("a"), step("a")], "une autre étape a le même code « a »"),
        ([step("a", what=1)], "« what » n’est pas connu ici"),
        ([step("a", **{"if": ["b.x", "=", 1]})], "demande « b.x », qui n’est pas connu"),
        ([step("a", form=form(x={"type": "string"})), step("b", **{"if": ["a.x", ">", 1]})], "ne se compare pas"),
        ([step("a", form=form(x={"type": "boolean"})), step("b", **{"if": ["a.x", "=", "oui"]})], "oui ou par non"),
        ([step("a", form=form(x={"type": "magic"}))], "le type « magic » n’existe pas"),
        ([step("a", form=form(x={"type": "choice"}))], "donnez des choix"),
        ([step("a", form={"properties": {}, "required": ["x"]})], "« x » est obligatoire mais n’existe pas"),
        ([step("a", do=[{"run_shell": {"command": "ls"}}])], "l’action « run_shell » n’existe pas"),
        ([step("a", do=[{"close_case": {"force": True}}])], "le paramètre « force » n’existe pas"),
        ([step("a", do=[{"generate_document": {}}])], "« Modèle » est à donner"),
        ([step("a", do=[])], "choisissez au moins une action"),
        ([step("a", do=[{"log_entry": {"text": "{{ client.name"}}])], "« Texte »"),
        ([step("a", wait={"for": "bientôt"})], "le délai d’attente ne se lit pas"),
        ([step("a", wait={"event": "moon.full"})], "l’événement « moon.full » n’existe pas"),
        ([step("a", due="two days")], "l’échéance ne se lit pas"),
        ([step("a", due="-2 days")], "à rebours"),
        ([step("a", late=[{"after": "1 day", "do": [{"notify": {}}]}])], "demande une échéance"),
        ([step("a", form={}, do=[])], "une étape est une saisie, une action ou une attente"),
        ([], "Ajoutez au moins une étape"),
    ],
)
def test_each_fault_is_told_with_its_step(steps, told):
    found = sentences(*steps)
    assert any(told in one for one in found), found
    if steps:
        assert any("Étape « Étape a »" in one or "Étape « Étape b »" in one for one in found)


def test_a_branch_beside_is_not_known():
    """A field of a step that may not have been done yet would make a plan depend on who is quicker."""
    a, b = step("a", form=form(x={"type": "boolean"})), step("b", after=[], **{"if": ["a.x", "=", True]})
    assert any("« a.x »" in one for one in sentences(a, b))


def test_cutting_water_is_refused_at_publication():
    assert any(
        "la coupure d’eau est interdite" in one for one in sentences(step("a", act="cut_supply"), service="water")
    )


GARBAGE = {
    "steps": [{"key": 1, "form": 2, "after": {"a": 1}, "if": {"x": 1}, "late": "x", "remind": [1], "due": []}],
    "facts": 3, "start": [1], "subjects": 1, "case_types": 5, "topics": {}, "name": 3, "service": [],
}  # fmt: skip


@pytest.mark.parametrize("garbage", [None, 1, "x", [], {"steps": [None, 1, "x", [], {}]}, GARBAGE])
def test_no_data_breaks_the_check(garbage):
    from entregent.processes.definitions import normalised

    assert problems(normalised(garbage))
    assert problems(garbage)


def test_every_action_that_can_be_named_can_be_done():
    from entregent.processes.actions.performing import PERFORMERS

    assert set(kinds()) == set(PERFORMERS)


def test_conditions_are_told_in_both_languages():
    assert told_conditions(COMPLAINT) == {"releve": "« Recevable » (étape « Étape qualifier ») est oui"}
    with translation.override("en"):
        assert told_conditions(COMPLAINT) == {"releve": "“Admissible” (step “Step qualifier”) is yes"}


def test_publication_refuses_what_is_wrong_and_names_what_is_not_there(admin, case_type):
    enter(admin)
    body = process("faux", step("a", who="personne"), step("b", do=[{"generate_document": {"template": "absent"}}]),
                   case_types=["nulle_part"])  # fmt: skip
    definition = actions.create_process(by=admin, body=body).definition
    with pytest.raises(Refusals) as refused:
        actions.publish(definition, by=admin)
    told = " ".join(str(one.message) for one in refused.value.refusals)
    assert "« personne » n’existe pas" in told
    assert "« absent » n’existe pas" in told
    assert "« nulle_part » n’existe pas" in told


def test_a_live_body_never_changes(live, admin):
    definition = live(process("fixe", step("a")))
    with pytest.raises(IntegrityError), transaction.atomic():
        ProcessVersion.objects.filter(pk=definition.live_id).update(body={"steps": []})
    draft = actions.save_draft(definition, by=admin, body=process("fixe", step("a"), step("b")))
    assert (draft.number, draft.state) == (2, "draft")
    actions.publish(definition, by=admin)
    kept = dict(definition.versions.values_list("number", "state"))
    assert kept == {1: "retired", 2: "live"}


def test_plans_stay_on_their_version_until_they_are_migrated(live, case, agent, manager):
    definition = live(process("evolue", step("a", due="3 days"), step("b"), step("c")))
    run = actions.launch(definition=definition, case=case, by=enter(agent))
    due = current(run, "a").due_at
    definition = live(process("evolue", step("a", due="30 days"), step("n"), step("c")))
    enter(manager)
    preview = actions.preview_migration(definition, by=manager)
    assert (preview.total, preview.movable, preview.refused) == (1, 1, [])
    assert (preview.added, preview.removed) == (["Étape n"], ["Étape b"])
    job = actions.migrate_runs(definition, by=manager)
    assert states(run) == {"a": "ready", "b": "coming", "c": "coming"}
    run_job(job.pk, job.organization_id)
    enter(manager)
    assert (Job.objects.get(pk=job.pk).result, Job.objects.get(pk=job.pk).state) == ({"went": 1, "stayed": 0}, "done")
    assert states(run) == {"a": "ready", "n": "coming", "c": "coming"}
    assert current(run, "a").due_at == due
    actions.complete_step(current(run, "a"), by=agent)
    assert states(run) == {"a": "done", "n": "ready", "c": "coming"}


def test_a_migration_drops_no_active_step(live, case, agent, manager):
    run = actions.launch(definition=live(process("refuse", step("a"), step("b"))), case=case, by=enter(agent))
    definition = live(process("refuse", step("b")))
    enter(manager)
    preview = actions.preview_migration(definition, by=manager)
    assert (preview.movable, preview.refused) == (0, [("Étape a", 1)])
    job = actions.migrate_runs(definition, by=manager)
    run_job(job.pk, job.organization_id)
    enter(manager)
    assert Job.objects.get(pk=job.pk).result == {"went": 0, "stayed": 1}
    assert states(run) == {"a": "ready", "b": "coming"}
    assert ProcessRun.objects.get(pk=run.pk).process_version_id != definition.live_id


def test_a_process_is_imported_as_a_draft(admin, case_type):
    enter(admin)
    version = actions.import_process(dump(process("importe", step("a"))), by=admin)
    assert version.state == "draft"
    longer = dump(process("importe", step("a"), step("b")))
    with pytest.raises(Refusal) as refused:
        actions.import_process(longer, by=admin)
    assert refused.value.code == "E-PROCESS-DRAFT"
    again = actions.import_process(longer, by=admin, version=version.version)
    assert (again.pk, len(again.body["steps"])) == (version.pk, 2)
    assert ProcessDefinition.objects.get(code="importe").live is None


def test_a_trial_tells_what_would_happen_and_writes_nothing(db, org):
    start = datetime(2026, 3, 27, 9, 0, tzinfo=UTC)
    calendar = WorkingCalendar(zone="Europe/Paris", holidays="FR")
    body = process(
        "essai",
        step("a", due="2 working days", form=form(ok={"type": "boolean", "required": True})),
        step("w", wait={"for": "10 days"}),
        step("b", **{"if": ["a.ok", "=", False]}),
        step("c", after=["w", "b"], do=[{"log_entry": {"text": "x"}}]),
    )
    told = simulate(body, {}, {"a": {"ok": True}}, calendar, start, takes={"a": timedelta(days=7)})
    assert [(one.what, one.step) for one in told] == [
        ("opened", "a"), ("done", "a"), ("opened", "w"), ("waits", "w"), ("done", "w"), ("skipped", "b"),
        ("opened", "c"), ("acted", "c"), ("done", "c"), ("ended", ""),
    ]  # fmt: skip
    # Friday 27 March and two working days, over the change of clocks: Tuesday at ten on the wall.
    assert told[0].data["due"].isoformat() == "2026-03-31T10:00:00+02:00"
    assert told[4].at - told[2].at == timedelta(days=10)
    assert ProcessRun.objects.count() == 0


def test_drafts_that_are_half_done_are_kept_as_they_are(admin, db):
    enter(admin)
    body = process("moitie", step("a", due="quand je veux"), {"key": ""})
    version = actions.create_process(by=admin, body=deepcopy(body))
    assert ProcessVersion.objects.get(pk=version.pk).body["steps"][0]["due"]["offset"] == "quand je veux"


WRONG = ([["a"]], {"x": [1]}, 5, [5], [{"a": 1}], [[]], True, 1.5)
PLACES = [
    ("name",), ("subjects",), ("case_types",), ("topics",), ("service",), ("facts",), ("start",), ("steps", 0),
    *(("steps", 0, key) for key in ("key", "name", "help", "after", "if", "who", "due", "remind", "late", "act")),
    *(("steps", 0, "form", key) for key in ("properties", "required", "order")),
    *(("steps", 0, "form", "properties", "x", key) for key in ("type", "title", "enum", "help")),
    ("steps", 1, "do"), ("steps", 1, "do", 0), ("steps", 1, "do", 0, "notify"), ("steps", 2, "wait"),
    ("steps", 2, "wait", "event"), ("steps", 2, "wait", "match"),
]  # fmt: skip


def _with(place, wrong):
    """A process with something of another kind at one place."""
    body = {
        "process": "genre", "name": "Genre", "steps": [
            {"key": "a", "name": "A", "form": {"properties": {"x": {"type": "choice", "enum": ["a"]}}}},
            {"key": "b", "name": "B", "do": [{"notify": {"text": "Bonjour"}}]},
            {"key": "c", "name": "C", "wait": {"event": "invoice.paid", "match": {}}},
        ],
    }  # fmt: skip
    at = body
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = wrong
    return body


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_what_is_of_another_kind_is_told_or_refused_and_never_breaks(place):
    for wrong in WRONG:
        text = yaml.safe_dump(_with(place, wrong))
        problems(_with(place, wrong))
        try:
            body = read(text)
        except Refusal:
            continue
        problems(body)
        read(dump(body))
        told_conditions(body)
        known_at(body, "c")


@pytest.mark.parametrize("text", ["{steps: [], 1: x, foo: y}", "{process: a, 2: x, steps: [{key: a, 1: b, x: c}]}"])
def test_keys_that_are_numbers_are_told(text):
    assert any("n’est pas connu ici" in one.sentence for one in problems(read(text)))


@pytest.mark.parametrize("sign", ["\\ud800", "\\0"])
def test_a_text_that_cannot_be_kept_is_refused(sign):
    with pytest.raises(Refusal, match="E-PROCESS-YAML"):
        read(f'{{process: a, name: "x{sign}", steps: []}}')


def test_a_process_of_thousands_of_steps_is_refused_at_once(admin):
    many = "steps:\n" + "".join(f"- {{key: a{number}}}\n" for number in range(9_000))
    with pytest.raises(Refusal, match="E-PROCESS-YAML"):
        read(many)
    steps = [{"key": f"a{number}"} for number in range(9_000)]
    assert any("200 étapes" in one.sentence for one in problems({"process": "a", "steps": steps}))
    enter(admin)
    with pytest.raises(Refusal, match="E-PROCESS-YAML"):
        actions.create_process(by=admin, body={"process": "a", "name": "A", "steps": steps})
