"""Types of cases: the classification, a tree that administrators keep."""

import re
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.cases.defaults import types_of_trade
from entregent.cases.extension_points import type_moves
from entregent.cases.models import Case, CaseType, State
from entregent.interactions.actions.rules import clean_line, refuse
from entregent.interactions.template_models import RecordTemplate
from entregent.organizations.idempotency import once
from entregent.organizations.journal import stale
from entregent.organizations.models import Organization
from entregent.toolbox.errors import NotFound, Refusal, required, too_long
from entregent.toolbox.text import search_key
from entregent.toolbox.working_time import parse_offset

DEEPEST = 4
MOST_SUB_STATUSES = 30
_CODE = re.compile(r"[a-z0-9_-]{1,40}")


@transaction.atomic
def create_case_type(
    *, by, code: str = "", parent: CaseType | None = None, idempotency_key: str | None = None, **values
) -> CaseType:
    """Adds a type, offered at once; the code is made of the French label where none is given.

    Refuses: no label, a code that is taken beside it, a tree deeper than four, a rule of the due day that cannot be
    read, a sub-status without label or of no state.
    """
    record("create_case_type", by=by, label_fr=values.get("label_fr", ""), label_en=values.get("label_en", ""))

    def make() -> CaseType:
        return _create(by, code, parent, values)

    mark = [clean_line(code), parent.pk if parent else None, clean_line(values.get("label_fr", ""))]
    made, _was_repeated = once(by.organization_id, "case_type", idempotency_key, mark, make)
    return CaseType.objects.get(pk=made)


def _create(by, code: str, parent: CaseType | None, values: dict[str, Any]) -> CaseType:
    case_type = CaseType(organization=by.organization)
    refusals = _fill(case_type, values)
    _place(case_type, parent, refusals)
    wanted = clean_line(code)
    if wanted and not _CODE.fullmatch(wanted):
        sentence = _("Un code est fait de lettres minuscules sans accent, de chiffres et de tirets.")
        refusals.append(Refusal("E-001-TYPE-CODE", sentence, field="code"))
    refuse(refusals)
    case_type.code = wanted or _free_code(case_type, parent)
    case_type.path = _path(case_type.code, parent)
    if CaseType.objects.filter(organization_id=by.organization_id, path=case_type.path).exists():
        raise Refusal("E-001-TYPE-CODE", _("Ce code est déjà utilisé."), field="code")
    if values.get("position") is None:
        last = CaseType.objects.filter(organization_id=by.organization_id).order_by("-position").first()
        case_type.position = last.position + 10 if last else 10
    case_type.save(force_insert=True)
    return case_type


@transaction.atomic
def update_case_type(case_type: CaseType, *, by, version: int, **values) -> CaseType:
    """Changes a type. Cases keep their due day; one that is no longer offered stays displayed. `parent` moves it, with
    what stands below it. A sub-status in which cases stand stays."""
    record("update_case_type", by=by, subject=case_type, label_fr=case_type.label_fr, label_en=case_type.label_en)
    current = CaseType.objects.select_for_update().filter(pk=case_type.pk, organization_id=by.organization_id).first()
    if current is None:
        raise NotFound
    if current.version != version:
        raise stale(current, organization=by.organization)
    before = {one["code"] for one in current.sub_statuses}
    refusals = _fill(current, values)
    refusals += _still_used(current, before - {one["code"] for one in current.sub_statuses})
    if "parent" in values:
        parent = values["parent"]
        if parent is not None and f"{parent.path}/".startswith(f"{current.path}/"):
            sentence = _("Un type ne peut pas être placé sous lui-même.")
            refusals.append(Refusal("E-001-TYPE-TREE", sentence, field="parent"))
        else:
            _place(current, parent, refusals)
    refuse(refusals)
    path = _path(current.code, current.parent)
    if path != current.path:
        stood_at = current.path
        _move(current, path)
        for moved in type_moves:
            moved(by.organization, stood_at, path)
    current.version += 1
    current.save()
    return current


def seed_case_types(organization: Organization) -> None:
    """The types that an organization starts with; one that is there already stays as it is."""
    made: dict[str, CaseType] = {}
    for position, one in enumerate(types_of_trade(organization.trade), start=1):
        parent = made.get(one["path"].rpartition("/")[0])
        made[one["path"]], _created = CaseType.objects.get_or_create(
            organization=organization,
            path=one["path"],
            defaults={
                "code": one["path"].rpartition("/")[2],
                "parent": parent,
                "label_fr": one["fr"],
                "label_en": one["en"],
                "position": position * 10,
                "due_rule": one.get("due", ""),
                "warn_days": one.get("warn", 2),
                "is_confidential": one.get("confidential", False),
                "on_portal": one.get("on_portal", False),
                "topics": one.get("topics", []),
                "sub_statuses": one.get("sub_statuses", []),
            },
        )


