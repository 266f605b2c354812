"""Cases found by their number, the words of their title or their client: the list, and the quick search (R001-05)."""

import re
from collections.abc import Sequence

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.cases.models import Case, CaseQuerySet, CaseWords
from entregent.clients.search import marks_in_reach
from entregent.interactions.search import words_query
from entregent.organizations.models import Module
from entregent.search.models import Kind
from entregent.search.queries import MOST, Correction, Question, ask, find
from entregent.search.quick import Group, Item
from entregent.toolbox.text import search_key

# So many are joined by their ids. What more cases hold is met soon enough on the way through the newest ones.
_FEW = 5000
_CLIENTS_FROM = 2  # shorter words name nobody, but a case may have the number 7
_FIND = """
WITH found AS MATERIALIZED (
    SELECT case_id FROM cases_words WHERE organization_id = %s AND words @@ %s::tsquery
)
SELECT case_id FROM found ORDER BY case_id DESC LIMIT %s
"""


def sees_cases(member) -> bool:
    """The module is on and the member may see cases."""
    return member.organization.has_module(Module.CASEWORK) and member.can(Right.CASE_VIEW)


def search_cases(member, records: CaseQuerySet, text: str) -> CaseQuerySet:
    """Those of `records` in whose number, title or « affaire » every word of `text` stands, and those of clients whom
    it names; all of them when there is no word in it. `records` are within the member's reach already."""
    query = words_query(text)
    if not query:
        return records
    ids = _ids(member, query, _FEW + 1)
    answers = Q(pk__in=ids)
    if len(ids) > _FEW:
        found = CaseWords.objects.filter(
            case_id=OuterRef("pk"),
            organization_id=member.organization_id,
            words=SearchQuery(query, search_type="raw", config="simple"),
        )
        answers = Q(Exists(found))
    if len(text.strip()) >= _CLIENTS_FROM:
        clients = find(Kind.CLIENT, member.organization_id, ask(text), marks=marks_in_reach(member), limit=MOST)
        answers |= Q(client__in=clients.ids)
    return records.filter(answers)


def _ids(member, query: str, limit: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [member.organization_id, query, limit])
        return [key for (key,) in cursor.fetchall()]


def _key(number: str) -> str:
    """As the question has numbers: letters and digits alone."""
    return re.sub(r"[^0-9a-z]", "", search_key(number)) or "-"


class CaseSource:
    """Cases in the quick search: by number, or by the words of their title."""

    kind = "cases"

    def find(self, member, question: Question, limit: int) -> Group | None:
        if not sees_cases(member):
            return None
        query = words_query(" ".join([*question.words, *question.phrases]))
        if not query:
            return None
        # Those of everybody: within the member's reach fewer remain.
        ids = _ids(member, query, _FEW + 1)
        if not ids:
            return None
        rows = (
            Case.objects.visible_to(member)
            .filter(pk__in=ids)
            .order_by("closed_at", "-id")
            .values("number", "title", "client__display_name", "external_ref")[: limit + 1]
        )
        slug = member.organization.slug
        items = [
            Item(
                label=row["title"],
                number=str(row["number"]),
                detail=" · ".join(filter(None, [row["client__display_name"], row["external_ref"]])),
                url=reverse("cases:detail", args=[slug, row["number"]]),
                icon="folder",
                exact=question.number in (str(row["number"]), _key(row["external_ref"])),
            )
            for row in rows
        ]
        shown = items[:limit]
        return Group(self.kind, _("Dossiers"), shown, len(shown), len(items) > limit) if items else None

    def find_corrected(self, member, corrected: Sequence[Correction], limit: int) -> Group | None:
        return None
