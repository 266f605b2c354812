"""What plans of action mean for the client whom they are for."""

from django.db.models import Q
from django.utils.translation import ngettext

from entregent.access.rights import Right
from entregent.cases.models import Case
from entregent.clients.movers import Mover
from entregent.organizations.models import Membership
from entregent.processes.models import ProcessRun


def _seen(member: Membership):
    """Those of cases that were deleted since as well, where the member saw these."""
    if member.reach.is_whole(Right.CASE_VIEW) and member.reach.is_whole(Right.CASE_CONFIDENTIAL):
        return None
    gone = Case.objects.visible_to(member, deleted=True).values("pk")
    return ProcessRun.objects.filter(Q(pk__in=ProcessRun.objects.visible_to(member).values("pk")) | Q(case__in=gone))


RUNS = Mover(
    table="processes_processrun",
    words=lambda n: ngettext("%(n)d plan d’action", "%(n)d plans d’action", n) % {"n": n},
    name="(SELECT d.name_fr FROM processes_processdefinition d WHERE d.id = r.definition_id)",
    digest="(SELECT md5(string_agg(concat_ws('|', s.id, s.state, s.version), ',' ORDER BY s.id))"
    " FROM processes_processstep s WHERE s.run_id = r.id)",
    seen=_seen,
)
