"""The form of the designer, read into the body of a process, and what its buttons do to that body.

One form holds the whole process: nothing is kept but what is saved. Each button sends it, the body is read out of
it, changed, and drawn again. Steps and rows stand in the order in which the form lists them. What the form does not
show of a step (further actions of reminders) comes back in `raw`, as it was.
"""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.http import QueryDict

from entregent.processes.definitions import CLIENT, known_at, normalised, sound
from entregent.processes.events import SCHEDULE
from entregent.processes.fields import as_number
from entregent.processes.registry import kinds
from entregent.processes.web import condition_tree
from entregent.toolbox.text import one_line, search_key

LONGEST_CODE = 40
RESERVED = {"facts", "case", "client"}
EMPTY_OFFSET = ""


def code_of(label: str, taken: set[str], otherwise: str) -> str:
    """A code for something that is named: « Relevé d'index » → releve_d_index, with a number where it is taken."""
    words = "_".join("".join(c if c.isascii() and c.isalnum() else " " for c in search_key(label)).split())
    base = words[:LONGEST_CODE].strip("_") or otherwise
    base = base if base[0].isalpha() else f"{otherwise}_{base}"
    codes = (base if n == 1 else f"{base}_{n}" for n in range(1, 10_000))
    return next(code for code in codes if code not in taken and code not in RESERVED)


