"""The steps of a case's plans among its elements (R001-26)."""

from django.db.models.functions import Coalesce
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from entregent.cases.extension_points import Element, ElementGroup
from entregent.cases.models import Case
from entregent.organizations.models import Membership
from entregent.processes.addresses import plan_url
from entregent.processes.models import ProcessStep

_MOST = 500
_State = ProcessStep.State


def elements_of_case(case: Case, member: Membership) -> list[ElementGroup]:
    """What was done and what is to be done now, the newest first; what is to come stands in the plan itself.

    Whoever sees the case sees its plans."""
    in_english = get_language() == "en"

    def told(fr: str, en: str) -> str:
        return (en or fr) if in_english else (fr or en)

    rows = (
        ProcessStep.objects.filter(run__case_id=case.pk, organization_id=member.organization_id)
        .filter(state__in=[_State.READY, _State.FAILED, _State.DONE])
        .annotate(at=Coalesce("done_at", "ready_at"))
        .order_by("-at", "-id")
        .values_list(
            "pk",
            "run_id",
            "name_fr",
            "name_en",
            "state",
            "kind",
            "at",
            "run__definition__name_fr",
            "run__definition__name_en",
        )
    )
    steps = [
        Element(
            told(name_fr, name_en),
            f"{plan_url(member.organization.slug, run)}#etape-{key}",
            f"{told(plan_fr, plan_en)} · {_state(state, kind)}",
            at,
            "list-check",
        )
        for key, run, name_fr, name_en, state, kind, at, plan_fr, plan_en in rows[:_MOST]
    ]
    return [ElementGroup("steps", _("Étapes"), "list-check", steps, _("Ce dossier n’a aucune étape."), len(steps))]


def _state(state: str, kind: str) -> str:
    """What nobody has to do is not told as to be done."""
    if state == _State.READY and kind != ProcessStep.Kind.FORM:
        return str(ProcessStep.Kind(kind).label)
    return str(_State(state).label)
