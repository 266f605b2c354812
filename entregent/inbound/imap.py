"""Speaking IMAP with a mailbox: connected to the address that was looked at, and never deleting anything."""

import imaplib
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from imap_tools.errors import ImapToolsError
from imap_tools.idle import IdleManager
from imap_tools.imap_utf7 import utf7_encode
from imap_tools.mailbox import BaseMailBox

from entregent.inbound.mails import MOST_OCTETS
from entregent.toolbox import hosts

SECONDS = 30
# Of a big mailbox, so many at a time.
AT_ONCE = 50
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_UID = re.compile(rb"UID (\d+)")

# What may go wrong on the way to a server, or with what it says. `IMAP4.abort` is an `IMAP4.error`.
TROUBLES = (OSError, imaplib.IMAP4.error, ImapToolsError, hosts.HostRefused, EOFError, ValueError)

# A line of a server may be long; imaplib ends the connection over it at a million octets.
imaplib._MAXLINE = 20_000_000  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Account:
    """How a mailbox is reached. `security`: ssl, starttls or none."""

    host: str
    port: int
    security: str
    username: str
    password: str
    folder: str = "INBOX"
    done_folder: str = ""  # where mails are moved once they are kept; "" marks them as read
    is_ours: bool = False  # named by the settings of the instance, not by a person


class _Plain(imaplib.IMAP4):
    def __init__(self, account: Account):
        self._account = account
        super().__init__(account.host, account.port, SECONDS)

    def _create_socket(self, timeout):
        account = self._account
        return hosts.connect(account.host, account.port, timeout=timeout or SECONDS, is_ours=account.is_ours)


class _Ssl(imaplib.IMAP4_SSL):
    def __init__(self, account: Account):
        self._account = account
        super().__init__(account.host, account.port, ssl_context=ssl.create_default_context(), timeout=SECONDS)

    def _create_socket(self, timeout):
        account = self._account
        opened = hosts.connect(account.host, account.port, timeout=timeout or SECONDS, is_ours=account.is_ours)
        return self.ssl_context.wrap_socket(opened, server_hostname=self.host)  # type: ignore[attr-defined]


class _MailBox(BaseMailBox):
    def __init__(self, account: Account):
        self.account = account
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        account = self.account
        if account.security == "ssl":
            return _Ssl(account)
        client = _Plain(account)
        if account.security == "starttls":
            client.starttls(ssl.create_default_context())
        return client


class Connection:
    """A mailbox that is open in its folder. Close it."""

    def __init__(self, account: Account):
        self.account = account
        self._box = _MailBox(account)
        try:
            if account.username.isascii() and account.password.isascii():
                self._box.login(account.username, account.password, initial_folder=None)
            else:
                self._box.login_utf8(account.username, account.password, initial_folder=None)
            # Servers say more once they know who asks: MOVE, for one.
            _answer, told = self._box.client.capability()
            self.capabilities = set(told[-1].decode("ascii", "replace").upper().split())
            self._box.folder.set(account.folder)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Without a word to a server that may be gone."""
        try:
            self._box.client.shutdown()
        except (*TROUBLES, AttributeError):
            pass

    @property
    def uid_validity(self) -> int:
        status = self._box.folder.status(self.account.folder, ["UIDVALIDITY"])
        return int(status["UIDVALIDITY"])

    @property
    def can_wait(self) -> bool:
        return "IDLE" in self.capabilities

    def uids_after(self, last: int) -> list[int]:
        """In the order in which they came. « n:* » always names the last one, also when it is older."""
        found = self._box.uids(f"UID {last + 1}:*", charset=None)
        return sorted(uid for uid in map(int, found) if uid > last)

    def matching(self, criterion: str) -> set[int]:
        return set(map(int, self._box.uids(criterion, charset=None)))

    def fetch(self, uids: list[int]) -> Iterator[tuple[int, bytes, bool]]:
        """(uid, the mail, is it whole?), one by one. Of one that is too large, the header only. Marks nothing."""
        for uid in uids:
            size = self._size_of(uid)
            if size is None:
                continue  # Somebody took it away meanwhile.
            is_whole = size <= MOST_OCTETS
            content = self._body(uid, "BODY.PEEK[]" if is_whole else "BODY.PEEK[HEADER]")
            if content is not None:
                yield uid, content, is_whole

    def _size_of(self, uid: int) -> int | None:
        for line in self._told(uid, "(UID RFC822.SIZE)"):
            found = _SIZE.search(line if isinstance(line, bytes) else line[0])
            if found:
                return int(found.group(1))
        return None

    def _body(self, uid: int, what: str) -> bytes | None:
        for line in self._told(uid, f"(UID {what})"):
            if isinstance(line, tuple) and len(line) == 2:
                named = _UID.search(line[0])
                if named is None or int(named.group(1)) == uid:
                    return line[1]
        return None

    def _told(self, uid: int, what: str) -> list:
        answer, lines = self._box.client.uid("FETCH", str(uid), what)
        if answer != "OK":
            raise imaplib.IMAP4.error(f"FETCH: {answer}")
        return [line for line in lines if line is not None]

    def settle(self, uids: list[int]) -> None:
        """These are kept by us: seen, and where it is wished in their folder."""
        if not uids:
            return
        named = [str(uid) for uid in uids]
        self._box.flag(named, ["\\Seen"], True)
        if self.account.done_folder and self.account.done_folder != self.account.folder:
            if not self._box.folder.exists(self.account.done_folder):
                self._box.folder.create(self.account.done_folder)
            # Without MOVE they stay where they are: copying and deleting is not ours to do.
            if "MOVE" in self.capabilities:
                folder = b'"' + utf7_encode(self.account.done_folder).replace(b'"', b"") + b'"'
                self._box.client.uid("MOVE", ",".join(named), folder)  # type: ignore[arg-type]

    def wait(self, seconds: float) -> bool:
        """Whether the server said that something came. Ends early when it says anything."""
        idle = IdleManager(self._box)
        idle.start()
        try:
            told = idle.poll(timeout=seconds)
        finally:
            idle.stop()
        return bool(told)

    def stay(self) -> None:
        """A sign of life for a server without IDLE; also what makes it tell what came."""
        self._box.client.noop()


def in_words(error: BaseException) -> str:
    """What went wrong, for the person who looks after the mailbox."""
    told = str(error).strip()
    if isinstance(error, hosts.HostRefused):
        return str(error.message)
    if isinstance(error, ssl.SSLCertVerificationError):
        return _("Le certificat du serveur n’est pas valable : %(told)s.") % {"told": error.verify_message}
    if isinstance(error, ssl.SSLError):
        return _("La liaison chiffrée n’a pas pu être établie : vérifiez le port et la sécurité.")
    if isinstance(error, TimeoutError):
        return _("Le serveur ne répond pas.")
    if isinstance(error, ConnectionRefusedError):
        return _("Le serveur refuse la liaison : vérifiez le nom et le port.")
    low = told.lower()
    if "authenticationfailed" in low or "login" in low or "authentication" in low:
        return _("Le serveur refuse l’identifiant ou le mot de passe.")
    if "mailbox doesn't exist" in low or "nonexistent" in low or "trycreate" in low:
        return _("Le dossier à relever n’existe pas dans cette boîte.")
    if isinstance(error, OSError):
        return _("La liaison avec le serveur s’est rompue.")
    return _("Le serveur a répondu : %(told)s") % {"told": told[:200]}
