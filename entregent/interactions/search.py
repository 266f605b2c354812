"""Keyword search over interactions: subject, notes, contact and person, reference, number.

Every word must stand in the interaction, in any order, case and accents; a word of four letters and more is also found
as the beginning of a longer one (« factur » finds « facturation »).
"""

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import Exists, OuterRef

from entregent.interactions.models import InteractionQuerySet, InteractionWords
from entregent.toolbox.text import search_key

LONGEST = 200
MOST_WORDS = 12
_PREFIX_FROM = 4
# So many are joined by their ids. What more interactions hold is met soon enough on the way through the newest ones.
_FEW = 5000
_ABBREVIATIONS = {"st": "saint", "ste": "sainte"}

# Planned without the limit: the planner takes the beginning of a word for a frequent one, and would rather read the
# whole table for the first few than ask the index.
_FIND = """
WITH found AS MATERIALIZED (
    SELECT interaction_id FROM interactions_words WHERE organization_id = %s AND words @@ %s::tsquery
)
SELECT interaction_id FROM found LIMIT %s
"""


def search_interactions(member, records: InteractionQuerySet, text: str) -> InteractionQuerySet:
    """Those of `records` in which every word of `text` stands; all of them when there is no word in it.

    `records` are within the member's reach already (`visible_to`): the index of words knows organizations only.
    """
    query = words_query(text)
    if not query:
        return records
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [member.organization_id, query, _FEW + 1])
        ids = [key for (key,) in cursor.fetchall()]
    if len(ids) <= _FEW:
        return records.filter(pk__in=ids)
    found = InteractionWords.objects.filter(
        interaction_id=OuterRef("pk"),
        organization_id=member.organization_id,
        words=SearchQuery(query, search_type="raw", config="simple"),
    )
    return records.filter(Exists(found))


def words_query(text: str) -> str:
    """« l'été factur » → « l & ete & factur:* ». Signs that mean something in a query are gone with `search_key`."""
    words = search_key(text.replace("\x00", " ")[:LONGEST]).split()[:MOST_WORDS]
    return " & ".join(
        f"'{word[:40]}'" + (":*" if len(word) >= _PREFIX_FROM else "")
        for word in (_ABBREVIATIONS.get(word, word) for word in words)
    )
