"""What a process is, as data: read from YAML, brought into one form, checked with sentences, written as YAML again.

    process: reclamation_facture            # the code
    name: {fr: …, en: …}
    subjects: [interaction, case]           # where it may be launched
    case_types: [reclamation/facture]       # and all below; none: for every classification
    topics: [reclamation]                   # the same for interactions
    service: water                          # water, electricity, gas: what the law forbids depends on it
    facts: {properties: …, required: […]}   # what one is asked at the launch, or what an event brings
    start: [{event: case.opened, if: …}]    # what launches it by itself; {event: schedule, every: month, day: 15}
    steps:
    - key: qualifier
      name: {fr: …, en: …}
      help: {fr: …, en: …}                  # how it is done
      after: [other]                        # earlier steps; without it the step above; []: from the launch on
      if: [other.field, "=", true]          # false: the step is skipped
      who: clientele                        # a team; or responsible, starter, somebody@example.org
      due: 2 working days                   # from when it opens; or {offset: -5 days, from: other.day}
      remind: [{before: 1 day}]             # who does it is told; `do` for something else
      late: [{after: 3 days, do: [{escalate: {to: team_lead}}]}]     # counted from when it was due
      public: {fr: …, en: …}                # what the client reads of it on the portal; without it, nothing
      awaits: client                        # the client is asked for it there, by the day in `due`
      act: cut_supply                       # what the law has a say in
      form: {properties: …, required: […]}  # somebody fills it in
      do: [{generate_document: {template: …}}]                       # or the product acts
      wait: {for: 10 days}                  # or time passes; {until: other.day}; {event: …, match: …, at_most: …}

The body in the database is this with every default filled in (`normalised`). What it cannot mean is kept as it is and
told by `problems`: a draft may be half done, a live version never is.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entregent.organizations.models import Organization, Team, User
from entregent.processes import fields as form_fields
from entregent.processes.conditions import DEEPEST, canonical, holds, paths_of, problems_of
from entregent.processes.events import CLIENT_ANSWERED, PERIODS, SCHEDULE, event_kinds, fields_of_event
from entregent.processes.fields import Field, fields_of, in_language, words_of
from entregent.processes.registry import kinds
from entregent.toolbox.errors import Refusal
from entregent.toolbox.working_time import parse_offset

MOST_STEPS = 200
MOST_CHARACTERS = 200_000
MOST_ENTRIES = 20
SUBJECTS = ("interaction", "case")
SERVICES = {
    "": gettext_lazy("Sans objet"),
    "water": gettext_lazy("Eau"),
    "electricity": gettext_lazy("Électricité"),
    "gas": gettext_lazy("Gaz"),
}
# Acts in which the law has a say, whoever designed the process (R001-35).
CUT_SUPPLY = "cut_supply"
ACTS = {CUT_SUPPLY: gettext_lazy("Coupure ou réduction de la fourniture")}
# Who does a step, besides a team by its code and a member by the address.
RESPONSIBLE, STARTER = "responsible", "starter"
# Who is awaited by a step that waits, or that somebody fills in with what came.
CLIENT = "client"
WHO_WORDS = {
    RESPONSIBLE: gettext_lazy("Responsable du dossier"),
    STARTER: gettext_lazy("Personne qui a lancé le plan"),
}
KINDS = ("form", "do", "wait")

_CODE = re.compile(r"[a-z][a-z0-9_]{0,58}")
_TOP = {"process", "name", "subjects", "case_types", "topics", "service", "facts", "start", "steps"}
_STEP = {"key", "name", "help", "after", "if", "who", "due", "remind", "late", "act", "public", "awaits", *KINDS}
_FORM = {"properties", "required", "order"}
_FIELD = {"type", "title", "enum", "help"}


@dataclass(frozen=True)
class Problem:
    """What keeps a process from going live. `step`: the key of the step at fault, "" for the process as a whole."""

    step: str
    sentence: str


# ——— Reading and writing ———


class _Loader(yaml.SafeLoader):
    """Plain data only. References are refused: a few lines of them stand for gigabytes."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("no references")
        return super().compose_node(parent, index)

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _value in node.value if isinstance(key, yaml.ScalarNode)]
        if len(keys) != len(set(keys)):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


# « 2026-01-31 » stays the text that it is: what is kept is JSON.
_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str) -> dict[str, Any]:
    """The body that a YAML text stands for. Refuses what is no YAML of this kind (E-PROCESS-YAML)."""
    if len(text) > MOST_CHARACTERS:
        raise _unreadable(_("Ce fichier est trop long."))
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, made stricter
        # As it will be kept: its keys are texts.
        data = json.loads(json.dumps(data, allow_nan=False))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise _unreadable(_("Ce fichier n’est pas un YAML lisible (ligne %(line)d).") % {"line": line}) from error
    except (yaml.YAMLError, RecursionError, TypeError, ValueError) as error:
        raise _unreadable(_("Ce fichier n’est pas un YAML lisible.")) from error
    if not isinstance(data, dict) or "steps" not in data:
        raise _unreadable(_("Ce fichier ne décrit pas un plan d’action."))
    return sound(normalised(data))


