"""Fetching mails from the mailboxes: one thread for each, in the worker (`entregent worker`).

A mail is kept and committed before the mailbox is told anything, and nothing is ever deleted there. Whatever ends a
reader anywhere, the next one finds the same mails again, and those that were kept are known by their digest. So a
mailbox that is numbered anew (UIDVALIDITY) is simply read again.
"""

import hashlib
import logging
import random
import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import unquote, urlsplit

import psycopg
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection, connections
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from entregent.access.statements import rows_of
from entregent.access.wall import in_organization, outside
from entregent.inbound import imap
from entregent.inbound.actions import keep_raw
from entregent.inbound.models import InstanceMailbox, Mailbox, MailboxState, RawMail
from entregent.inbound.routing import addressees
from entregent.inbound.told import tell_trouble
from entregent.toolbox.sealing import SealBroken, unseal

logger = logging.getLogger(__name__)

# How often the list of mailboxes is looked at, and a mailbox whose server cannot say when something comes.
LOOK_SECONDS = 10.0
POLL_SECONDS = 60.0
# A server forgets an IDLE after 29 minutes; routers between us much earlier.
IDLE_SECONDS = 240.0
FIRST_PAUSE = 2.0
LONGEST_PAUSE = 300.0
# A mailbox that is away for so long is told to whom it concerns, once.
TROUBLE_SECONDS = 600.0
PURPOSE = "inbound.mailbox"


class Source(Protocol):
    """A mailbox to be fetched: how it is reached, how far it was read, and whose its mails are."""

    name: str

    def account(self) -> imap.Account | None: ...

    def progress(self) -> tuple[int | None, int]: ...

    def since(self) -> datetime: ...

    def advance(self, uid_validity: int, last_uid: int, *, has_mail: bool) -> None: ...

    def keep(self, content: bytes, *, is_whole: bool) -> bool: ...

    def trouble(self, error: str) -> None: ...


class MailboxSource:
    """A mailbox of an organization."""

    def __init__(self, organization_id: int, mailbox_id: int):
        self.organization_id = organization_id
        self.mailbox_id = mailbox_id
        self.name = f"mailbox {mailbox_id}"

    def account(self) -> imap.Account | None:
        with in_organization(self.organization_id):
            mailbox = Mailbox.objects.select_related("state").filter(pk=self.mailbox_id, is_active=True).first()
            return None if mailbox is None else account_of(mailbox, unseal(mailbox.state.secret, purpose=PURPOSE))

    def progress(self) -> tuple[int | None, int]:
        with in_organization(self.organization_id):
            state = MailboxState.objects.get(mailbox_id=self.mailbox_id)
        return state.uid_validity, state.last_uid

    def since(self) -> datetime:
        with in_organization(self.organization_id):
            return Mailbox.objects.values_list("created_at", flat=True).get(pk=self.mailbox_id)

    def advance(self, uid_validity: int, last_uid: int, *, has_mail: bool) -> None:
        now = timezone.now()
        came = {"last_mail_at": now} if has_mail else {}
        with in_organization(self.organization_id):
            MailboxState.objects.filter(mailbox_id=self.mailbox_id).update(
                uid_validity=uid_validity, last_uid=last_uid, seen_at=now, error="", failing_since=None, told_at=None,
                **came,
            )  # fmt: skip

    def keep(self, content: bytes, *, is_whole: bool) -> bool:
        keep_raw(
            organization_id=self.organization_id,
            content=content,
            mailbox_id=self.mailbox_id,
            state=RawMail.State.RECEIVED if is_whole else RawMail.State.QUARANTINED,
            reason="" if is_whole else RawMail.Reason.TOO_LARGE,
        )
        return True

    def trouble(self, error: str) -> None:
        now = timezone.now()
        with in_organization(self.organization_id):
            state = (
                MailboxState.objects.select_for_update()
                .select_related("mailbox__organization")
                .filter(mailbox_id=self.mailbox_id)
                .first()
            )
            if state is None:
                return
            state.error, state.failing_since = error, state.failing_since or now
            lasts = (now - state.failing_since).total_seconds() >= TROUBLE_SECONDS
            if lasts and state.told_at is None:
                state.told_at = now
                tell_trouble(state.mailbox, error)
            state.save(update_fields=["error", "failing_since", "told_at"])


