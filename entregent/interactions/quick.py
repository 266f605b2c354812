"""Interactions in the quick search: by their number, typed whole (R003-18)."""

import re
from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from entregent.access.recall import recalled
from entregent.access.rights import Right
from entregent.interactions.models import Interaction
from entregent.search.queries import Correction, Question
from entregent.search.quick import Group, Item

# Longer ones are phone numbers: the database need not be asked.
_NUMBER = re.compile(r"(?:NO?)?([0-9]{1,8})")


class InteractionSource:
    kind = "interactions"

    def find(self, member, question: Question, limit: int) -> Group | None:
        typed = _NUMBER.fullmatch(question.number.upper())
        if typed is None or not member.can(Right.INTERACTION_VIEW):
            return None
        rows = _numbered(member, int(typed[1]))
        items = [
            Item(
                label=_("Interaction n° %(number)s") % {"number": row["number"]},
                number=str(row["number"]),
                detail=" · ".join(part for part in (row["client__display_name"], row["subject"]) if part),
                url=reverse("interactions:detail", args=[member.organization.slug, row["number"]]),
                icon="message-2",
            )
            for row in rows[:limit]
        ]
        return Group(self.kind, _("Interactions"), items, len(items)) if items else None

    def find_corrected(self, member, corrected: Sequence[Correction], limit: int) -> Group | None:
        return None


@recalled
def _numbered(member, number: int):
    records = Interaction.objects.visible_to(member).filter(number=number).order_by()
    return records.values("number", "subject", "client__display_name")