def sound(body: dict[str, Any]) -> dict[str, Any]:
    """A body that may be kept as a draft: whatever it says, each part of it is of the kind that the pages and the
    check look for. Refuses any other, one that is too long, and texts that cannot be kept (E-PROCESS-YAML)."""
    try:
        text = json.dumps(body, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise _unreadable(_("Ce fichier n’est pas un YAML lisible.")) from error
    if "\\u0000" in text:
        raise _unreadable(_("Ce fichier n’est pas un YAML lisible."))
    if len(body["steps"]) > MOST_STEPS:
        raise _unreadable(_("%(n)d étapes au maximum.") % {"n": MOST_STEPS})
    place = next(_misshapen(body), None)
    if place is not None:
        raise _unreadable(_("Ce plan d’action ne se lit pas à cet endroit : %(place)s.") % {"place": place[:120]})
    return body


def _misshapen(body: Mapping[str, Any]) -> Iterator[str]:
    """The places of a normalised body where something of another kind stands than there should be."""
    for key in ("process", "service"):
        if not isinstance(body[key], str):
            yield key
    if not _are_words(body["name"]):
        yield "name"
    for key in ("subjects", "case_types", "topics"):
        if not _are_texts(body[key]):
            yield key
    yield from (f"facts.{place}" for place in _misshapen_form(body["facts"]))
    if not isinstance(body["start"], list) or not all(
        isinstance(one, dict) and isinstance(one.get("event"), str) and _is_condition(one.get("if"))
        for one in body["start"]
    ):
        yield "start"
    for number, step in enumerate(body["steps"], start=1):
        yield from (f"steps {number}, {place}" for place in _misshapen_step(step))


def _misshapen_step(step: Any) -> Iterator[str]:
    if not isinstance(step, dict):
        yield "-"
        return
    for key in ("key", "who", "act", "awaits"):
        if not isinstance(step[key], str):
            yield key
    for key in ("name", "help", "public"):
        if not _are_words(step[key]):
            yield key
    if not _are_texts(step["after"]):
        yield "after"
    if not _is_condition(step["if"]):
        yield "if"
    due = step["due"]
    if due is not None and not (_is_of_texts(due, "from") and isinstance(due.get("offset"), str)):
        yield "due"
    for word, when in (("remind", "before"), ("late", "after")):
        entries = step[word]
        if not isinstance(entries, list) or not all(
            isinstance(one, dict) and isinstance(one.get(when), str) and _are_actions(one.get("do") or [])
            for one in entries
        ):
            yield word
    if "do" in step and not _are_actions(step["do"]):
        yield "do"
    if "wait" in step:
        wait = step["wait"]
        match = (wait.get("match") or {}) if isinstance(wait, dict) else {}
        is_read = _is_of_texts(wait, "for", "until", "event", "at_most")
        if not is_read or not isinstance(match, dict) or not _is_of_texts(match, *match):
            yield "wait"
    if "form" in step:
        yield from (f"form.{place}" for place in _misshapen_form(step["form"]))


def _misshapen_form(form: Any) -> Iterator[str]:
    if not isinstance(form, dict) or not isinstance(form.get("properties"), dict):
        yield "properties"
        return
    for key in ("required", "order"):
        if not _are_texts(form.get(key)):
            yield key
    for key, spec in form["properties"].items():
        if not isinstance(spec, dict):
            yield key
            continue
        is_named = _are_words(spec["title"]) and _are_words(_words(spec.get("help") or ""))
        if not is_named or not isinstance(spec.get("type", ""), str) or not isinstance(spec.get("enum") or [], list):
            yield key


def _are_words(value: Any) -> bool:
    return isinstance(value, dict) and set(value) <= {"fr", "en"} and _is_of_texts(value, "fr", "en")


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_of_texts(value: Any, *keys: str) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key) or "", str) for key in keys)


def _are_actions(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) and len(one) == 1 and all(isinstance(given or {}, dict) for given in one.values())
        for one in value
    )


def _is_condition(condition: Any, depth: int = 1) -> bool:
    if condition is None:
        return depth == 1
    if isinstance(condition, list):
        return len(condition) in (2, 3) and _are_texts(condition[:2])
    if depth > DEEPEST or not isinstance(condition, dict) or len(condition) != 1:
        return False
    ((word, inner),) = condition.items()
    if word in ("all", "any"):
        return isinstance(inner, list) and all(_is_condition(one, depth + 1) for one in inner if one is not None)
    return word == "not" and inner is not None and _is_condition(inner, depth + 1)


