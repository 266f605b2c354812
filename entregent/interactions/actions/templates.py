"""Templates of contacts and dossiers: made and changed by whoever holds the right to."""

import re
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from entregent.audit.actions import record
from entregent.clients.facts import shape_of
from entregent.clients.models import BusinessObjectType
from entregent.clients.selectors import selector_of
from entregent.documents.texts import problems
from entregent.interactions.actions.rules import clean_line, clean_notes, refuse
from entregent.interactions.models import Interaction, InteractionAgent, Topic
from entregent.interactions.template_models import RecordTemplate
from entregent.interactions.templating import LONGEST_ROLE, role_choices
from entregent.listing.conditions import check
from entregent.listing.lists import lists
from entregent.organizations.idempotency import once
from entregent.organizations.journal import stale
from entregent.organizations.models import Membership, Team
from entregent.toolbox.errors import NotFound, Refusal, Refusals, required, too_long
from entregent.toolbox.text import search_key
from entregent.toolbox.working_time import parse_offset

MOST_RULES = 12
_RESERVED = {"nouveau", "apercu", "conditions"}  # addresses of the pages


@transaction.atomic
def create_record_template(
    *, by, code: str = "", topics: Iterable[Topic] = (), idempotency_key: str | None = None, **values
) -> RecordTemplate:
    """Makes a template, in service at once. `topics`: those that use it (of contacts only).

    Refuses: no name, a code that is taken, rules that mean nothing, variables that are not there, no readable offset.
    """
    record("create_record_template", by=by, name_fr=values.get("name_fr", ""), name_en=values.get("name_en", ""))

    def make() -> RecordTemplate:
        return _create(by, code, topics, values)

    mark = [code, values.get("kind", ""), values.get("name_fr", "")]
    made, _was_repeated = once(by.organization_id, "record_template", idempotency_key, mark, make)
    return RecordTemplate.objects.get(pk=made)


def _create(by, code: str, topics: Iterable[Topic], values: dict[str, Any]) -> RecordTemplate:
    template = RecordTemplate(organization=by.organization)
    _fill(template, values, by=by)
    taken = RecordTemplate.objects.filter(organization_id=by.organization_id)
    if code and (taken.filter(code=code).exists() or code in _RESERVED):
        raise Refusal("E-001-TEMPLATE-CODE", _("Ce code est déjà utilisé."), field="code")
    template.code = code or _free_code(template.name_fr, set(taken.values_list("code", flat=True)))
    template.save(force_insert=True)
    _use_on(template, topics)
    return template


@transaction.atomic
def update_record_template(
    template: RecordTemplate, *, by, version: int, topics: Iterable[Topic] | None = None, **values
) -> RecordTemplate:
    """Changes a template. Contacts and dossiers that were filled in with it stay as they are."""
    record("update_record_template", by=by, subject=template, name_fr=template.name_fr, name_en=template.name_en)
    current = (
        RecordTemplate.objects.select_for_update().filter(pk=template.pk, organization_id=by.organization_id).first()
    )
    if current is None:
        raise NotFound
    if current.version != version:
        raise stale(current, organization=by.organization)
    _fill(current, values, by=by)
    current.version += 1
    current.save()
    if topics is not None:
        _use_on(current, topics)
    return current


def check_values(template: RecordTemplate, values: dict[str, Any], *, by: Membership) -> None:
    """Puts cleaned `values` into `template` without saving: for what is tried before it is saved."""
    _fill(template, values, by=by)


def _use_on(template: RecordTemplate, topics: Iterable[Topic]) -> None:
    wanted = {topic.pk for topic in topics} if template.kind == RecordTemplate.Kind.CONTACT else set()
    of_organization = Topic.objects.select_for_update().filter(organization_id=template.organization_id)
    for topic in of_organization:
        if (topic.pk in wanted) == (topic.template_id == template.pk):
            continue
        topic.template_id = template.pk if topic.pk in wanted else None
        topic.version += 1
        topic.save(update_fields=["template", "version"])


def _fill(template: RecordTemplate, values: dict[str, Any], *, by: Membership) -> None:
    refusals: list[Refusal] = []
    for name in ("name_fr", "name_en", "subject_fr", "subject_en"):
        if name in values:
            setattr(template, name, clean_line(values[name]))
    for name in ("text_fr", "text_en"):
        if name in values:
            setattr(template, name, clean_notes(values[name]))
    refusals += _text_refusals(template)
    for name in ("kind", "priority", "channel"):
        if name in values:
            setattr(template, name, str(values[name] or ""))
    for name, choices in (("kind", RecordTemplate.Kind), ("priority", RecordTemplate.Priority)):
        if getattr(template, name) not in choices.values:
            refusals.append(Refusal("E-CHOICE", _("Choisissez une des réponses proposées."), field=name))
    if template.channel and template.channel not in Interaction.Channel.values:
        refusals.append(Refusal("E-CHOICE", _("Choisissez une des réponses proposées."), field="channel"))
    if "is_active" in values:
        template.is_active = bool(values["is_active"])
    if "follow_up" in values:
        template.follow_up = clean_line(values["follow_up"])
        refusals += _offset_refusals(template.follow_up)
    if "eligible" in values:
        try:
            template.eligible = check(values["eligible"], lists(by)["clients"], by).data
        except Refusals as found:
            refusals += [Refusal(one.code, one.message, field="eligible") for one in found.refusals]
    if "people" in values:
        template.people = _people(values["people"], refusals)
    if "agents" in values:
        template.agents = _agents(values["agents"], refusals, by)
    if "object_rules" in values:
        template.object_rules = _objects(values["object_rules"], refusals, by)
    refuse(refusals)


