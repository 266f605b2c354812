"""Reading a mail: bytes in, what it says out. Pure functions; whatever is wrong with a mail ends as `Unreadable`.

The library's older policy is used on purpose: its typed headers raise on one mail in four of those that are wrong
somewhere, where this one gives the text. Charsets that lie are guessed.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime

from entregent.inbound.folding import fold
from entregent.inbound.markup import as_text
from entregent.toolbox.text import one_line

MEGABYTE = 1024 * 1024
# Of a whole mail, with its attachments; mail servers pass on 25 to 50.
MOST_OCTETS = 50 * MEGABYTE
MOST_HEADER_OCTETS = 512 * 1024
MOST_BOUNDARIES = 200
MOST_PARTS = 400
MOST_FILES = 50
MOST_TEXT = 200_000
MOST_RECIPIENTS = 200
MOST_REFERENCES = 50
# A mail that passed so many servers goes round in circles.
MOST_HOPS = 50


class Unreadable(Exception):
    """Why a mail is not read: `reason` is a code of `RawMail.Reason`."""

    def __init__(self, reason: str, detail: str = ""):
        super().__init__(f"{reason} {detail}".strip())
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Attached:
    """A file that came with a mail; `content_id` where the HTML names it, as a picture."""

    name: str
    media_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True)
class Bounce:
    """A mail of ours was not delivered: which, and what the server said."""

    message_id: str
    told: str
    is_final: bool
    recipients: tuple[str, ...] = ()  # whom it did not reach, in lower case


@dataclass
class Mail:
    """What a mail says."""

    message_id: str = ""
    answers: list[str] = field(default_factory=list)  # Message-IDs, the nearest first
    sender: str = ""
    sender_name: str = ""
    recipients: list[str] = field(default_factory=list)  # of To and Cc
    delivered_to: list[str] = field(default_factory=list)  # the envelope's, where a server wrote it down
    subject: str = ""
    sent_at: datetime | None = None
    text: str = ""
    folded: str = ""
    html: str = ""
    files: list[Attached] = field(default_factory=list)
    left_out: int = 0  # files over the limit: they are in the raw mail
    is_automatic: bool = False
    is_looping: bool = False
    is_refused_by_dmarc: bool = False
    is_confirmed_by_dmarc: bool = False
    bounce: Bounce | None = None


# What makes a mail, whatever way it took.
_IDENTITY = ("message-id", "from", "date", "subject")
_FOLDED_LINE = re.compile(rb"\r?\n[ \t]+")
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")


def digest_of(raw: bytes) -> str:
    """The same for the same mail, also when it came by two ways: what servers add to the header does not count."""
    header, body = _cut(raw)
    lines = _FOLDED_LINE.sub(b" ", header).replace(b"\r\n", b"\n").split(b"\n")
    found: dict[str, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        key = name.strip().lower().decode("ascii", "replace")
        if colon and key in _IDENTITY:
            found.setdefault(key, b" ".join(value.split()))
    whole = hashlib.sha256()
    for key in _IDENTITY:
        whole.update(found.get(key, b"") + b"\0")
    if not found:
        whole.update(header)
    whole.update(body.replace(b"\r\n", b"\n").rstrip(b"\n"))
    return whole.hexdigest()


def _cut(raw: bytes) -> tuple[bytes, bytes]:
    found = _END_OF_HEADER.search(raw)
    return (raw[: found.start()], raw[found.end() :]) if found else (raw, b"")


def read(raw: bytes) -> Mail:
    """What the mail says. Raises `Unreadable`, and nothing else."""
    try:
        return _read(raw)
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable("too_nested") from None
    except Exception as error:
        raise Unreadable("unreadable", f"{type(error).__name__}: {error}"[:500]) from error


def header_of(raw: bytes) -> Mail:
    """Only who writes what to whom, for a list: of a mail that cannot be read whole."""
    try:
        message = BytesParser(policy=policy.compat32).parsebytes(raw[:MOST_HEADER_OCTETS], headersonly=True)
        mail = Mail()
        _read_header(message, mail)
    except Exception:
        return Mail()
    return mail


def _read(raw: bytes) -> Mail:
    header, _body = _cut(raw)
    if not header.strip():
        raise Unreadable("unreadable")
    if len(header) > MOST_HEADER_OCTETS:
        raise Unreadable("unreadable", "header")
    if len(re.findall(rb"boundary\s*[*=]", raw, re.IGNORECASE)) > MOST_BOUNDARIES:
        raise Unreadable("too_nested")
    message = BytesParser(policy=policy.compat32).parsebytes(raw)
    mail = Mail()
    _read_header(message, mail)
    if not mail.sender and not mail.message_id and not mail.subject and not mail.recipients:
        raise Unreadable("unreadable")
    bodies: list[tuple[str, str]] = []
    for number, part in enumerate(_parts(message)):
        if number >= MOST_PARTS:
            mail.left_out += 1
            break
        _read_part(part, mail, bodies)
    mail.bounce = _bounce(message)
    plain = "\n".join(text for kind, text in bodies if kind == "plain").strip()
    mail.html = "\n".join(text for kind, text in bodies if kind == "html").strip()
    written = plain or (as_text(mail.html) if mail.html else "")
    mail.text, mail.folded = fold(_without_controls(written)[:MOST_TEXT])
    return mail


def _read_header(message: Message, mail: Mail) -> None:
    mail.message_id = _first_id(_text(message, "Message-ID"))
    references = _ids(_text(message, "References"))[-MOST_REFERENCES:]
    mail.answers = list(dict.fromkeys([*_ids(_text(message, "In-Reply-To"))[:5], *reversed(references)]))
    senders = _addresses(message, "From") or _addresses(message, "Sender") or _addresses(message, "Reply-To")
    if senders:
        mail.sender_name, mail.sender = senders[0]
    mail.recipients = _unique(_addresses(message, "To") + _addresses(message, "Cc"))
    mail.delivered_to = _unique(
        [
            pair
            for name in ("Delivered-To", "X-Original-To", "Envelope-To", "X-Delivered-To")
            for pair in _addresses(message, name)
        ]
    )
    mail.subject = one_line(_text(message, "Subject"))[:200]
    mail.sent_at = _date(_text(message, "Date"))
    mail.is_automatic = _is_automatic(message, mail)
    mail.is_looping = len(message.get_all("Received") or []) > MOST_HOPS
    # The topmost only: that of the server which handed it to us; whoever writes may put others below.
    results = (_text(message, "Authentication-Results") or "").lower()
    mail.is_refused_by_dmarc = bool(re.search(r"\bdmarc\s*=\s*(?:fail|permerror)\b", results))
    mail.is_confirmed_by_dmarc = not mail.is_refused_by_dmarc and _is_confirmed(message)


def _is_confirmed(message: Message) -> bool:
    """Whether our server wrote « dmarc=pass ».

    Servers write on top of what they were handed: what stands below the line by which ours took the mail over from
    another (Received) is the sender's to invent. Lines of the way within our server (no « from », LMTP, itself) are
    passed over. Who cannot be sure is not confirmed.
    """
    for name, value in message.items():
        told = " ".join(str(value).lower().split())
        if name.lower() == "authentication-results":
            return bool(re.search(r"\bdmarc\s*=\s*pass\b", told))
        if name.lower() == "received" and told.startswith("from ") and not _WITHIN.search(told):
            return False
    return False


_WITHIN = re.compile(r"\bwith lmtps?a?\b|^from \S+ \(\S* ?\[(?:127\.\d+\.\d+\.\d+|ipv6:::1|::1)\]\)")


_OUT_OF_OFFICE = re.compile(
    r"^(?:réponse automatique|reponse automatique|absence du bureau|absent du bureau|notification d['’]absence|"
    r"message d['’]absence|out of (?:the )?office|automatic reply|auto(?:matic)?[- ]?(?:reply|response)|autoreply|"
    r"abwesenheitsnotiz|vacation)\b",
    re.IGNORECASE,
)


def _is_automatic(message: Message, mail: Mail) -> bool:
    """Whether a machine wrote it: never answered, and nobody is told (RFC 3834 and what preceded it)."""
    submitted = _text(message, "Auto-Submitted").strip().lower()
    if submitted and not submitted.startswith("no"):
        return True
    if _text(message, "Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply", "auto-reply"):
        return True
    if any(
        message.get(name) is not None for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress-Reply")
    ):
        return True
    if message.get("Return-Path") is not None and _text(message, "Return-Path").strip() in ("<>", ""):
        return True
    if _text(message, "X-Autogenerated").strip() or _text(message, "List-Unsubscribe").strip():
        return True
    return bool(_OUT_OF_OFFICE.match(mail.subject))


# Parts


def _parts(message: Message) -> Iterator[Message]:
    """The leaves, in order; of alternatives the richest is read as HTML and the plainest as text."""
    waiting: list[Message] = [message]
    while waiting:
        part = waiting.pop()
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting.extend(reversed([one for one in payload if isinstance(one, Message)]))
        else:
            yield part


def _read_part(part: Message, mail: Mail, bodies: list[tuple[str, str]]) -> None:
    kind = part.get_content_type()
    disposition = (_text(part, "Content-Disposition") or "").strip().lower()
    name = _file_name(part)
    is_file = disposition.startswith("attachment") or bool(name)
    if kind in ("text/plain", "text/html") and not is_file:
        text = _decoded(part)
        has_same_kind = any(known == kind.removeprefix("text/") for known, _text in bodies)
        if text.strip() and not (kind == "text/html" and has_same_kind and _is_alternative(bodies)):
            bodies.append((kind.removeprefix("text/"), text[: MOST_TEXT * 10]))
        return
    if kind in ("message/delivery-status", "text/rfc822-headers") or (kind.startswith("multipart/") and not is_file):
        return
    content = _content(part)
    if not content:
        return
    if len(mail.files) >= MOST_FILES:
        mail.left_out += 1
        return
    content_id = _text(part, "Content-ID").strip().strip("<>")
    mail.files.append(Attached(name or _default_name(kind, len(mail.files) + 1), kind, content, content_id[:200]))


def _is_alternative(bodies: list[tuple[str, str]]) -> bool:
    return len(bodies) > 20  # Many small HTML parts: lists of messages; what follows is in the raw mail.


_EXTENSIONS = {
    "text/calendar": "ics", "message/rfc822": "eml", "application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg",
    "image/gif": "gif", "text/html": "html", "text/plain": "txt", "application/ms-tnef": "dat",
}  # fmt: skip


def _default_name(kind: str, number: int) -> str:
    return f"piece-{number}.{_EXTENSIONS.get(kind, 'bin')}"


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename()
    except Exception:  # A parameter that its own encoding contradicts.
        name = None
    return one_line(_words(name))[:200] if name else ""


def _content(part: Message) -> bytes:
    payload = part.get_payload()
    if isinstance(payload, list):  # A mail within the mail.
        pieces = []
        for inner in payload:
            if isinstance(inner, Message):
                try:
                    pieces.append(inner.as_bytes())
                except Exception:
                    pieces.append(str(inner).encode("utf-8", "surrogateescape"))
        return b"\r\n".join(pieces)
    try:
        content = part.get_payload(decode=True)
    except Exception:
        content = None
    if isinstance(content, bytes):
        return content
    return str(payload or "").encode("utf-8", "surrogateescape")


def _decoded(part: Message) -> str:
    try:
        charset = part.get_content_charset() or ""
    except Exception:
        charset = ""
    text = _as_charset(_content(part), charset)
    if (part.get_param("format") or "") == "flowed" if _has_safe_params(part) else False:
        text = re.sub(r"(?m)(?<!^--) \r?\n(?=[^\s>])", " ", text)
    return text


def _has_safe_params(part: Message) -> bool:
    try:
        part.get_param("format")
    except Exception:
        return False
    return True


def _as_charset(content: bytes, charset: str) -> str:
    for name in (charset, "utf-8"):
        if name:
            try:
                return content.decode(name)
            except (LookupError, UnicodeError, ValueError):
                continue
    return content.decode("cp1252", "replace")


# Headers


def _text(message: Message, name: str) -> str:
    """The header as text, its encoded words read; "" where there is none."""
    try:
        value = message.get(name)
    except Exception:
        return ""
    return _words(value)


def _words(value) -> str:
    if value is None:
        return ""
    text = str(value)
    if "=?" not in text:
        # Octets that no encoding announces: UTF-8, or what Windows wrote.
        return _as_charset(text.encode("utf-8", "surrogateescape"), "") if not text.isascii() else text
    try:
        pieces = decode_header(text)
    except Exception:
        return text
    told = []
    for piece, charset in pieces:
        if isinstance(piece, bytes):
            told.append(_as_charset(piece, charset or ""))
        else:
            told.append(piece)
    return "".join(told)


def _addresses(message: Message, name: str) -> list[tuple[str, str]]:
    """(name, address in lower case); what is no address is left out."""
    try:
        values = [str(value)[:20_000] for value in message.get_all(name) or []]
    except Exception:
        return []
    try:
        pairs = getaddresses(values)
    except Exception:
        return []
    found = []
    for shown, address in pairs[:MOST_RECIPIENTS]:
        address = address.strip().strip("<>").lower()
        if is_address(address):
            found.append((one_line(_words(shown))[:200], address))
    return found


_ADDRESS = re.compile(r"[^\s@<>\"'(),:;\\\[\]\x00-\x1f]{1,64}@[^\s@<>\"'(),:;\\\[\]\x00-\x1f]{1,253}")


def is_address(text: str) -> bool:
    return len(text) <= 254 and text.isprintable() and _ADDRESS.fullmatch(text) is not None


def _unique(pairs: list[tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys(address for _name, address in pairs))[:MOST_RECIPIENTS]


_ID = re.compile(r"<[^<>\s]{1,253}>")


def _ids(text: str) -> list[str]:
    # A mark that no database keeps (NUL, half a character) is none.
    return [found for found in _ID.findall(text[:20_000]) if found.isprintable()]


def _first_id(text: str) -> str:
    found = _ids(text)
    if found:
        return found[0][:255]
    bare = text.strip().split(maxsplit=1)
    return f"<{bare[0]}>"[:255] if bare and "@" in bare[0] and bare[0].isprintable() and len(bare[0]) <= 250 else ""


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except Exception:
        return None


def _without_controls(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        character
        for character in text
        if (character in "\n\t" or character >= " ") and not "\ud800" <= character <= "\udfff" and character != "\x7f"
    )


# Bounces


def _bounce(message: Message) -> Bounce | None:
    """What a delivery report says (RFC 3464); None for other mails and for reports of success."""
    if message.get_content_type() != "multipart/report":
        return None
    status, told, original, action = "", "", "", ""
    recipients: list[str] = []
    for number, part in enumerate(message.walk()):
        if number > 20:
            break
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            payload = part.get_payload()
            for block in payload if isinstance(payload, list) else []:
                if not isinstance(block, Message):
                    continue
                for name in ("Final-Recipient", "Original-Recipient"):
                    address = _text(block, name).partition(";")[2].strip().strip("<>").lower()
                    recipients += [address] if is_address(address) else []
                action = action or _text(block, "Action").strip().lower()
                status = status or _text(block, "Status").strip()
                told = told or one_line(_text(block, "Diagnostic-Code"))
        elif kind == "text/rfc822-headers":
            inner = BytesParser(policy=policy.compat32).parsebytes(
                _content(part)[:MOST_HEADER_OCTETS], headersonly=True
            )
            original = original or _first_id(_text(inner, "Message-ID"))
        elif kind == "message/rfc822":
            payload = part.get_payload()
            if isinstance(payload, list) and payload and isinstance(payload[0], Message):
                original = original or _first_id(_text(payload[0], "Message-ID"))
    if action in ("delivered", "relayed", "expanded") or not (action or status):
        return None
    is_final = action == "failed" or status.startswith("5")
    return Bounce(original, one_line(f"{status} {told}")[:500], is_final, tuple(recipients[:MOST_RECIPIENTS]))
