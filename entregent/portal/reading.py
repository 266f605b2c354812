"""What a visitor sees of their conversations, with what they have read: what was published, and nothing else."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from entregent.interactions.models import PublishedEntry, Topic
from entregent.interactions.portal_models import PortalAccess
from entregent.interactions.publication import conversations
from entregent.portal.models import PortalThread

PAGE = 25
# Of a long conversation, the end; the rest is shown when it is asked for.
ENTRIES = 50


@dataclass
class Conversation:
    """A conversation as a line of a list: its last entry, and whether that was read."""

    last: PublishedEntry
    is_unread: bool

    @property
    def number(self) -> int:
        return self.last.number

    @property
    def title(self) -> str:
        return self.last.subject or self.last.topic_label

    @property
    def state(self) -> str:
        return state_words(self.last)


def state_words(entry: PublishedEntry) -> str:
    """The state of a conversation in a client's words."""
    if entry.status == "closed":
        return pgettext("portal", "Terminé")
    if entry.status == "waiting":
        return _("Nous attendons votre réponse")
    return _("Nous nous en occupons") if entry.is_incoming else pgettext("portal", "En cours")


# What of all conversations a list shows.
WAITING, IN_HAND = "attente", "encours"


def recent(
    access: PortalAccess, *, only: str = "", before: tuple[datetime, int] | None = None, limit: int = PAGE
) -> tuple[list[Conversation], tuple[datetime, int] | None]:
    """The conversations written in last, and where the next page begins (None at the end). `only` those that wait for
    the client (WAITING): answers not read yet, and what the organization waits for; or the open ones that do not
    (IN_HAND)."""
    found = conversations(access)
    if only in (WAITING, IN_HAND):
        read = PortalThread.objects.filter(
            access=access, interaction_id=OuterRef("interaction_id"), read_until__gte=OuterRef("published_at")
        )
        waits = Q(status="waiting") | (Q(direction="outgoing") & ~Exists(read))
        found = found.filter(waits) if only == WAITING else found.filter(~waits, status="open")
    if before is not None:
        moment, entry_id = before
        found = found.filter(Q(published_at__lt=moment) | Q(published_at=moment, entry_id__lt=entry_id))
    rows = list(found[: limit + 1])
    following = (rows[limit - 1].published_at, rows[limit - 1].entry_id) if len(rows) > limit else None
    return _with_marks(access, rows[:limit]), following


def topics_offered(access: PortalAccess) -> QuerySet[Topic]:
    """Under what a client of this kind may ask something."""
    kind = "person"
    if access.client is not None:
        kind = "prospect" if access.client.status == "prospect" else "client"
    offered = Topic.objects.filter(organization_id=access.organization_id, is_active=True)
    return offered.filter(Q(applies_to=[]) | Q(applies_to__contains=[kind]))


def _with_marks(access: PortalAccess, rows: list[PublishedEntry]) -> list[Conversation]:
    marks = dict(
        PortalThread.objects.filter(access=access, interaction_id__in=[row.interaction_id for row in rows]).values_list(
            "interaction_id", "read_until"
        )
    )
    return [Conversation(row, _is_unread(row, marks.get(row.interaction_id))) for row in rows]


def _is_unread(row: PublishedEntry, read_until: datetime | None) -> bool:
    return not row.is_incoming and (read_until is None or read_until < row.published_at)