class InstanceSource:
    """The mailbox that ENTREGENT_INBOUND_MAIL_URL names: each mail goes to whom its addresses say."""

    def __init__(self, url: str):
        self.name = "inbound mail url"
        self._account = account_of_url(url)
        self._digest = hashlib.sha256(url.encode()).hexdigest()

    def account(self) -> imap.Account:
        return self._account

    def progress(self) -> tuple[int | None, int]:
        state, _is_new = InstanceMailbox.objects.get_or_create(digest=self._digest)
        return state.uid_validity, state.last_uid

    def since(self) -> datetime:
        return InstanceMailbox.objects.values_list("created_at", flat=True).get(digest=self._digest)

    def advance(self, uid_validity: int, last_uid: int, *, has_mail: bool) -> None:
        InstanceMailbox.objects.filter(digest=self._digest).update(
            uid_validity=uid_validity, last_uid=last_uid, seen_at=timezone.now(), error=""
        )

    def keep(self, content: bytes, *, is_whole: bool) -> bool:
        found = addressees(content)
        for organization_id, mailbox_id in found:
            keep_raw(
                organization_id=organization_id,
                content=content,
                mailbox_id=mailbox_id,
                state=RawMail.State.RECEIVED if is_whole else RawMail.State.QUARANTINED,
                reason="" if is_whole else RawMail.Reason.TOO_LARGE,
            )
        if not found:
            logger.warning("a mail in the mailbox of the instance is addressed to no organization: it stays there")
        return bool(found)

    def trouble(self, error: str) -> None:
        InstanceMailbox.objects.filter(digest=self._digest).update(error=error)


def account_of(mailbox: Mailbox, password: str) -> imap.Account:
    return imap.Account(
        host=mailbox.host,
        port=mailbox.port or (993 if mailbox.security == Mailbox.Security.SSL else 143),
        security=mailbox.security,
        username=mailbox.username or mailbox.address,
        password=password,
        folder=mailbox.folder or "INBOX",
        done_folder=mailbox.done_folder if mailbox.afterwards == Mailbox.Afterwards.MOVE else "",
    )


def account_of_url(url: str) -> imap.Account:
    """`imaps://user:password@host:993/Folder`; `imap+tls` for STARTTLS, `imap` without."""
    parts = urlsplit(url)
    security = {"imaps": "ssl", "imap+tls": "starttls"}.get(parts.scheme, "none")
    return imap.Account(
        host=parts.hostname or "",
        port=parts.port or (993 if security == "ssl" else 143),
        security=security,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
        is_ours=True,
    )


def fetch(source: Source, box: imap.Connection) -> int:
    """Keeps what is new in the mailbox, and tells the mailbox afterwards. Says how many mails came.

    Of a mailbox that was never read, what nobody has read yet: the firm's past is not its news. Of one that is numbered
    anew, also whatever came since we know it; what we have is known by its digest. Until such a first reading is
    through, its number is not noted: whoever goes on, begins it again and finds marked as read what was kept.
    """
    uid_validity = box.uid_validity
    known, last = source.progress()
    is_first = known != uid_validity
    everything = box.uids_after(0 if is_first else last)
    waiting = everything
    if is_first:
        unread = box.matching("UNSEEN" if known is None else f"OR UNSEEN SINCE {_imap_day(source.since())}")
        waiting = [uid for uid in everything if uid in unread]
    came = 0
    for start in range(0, len(waiting), imap.AT_ONCE):
        chunk = waiting[start : start + imap.AT_ONCE]
        kept = []
        for uid, content, is_whole in box.fetch(chunk):
            if source.keep(content, is_whole=is_whole):
                kept.append(uid)
                came += 1
        box.settle(kept)
        if not is_first:
            source.advance(uid_validity, chunk[-1], has_mail=bool(kept))
    last = max(everything, default=0 if is_first else last)
    source.advance(uid_validity, last, has_mail=came > 0)
    return came


def _imap_day(moment: datetime) -> str:
    """« 22-Nov-2026 », in the English of the protocol, a day earlier: servers have their own time zone."""
    day = (moment - timedelta(days=1)).date()
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{day.day:02d}-{months[day.month - 1]}-{day.year}"


