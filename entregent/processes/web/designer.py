"""« Plans d'action » in the administration: the processes, the designer with its picture, trial, publication."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from entregent.access.guard import MemberRequest, requires
from entregent.access.rights import Right
from entregent.cases.lists import full_label, types_of
from entregent.cases.models import CaseType
from entregent.interactions.models import Topic
from entregent.organizations.calendars import calendar_of
from entregent.organizations.models import Membership, Team
from entregent.organizations.web.administration import render_administration
from entregent.processes import actions, ready_made, schema
from entregent.processes.actions.migrating import outdated
from entregent.processes.conditions import OPERATOR_WORDS, OPERATORS, WITHOUT_VALUE, problems_of, sentence
from entregent.processes.definitions import (
    ACTS,
    SERVICES,
    WHO_WORDS,
    dump,
    fields_of_step,
    kind_of,
    known_at,
    names_of,
    problems,
)
from entregent.processes.events import event_kinds
from entregent.processes.fields import TYPES
from entregent.processes.forms import StepForm
from entregent.processes.models import ProcessDefinition, ProcessRun, ProcessVersion
from entregent.processes.registry import kinds
from entregent.processes.simulation import simulate
from entregent.processes.web import condition_tree, designing
from entregent.processes.web.plan_view import told_answers
from entregent.processes.web.plans import MODULE, at, version_of
from entregent.toolbox.errors import NotFound, Refusal, Refusals, Stale
from entregent.toolbox.working_time import UNITS, parse_offset, tell_offset
from entregent.ui.pages import render_block, see

MOST_FILE = 400_000


def _definition(member: Membership, code: str) -> ProcessDefinition:
    found = (
        ProcessDefinition.objects.select_related("live", "organization")
        .filter(organization_id=member.organization_id, code=code)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def _open_runs(member: Membership):
    """The plans under way that the member sees."""
    return ProcessRun.objects.visible_to(member, Right.CASE_VIEW).open()


def _draft(definition: ProcessDefinition) -> ProcessVersion | None:
    return definition.versions.filter(state=ProcessVersion.State.DRAFT).first()


# ——— The list ———


@require_safe
@requires(Right.PROCESS_DESIGN, module=MODULE)
def processes(request: MemberRequest) -> HttpResponse:
    organization_id = request.member.organization_id
    found = ProcessDefinition.objects.filter(organization_id=organization_id).select_related("live").defer("live__body")
    open_runs = _open_runs(request.member).order_by().values("definition_id").annotate(number=Count("pk"))
    drafts = set(
        ProcessVersion.objects.filter(organization_id=organization_id, state=ProcessVersion.State.DRAFT).values_list(
            "definition_id", flat=True
        )
    )
    definitions = list(found)
    there = {one.code for one in definitions}
    types = types_of(request.member)
    context = {
        "definitions": definitions,
        "running": dict(open_runs.values_list("definition_id", "number")),
        "drafts": drafts,
        "case_types": {one.path: full_label(one, types) for one in types.values()},
        "ready_made": [one for one in ready_made.presets() if one.code not in there],
        "may_publish": request.member.can(Right.PROCESS_PUBLISH),
    }
    return render_administration(request, "processes/processes.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.PROCESS_DESIGN, module=MODULE)
def create(request: MemberRequest) -> HttpResponse:
    """A new process by its name; its first step is there to be changed."""
    name = {"fr": request.POST.get("name_fr", "").strip()[:120], "en": request.POST.get("name_en", "").strip()[:120]}
    wrong = ""
    if request.method == "POST":
        if not name["fr"]:
            wrong = _("Donnez un nom au processus.")
        else:
            organization_id = request.member.organization_id
            taken = set(
                ProcessDefinition.objects.filter(organization_id=organization_id).values_list("code", flat=True)
            )
            first = {
                "key": "debut",
                "name": {"fr": "Première étape", "en": "First step"},
                "who": "responsible",
                "form": {},
            }
            code = designing.code_of(name["fr"], taken, "plan")
            body = {"process": code, "name": name, "steps": [first]}
            actions.create_process(by=request.member, body=body)
            return see(request, at("designer", request.member, code=code))
    context = {"name": name, "wrong": wrong}
    return render_administration(request, "processes/create.html", context, status=422 if wrong else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.PROCESS_DESIGN, module=MODULE)
def import_yaml(request: MemberRequest) -> HttpResponse:
    """From a file or a text in YAML: a new process, or the draft of the one with its code."""
    text, wrong, draft = request.POST.get("texte", ""), "", None
    if request.method == "POST":
        try:
            text = _file_or_text(request, text)
            made = actions.import_process(text, by=request.member, version=version_of(request))
        except actions.DraftThere as refusal:
            wrong, draft = str(refusal.message), refusal.draft
        except (Refusal, Refusals) as refusal:
            told = refusal.refusals if isinstance(refusal, Refusals) else [refusal]
            wrong = " ".join(str(one.message) for one in told)
        else:
            toast = _("Processus importé : c’est un brouillon, à relire et à publier.")
            return see(request, at("designer", request.member, code=made.definition.code), toast=toast)
    context = {"text": text, "wrong": wrong, "draft": draft}
    return render_administration(request, "processes/import.html", context, status=422 if wrong else 200)


def _file_or_text(request: MemberRequest, text: str) -> str:
    file = request.FILES.get("fichier")
    if file is None:
        return text
    if (file.size or 0) > MOST_FILE:
        raise Refusal("E-PROCESS-YAML", _("Ce fichier est trop long."), field="file")
    try:
        return str(file.read().decode())
    except UnicodeDecodeError as error:
        raise Refusal("E-PROCESS-YAML", _("Ce fichier n’est pas un YAML lisible."), field="file") from error


@require_POST
@requires(Right.PROCESS_PUBLISH, module=MODULE)
def install(request: MemberRequest) -> HttpResponse:
    """A ready-made process, with the classifications that it is for."""
    code = request.POST.get("modele", "")
    made = ready_made.install(request.member.organization, code, by=request.member)
    if made is None:
        return see(request, at("processes", request.member), toast=_("Ce processus est déjà là."))
    return see(
        request,
        at("designer", request.member, code=code),
        toast=_("Processus « %(name)s » ajouté.") % {"name": made.definition.name},
    )


# ——— The designer ———


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.PROCESS_DESIGN, module=MODULE)
def designer(request: MemberRequest, code: str) -> HttpResponse:
    definition = _definition(request.member, code)
    draft = _draft(definition)
    if request.method != "POST":
        shown = draft or definition.live
        body = shown.body if shown is not None else {"process": code, "steps": []}
        if shown is not None and draft is None:
            # Where it is offered now: a type may have moved since it was published.
            body = {**body, "case_types": definition.case_types}
        return _designer(request, definition, body, draft)
    operation = request.POST.get("op", "save")
    body = designing.body_of_form(request.POST, keep_blank=operation != "save") | {"process": code}
    if operation == "save":
        return _save(request, definition, body, draft)
    chosen = designing.apply(body, operation, request.POST.get("new_name", "").strip() or _("Nouvelle étape"))
    return _designer(request, definition, body, draft, chosen=chosen, operation=operation, is_changed=True)


def _save(request: MemberRequest, definition: ProcessDefinition, body: dict, draft) -> HttpResponse:
    try:
        actions.save_draft(definition, by=request.member, body=body, version=version_of(request) or 0)
    except Stale as refusal:
        return _designer(request, definition, body, draft, refusal=refusal, is_changed=True, status=409)
    return see(request, at("designer", request.member, code=definition.code), toast=_("Brouillon enregistré."))


@require_POST
@requires(Right.PROCESS_DESIGN, module=MODULE)
def preview(request: MemberRequest, code: str) -> HttpResponse:
    """The picture and what is wrong, of what the form holds: nothing is kept."""
    definition = _definition(request.member, code)
    body = designing.body_of_form(request.POST) | {"process": code}
    return render_block(request, "processes/designer.html", "side", _side(request, definition, body))


@dataclass
class StepView:
    """A step of the designer: its data and what its panel offers."""

    spec: dict[str, Any]
    kind: str
    name: str
    known: list[tuple[str, str]]
    types: dict[str, str]
    choices: dict[str, list[tuple[str, str]]]
    days: list[tuple[str, str]]
    earlier: list[tuple[str, str]]
    condition: condition_tree.Node | None
    told_condition: str
    problems: list[str]
    is_open: bool
    summary: str

    @property
    def has_new(self) -> bool:
        """Whether a row of it was just added, which takes the focus."""
        return self.condition is not None and any(node.is_new for node in self.condition.nodes())


def _designer(
    request: MemberRequest, definition: ProcessDefinition, body: dict, draft: ProcessVersion | None, *,
    chosen: str = "", operation: str = "", refusal: Stale | None = None, is_changed: bool = False, status: int = 200,
) -> HttpResponse:  # fmt: skip
    member = request.member
    side = _side(request, definition, body)
    context = side | {
        "draft": draft,
        "version": refusal.current.version if refusal is not None else draft.version if draft is not None else 0,
        "refusal": refusal,
        "is_changed": is_changed,
        "steps": [
            _step_view(body, step, side["found"], chosen, operation) for step in body["steps"] if isinstance(step, dict)
        ],
        "joints": [
            ("all", _("toutes ces conditions")),
            ("any", _("au moins une de ces conditions")),
            ("none", _("aucune de ces conditions")),
        ],
        "deepest_group": condition_tree.DEEPEST_GROUP,
        "running": _open_runs(member).filter(definition=definition).order_by()[:10_001].count(),
        "older": outdated(definition, member).count() if definition.live_id else 0,
        "units": _units(),
        "may_publish": member.can(Right.PROCESS_PUBLISH),
        "text_of_choices": designing.text_of_choices,
        "offset_of": _offset_of,
        "as_json": lambda value: json.dumps(value, ensure_ascii=False),
        "operators": {kind: [(one, OPERATOR_WORDS[one]) for one in names] for kind, names in OPERATORS.items()},
        "without_value": WITHOUT_VALUE,
        "types": TYPES.items(),
        "services": SERVICES.items(),
        "acts": ACTS.items(),
        "action_kinds": kinds(),
        "events": event_kinds(),
        **_choices(member),
    }
    return render_administration(request, "processes/designer.html", context, fragment="designer", status=status)


def _side(request: MemberRequest, definition: ProcessDefinition, body: dict) -> dict[str, Any]:
    found = problems(body, request.member.organization)
    title = _("Schéma de « %(name)s »") % {"name": definition.name}
    return {
        "definition": definition,
        "body": body,
        "found": found,
        "names": names_of(body),
        "picture": schema.picture(body, title=title),
    }


def _step_view(body: dict, step: dict, found: list, chosen: str, operation: str = "") -> StepView:
    key = step.get("key", "")
    known = known_at(body, key)
    names = names_of(body)
    told = {path: _told_path(path, field, names) for path, field in known.items()}
    condition = condition_tree.from_data(step.get("if"))
    word, _at, place = (*operation.split(":", 2), "", "")[:3]
    if condition is not None and key == chosen and word in ("condition", "group"):
        condition_tree.mark_new(condition, place)
    is_told = condition is None and not problems_of(step["if"], known)
    earlier = []
    for other in body["steps"]:
        if other is step:
            break
        earlier.append((other["key"], names.get(other["key"], other["key"])))
    return StepView(
        spec=step,
        kind=kind_of(step),
        name=names.get(key, key),
        known=list(told.items()),
        types={path: field.type for path, field in known.items()},
        choices={path: field.offered() for path, field in known.items() if field.type == "choice"},
        days=[(path, told[path]) for path, field in known.items() if field.type == "date"],
        earlier=earlier,
        condition=condition,
        told_condition=sentence(step["if"], known, names) if is_told else "",
        problems=[one.sentence for one in found if one.step == key],
        is_open=key == chosen,
        summary=_summary(step),
    )


def _told_path(path: str, field, names: dict[str, str]) -> str:
    step = path.rpartition(".")[0]
    return f"{names[step]} › {field.title}" if step in names else field.title


def _summary(step: dict) -> str:
    told = [schema.kind_word(kind_of(step))]
    due = step.get("due")
    if isinstance(due, dict) and not due.get("from"):
        try:
            told.append(tell_offset(due.get("offset", "")))
        except ValueError:
            pass
    return " · ".join(told)


def _offset_of(text: Any) -> tuple[str, str]:
    """(number, unit) of an offset, ("", "day") without one."""
    try:
        offset = parse_offset(text)
    except (ValueError, TypeError):
        return ("", "working day") if not text else (str(text)[:20], "day")
    return str(offset.amount), offset.unit


def _units() -> list[tuple[str, str]]:
    words = {
        "working day": _("jours ouvrés"), "day": _("jours"), "week": _("semaines"), "month": _("mois"),
        "year": _("ans"), "working hour": _("heures ouvrées"), "hour": _("heures"),
    }  # fmt: skip
    return [(unit, words[unit]) for unit in UNITS]


def _choices(member: Membership) -> dict[str, Any]:
    """Whom and what the organization has."""
    organization_id = member.organization_id
    teams = [(team.code, team.label) for team in Team.objects.filter(organization_id=organization_id, is_active=True)]
    people = Membership.objects.active().filter(organization_id=organization_id).order_by("user__name")
    types = CaseType.objects.filter(organization_id=organization_id).order_by("path")
    topics = Topic.objects.filter(organization_id=organization_id, is_active=True)
    offered: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for kind in kinds().values():
        for name, param in kind.params.items():
            if param.offered is not None:
                offered[kind.name, name] = param.offered(member.organization)
    return {
        "who_words": WHO_WORDS.items(),
        "teams": teams,
        "people": list(people.values_list("user__email", "user__name")[:300]),
        "all_case_types": [(one.path, one.label, one.path.count("/")) for one in types],
        "all_topics": [(one.code, one.label) for one in topics],
        "offered": offered,
    }


@require_POST
@requires(Right.PROCESS_DESIGN, module=MODULE)
def delete_draft(request: MemberRequest, code: str) -> HttpResponse:
    definition = _definition(request.member, code)
    is_gone = definition.live_id is None and definition.versions.exclude(state=ProcessVersion.State.DRAFT).count() == 0
    actions.delete_draft(definition, by=request.member)
    url = at("processes", request.member) if is_gone else at("designer", request.member, code=code)
    return see(request, url, toast=_("Brouillon abandonné."))


@require_GET
@requires(Right.PROCESS_DESIGN, module=MODULE)
def export_yaml(request: MemberRequest, code: str) -> HttpResponse:
    definition = _definition(request.member, code)
    version = _draft(definition) or definition.live
    if version is None:
        raise NotFound
    answer = HttpResponse(dump(version.body), content_type="application/yaml; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{code}.yaml"'
    return answer


# ——— « Essayer » ———


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.PROCESS_DESIGN, module=MODULE)
def trial(request: MemberRequest, code: str) -> HttpResponse:
    """The process played through with the answers that were given, and made-up ones for the rest. Nothing is kept."""
    definition = _definition(request.member, code)
    version = _draft(definition) or definition.live
    if version is None:
        raise NotFound
    body = version.body
    wrong = problems(body, request.member.organization)
    zone = ZoneInfo(request.member.organization.time_zone)
    start = _start(request.POST.get("debut", ""), zone)
    facts, forms, answers = None, [], {}
    if not wrong:
        facts = StepForm(body["facts"], request.POST or None, prefix="faits")
        for step in body["steps"]:
            if fields_of_step(step) and kind_of(step) == "form":
                form = StepForm(step["form"], request.POST or None, prefix=f"e-{step['key']}")
                forms.append((names_of(body)[step["key"]], form))
                form.is_valid()
                if form.is_bound:
                    answers[step["key"]] = form.answers()
        facts.is_valid()
    happenings = []
    if not wrong:
        given = facts.answers() if facts is not None and facts.is_bound else {}
        happenings = simulate(body, given, answers, calendar_of(request.member.organization), start)
    context = {
        "definition": definition, "version": version, "wrong": wrong, "facts": facts, "forms": forms, "start": start,
        "lines": [_trial_line(one, body, _who_of(request.member), zone) for one in happenings],
    }  # fmt: skip
    return render_administration(request, "processes/trial.html", context, fragment="lines")


def _start(text: str, zone: ZoneInfo) -> datetime:
    try:
        start = datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=zone)
    except ValueError:
        return timezone.now().astimezone(zone)
    return start if 2000 <= start.year <= 2200 else timezone.now().astimezone(zone)


def _who_of(member: Membership) -> dict[str, str]:
    """How those are called who do steps, by what stands in a process."""
    teams = Team.objects.filter(organization_id=member.organization_id)
    return {key: str(words) for key, words in WHO_WORDS.items()} | {team.code: team.label for team in teams}


def _trial_line(one, body: dict, who: dict[str, str], zone: ZoneInfo) -> dict[str, Any]:
    names, text = names_of(body), one.text
    if one.what == "opened":
        text = who.get(text, text)
    elif one.what == "done":
        step: dict = next((step for step in body["steps"] if step["key"] == one.step), {})
        given = one.data.get("answers", {})
        answers = told_answers(fields_of_step(step), given)
        text = ", ".join(_("%(field)s : %(value)s") % {"field": field, "value": value} for field, value in answers)
    words = {
        "opened": _("s’ouvre"), "done": _("est faite"), "skipped": _("est passée"), "reminded": _("rappel envoyé"),
        "late": _("est en retard"), "acted": _("le produit agit"), "waits": _("attend"), "blocked": _("reste bloquée"),
        "ended": _("fin"), "refused": _("saisie refusée"),
    }  # fmt: skip
    tones = {"done": "ok", "skipped": "neutral", "late": "bad", "blocked": "bad", "refused": "bad", "reminded": "warn"}
    due = one.data.get("due") or one.data.get("until")
    return {
        "at": one.at.astimezone(zone), "name": names.get(one.step, ""), "what": words.get(one.what, one.what),
        "tone": tones.get(one.what, "info"), "text": text, "due": due.astimezone(zone) if due else None,
    }  # fmt: skip


# ——— Publication and migration ———


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.PROCESS_PUBLISH, module=MODULE)
def publish(request: MemberRequest, code: str) -> HttpResponse:
    """What changes against the live version and how many plans run; then it goes live."""
    definition = _definition(request.member, code)
    draft = _draft(definition)
    if draft is None:
        return see(request, at("designer", request.member, code=code), toast=_("Il n'y a pas de brouillon à publier."))
    wrong = problems(draft.body, request.member.organization)
    if request.method == "POST" and not wrong:
        # What is published is what was looked at.
        given = version_of(request)
        try:
            made = actions.publish(definition, by=request.member, version=given if given is not None else 0)
        except Stale as refusal:
            return see(request, at("publish", request.member, code=code), toast=str(refusal.message))
        toast = _("Version %(number)s publiée.") % {"number": made.number}
        older = outdated(_definition(request.member, code), request.member).exists()
        return see(request, at("migrate" if older else "designer", request.member, code=code), toast=toast)
    context = {
        "definition": definition, "draft": draft, "wrong": wrong, "names": names_of(draft.body),
        "differences": differences(definition.live.body if definition.live else None, draft.body),
        "running": _open_runs(request.member).filter(definition=definition).order_by()[:10_001].count(),
    }  # fmt: skip
    return render_administration(
        request, "processes/publish.html", context, status=422 if request.method == "POST" else 200
    )


def differences(live: dict | None, draft: dict) -> list[tuple[str, str, str]]:
    """(tone, step, what changes) of a draft against the live version."""
    if live is None:
        return []
    names = {**names_of(live), **names_of(draft)}
    before = {step["key"]: step for step in live["steps"]}
    after = {step["key"]: step for step in draft["steps"]}
    told: list[tuple[str, str, str]] = []
    told += [("ok", names[key], _("étape ajoutée")) for key in after if key not in before]
    told += [("bad", names[key], _("étape retirée")) for key in before if key not in after]
    words = {
        "name": _("nom"), "help": _("aide"), "after": _("ordre"), "if": _("condition"), "who": _("qui"),
        "due": _("échéance"), "remind": _("rappels"), "late": _("retard"), "act": _("acte"), "form": _("formulaire"),
        "do": _("actions"), "wait": _("attente"), "public": _("nom pour le client"), "awaits": _("attente du client"),
    }  # fmt: skip
    for key, step in after.items():
        if key in before:
            changed = [word for part, word in words.items() if step.get(part) != before[key].get(part)]
            if changed:
                told.append(("info", names[key], _("modifiée : %(what)s") % {"what": ", ".join(changed)}))
    common = [key for key in before if key in after]
    if common != [key for key in after if key in before]:
        told.append(("info", "", _("L’ordre des étapes change.")))
    heads = {"name": _("nom"), "subjects": _("sujets"), "case_types": _("types de dossier"), "topics": _("rubriques"),
             "service": _("service"), "facts": _("questions au lancement"),
             "start": _("départs automatiques")}  # fmt: skip
    changed = [word for part, word in heads.items() if live.get(part) != draft.get(part)]
    if changed:
        told.append(("info", "", _("Processus modifié : %(what)s") % {"what": ", ".join(changed)}))
    return told


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.PROCESS_LEAD, module=MODULE)
def migrate(request: MemberRequest, code: str) -> HttpResponse:
    """Running plans on older versions: what would happen to them, then the job that takes them over."""
    definition = _definition(request.member, code)
    if definition.live is None:
        raise NotFound
    found = actions.preview_migration(definition, by=request.member)
    if request.method == "POST" and found.movable:
        actions.migrate_runs(definition, by=request.member)
        toast = _("La migration est lancée : %(n)s plans.") % {"n": found.movable}
        return see(request, at("migrate", request.member, code=code), toast=toast)
    return render_administration(request, "processes/migrate.html", {"definition": definition, "preview": found})


@require_POST
@requires(Right.PROCESS_PUBLISH, module=MODULE)
def set_offered(request: MemberRequest, code: str) -> HttpResponse:
    """The process is offered no more, or again. What runs goes on."""
    definition = _definition(request.member, code)
    if definition.is_active:
        actions.retire(definition, by=request.member)
        toast = _("Ce processus ne se lance plus. Les plans en cours continuent.")
    else:
        actions.restore(definition, by=request.member)
        toast = _("Ce processus se lance de nouveau.")
    return see(request, at("designer", request.member, code=code), toast=toast)
