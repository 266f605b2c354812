"""Who may read which mail, and the filter of « Boîte d'envoi »."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from entregent.access.rights import Right
from entregent.access.scope import clients_in_reach, scope_words
from entregent.outbox.extension_points import Subject, subject_finders
from entregent.outbox.models import Message, Post
from entregent.toolbox.text import search_key

NAMES = ("etat", "q", "client", "du", "au")
# By words the newest hits are looked through, not all of a million.
MOST_HITS = 5000
CLIENT = "clients.client"

_OWN_LINK = re.compile(rf"{re.escape(settings.PUBLIC_URL)}/[^\s<>\"']*")
_SECRET = re.compile(r"[A-Za-z0-9_.:~-]{20,}")


def visible_to(member) -> QuerySet[Message]:
    """A mail that names a client is read by whoever sees the client; another by its addressee and who sees all.

    What a member was told (alerts, digests) is theirs alone: it says what they follow, within their own reach.
    """
    mails = Message.objects.filter(
        Q(is_personal=False) | Q(user_id=member.user_id), organization_id=member.organization_id
    )
    if member.reach.is_whole(Right.CLIENT_VIEW):
        return mails
    return mails.filter(Q(client_id__in=clients_in_reach(member)) | Q(client_id__isnull=True, user_id=member.user_id))


def of_record(member, subject_type: str, subject_id: int) -> QuerySet[Message]:
    """The mails about one record; of a client, all that name it."""
    if subject_type == CLIENT:
        return visible_to(member).filter(client_id=subject_id)
    return visible_to(member).filter(subject_type=subject_type, subject_id=subject_id)


def without_secrets(text: str) -> str:
    """Links that let in whoever follows them (an invitation, a new password) are of no concern to a third person."""

    def masked(found: re.Match) -> str:
        link = found.group()
        if link.startswith(f"{settings.PUBLIC_URL}/compte/"):
            return f"{settings.PUBLIC_URL}/compte/…"
        head, path = settings.PUBLIC_URL, link[len(settings.PUBLIC_URL) :]
        return head + _SECRET.sub("…", path)

    return _OWN_LINK.sub(masked, text)


def subjects_of(member, mails: Iterable[Message | Post]) -> dict[tuple[str, int], Subject]:
    """What the mails are about and the clients that they name, by (type, id), in as many queries as there are types."""
    wanted: dict[str, set[int]] = {}
    for mail in mails:
        if mail.client_id is not None:
            wanted.setdefault(CLIENT, set()).add(mail.client_id)
        if mail.subject_id is not None:
            wanted.setdefault(mail.subject_type, set()).add(mail.subject_id)
    found = {}
    for subject_type, ids in wanted.items():
        for find in subject_finders:
            for pk, subject in find(member, subject_type, sorted(ids)).items():
                found[subject_type, pk] = subject
    return found


@dataclass(frozen=True)
class Cursor:
    """Where a page of mails ends."""

    created_at: datetime
    pk: int

    @classmethod
    def read(cls, text: str) -> "Cursor | None":
        moment, _bar, pk = text.partition("|")
        try:
            read = cls(datetime.fromisoformat(moment), int(pk))
        except ValueError:
            return None
        return read if read.created_at.tzinfo is not None and 0 < read.pk < 2**63 else None

    def __str__(self):
        return f"{self.created_at.isoformat()}|{self.pk}"


class MailFilter:
    """`?etat=&q=&client=&du=&au=`. A value that means nothing is left out; an unknown client finds nothing."""

    def __init__(self, query, member):
        self.member = member
        self.zone = ZoneInfo(member.organization.time_zone)
        self.values = {name: query.get(name, "").strip()[:200] for name in NAMES}

    @property
    def is_on(self) -> bool:
        return any(self.values.values())

    @property
    def states(self) -> list[tuple[str, str]]:
        return [("", _("Tous les états")), *((value, str(label)) for value, label in Message.State.choices)]

    def query(self, **more: str) -> str:
        return urlencode({name: value for name, value in (self.values | more).items() if value})

    def apply(self, mails: QuerySet[Message]) -> QuerySet[Message]:
        state = self.values["etat"]
        if state in Message.State.values:
            # The partial index of what has not been sent says it in these words.
            mails = mails.filter(state=state) if state == Message.State.SENT else mails.filter(
                ~Q(state=Message.State.SENT), state=state
            )  # fmt: skip
        if self.values["client"]:
            client = scope_words["client"].find(self.member, self.values["client"]) if "client" in scope_words else None
            mails = mails.filter(client_id=client) if client is not None else mails.none()
        start, end = _day(self.values["du"]), _day(self.values["au"])
        if start:
            mails = mails.filter(created_at__gte=datetime.combine(start, time.min, tzinfo=self.zone))
        if end:
            mails = mails.filter(created_at__lt=datetime.combine(end + timedelta(days=1), time.min, tzinfo=self.zone))
        words = search_key(self.values["q"]).split()
        return mails.filter(pk__in=_with_words(words)) if words else mails


def after(mails: QuerySet[Message], cursor: Cursor | None) -> QuerySet[Message]:
    """What follows, newest first."""
    if cursor is not None:
        mails = mails.filter(
            Q(created_at__lt=cursor.created_at) | Q(created_at=cursor.created_at, pk__lt=cursor.pk),
            created_at__lte=cursor.created_at,
        )
    return mails.order_by("-created_at", "-pk")


def _with_words(words: list[str]) -> list[int]:
    escaped = [word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in words]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM outbox_find(%s, %s)", [[f"%{word}%" for word in escaped], MOST_HITS])
        return [pk for (pk,) in cursor.fetchall()]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date(1900, 1, 1) <= day < date(9999, 12, 31) else None