def _unreadable(sentence: str) -> Refusal:
    return Refusal("E-PROCESS-YAML", sentence, field="file")


def normalised(data: Any) -> dict[str, Any]:
    """The one form of a body: defaults filled in, short forms written out. What means nothing stays as it is."""
    data = data if isinstance(data, dict) else {}
    body: dict[str, Any] = {key: value for key, value in data.items() if key not in _TOP}
    body["process"] = data.get("process", "")
    body["name"] = _words(data.get("name", ""))
    body["subjects"] = data.get("subjects", list(SUBJECTS))
    body["case_types"] = data.get("case_types") or []
    body["topics"] = data.get("topics") or []
    body["service"] = data.get("service") or ""
    body["facts"] = _form(data.get("facts"))
    body["start"] = data.get("start") or []
    steps = data.get("steps")
    if not isinstance(steps, list):
        steps = []
    body["steps"] = []
    above: list[str] = []
    for step in steps:
        body["steps"].append(_step(step, above))
        above = [step["key"]] if isinstance(step, dict) and isinstance(step.get("key"), str) else []
    return body


def _words(value: Any) -> Any:
    if isinstance(value, dict) and set(value) <= {"fr", "en"}:
        return {"fr": value.get("fr") or "", "en": value.get("en") or ""}
    return {"fr": value, "en": ""} if isinstance(value, str) else value


def _form(form: Any) -> Any:
    if not form:
        return {"properties": {}, "required": [], "order": []}
    if not isinstance(form, dict) or not isinstance(form.get("properties", {}), dict):
        return form
    properties = form.get("properties", {})
    order: list = form["order"] if isinstance(form.get("order"), list) else []
    order = [key for key in order if isinstance(key, str) and key in properties]
    kept = {key: value for key, value in form.items() if key not in _FORM}
    return kept | {
        "properties": {
            key: {**spec, "title": _words(spec.get("title", ""))} if isinstance(spec, dict) else spec
            for key, spec in properties.items()
        },
        "required": form.get("required") or [],
        "order": order + [key for key in properties if key not in order],
    }


def _step(step: Any, above: list[str]) -> Any:
    if not isinstance(step, dict):
        return step
    made = {key: value for key, value in step.items() if key not in _STEP}
    made["key"] = step.get("key", "")
    made["name"] = _words(step.get("name", ""))
    made["help"] = _words(step.get("help") or "")
    made["after"] = list(above) if step.get("after") is None else step["after"]
    made["if"] = step.get("if")
    made["who"] = step.get("who") or ""
    due = step.get("due")
    made["due"] = {"offset": due, "from": ""} if isinstance(due, str) and due else (due or None)
    made["remind"] = step.get("remind") or []
    made["late"] = step.get("late") or []
    made["act"] = step.get("act") or ""
    made["public"] = _words(step.get("public") or "")
    made["awaits"] = step.get("awaits") or ""
    if "do" in step:
        made["do"] = step["do"] or []
    if "wait" in step:
        made["wait"] = step["wait"] or {}
    if "form" in step or not ("do" in step or "wait" in step):
        made["form"] = _form(step.get("form"))
    return made


def dump(body: Mapping[str, Any]) -> str:
    """The body as YAML for people: what is a default is left out."""
    short: dict[str, Any] = {"process": body["process"], "name": _short_words(body["name"])}
    for key in ("subjects", "case_types", "topics", "service"):
        if body.get(key):
            short[key] = body[key]
    if body.get("facts", {}).get("properties"):
        short["facts"] = _short_form(body["facts"])
    if body.get("start"):
        short["start"] = body["start"]
    short["steps"] = []
    above: list[str] = []
    for step in body["steps"]:
        short["steps"].append(_short_step(step, above))
        above = [step["key"]]
    return yaml.dump(short, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110, default_flow_style=None)


class _Dumper(yaml.SafeDumper):
    """Without references, which `read` refuses."""

    def ignore_aliases(self, data):
        return True


def _short_words(words: Any) -> Any:
    return {key: text for key, text in words.items() if text} if isinstance(words, dict) else words


def _short_form(form: Mapping[str, Any]) -> dict[str, Any]:
    properties = {}
    for key in form["order"]:
        spec = dict(form["properties"][key])
        if isinstance(spec.get("title"), dict):
            spec["title"] = _short_words(spec["title"])
        properties[key] = {name: value for name, value in spec.items() if value not in ("", {}, [], None)}
    return {"properties": properties} | ({"required": form["required"]} if form["required"] else {})