def _text_refusals(template: RecordTemplate) -> list[Refusal]:
    refusals = []
    labels = {
        "name_fr": (_("Nom français"), 80),
        "name_en": (_("Nom anglais"), 80),
        "subject_fr": (_("Objet français"), 200),
        "subject_en": (_("Objet anglais"), 200),
        "text_fr": (_("Texte français"), 10_000),
        "text_en": (_("Texte anglais"), 10_000),
    }
    shape = shape_of(template.organization) if "{" in "".join(getattr(template, name) for name in labels) else {}
    for name, (label, most) in labels.items():
        text = getattr(template, name)
        if name.startswith("name") and not text:
            refusals.append(required(name, label))
        elif len(text) > most:
            refusals.append(too_long(name, label, most))
        elif "{" in text and not name.startswith("name"):
            refusals += [
                Refusal("E-001-TEMPLATE", f"{label}\N{NO-BREAK SPACE}: {one}", field=name)
                for one in problems(text, shape)
            ]
    return refusals


def _offset_refusals(text: str) -> list[Refusal]:
    if not text:
        return []
    try:
        amount = parse_offset(text).amount
    except ValueError:
        amount = 0
    if amount > 0:
        return []
    sentence = _("Indiquez un délai : « 2 working days », « 10 days », « 1 month ».")
    return [Refusal("E-001-OFFSET", sentence, field="follow_up")]


def _too_many(rules: list, field: str) -> list[Refusal]:
    if len(rules) <= MOST_RULES:
        return []
    return [Refusal("E-001-RULES", _("%(n)d lignes au maximum.") % {"n": MOST_RULES}, field=field)]


def _people(rules: list[dict], refusals: list[Refusal]) -> list[dict]:
    roles = dict(role_choices())
    kept = []
    for rule in rules:
        if rule.get("role") not in roles:
            refusals.append(Refusal("E-CHOICE", _("Choisissez le rôle de l'interlocuteur."), field="people"))
            continue
        one = {"role": rule["role"]}
        for language in ("fr", "en"):
            label = clean_line(rule.get(f"label_{language}", ""))
            if len(label) > LONGEST_ROLE:
                refusals.append(too_long("people", _("Rôle"), LONGEST_ROLE))
            one[f"label_{language}"] = label
        kept.append(one)
    refusals += _too_many(kept, "people")
    return kept


def _agents(rules: list[dict], refusals: list[Refusal], by: Membership) -> list[dict]:
    users = set(Membership.objects.filter(organization_id=by.organization_id).values_list("user_id", flat=True))
    teams = set(Team.objects.filter(organization_id=by.organization_id).values_list("code", flat=True))
    known: dict[str, set] = {"user": users, "function": set(Membership.Function.values), "team": teams}
    roles = (InteractionAgent.Role.RESPONSIBLE.value, InteractionAgent.Role.PARTICIPANT.value)
    kept = []
    for rule in rules:
        who = next((name for name in known if rule.get(name)), None)
        if who is None or rule[who] not in known[who] or rule.get("role") not in roles:
            refusals.append(Refusal("E-CHOICE", _("Choisissez l'agent, la fonction ou l'équipe."), field="agents"))
            continue
        kept.append({who: rule[who], "role": rule["role"]})
    refusals += _too_many(kept, "agents")
    return kept


def _objects(rules: list[dict], refusals: list[Refusal], by: Membership) -> list[dict]:
    types = {kind.code: kind for kind in BusinessObjectType.objects.filter(organization_id=by.organization_id)}
    kept = []
    for rule in rules:
        selector = selector_of(str(rule.get("selector", "")), types)
        if selector is None:
            refusals.append(Refusal("E-CHOICE", _("Choisissez l'objet à joindre."), field="object_rules"))
            continue
        known = {state["code"] for state in types[selector.type_code].states}
        states = [state for state in rule.get("states") or [] if state in known]
        kept.append({"selector": selector.code, "states": states, "required": bool(rule.get("required", True))})
    refusals += _too_many(kept, "object_rules")
    return kept


def _free_code(name: str, taken: set[str]) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", search_key(name)).strip("-")[:34] or "modele"
    taken = taken | _RESERVED
    if stem not in taken:
        return stem
    return next(f"{stem}-{n}" for n in range(2, 10_000) if f"{stem}-{n}" not in taken)
