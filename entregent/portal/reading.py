"""What a visitor sees of their conversations, with what they have read: what was published, and nothing else."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from entregent.cases.models import PublishedCase
from entregent.cases.publication import conversations_of, published_cases
from entregent.interactions.models import PublishedEntry, Topic
from entregent.interactions.portal_models import PortalAccess
from entregent.interactions.publication import conversations
from entregent.portal.models import PortalThread
from entregent.processes.publication import Progress, awaited_cases, progress_of

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


@dataclass
class Matter:
    """A case as its client follows it."""

    case: PublishedCase
    progress: Progress

    @property
    def state(self) -> str:
        """In a client's words; why something was called off is told to them in a conversation."""
        if self.case.state == "done":
            return pgettext("portal", "Terminé")
        if self.case.state == "cancelled":
            return pgettext("portal", "Annulé")
        if self.case.is_closed:
            return pgettext("portal", "Classé sans suite")
        if self.progress.is_awaited:
            return _("Nous attendons votre réponse")
        return pgettext("portal", "Reçu") if self.case.state == "new" else pgettext("portal", "En cours de traitement")


def matters(
    access: PortalAccess, *, before: tuple[datetime, int] | None = None
) -> tuple[list[Matter], tuple[datetime, int] | None]:
    """The cases opened last, and where the next page begins (None at the end)."""
    found = published_cases(access).order_by("-opened_at", "-case_id")
    if before is not None:
        moment, case_id = before
        found = found.filter(Q(opened_at__lt=moment) | Q(opened_at=moment, case_id__lt=case_id))
    cases = list(found[: PAGE + 1])
    following = (cases[PAGE - 1].opened_at, cases[PAGE - 1].case_id) if len(cases) > PAGE else None
    return _with_progress(cases[:PAGE]), following


def matters_at_home(access: PortalAccess, limit: int) -> tuple[list[Matter], list[Matter], bool]:
    """Of the open cases those that wait for the client and those that do not, the newest; whether there are more."""
    found = published_cases(access).filter(closed_at__isnull=True).order_by("-opened_at", "-case_id")
    awaited = awaited_cases(found.order_by().values("case_id"))
    waiting = list(found.filter(case_id__in=awaited)[: limit + 1])
    in_hand = list(found.exclude(case_id__in=awaited)[: limit + 1])
    shown = _with_progress([*waiting[:limit], *in_hand[:limit]])
    cut = min(len(waiting), limit)
    return shown[:cut], shown[cut:], max(len(waiting), len(in_hand)) > limit


def _with_progress(cases: list[PublishedCase]) -> list[Matter]:
    progress = progress_of(case.case_id for case in cases)
    return [Matter(case, progress[case.case_id]) for case in cases]


def conversations_in(access: PortalAccess, case: PublishedCase) -> list[Conversation]:
    """What was written about a case, as far as this person reads it; the one written in last first."""
    found = conversations(access).filter(interaction_id__in=conversations_of(case))
    return _with_marks(access, list(found[:PAGE]))


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