def _short_step(step: Mapping[str, Any], above: list[str]) -> dict[str, Any]:
    short: dict[str, Any] = {"key": step["key"], "name": _short_words(step["name"])}
    if any(words_of(step["help"])):
        short["help"] = _short_words(step["help"])
    if step["after"] != above:
        short["after"] = step["after"]
    for key in ("if", "who", "remind", "late", "act"):
        if step[key]:
            short[key] = step[key]
    # A version from before there was a portal for them has neither.
    if any(words_of(step.get("public") or {})):
        short["public"] = _short_words(step["public"])
    if step.get("awaits"):
        short["awaits"] = step["awaits"]
    if step["due"]:
        short["due"] = step["due"]["offset"] if not step["due"].get("from") else step["due"]
    if "form" in step:
        short["form"] = _short_form(step["form"]) if step["form"]["properties"] else {}
    for key in ("do", "wait"):
        if key in step:
            short[key] = step[key]
    return short


def sha256_of(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


# ——— What stands in a body ———


def kind_of(step: Mapping[str, Any]) -> str:
    return "do" if "do" in step else "wait" if "wait" in step else "form"


def step_of(body: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    return next((step for step in body["steps"] if step["key"] == key), None)


def fields_of_step(step: Mapping[str, Any]) -> list[Field]:
    """What a step leaves behind for conditions and texts."""
    if kind_of(step) == "form":
        return fields_of(step.get("form"))
    if kind_of(step) == "wait" and isinstance(step.get("wait"), dict) and step["wait"].get("event"):
        told = Field("timed_out", "boolean", ("Délai dépassé sans réponse", "Timed out without an answer"))
        return [told, *fields_of_event(step["wait"]["event"])]
    return []


# What is known of the record that a plan runs for.
RECORD_FIELDS: dict[str, Field] = {
    "case.priority": Field("priority", "choice", ("Priorité du dossier", "Priority of the case"),
                           (("low", "Basse", "Low"), ("normal", "Normale", "Normal"), ("high", "Haute", "High"))),
    "case.type": Field("type", "string", ("Type de dossier", "Case type")),
    "case.due_on": Field("due_on", "date", ("Échéance du dossier", "Due date of the case")),
    "client.kind": Field("kind", "choice", ("Nature du client", "Kind of client"),
                         (("person", "Particulier", "Person"), ("company", "Entreprise", "Company"))),
    "client.language": Field("language", "choice", ("Langue du client", "Language of the client"),
                             (("fr", "Français", "French"), ("en", "Anglais", "English"))),
    "client.status": Field("status", "string", ("Statut du client", "Status of the client")),
}  # fmt: skip


def facts_known(body: Mapping[str, Any]) -> dict[str, Field]:
    """What a plan knows from its launch on."""
    known = {f"facts.{field.key}": field for field in fields_of(body.get("facts"))}
    return known | RECORD_FIELDS


def known_at(body: Mapping[str, Any], key: str, all_before: Mapping[str, set[str]] | None = None) -> dict[str, Field]:
    """What conditions may ask for at a step: facts, and the fields of the steps that come before it on its way.
    `all_before`: the `ancestors` of the body, of whoever asks for many steps."""
    known = facts_known(body)
    before = (ancestors(body) if all_before is None else all_before).get(key, set())
    for step in body["steps"]:
        if isinstance(step, dict) and isinstance(step.get("key"), str) and step["key"] in before:
            known |= {f"{step['key']}.{field.key}": field for field in fields_of_step(step)}
    return known


def ancestors(body: Mapping[str, Any]) -> dict[str, set[str]]:
    """The keys of all steps before each step."""
    found: dict[str, set[str]] = {}
    for step in body["steps"]:
        if not isinstance(step, dict) or not isinstance(step.get("key"), str):
            continue
        direct = {key for key in _list(step.get("after")) if isinstance(key, str) and key in found}
        found[step["key"]] = direct.union(*(found[key] for key in direct))
    return found


def names_of(body: Mapping[str, Any]) -> dict[str, str]:
    """The name of each step by its key, in the reader's language."""
    return {
        step["key"]: in_language(words_of(step.get("name"))) or step["key"]
        for step in body["steps"]
        if isinstance(step, dict) and isinstance(step.get("key"), str)
    }


def consequences(body: Mapping[str, Any], owner: str, field: Field) -> dict[Any, list[str]]:
    """What each answer to a question opens: answer → the names of the steps that depend on this question alone.

    `owner` is the key of the step that asks, or « facts ». {} where nothing depends on it, or its answers cannot be
    counted.
    """
    answers: list[Any] = [True, False] if field.type == "boolean" else [value for value, _label in field.offered()]
    path = f"{owner}.{field.key}"
    steps = [step for step in body["steps"] if step["if"] is not None and set(paths_of(step["if"])) == {path}]
    if not steps or not answers:
        return {}
    names = names_of(body)
    return {answer: [names[step["key"]] for step in steps if holds(step["if"], {path: answer})] for answer in answers}


# ——— What is wrong with it ———


def problems(body: Any, organization: Organization | None = None) -> list[Problem]:
    """Everything that keeps a process from going live, in the reader's language, each with its step.

    With an organization, what it names there is looked for: teams, members, templates, classifications.
    """
    if not isinstance(body, dict) or not isinstance(body.get("steps"), list):
        return [Problem("", _("Ce n’est pas un plan d’action."))]
    body = normalised(body)
    found = list(_process_problems(body))
    if len(body["steps"]) > MOST_STEPS:
        return found
    before = ancestors(body)
    names = _Names.of(organization) if organization is not None else None
    seen: set[str] = set()
    for place, step in enumerate(body["steps"]):
        if not isinstance(step, dict):
            found.append(Problem("", _("Étape %(n)d : illisible.") % {"n": place + 1}))
            continue
        key = step.get("key") if isinstance(step.get("key"), str) else ""
        label = in_language(words_of(step.get("name"))) or key or str(place + 1)
        found += [
            Problem(key or "", _("Étape « %(step)s » : %(problem)s") % {"step": label[:80], "problem": sentence})
            for sentence in _step_problems(body, step, seen, names, before)
        ]
        if key:
            seen.add(key)
    if names is not None:
        found += [Problem("", sentence) for sentence in names.unknown_of(body)]
    return list(dict.fromkeys(found))


def _list(value: Any) -> list:
    return value if isinstance(value, list) else []


def _process_problems(body: dict) -> Iterator[Problem]:
    for key in sorted(set(body) - _TOP, key=str):
        yield Problem("", _("« %(key)s » n’est pas connu ici.") % {"key": str(key)[:60]})
    if not isinstance(body["process"], str) or not _CODE.fullmatch(body["process"]):
        yield Problem("", _("Le code commence par une lettre et n’a que des minuscules, des chiffres et _."))
    if not _has_name(body["name"], 120):
        yield Problem("", _("Donnez un nom, de 120 caractères au plus."))
    subjects = body["subjects"]
    if not isinstance(subjects, list) or not subjects or not set(map(str, subjects)) <= set(SUBJECTS):
        yield Problem("", _("Dites si le plan se lance sur un dossier, sur une interaction ou sur les deux."))
    for key in ("case_types", "topics"):
        if not isinstance(body[key], list) or not all(isinstance(one, str) for one in body[key]):
            yield Problem("", _("« %(key)s » est une liste de codes.") % {"key": key})
    if not isinstance(body["service"], str) or body["service"] not in SERVICES:
        yield Problem("", _("Service inconnu : %(service)s.") % {"service": str(body["service"])[:60]})
    if not body["steps"]:
        yield Problem("", _("Ajoutez au moins une étape."))
    if len(body["steps"]) > MOST_STEPS:
        yield Problem("", _("%(n)d étapes au maximum.") % {"n": MOST_STEPS})
    for sentence in _form_problems(body["facts"]):
        yield Problem("", _("Au lancement : %(problem)s") % {"problem": sentence})
    if not isinstance(body["start"], list):
        yield Problem("", _("« %(key)s » est une liste.") % {"key": "start"})
    for start in _list(body["start"]):
        for sentence in _start_problems(body, start):
            yield Problem("", _("Départ automatique : %(problem)s") % {"problem": sentence})


def _has_name(words: Any, most: int) -> bool:
    if not isinstance(words, dict) or not set(words) <= {"fr", "en"}:
        return False
    fr, en = words_of(words)
    return bool((fr or en).strip()) and len(fr) <= most and len(en) <= most


def _start_problems(body: dict, start: Any) -> Iterator[str]:
    known_keys = {"event", "if"}
    if isinstance(start, dict) and start.get("event") == SCHEDULE:
        known_keys |= {"every", "day", "month"}
    if not isinstance(start, dict) or not set(start) <= known_keys or not isinstance(start.get("event"), str):
        yield _("donnez un événement.")
        return
    kind = event_kinds().get(start["event"])
    if kind is None:
        yield _("l’événement « %(event)s » n’existe pas.") % {"event": start["event"][:60]}
        return
    if kind.code == SCHEDULE:
        yield from _schedule_problems(body, start)
    subjects = _list(body["subjects"])
    if not set(kind.subjects) & set(subjects):
        yield _("« %(event)s » ne concerne pas ce sur quoi le plan se lance.") % {"event": str(kind.label)}
    if start.get("if") is not None:
        known = facts_known(body) | {f"facts.{field.key}": field for field in kind.fields}
        yield from problems_of(start["if"], known)
    given = {field.key for field in kind.fields}
    for field in fields_of(body["facts"]):
        if field.is_required and field.key not in given:
            yield _("cet événement n’apporte pas « %(field)s », qui est obligatoire au lancement.") % {
                "field": field.title
            }


def _schedule_problems(body: dict, start: dict) -> Iterator[str]:
    every = start.get("every")
    days = {"day": 1, "week": 7, "month": 31, "year": 31}
    if every not in PERIODS:
        yield _("dites si le plan part chaque jour, chaque semaine, chaque mois ou chaque année.")
    elif not _is_within(start.get("day", 1), days[every]) or not _is_within(start.get("month", 1), 12):
        yield _("ce jour n’existe pas.")
    if not _list(body["case_types"]):
        yield _("un départ à date fixe demande un type de dossier.")


def _is_within(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def _form_problems(form: Any) -> Iterator[str]:
    if not isinstance(form, dict) or not isinstance(form.get("properties"), dict):
        yield _("le formulaire est illisible.")
        return
    for key in sorted(set(form) - _FORM, key=str):
        yield _("« %(key)s » n’est pas connu ici.") % {"key": str(key)[:60]}
    properties = form["properties"]
    if len(properties) > form_fields.MOST_FIELDS:
        yield _("%(n)d champs au maximum.") % {"n": form_fields.MOST_FIELDS}
    for key in _list(form.get("required")):
        if not isinstance(key, str) or key not in properties:
            yield _("« %(field)s » est obligatoire mais n’existe pas.") % {"field": str(key)[:60]}
    for key, spec in properties.items():
        if not isinstance(key, str) or not _CODE.fullmatch(key):
            yield _("le champ « %(field)s » : un code commence par une lettre et n’a que des minuscules, "
                    "des chiffres et _.") % {"field": str(key)[:60]}  # fmt: skip
            continue
        yield from _field_problems(key, spec)


def _field_problems(key: str, spec: Any) -> Iterator[str]:
    told = {"field": key[:60]}
    if not isinstance(spec, dict) or not isinstance(spec.get("type"), str):
        yield _("le champ « %(field)s » n’a pas de type.") % told
        return
    for unknown in sorted(set(spec) - _FIELD, key=str):
        yield _("le champ « %(field)s » : « %(key)s » n’est pas connu ici.") % (told | {"key": str(unknown)[:60]})
    if spec["type"] not in form_fields.TYPES:
        yield _("le champ « %(field)s » : le type « %(type)s » n’existe pas.") % (told | {"type": spec["type"][:40]})
        return
    if spec["type"] == "choice":
        choices = [choice[0] for choice in form_fields.field_of(key, spec).choices]
        if not choices or len(choices) != len(set(choices)) or len(choices) != len(_list(spec.get("enum"))):
            yield _("le champ « %(field)s » : donnez des choix différents les uns des autres.") % told
        if len(choices) > form_fields.MOST_CHOICES:
            yield _("le champ « %(field)s » : %(n)d choix au maximum.") % (told | {"n": form_fields.MOST_CHOICES})
    elif spec.get("enum"):
        yield _("le champ « %(field)s » : seul un choix a une liste.") % told


def _step_problems(
    body: dict, step: dict, seen: set[str], names: "_Names | None", before: Mapping[str, set[str]]
) -> Iterator[str]:
    for unknown in sorted(set(step) - _STEP, key=str):
        yield _("« %(key)s » n’est pas connu ici.") % {"key": str(unknown)[:60]}
    key = step.get("key")
    if not isinstance(key, str) or not _CODE.fullmatch(key) or key in ("facts", "case", "client"):
        yield _("le code commence par une lettre et n’a que des minuscules, des chiffres et _.")
        return
    if key in seen:
        yield _("une autre étape a le même code « %(key)s ».") % {"key": key}
    if not _has_name(step.get("name"), 200):
        yield _("donnez un nom, de 200 caractères au plus.")
    kinds_given = [kind for kind in KINDS if kind in step]
    if len(kinds_given) != 1:
        yield _("une étape est une saisie, une action ou une attente.")
        return
    after = step.get("after")
    if not isinstance(after, list) or not all(isinstance(one, str) for one in after):
        yield _("« après » est une liste d’étapes.")
        after = []
    for one in after:
        if one not in seen:
            yield _("vient après « %(other)s », qui n’est pas une étape placée plus haut.") % {"other": one[:60]}
    if len(after) != len(set(after)):
        yield _("la même étape est citée deux fois dans « après ».")
    known = known_at(body, key, before)
    if step.get("if") is not None:
        yield from problems_of(step["if"], known)
    if not isinstance(step.get("who"), str):
        yield _("dites qui fait cette étape : une équipe, le responsable ou une personne.")
    elif step["who"] and names is not None and not names.knows_who(step["who"]):
        yield _("l’équipe ou la personne « %(who)s » n’existe pas.") % {"who": step["who"][:80]}
    yield from _time_problems(body, step, known, before)
    yield from _public_problems(step, kinds_given[0])
    if step.get("act") and (not isinstance(step["act"], str) or step["act"] not in ACTS):
        yield _("acte inconnu : %(act)s.") % {"act": str(step["act"])[:60]}
    if step.get("act") == CUT_SUPPLY and body["service"] == "water":
        yield _("la coupure d’eau est interdite.")
    elif step.get("act") == CUT_SUPPLY and not _says_service(body):
        yield _("une coupure demande de dire le service : électricité ou gaz, ou au lancement par un choix obligatoire "
                "« service » (water, electricity, gas).")  # fmt: skip
    if kinds_given == ["form"]:
        yield from _form_problems(step["form"])
    elif kinds_given == ["do"]:
        if not _list(step["do"]):
            yield _("choisissez au moins une action.")
        yield from _action_problems(body, step, step["do"], names, before)
    else:
        yield from _wait_problems(step["wait"], known)


def _public_problems(step: dict, kind: str) -> Iterator[str]:
    public, awaits = step.get("public") or {"fr": "", "en": ""}, step.get("awaits")
    is_named = _has_name(public, 200)
    if not is_named and public != {"fr": "", "en": ""}:
        yield _("le nom pour le client a 200 caractères au plus.")
    if not awaits:
        return
    if awaits != CLIENT:
        yield _("seul le client peut être attendu sur le portail.")
    if not is_named:
        yield _("ce que le client doit faire a besoin d’un nom pour lui.")
    if kind == "do":
        yield _("une action n’attend pas le client.")
    if kind == "wait" and (not isinstance(step["wait"], dict) or step["wait"].get("event") != CLIENT_ANSWERED):
        yield _("une attente du client finit par l’événement « client.answered ».")


def _says_service(body: dict) -> bool:
    """Whether every plan knows what it would cut: by the process, or by a choice that is made at each launch."""
    if isinstance(body["service"], str) and body["service"]:
        return True
    asked = next((field for field in fields_of(body["facts"]) if field.key == "service"), None)
    if asked is None or asked.type != "choice" or not asked.is_required:
        return False
    return {choice[0] for choice in asked.choices} <= set(SERVICES) - {""}


def _is_offset(text: Any) -> bool:
    try:
        parse_offset(text)
    except (ValueError, TypeError, AttributeError):
        return False
    return isinstance(text, str)


def _amount(text: str) -> int:
    return parse_offset(text).amount


def _time_problems(body: dict, step: dict, known: Mapping[str, Field], before: Mapping[str, set[str]]) -> Iterator[str]:
    due = step.get("due")
    if due is not None:
        if not isinstance(due, dict) or not set(due) <= {"offset", "from"} or not _is_offset(due.get("offset")):
            yield _("l’échéance ne se lit pas. Écrivez par exemple « 2 working days » ou « -5 days ».")
        elif due.get("from"):
            field = known.get(canonical(str(due["from"])))
            if field is None or field.type != "date":
                yield _("l’échéance se compte depuis « %(path)s », qui n’est pas un jour connu à cette étape.") % {
                    "path": str(due["from"])[:80]
                }
        elif _amount(due["offset"]) < 0:
            yield _("une échéance comptée à rebours part d’un jour connu (« from »).")
    for word, when, keys in (("remind", "before", {"before", "do"}), ("late", "after", {"after", "do"})):
        entries = step.get(word)
        if not isinstance(entries, list) or len(entries) > MOST_ENTRIES:
            yield _("« %(key)s » est une liste.") % {"key": word}
            continue
        if entries and due is None:
            yield _("un rappel ou une suite de retard demande une échéance.")
        for entry in entries:
            is_readable = isinstance(entry, dict) and set(entry) <= keys and _is_offset(entry.get(when))
            if not is_readable or _amount(entry[when]) < 0:
                yield _("« %(key)s » : le délai ne se lit pas.") % {"key": word}
                continue
            if word == "late" and not _list(entry.get("do")):
                yield _("dites ce qui se passe en cas de retard.")
            yield from _action_problems(body, step, entry.get("do") or [], None, before)


def _wait_problems(wait: Any, known: Mapping[str, Field]) -> Iterator[str]:
    ways = [word for word in ("for", "until", "event") if isinstance(wait, dict) and wait.get(word)]
    if len(ways) != 1:
        yield _("une attente dure un délai, jusqu’à un jour ou jusqu’à un événement.")
        return
    allowed = {"for": {"for"}, "until": {"until"}, "event": {"event", "match", "at_most"}}[ways[0]]
    for unknown in sorted(set(wait) - allowed):
        yield _("« %(key)s » n’est pas connu ici.") % {"key": str(unknown)[:60]}
    if ways == ["for"] and not (_is_offset(wait["for"]) and _amount(wait["for"]) >= 0):
        yield _("le délai d’attente ne se lit pas.")
    if ways == ["until"]:
        field = known.get(canonical(str(wait["until"])))
        if field is None or field.type != "date":
            yield _("attend « %(path)s », qui n’est pas un jour connu à cette étape.") % {
                "path": str(wait["until"])[:80]
            }
    if ways == ["event"]:
        kind = event_kinds().get(str(wait["event"]))
        if kind is None or kind.code == SCHEDULE:
            yield _("l’événement « %(event)s » n’existe pas.") % {"event": str(wait["event"])[:60]}
            return
        if wait.get("at_most") and not (_is_offset(wait["at_most"]) and _amount(wait["at_most"]) > 0):
            yield _("le délai d’attente ne se lit pas.")
        match = wait.get("match") or {}
        given = {field.key for field in kind.fields}
        if not isinstance(match, dict) or len(match) > 3:
            yield _("« match » compare trois champs au plus.")
            return
        for field, path in match.items():
            if field not in given or not isinstance(path, str) or canonical(path) not in known:
                yield _("« %(field)s » ne se compare pas avec « %(path)s ».") % {
                    "field": str(field)[:60], "path": str(path)[:80],
                }  # fmt: skip


def _action_problems(
    body: dict, step: dict, actions: Any, names: "_Names | None", all_before: Mapping[str, set[str]]
) -> Iterator[str]:
    if not isinstance(actions, list) or len(actions) > MOST_ENTRIES:
        yield _("les actions sont une liste de vingt au plus.")
        return
    for action in actions:
        if not isinstance(action, dict) or len(action) != 1:
            yield _("une action ne se lit pas.")
            continue
        ((name, given),) = action.items()
        kind = kinds().get(str(name))
        if kind is None:
            yield _("l’action « %(action)s » n’existe pas.") % {"action": str(name)[:60]}
            continue
        if kind.needs_case and "interaction" in _list(body["subjects"]) and "case" not in _list(body["subjects"]):
            yield _("« %(action)s » demande un dossier.") % {"action": str(kind.label)}
        before = all_before.get(step["key"], set()) | {step["key"]}
        for sentence in kind.problems(given or {}, before=before):
            yield _("« %(name)s » : %(problem)s") % {"name": kind.label, "problem": sentence}
        if names is not None:
            yield from names.unknown_in(kind, given or {})


class _Names:
    """What an organization has: teams, members, templates, classifications, topics."""

    def __init__(self, organization: Organization):
        self.organization = organization
        self.teams = set(
            Team.objects.filter(organization_id=organization.pk, is_active=True).values_list("code", flat=True)
        )

    @classmethod
    def of(cls, organization: Organization) -> "_Names":
        return cls(organization)

    def knows_who(self, who: str) -> bool:
        if who in WHO_WORDS or who in self.teams:
            return True
        if "@" not in who:
            return False
        return User.objects.filter(
            email__iexact=who, is_active=True, memberships__organization_id=self.organization.pk
        ).exists()

    def unknown_of(self, body: dict) -> list[str]:
        from entregent.cases.models import CaseType
        from entregent.interactions.models import Topic

        organization_id = self.organization.pk
        wanted = {one for one in _list(body["case_types"]) if isinstance(one, str)}
        there = set(
            CaseType.objects.filter(organization_id=organization_id, path__in=wanted).values_list("path", flat=True)
        )
        found = [_("Le type de dossier « %(name)s » n’existe pas.") % {"name": one[:80]} for one in wanted - there]
        topics = {one for one in _list(body["topics"]) if isinstance(one, str)}
        there = set(
            Topic.objects.filter(organization_id=organization_id, code__in=topics).values_list("code", flat=True)
        )
        return sorted(found) + sorted(
            _("La rubrique « %(name)s » n’existe pas.") % {"name": one[:80]} for one in topics - there
        )

    def _unknown(self, kind, value: str) -> str:
        words = {"name": kind.label, "value": value[:80]}
        return _("« %(name)s » : « %(value)s » n’existe pas.") % words

    def unknown_in(self, kind, given: Any) -> Iterator[str]:
        if not isinstance(given, dict):
            return
        for name, param in kind.params.items():
            value = given.get(name)
            if isinstance(value, str) and value and param.exists is not None:
                if not param.exists(self.organization, value):
                    yield self._unknown(kind, value)
                continue
            is_who = param.type == "who" and isinstance(value, str) and value and value not in param.words
            if is_who and isinstance(value, str) and not self.knows_who(value):
                yield self._unknown(kind, value)


def told_conditions(body: Mapping[str, Any]) -> dict[str, str]:
    """Each step's condition in words, by the key of the step."""
    from entregent.processes.conditions import sentence

    names = names_of(body)
    before = ancestors(body)
    return {
        step["key"]: sentence(step["if"], known_at(body, step["key"], before), names)
        for step in body["steps"]
        if step.get("if") is not None
    }


def paths_used(body: Mapping[str, Any]) -> set[str]:
    """The paths of records that the conditions of a body ask for: what must be looked up to work them out."""
    used: set[str] = set()
    for step in body["steps"]:
        used |= set(paths_of(step.get("if")))
        if step.get("due") and step["due"].get("from"):
            used.add(canonical(step["due"]["from"]))
    return used & set(RECORD_FIELDS)
