"""Properties over random processes: every plan ends, nothing runs twice, conditions agree with a plain reference."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from entregent.processes import actions, course
from entregent.processes.conditions import holds, problems_of, sentence
from entregent.processes.definitions import dump, known_at, normalised, problems, read
from entregent.processes.fields import Field
from entregent.processes.models import ProcessJob, ProcessRun, ProcessVersion
from entregent.processes.simulation import simulate
from entregent.toolbox.working_time import WorkingCalendar
from testing.cast import enter

FIELDS = {
    "facts.t": Field("t", "string"),
    "facts.i": Field("i", "integer"),
    "facts.b": Field("b", "boolean"),
    "facts.d": Field("d", "date"),
    "facts.c": Field("c", "choice", choices=(("x", "X", "X"), ("y", "Y", "Y"))),
}
DAYS = st.dates(datetime(2020, 1, 1).date(), datetime(2030, 1, 1).date()).map(lambda day: day.isoformat())
VALUES = {
    "facts.t": st.sampled_from(["", "a", "A", "ab", "b"]),
    "facts.i": st.integers(-3, 3),
    "facts.b": st.booleans(),
    "facts.d": DAYS,
    "facts.c": st.sampled_from(["x", "y"]),
}
ORDERED = ["=", "!=", ">", "<", ">=", "<="]
OPERATORS = {
    "facts.t": ["=", "!=", "contains", "starts"], "facts.i": ORDERED, "facts.d": ORDERED, "facts.b": ["=", "!="],
    "facts.c": ["=", "!="],
}  # fmt: skip


@st.composite
def criteria(draw):
    path = draw(st.sampled_from(sorted(FIELDS)))
    if draw(st.integers(0, 5)) == 0:
        return [path, draw(st.sampled_from(["empty", "filled"]))]
    wanted = VALUES[path].filter(lambda value: value != "")
    if path in ("facts.t", "facts.c") and draw(st.integers(0, 5)) == 0:
        return [path, "in", draw(st.lists(wanted, min_size=1, max_size=3))]
    return [path, draw(st.sampled_from(OPERATORS[path])), draw(wanted)]


CONDITIONS = st.recursive(
    criteria(),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=6,
)
SOME_VALUES = st.fixed_dictionaries({}, optional=VALUES)


def reference(condition, values) -> bool:
    """What a condition means, written as plainly as can be."""
    if isinstance(condition, dict):
        ((word, inner),) = condition.items()
        if word == "not":
            return not reference(inner, values)
        answers = [reference(one, values) for one in inner]
        return False not in answers if word == "all" else True in answers
    path, operator, *rest = condition
    value = values.get(path)
    is_there = value is not None and value != ""
    if operator == "empty":
        return not is_there
    if operator == "filled":
        return is_there
    if operator == "!=":
        return not reference([path, "=", *rest], values)
    if not is_there:
        return False
    (wanted,) = rest
    if operator == "in":
        return any(reference([path, "=", one], values) for one in wanted)
    if path in ("facts.t", "facts.c"):
        value, wanted = value.lower(), wanted.lower()
        return {"=": value == wanted, "contains": wanted in value, "starts": value.find(wanted) == 0}[operator]
    if path == "facts.i":
        value, wanted = Decimal(value), Decimal(wanted)
    return {"=": value == wanted, ">": value > wanted, "<": value < wanted, ">=": value >= wanted,
            "<=": value <= wanted}[operator]  # fmt: skip


def depth(condition) -> int:
    if isinstance(condition, list):
        return 1
    ((_word, inner),) = condition.items()
    return 1 + max(depth(one) for one in (inner if isinstance(inner, list) and isinstance(condition, dict) and
                                          _word != "not" else [inner]))  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(CONDITIONS, SOME_VALUES)
def test_conditions_agree_with_a_plain_reference(condition, values):
    assert holds(condition, values) == reference(condition, values)
    if depth(condition) <= 5:
        assert problems_of(condition, FIELDS) == []
        assert sentence(condition, FIELDS)


@st.composite
def bodies(draw):
    """A process without problems: branches and joins, forms, actions and waits, conditions on what came before."""
    steps: list[dict] = []
    forms: dict[str, str] = {}
    for number in range(draw(st.integers(1, 8))):
        key = f"s{number}"
        above = [step["key"] for step in steps]
        after = draw(st.lists(st.sampled_from(above), unique=True, max_size=3)) if above else []
        step: dict = {"key": key, "name": {"fr": key}, "after": sorted(after)}
        before = set()
        for one in steps:
            if one["key"] in after:
                before |= {one["key"], *one["before"]}
        asked = sorted(key for key in before if key in forms)
        if asked and draw(st.booleans()):
            step["if"] = [f"{draw(st.sampled_from(asked))}.ok", draw(st.sampled_from(["=", "!="])), draw(st.booleans())]
        kind = draw(st.sampled_from(["form", "form", "do", "wait"]))
        if kind == "form":
            step["form"] = {"properties": {"ok": {"type": "boolean"}}, "required": draw(st.sampled_from([[], ["ok"]]))}
            forms[key] = key
            if draw(st.booleans()):
                step |= {"due": "2 working days", "remind": [{"before": "1 day"}],
                         "late": [{"after": "1 day", "do": [{"notify": {"text": "Retard"}}]}]}  # fmt: skip
        elif kind == "do":
            number_of_actions = draw(st.integers(1, 3))
            step["do"] = [{"log_entry": {"text": f"{key}-{place}"}} for place in range(number_of_actions)]
        else:
            step["wait"] = {"for": draw(st.sampled_from(["1 day", "3 working days", "2 hours"]))}
        steps.append({**step, "before": before})
    for step in steps:
        del step["before"]
    return normalised({"process": "hasard", "name": "Hasard", "subjects": ["case"], "steps": steps})


@settings(max_examples=150, deadline=None)
@given(bodies(), st.dictionaries(st.sampled_from([f"s{n}" for n in range(8)]), st.booleans()))
def test_every_random_process_ends_in_a_trial(body, answers):
    assert problems(body) == []
    assert read(dump(body)) == body
    told = simulate(body, {}, {key: {"ok": value} for key, value in answers.items()}, WorkingCalendar(),
                    datetime(2026, 1, 5, 9, tzinfo=UTC))  # fmt: skip
    assert told[-1].what == "ended"
    for step in body["steps"]:
        ended = [one for one in told if one.step == step["key"] and one.what in ("done", "skipped")]
        assert len(ended) == 1, "each step is settled once"
        assert known_at(body, step["key"])
    assert [one.at for one in told] == sorted(one.at for one in told)


def play(body, case, admin, choose) -> ProcessRun:
    """A plan of the body in the database, worked off in an order that `choose` makes."""
    enter(admin)
    for known in list(admin.organization.processdefinition_set.all()):
        ProcessRun.objects.filter(definition=known).delete()
        known.live = None
        known.save()
        ProcessVersion.objects.filter(definition=known).delete()
        known.delete()
    definition = actions.create_process(by=admin, body=body).definition
    actions.publish(definition, by=admin)
    run = actions.launch(definition=definition, case=case, by=admin)
    waiting = True
    for _round in range(200):
        run.refresh_from_db()
        if run.state == "done":
            return run
        ready = list(run.steps.filter(state="ready", kind="form"))
        if ready and (choose(2) or not waiting):
            waiting = True
            actions.complete_step(ready[choose(len(ready))], by=admin, data={"ok": bool(choose(2))})
            continue
        ProcessJob.objects.filter(run=run, state="waiting").update(run_at=datetime(2020, 1, 1, tzinfo=UTC))
        waiting = actions.run_due(run.organization_id) > 0
        enter(admin)
    raise AssertionError(dict(run.steps.values_list("key", "state")))


def _ends_and_does_nothing_twice(body, data, case, admin):
    case.log.all().delete()
    run = play(body, case, admin, lambda most: data.draw(st.integers(0, most - 1)) if most > 1 else 0)
    states = {one.key: (one.state, one.data) for one in run.steps.all()}
    assert {state for state, _data in states.values()} <= {"done", "skipped"}
    # What the engine made of it is what the course says of the same answers.
    said = {key: (course.COMING, {}) for key in states}
    for _round in states:
        for change in course.settle(body, said, {}, {}, run.started_at.date()):
            is_skipped = change.state == course.SKIPPED
            said[change.key] = (course.SKIPPED, {}) if is_skipped else (course.DONE, states[change.key][1])
    assert {key: state for key, (state, _data) in said.items()} == {
        key: state for key, (state, _data) in states.items()
    }
    wanted = sorted(
        next(iter(action.values()))["text"]
        for step in body["steps"] if states[step["key"]][0] == "done" for action in step.get("do", [])
    )  # fmt: skip
    assert sorted(case.log.filter(kind="system").values_list("text", flat=True)) == wanted


# Without shrinking, which would take minutes of database work for each example.
RANDOM = {
    "deadline": None,
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


@settings(max_examples=15, **RANDOM)
@given(bodies(), st.data())
def test_every_random_plan_ends_and_does_nothing_twice(case, admin, body, data):
    _ends_and_does_nothing_twice(body, data, case, admin)


@pytest.mark.long
@settings(max_examples=1500, **RANDOM)
@given(bodies(), st.data())
def test_every_random_plan_ends_and_does_nothing_twice_at_length(case, admin, body, data):
    _ends_and_does_nothing_twice(body, data, case, admin)