class _Form:
    """What was sent, by the prefix of a row."""

    def __init__(self, data: QueryDict):
        self.data = data

    def text(self, name: str) -> str:
        return self.data.get(name, "").replace("\x00", "").replace("\r\n", "\n").strip()

    def line(self, name: str) -> str:
        return one_line(self.text(name))

    def rows(self, name: str) -> list[str]:
        """The numbers of the rows of a list, as they stand."""
        return [one for one in self.data.getlist(name) if one.isascii() and one.isdigit() and len(one) < 6][:300]

    def words(self, name: str) -> dict[str, str]:
        return {"fr": self.text(f"{name}_fr"), "en": self.text(f"{name}_en")}

    def offset(self, name: str) -> str:
        """« 2 working days » of a number and a unit; "" without a number."""
        amount = self.text(f"{name}_n").replace("−", "-")
        unit = self.line(f"{name}_unit") or "day"
        if not amount:
            return EMPTY_OFFSET
        return f"{amount} {unit}{'' if amount in ('1', '-1') else 's'}"

    def raw(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads(self.data.get(name, "") or "{}")
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else []


def body_of_form(data: QueryDict, *, keep_blank: bool = False) -> dict[str, Any]:
    """The body that the form holds. `keep_blank`: with criteria that are not filled in yet."""
    form = _Form(data)
    body = form.raw("raw")
    body["name"] = form.words("name")
    body["subjects"] = [one for one in ("interaction", "case") if one in data.getlist("subjects")]
    body["case_types"] = [one[:200] for one in data.getlist("case_types")][:50]
    body["topics"] = [one[:40] for one in data.getlist("topics")][:50]
    body["service"] = form.line("service")
    body["start"] = [_start(form, f"start{row}") for row in form.rows("starts")]
    body["facts"] = _form_of(form, "facts")
    body["steps"] = []
    for row in form.rows("order"):
        body["steps"].append(_step(form, f"s{row}", keep_blank))
    body = sound(normalised(body))
    _typed_conditions(body)
    return body


def _start(form: _Form, prefix: str) -> dict[str, Any]:
    start = form.raw(f"{prefix}-raw")
    start["event"] = form.line(f"{prefix}-event")
    if start["event"] != SCHEDULE:
        return {key: value for key, value in start.items() if key not in ("every", "day", "month")}
    start["every"] = form.line(f"{prefix}-every") or start.get("every") or "month"
    for key in ("day", "month"):
        number = form.line(f"{prefix}-{key}")
        start[key] = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else start.get(key, 1)
    return start


def _step(form: _Form, prefix: str, keep_blank: bool) -> dict[str, Any]:
    step = form.raw(f"{prefix}-raw")
    step["key"] = form.line(f"{prefix}-key")
    step["name"] = {key: one_line(text) for key, text in form.words(f"{prefix}-name").items()}
    step["help"] = form.words(f"{prefix}-help")
    step["who"] = form.line(f"{prefix}-who")
    step["after"] = [one[:60] for one in form.data.getlist(f"{prefix}-after")]
    step["act"] = form.line(f"{prefix}-act")
    if f"{prefix}-public_fr" in form.data:
        step["public"] = {key: one_line(text) for key, text in form.words(f"{prefix}-public").items()}
        step["awaits"] = CLIENT if f"{prefix}-awaits" in form.data else ""
    tree = condition_tree.from_form(form.data, prefix)
    if tree is not None:
        step["if"] = condition_tree.to_data(tree, keep_blank=keep_blank)
    offset = form.offset(f"{prefix}-due")
    step["due"] = {"offset": offset, "from": form.line(f"{prefix}-due_from")} if offset else None
    step["remind"] = _timed(form, prefix, "remind", "before")
    step["late"] = _timed(form, prefix, "late", "after")
    kind = form.line(f"{prefix}-kind")
    for other in ("form", "do", "wait"):
        if other != kind:
            step.pop(other, None)
    if kind == "do":
        step["do"] = _actions(form, prefix)
    elif kind == "wait":
        step["wait"] = _wait(form, prefix)
    else:
        step["form"] = _form_of(form, prefix)
    return step


def _timed(form: _Form, prefix: str, word: str, when: str) -> list[dict[str, Any]]:
    """Reminders, or what follows when a step is late. The action that the form shows takes the place of the first."""
    entries = []
    for row in form.rows(f"{prefix}-{word}s"):
        at = f"{prefix}-{word}{row}"
        entry = form.raw(f"{at}-raw")
        entry[when] = form.offset(f"{at}-when") or "1 day"
        name = form.line(f"{at}-a0-name")
        rest = [one for one in _listed(entry.get("do")) if isinstance(one, dict)][1:]
        shown = [_action(form, f"{at}-a0")] if name else []
        if shown or rest:
            entry["do"] = [*shown, *rest]
        else:
            entry.pop("do", None)
        entries.append(entry)
    return entries


def _actions(form: _Form, prefix: str) -> list[dict[str, Any]]:
    return [
        _action(form, f"{prefix}-a{row}")
        for row in form.rows(f"{prefix}-actions")
        if form.line(f"{prefix}-a{row}-name")
    ]


def _action(form: _Form, at: str) -> dict[str, Any]:
    name = form.line(f"{at}-name")
    kind = kinds().get(name)
    given: dict[str, Any] = {}
    for key, param in (kind.params if kind is not None else {}).items():
        field = f"{at}-p-{key}"
        value: Any
        if param.type == "words":
            value = {language: text for language, text in form.words(field).items() if text}
        elif param.type == "offset":
            value = form.offset(field)
        elif param.type == "boolean":
            value = form.line(field) == "true" or None
        elif param.type == "steps":
            value = [one[:60] for one in form.data.getlist(field)]
        elif param.type == "list":
            value = [one.strip() for one in form.text(field).split("\n") if one.strip()]
        else:
            value = form.text(field)
        if value not in (None, "", [], {}):
            given[key] = value
    return {name: given}


def _wait(form: _Form, prefix: str) -> dict[str, Any]:
    mode = form.line(f"{prefix}-wait")
    if mode == "until":
        return {"until": form.line(f"{prefix}-wait_until")}
    if mode == "event":
        wait: dict[str, Any] = {"event": form.line(f"{prefix}-wait_event")}
        match = _mapping(form.raw(f"{prefix}-raw").get("wait")).get("match")
        most = form.offset(f"{prefix}-wait_most")
        return wait | ({"match": match} if match else {}) | ({"at_most": most} if most else {})
    return {"for": form.offset(f"{prefix}-wait_for") or "1 day"}


def _form_of(form: _Form, prefix: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required = []
    for row in form.rows(f"{prefix}-fields"):
        at = f"{prefix}-f{row}"
        title = {key: one_line(text) for key, text in form.words(f"{at}-title").items()}
        key = form.line(f"{at}-key") or code_of(title["fr"] or title["en"], set(properties), "champ")
        if key in properties:
            key = code_of(key, set(properties), "champ")
        spec: dict[str, Any] = {"type": form.line(f"{at}-type") or "string", "title": title}
        kept = form.raw(f"{at}-raw")
        if kept.get("help"):
            spec["help"] = kept["help"]
        if spec["type"] == "choice":
            spec["enum"] = choices_of(form.text(f"{at}-choices"), _listed(kept.get("enum")))
        properties[key] = spec
        if form.line(f"{at}-required"):
            required.append(key)
    return {"properties": properties, "required": required, "order": list(properties)}


def choices_of(text: str, before: list) -> list[dict[str, str]]:
    """One choice for each line, « Français = English ». One that is there already keeps its code."""
    codes = {
        str(one.get("fr") or one.get("en") or ""): str(one.get("value", ""))
        for one in before
        if isinstance(one, dict) and one.get("value")
    }
    found: list[dict[str, str]] = []
    taken: set[str] = set()
    for line in text.split("\n")[:200]:
        fr, _equals, en = (part.strip() for part in line.partition("="))
        if not fr and not en:
            continue
        code = codes.get(fr or en) or code_of(fr or en, taken, "choix")
        if code in taken:
            code = code_of(code, taken, "choix")
        taken.add(code)
        found.append({"value": code, "fr": fr} | ({"en": en} if en else {}))
    return found


def text_of_choices(spec: Mapping[str, Any]) -> str:
    lines = []
    for one in spec.get("enum") or []:
        fr, en = (
            (one.get("fr") or str(one.get("value", "")), one.get("en") or "")
            if isinstance(one, dict)
            else (str(one), "")
        )
        lines.append(f"{fr} = {en}" if en else fr)
    return "\n".join(lines)


def _typed_conditions(body: dict[str, Any]) -> None:
    """What was typed as a value becomes what its field holds: a number, yes or no, a list."""
    for step in body["steps"]:
        known = known_at(body, step["key"])
        step["if"] = condition_tree.rewritten(step.get("if"), partial(_typed_criterion, known))


def _typed_criterion(known: Mapping[str, Any], criterion: list) -> list:
    if len(criterion) != 3 or not isinstance(criterion[2], str):
        return criterion
    path, operator, value = criterion
    field = known.get(path) or known.get(f"facts.{path}")
    kind = field.type if field is not None else "string"
    if operator == "in":
        return [path, operator, [_typed(one.strip(), kind) for one in value.split(",") if one.strip()]]
    return [path, operator, _typed(value, kind)]


def _typed(value: str, kind: str) -> Any:
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind in ("integer", "number"):
        number = as_number(value)
        if number is not None:
            return int(number) if number == number.to_integral_value() else float(number)
    return value


# ——— What the buttons do ———


def apply(body: dict[str, Any], operation: str, name: str = "") -> str:
    """Does to the body what a button says; gives the key of the step that is at hand after it.

    « add:2 » a step named `name` after the second (0: first), « up:2 », « down:2 », « delete:2 », « field:2 »,
    « action:2 », « remind:2 », « late:2 », and with « -field:2:1 » one of them goes. Of conditions the place in
    their tree is named: « condition:2:1.0 », « group:2: », « -condition:2:1 ».
    """
    word, *numbers = operation.split(":")
    places = [int(one) for one in numbers if one.isascii() and one.isdigit() and len(one) < 6]
    steps = body["steps"]
    if word == "add":
        return _add(body, min(places[0] if places else len(steps), len(steps)), name)
    if word == "reorder":
        mend_after(body)
        return ""
    if word == "start":
        body["start"].append({"event": "case.opened"})
        return ""
    if word == "fact":
        _add_field(body["facts"])
        return ""
    if word in ("-start", "-fact") and places:
        if word == "-start":
            _drop(body["start"], places[0])
        else:
            _drop_field(body["facts"], places[0])
        return ""
    if not places or places[0] >= len(steps):
        return ""
    at, step = places[0], steps[places[0]]
    if word in ("up", "down"):
        other = at + (1 if word == "down" else -1)
        if 0 <= other < len(steps):
            steps[at], steps[other] = steps[other], steps[at]
            mend_after(body)
    elif word == "delete":
        _delete(body, at)
        return ""
    elif word in ("condition", "group", "-condition"):
        step["if"] = condition_tree.change(step.get("if"), word, numbers[1] if len(numbers) > 1 else "")
    else:
        _apply_to_step(step, word, places[1:])
    return str(step["key"])


def _apply_to_step(step: dict[str, Any], word: str, places: list[int]) -> None:
    if word == "field":
        _add_field(step.setdefault("form", {"properties": {}, "required": [], "order": []}))
    elif word == "action":
        step.setdefault("do", []).append({"generate_document": {}})
    elif word == "remind":
        step["remind"].append({"before": "1 working day"})
    elif word == "late":
        step["late"].append({"after": "1 working day", "do": [{"escalate": {"to": "team_lead"}}]})
    elif places and word == "-field" and "form" in step:
        _drop_field(step["form"], places[0])
    elif places and word in ("-action", "-remind", "-late"):
        _drop(step.get({"-action": "do"}.get(word, word[1:])) or [], places[0])


def _drop(rows: list, place: int) -> None:
    if place < len(rows):
        del rows[place]


def _add_field(form: dict[str, Any]) -> None:
    key = code_of("champ", set(form["properties"]), "champ")
    form["properties"][key] = {"type": "string", "title": {"fr": "", "en": ""}}
    form["order"].append(key)


def _drop_field(form: dict[str, Any], place: int) -> None:
    if place < len(form["order"]):
        key = form["order"].pop(place)
        form["properties"].pop(key, None)
        form["required"] = [one for one in form["required"] if one != key]


def _add(body: dict[str, Any], place: int, name: str) -> str:
    taken = {step["key"] for step in body["steps"]}
    key = code_of(name, taken, "etape")
    before = body["steps"][place - 1]["key"] if place else None
    step = {"key": key, "name": {"fr": one_line(name)[:200], "en": ""}, "form": {}, "after": [before] if before else []}
    # What came straight after the step above now comes after the new one.
    if place < len(body["steps"]) and before is not None:
        following = body["steps"][place]
        if following["after"] == [before]:
            following["after"] = [key]
    elif place == 0 and body["steps"] and body["steps"][0]["after"] == []:
        body["steps"][0]["after"] = [key]
    made = normalised({"steps": [step]})["steps"][0]
    body["steps"].insert(place, made)
    return key


def _delete(body: dict[str, Any], place: int) -> None:
    """The step goes; what came after it comes after what it came after."""
    gone = body["steps"].pop(place)
    for step in body["steps"]:
        if gone["key"] in step["after"]:
            rest = [one for one in step["after"] if one != gone["key"]]
            step["after"] = rest + [one for one in gone["after"] if one not in rest]
    mend_after(body)


def mend_after(body: dict[str, Any]) -> None:
    """After a move, a step that came after one that now stands below comes after the step above."""
    above: list[str] = []
    for step in body["steps"]:
        kept = [one for one in step["after"] if one in above]
        if len(kept) != len(step["after"]):
            step["after"] = kept or above[-1:]
        above.append(step["key"])
