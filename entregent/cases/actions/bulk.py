"""One change made to many cases: who answers for them, their state, their type. The work is a job (`cases.tasks`), case
by case by the same verbs as on a page, so that the same is refused."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.cases.actions.changes import edit_case
from entregent.cases.actions.states import change_state
from entregent.cases.models import Case, CaseType, State
from entregent.interactions.actions.rules import clean_line
from entregent.jobs.actions import start_job
from entregent.jobs.models import Job
from entregent.listing import pages
from entregent.listing.lists import lists
from entregent.organizations.models import Membership, User
from entregent.toolbox.errors import Refusal, required
from entregent.toolbox.text import as_id

JOB = "cases.bulk"
CHANGES = ("responsible", "state", "case_type")
# What a job keeps of a choice by hand: more is chosen by its search.
MOST_CHOSEN = 5000


@transaction.atomic
def change_cases(*, by: Membership, selection: Mapping, change: str, value: str = "", reason: str = "") -> Job:
    """Starts the change of every case of `selection` that the member may change: chosen by their ids, or the answers of
    a condition with its text, within reach when the job begins. Refuses a value that no case could take."""
    kept, label = check_change(by, change, value)
    ids = selection.get("ids")
    if ids is not None:
        ids = sorted({one for one in map(as_id, map(str, ids)) if one is not None})
        if not ids:
            raise Refusal("E-SELECTION", _("Cochez au moins un dossier."), field="selection")
        if len(ids) > MOST_CHOSEN:
            raise Refusal("E-SELECTION", _("Choisissez toute la recherche plutôt que tant de lignes."))
    chosen = {"condition": selection.get("condition"), "text": str(selection.get("text") or "")[:200], "ids": ids}
    data = {
        "selection": chosen, "change": change, "value": kept, "reason": clean_line(reason)[:200],
        "language": by.user.language,
    }  # fmt: skip
    return start_job(by=by, kind=JOB, label=label, data=data, total=len(ids) if ids is not None else None)


def check_change(by: Membership, change: str, value: Any) -> tuple[Any, str]:
    """The value as the job keeps it, and the sentence that names the change."""
    text = str(value if value is not None else "").strip()
    if change == "responsible":
        found = Membership.objects.active().filter(organization_id=by.organization_id, user_id=as_id(text) or 0)
        member = found.select_related("user").first()
        if member is None:
            raise Refusal("E-000-AGENT", _("Cet agent n'est pas disponible."), field="value")
        return member.user_id, _("Changer de responsable : %(name)s") % {"name": member.user.name}
    if change == "state":
        if text not in State.values:
            raise required("value", _("État"))
        return text, _("Changer d’état : %(name)s") % {"name": State(text).label}
    if change == "case_type":
        kind = CaseType.objects.of(by).filter(pk=as_id(text) or 0, is_active=True).first()
        if kind is None:
            raise Refusal("E-001-CASE-TYPE", _("Choisissez un type de dossier."), field="value")
        return kind.pk, _("Changer de type : %(name)s") % {"name": kind.label}
    raise Refusal("E-CHOICE", _("Choisissez ce qu’il faut changer."), field="changement")


def chosen(job: Job, member: Membership) -> QuerySet:
    """The ids of the cases of the selection that the member sees now."""
    found = pages.selected(job.data["selection"], lists(member)["cases"], member)
    return Case.objects.visible_to(member).filter(pk__in=found).values("pk")


def change_one(job: Job, member: Membership, case_id: int) -> bool:
    """One case; whether anything changed. Refuses what its page would refuse."""
    case = (
        Case.objects.visible_to(member, Right.CASE_EDIT)
        .select_related("organization", "case_type", "client", "responsible").filter(pk=case_id).first()
    )  # fmt: skip
    if case is None:
        raise Refusal("E-NOTFOUND", _("Supprimé, ou hors de votre périmètre."))
    change, value = job.data["change"], job.data["value"]
    if change == "state":
        changed = change_state(case, by=member, state=value, reason=job.data["reason"])
    elif change == "responsible":
        if case.responsible_id == value:
            return False
        changed = edit_case(case, by=member, responsible=User.objects.get(pk=value))
    else:
        kind = CaseType.objects.of(member).filter(pk=value).first()
        if kind is None or case.case_type_id == value:
            return False
        changed = edit_case(case, by=member, case_type=kind)
    return changed.version != case.version