def _fill(case_type: CaseType, values: dict[str, Any]) -> list[Refusal]:
    refusals: list[Refusal] = []
    for name, label in (("label_fr", _("Libellé français")), ("label_en", _("Libellé anglais"))):
        if name in values:
            setattr(case_type, name, clean_line(values[name]))
        text = getattr(case_type, name)
        if not text:
            refusals.append(required(name, label))
        elif len(text) > 80:
            refusals.append(too_long(name, label, 80))
    if values.get("position") is not None:
        case_type.position = values["position"]
    for name in ("is_active", "is_confidential", "on_portal"):
        if name in values:
            setattr(case_type, name, bool(values[name]))
    if "due_rule" in values:
        case_type.due_rule = clean_line(values["due_rule"])
        refusals += _due_refusals(case_type.due_rule)
    if values.get("warn_days") is not None:
        case_type.warn_days = values["warn_days"]
    if not 0 <= case_type.warn_days <= 365:
        refusals.append(Refusal("E-001-WARN", _("Donnez un nombre de jours entre 0 et 365."), field="warn_days"))
    if "template" in values:
        template = values["template"]
        if template is not None and template.kind != RecordTemplate.Kind.CASE:
            refusals.append(Refusal("E-001-TYPE-TEMPLATE", _("Choisissez un modèle de dossier."), field="template"))
        case_type.template = template
    if "topics" in values:
        case_type.topics = sorted({topic.code for topic in values["topics"]})
    if "sub_statuses" in values:
        case_type.sub_statuses = _sub_statuses(values["sub_statuses"], refusals)
    return refusals


def _due_refusals(rule: str) -> list[Refusal]:
    if not rule:
        return []
    try:
        amount = parse_offset(rule).amount
    except ValueError:
        amount = 0
    if amount > 0:
        return []
    sentence = _("Indiquez un délai : « 2 working days », « 10 days », « 1 month ».")
    return [Refusal("E-001-OFFSET", sentence, field="due_rule")]


def _sub_statuses(given: Iterable[dict], refusals: list[Refusal]) -> list[dict]:
    kept: list[dict] = []
    for one in given:
        french, english = clean_line(one.get("fr", "")), clean_line(one.get("en", ""))
        if not french and not english:
            continue
        if one.get("state") not in State.values or len(french) > 60 or len(english) > 60:
            sentence = _("Chaque sous-statut a un état et un libellé de 60 caractères au plus.")
            refusals.append(Refusal("E-001-SUB-STATUS", sentence, field="sub_statuses"))
            continue
        french = french or english
        code = clean_line(one.get("code", ""))[:40] or _code_of(french, {status["code"] for status in kept})
        if any(status["code"] == code for status in kept):
            refusals.append(
                Refusal("E-001-SUB-STATUS", _("Deux sous-statuts portent le même nom."), field="sub_statuses")
            )
            continue
        kept.append({"code": code, "state": one["state"], "fr": french, "en": english or french})
    if len(kept) > MOST_SUB_STATUSES:
        told = {"n": MOST_SUB_STATUSES}
        refusals.append(Refusal("E-001-SUB-STATUS", _("%(n)d sous-statuts au maximum.") % told, field="sub_statuses"))
    return kept


def _still_used(case_type: CaseType, gone: set[str]) -> list[Refusal]:
    used = Case.objects.filter(case_type=case_type, sub_status__in=gone).order_by().values_list("sub_status", flat=True)
    first = used.first() if gone else None
    if first is None:
        return []
    sentence = _("Des dossiers ont encore le sous-statut « %(name)s » : gardez-le.") % {"name": first}
    return [Refusal("E-001-SUB-STATUS", sentence, field="sub_statuses")]


def _place(case_type: CaseType, parent: CaseType | None, refusals: list[Refusal]) -> None:
    if parent is not None and parent.path.count("/") + 2 > DEEPEST:
        told = {"n": DEEPEST}
        refusals.append(Refusal("E-001-TYPE-TREE", _("%(n)d niveaux au maximum.") % told, field="parent"))
        return
    case_type.parent = parent


def _path(code: str, parent: CaseType | None) -> str:
    return f"{parent.path}/{code}" if parent is not None else code


def _move(case_type: CaseType, path: str) -> None:
    """The path of the type and of all below it."""
    of_organization = CaseType.objects.filter(organization_id=case_type.organization_id)
    if of_organization.filter(path=path).exclude(pk=case_type.pk).exists():
        raise Refusal("E-001-TYPE-CODE", _("Ce code est déjà utilisé à cet endroit."), field="parent")
    below = of_organization.filter(path__startswith=f"{case_type.path}/")
    deepest = max((one.count("/") for one in below.values_list("path", flat=True)), default=case_type.path.count("/"))
    if path.count("/") + deepest - case_type.path.count("/") + 1 > DEEPEST:
        raise Refusal("E-001-TYPE-TREE", _("%(n)d niveaux au maximum.") % {"n": DEEPEST}, field="parent")
    below.update(path=Concat(Value(f"{path}/"), Substr(F("path"), len(case_type.path) + 2)))
    case_type.path = path


def _code_of(label: str, taken: set[str]) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", search_key(label)).strip("-")[:34] or "type"
    if stem not in taken:
        return stem
    return next(f"{stem}-{n}" for n in range(2, 10_000) if f"{stem}-{n}" not in taken)


def _free_code(case_type: CaseType, parent: CaseType | None) -> str:
    beside = CaseType.objects.filter(organization_id=case_type.organization_id, parent=parent)
    return _code_of(case_type.label_fr, set(beside.values_list("code", flat=True)))
