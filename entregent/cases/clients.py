"""What cases mean for the client and the people whom they are for."""

from dataclasses import replace

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from entregent.access.rights import Right
from entregent.cases.models import Case, CaseParticipant
from entregent.clients.models import Client
from entregent.clients.movers import Mover
from entregent.organizations.models import Membership


def open_cases(client: Client) -> list[str]:
    """A client is not deleted while cases are open (R004-15)."""
    # How many is not told: whoever deletes need not see the confidential ones.
    return [_("des dossiers sont ouverts")] if Case.objects.filter(client=client).open().exists() else []


def _seen(member: Membership):
    """Those that were deleted since as well, which whoever saw them may know of."""
    if member.reach.is_whole(Right.CASE_VIEW) and member.reach.is_whole(Right.CASE_CONFIDENTIAL):
        return None
    records = Case.objects
    seen = [records.visible_to(member, deleted=deleted).values("pk") for deleted in (False, True)]
    return records.filter(Q(pk__in=seen[0]) | Q(pk__in=seen[1]))


def _participants_seen(member: Membership):
    cases = _seen(member)
    return None if cases is None else CaseParticipant.objects.filter(case__in=cases.values("pk"))


CASES = Mover(
    table="cases_case",
    words=lambda n: ngettext("%(n)d dossier", "%(n)d dossiers", n) % {"n": n},
    name="concat_ws(' ', 'n° ' || r.number, r.title)",
    # What hangs on it belongs to it.
    digest="(SELECT md5(string_agg(part, ',' ORDER BY part)) FROM ("
    "SELECT concat_ws('|', 'a', a.id, a.user_id, a.role) FROM cases_caseagent a WHERE a.case_id = r.id"
    " UNION ALL SELECT concat_ws('|', 'o', o.id, o.object_id) FROM cases_caseobject o WHERE o.case_id = r.id"
    " UNION ALL SELECT concat_ws('|', 'i', i.id, i.interaction_id) FROM cases_caseinteraction i WHERE i.case_id = r.id"
    " UNION ALL SELECT concat_ws('|', 'l', l.id, l.text) FROM cases_caselogentry l WHERE l.case_id = r.id"
    " UNION ALL SELECT concat_ws('|', 't', t.id, t.text, t.done_at) FROM cases_casetask t WHERE t.case_id = r.id"
    " UNION ALL SELECT concat_ws('|', 'd', d.id, d.file_id) FROM cases_casedocument d WHERE d.case_id = r.id"
    ") parts (part))",
    soft="r.deleted_at IS NOT NULL",
    seen=_seen,
)
PARTICIPANTS = Mover(
    table="cases_caseparticipant",
    words=lambda n: ngettext("%(n)d participation à un dossier", "%(n)d participations à un dossier", n) % {"n": n},
    name="(SELECT concat_ws(' ', 'n° ' || c.number, c.title) FROM cases_case c WHERE c.id = r.case_id)",
    clashes="EXISTS (SELECT 1 FROM cases_caseparticipant w WHERE w.client_id = %(to)s AND w.case_id = r.case_id)",
    seen=_participants_seen,
)
OF_PEOPLE = replace(
    PARTICIPANTS,
    column="person_id",
    clashes=PARTICIPANTS.clashes.replace("w.client_id = %(to)s", "w.person_id = %(to)s"),
)
