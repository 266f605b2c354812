"""Changing what is known of a case."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from entregent.cases.actions.clocks import follow_clocks
from entregent.cases.actions.confidentiality import follow, keep_in_sight
from entregent.cases.actions.mirroring import CHANGED, mirror
from entregent.cases.actions.rules import (
    actor,
    clients_of,
    first_sub_status,
    journal,
    locked_open,
    put_in_charge,
)
from entregent.cases.models import Case, CaseObject
from entregent.interactions.actions.rules import clean_line, length_refusals, object_foreign, refuse
from entregent.toolbox.errors import Refusal, required

_CHANGEABLE = {
    "title", "public_title", "case_type", "priority", "due_on", "responsible", "team", "contract",
    "is_confidential", "parent",
}  # fmt: skip


@transaction.atomic
def edit_case(case: Case, *, by, version: int | None = None, **changes: Any) -> Case:
    """Changes titles, classification, priority, due day, responsible, team, contract, confidentiality or parent.

    Another type keeps the sub-status where it has it too, else the first of the state. A new responsible is told, and
    becomes an agent; a new contract an object. Whoever makes a case confidential goes on seeing it; its letters and
    mails become so too. Refuses a stale version, a closed case, an empty title, a type that is no longer offered, a
    contract of somebody else, a parent that is the case itself or stands below it.
    """
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise TypeError(f"edit_case has no {sorted(unknown)}")
    who = actor(by, case.organization)
    journal("edit_case", case, who)
    current = locked_open(case, by=who, version=version)
    before, was_confidential = current.responsible, current.is_confidential
    refusals: list[Refusal] = []
    if "title" in changes:
        changes["title"] = clean_line(changes["title"])
        if not changes["title"]:
            refusals.append(required("title", _("Intitulé")))
        refusals += length_refusals({"title": (_("Intitulé"), changes["title"], 200)})
    if "public_title" in changes:
        changes["public_title"] = clean_line(changes["public_title"])
        refusals += length_refusals({"public_title": (_("Intitulé vu par le client"), changes["public_title"], 200)})
    if "priority" in changes and changes["priority"] not in Case.Priority.values:
        refusals.append(required("priority", _("Priorité")))
    if "case_type" in changes:
        kind = changes["case_type"]
        if kind is None:
            refusals.append(required("case_type", _("Type de dossier")))
        elif not kind.is_active and kind.pk != current.case_type_id:
            refusals.append(Refusal("E-001-CASE-TYPE", _("Ce type de dossier n'est plus proposé."), field="case_type"))
    contract = changes.get("contract")
    if contract is not None and contract.client_id not in clients_of(current):
        refusals.append(object_foreign(contract))
    if changes.get("parent") is not None and _is_below(changes["parent"], current):
        refusals.append(Refusal("E-001-PARENT", _("Un dossier ne peut pas être son propre parent."), field="parent"))
    refuse(refusals)
    for name, value in changes.items():
        setattr(current, name, value)
    offered = [one["code"] for one in current.case_type.sub_statuses_of(current.state)]
    if "case_type" in changes and current.sub_status not in offered:
        current.sub_status = first_sub_status(current.case_type, current.state)
    current.version += 1
    current.save()
    if contract is not None:
        CaseObject.objects.get_or_create(
            case=current, object=contract, defaults={"organization_id": current.organization_id}
        )
    if "responsible" in changes and current.responsible != before:
        put_in_charge(current, current.responsible, by=who, before=before)
    if current.is_confidential != was_confidential:
        follow(current)
        if current.is_confidential and by is not None:
            keep_in_sight(current, by)
    if "case_type" in changes:
        follow_clocks(current)
    mirror(current, CHANGED)
    return current


def _is_below(case: Case, top: Case) -> bool:
    """Whether `case` is `top` or stands below it."""
    seen: set[int] = set()
    current: Case | None = case
    while current is not None and current.pk not in seen:
        if current.pk == top.pk:
            return True
        seen.add(current.pk)
        current = current.parent
    return False