class Reader(threading.Thread):
    """Reads one mailbox until it is told to stop, whatever happens to its server or to our database."""

    def __init__(self, source: Source, *, poll_seconds: float = POLL_SECONDS, first_pause: float = FIRST_PAUSE):
        super().__init__(name=source.name, daemon=True)
        self.source = source
        self.stopping = threading.Event()
        self.poll_seconds = poll_seconds
        self.first_pause = first_pause
        self._box: imap.Connection | None = None

    def stop(self) -> None:
        self.stopping.set()
        box = self._box
        if box is not None:
            box.close()  # It may be waiting for its server.

    def run(self) -> None:
        pause = self.first_pause
        while not self.stopping.is_set():
            began = time.monotonic()
            try:
                with translation.override("fr"):
                    self._read()
            except SealBroken:
                self._tell(_("Le mot de passe de la boîte ne peut plus être lu : saisissez-le à nouveau."))
            except imap.TROUBLES as error:
                if not self.stopping.is_set():
                    self._tell(imap.in_words(error))
            except (DatabaseError, psycopg.Error):
                logger.warning("%s: the database is away", self.source.name)
            except Exception:
                logger.exception("%s: the reader failed", self.source.name)
                self._tell("")
            finally:
                connections.close_all()
            if time.monotonic() - began > 60:
                pause = self.first_pause
            self.stopping.wait(pause * random.uniform(0.8, 1.2))  # noqa: S311  spread, not secret
            pause = min(pause * 2, LONGEST_PAUSE)

    def _read(self) -> None:
        account = self.source.account()
        if account is None:
            return
        box = self._box = imap.Connection(account)
        try:
            while not self.stopping.is_set():
                close_old_connections()
                fetch(self.source, box)
                if self.stopping.is_set():
                    return
                connections.close_all()  # Not one for each mailbox, for minutes of waiting.
                if box.can_wait:
                    box.wait(min(IDLE_SECONDS, self.poll_seconds * 4))
                else:
                    self.stopping.wait(self.poll_seconds)
                    box.stay()
        finally:
            self._box = None
            box.close()

    def _tell(self, error: str) -> None:
        logger.warning("%s: %s", self.source.name, error or "failed")
        try:
            with translation.override("fr"):
                self.source.trouble(error or _("Une erreur du logiciel a interrompu la lecture."))
        except (DatabaseError, psycopg.Error):
            pass


class Readers(threading.Thread):
    """Keeps a reader for each mailbox that is to be fetched; asked again every few seconds which those are.

    Several workers may run: one of them reads, by a lock of the database that ends with its connection.
    """

    LOCK = 7_266_241_001

    def __init__(self, *, url: str | None = None, look_seconds: float = LOOK_SECONDS, **options):
        super().__init__(name="inbound", daemon=True)
        self.url = url
        self.look_seconds = look_seconds
        self.options = options
        self.stopping = threading.Event()
        self.readers: dict[tuple, Reader] = {}

    def stop(self) -> None:
        self.stopping.set()
        for reader in self.readers.values():
            reader.stop()

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                if self._is_ours():
                    self._look()
            except (DatabaseError, psycopg.Error):
                # Without its connection the lock is another's: those at work end.
                self._keep_only([])
                connections.close_all()
            except Exception:
                logger.exception("mailboxes could not be looked at")
            self.stopping.wait(self.look_seconds)
        self._keep_only([])
        connections.close_all()

    def _is_ours(self) -> bool:
        with connection.cursor() as cursor:
            # Once is enough, and asking again would count: the lock is released by as many calls.
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() "
                "AND (classid::bigint << 32 | objid::bigint) = %s) OR pg_try_advisory_lock(%s)",
                [self.LOCK, self.LOCK],
            )
            return cursor.fetchone()[0]

    def _look(self) -> None:
        with outside():
            wanted: list[tuple] = list(
                rows_of("SELECT organization_id, mailbox_id, version FROM inbound_mailboxes_to_fetch()", [])
            )
        if self.url:
            wanted.append(("instance",))
        self._keep_only(wanted)
        for key in wanted:
            if key not in self.readers:
                source: Source = InstanceSource(self.url or "") if key == ("instance",) else MailboxSource(*key[:2])
                self.readers[key] = Reader(source, **self.options)
                self.readers[key].start()

    def _keep_only(self, wanted: Iterable[tuple]) -> None:
        """A mailbox that was changed has another version: its reader ends, a new one begins."""
        kept = set(wanted)
        for key in [key for key, reader in self.readers.items() if key not in kept or not reader.is_alive()]:
            self.readers.pop(key).stop()
