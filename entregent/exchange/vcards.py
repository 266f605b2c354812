"""Reading vCards 2.1, 3.0 and 4.0 as a table: one card, one row.

Cards are cut out of the file line by line, pictures, sounds and keys left behind, and each is parsed by itself: what is
wrong with one card stays with that card.
"""

import hashlib
import logging
import re
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import vobject
from babel import Locale
from django.utils.translation import gettext as _

from entregent.clients.photos import MOST
from entregent.toolbox.text import search_key

# vobject writes each line that it does not understand to the log; here they are simply not taken.
logging.getLogger("vobject").setLevel(logging.CRITICAL)

EMAILS, PHONES = 3, 4
MOST_CARD = 200_000  # octets of one card without its pictures
MOST_LINES = 5_000
LONGEST_KEY = 80
# As base64, with its ends of line.
MOST_PHOTO = MOST * 3 // 2
TOO_HEAVY = "trop lourde"

_BEGIN = re.compile(rb"^\s*BEGIN\s*:\s*VCARD\s*$", re.I)
_END = re.compile(rb"^\s*END\s*:\s*VCARD\s*$", re.I)
_HEAVY = re.compile(rb"^(?:[\w-]+\.)?(?:PHOTO|LOGO|SOUND|KEY)\s*[;:]", re.I)
_PHOTO = re.compile(rb"^(?:[\w-]+\.)?PHOTO\s*[;:]", re.I)
_BASE64 = re.compile(rb"^[A-Za-z0-9+/=]+\s*$")
_QUOTED = re.compile(r"(?im)^([^:\r\n]*?);((?:ENCODING=)?QUOTED-PRINTABLE)")


def header() -> list[str]:
    """Columns by names that the import recognises."""
    return [
        _("Clé externe"), _("Nom"), _("Prénom"), _("Classer sous"), _("Fonction"), _("Société"), _("Langue"),
        _("Date de naissance"),
        *(f"{_('Courriel')} {n}" for n in range(1, EMAILS + 1)),
        *(f"{_('Téléphone')} {n}" for n in range(1, PHONES + 1)),
        _("Adresse"), _("Complément"), _("Code postal"), _("Ville"), _("Province"), _("Pays"), _("Photo"),
    ]  # fmt: skip


def is_vcard(start: bytes) -> bool:
    """Does a file that begins so hold cards?"""
    for mark in (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"):
        start = start.removeprefix(mark)
    return start.replace(b"\x00", b"").lstrip()[:12].upper().replace(b" ", b"").startswith(b"BEGIN:VCARD")


@dataclass
class _Card:
    line: int
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    fault: str = ""
    photo: list[bytes] = field(default_factory=list)
    photo_size: int = 0
    has_photo: bool = False

    def take_photo(self, line: bytes) -> None:
        """The first picture of the card, as long as it is not too heavy."""
        self.photo_size += len(line)
        if self.photo_size <= MOST_PHOTO:
            self.photo.append(line)

    @property
    def picture(self) -> str:
        """The picture as base64; a word where it is too heavy; "" where there is none, or an address of one."""
        if self.photo_size > MOST_PHOTO:
            return TOO_HEAVY
        text = b"".join(line.strip() for line in self.photo).decode("ascii", "replace")
        value = text.partition(":")[2]
        if value.lower().startswith("data:"):
            value = value.partition(",")[2]
        return value if _BASE64.match(value.encode()) else ""


def rows(path: Path) -> Iterator[tuple[int, list[str], str]]:
    """(line where the card begins, cells, what is wrong with it) of each card."""
    width = len(header())
    with closing(_cut(path)) as cards:
        for card in cards:
            if card.fault:
                yield card.line, [""] * width, card.fault
                continue
            try:
                cells = [*_cells(_parsed(b"".join(card.lines))), card.picture]
            except Exception:
                # The parser fails in more ways than it says: whatever it was, this card cannot be read.
                yield card.line, [""] * width, _("Cette carte est illisible.")
                continue
            yield card.line, [cell.replace("\x00", "\ufffd") for cell in cells], ""


def count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for line in _physical(file) if _BEGIN.match(line))


def _physical(file) -> Iterator[bytes]:
    """Lines without a null octet between letters (UTF-16), none longer than a card may be."""
    start = file.read(4)
    file.seek(0)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16-le" if start.startswith(b"\xff\xfe") else "utf-16-be"
        for line in file.read().decode(encoding, "replace").lstrip("\ufeff").splitlines(keepends=True):
            yield line.encode()
        return
    while line := file.readline(MOST_CARD):
        # Ends of line of old Macintoshes stand within what others take for one line.
        yield from line.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").splitlines(True)


def _cut(path: Path) -> Generator[_Card]:
    card: _Card | None = None
    depth = 0
    is_heavy = is_photo = False
    with path.open("rb") as file:
        following = 1
        for line in _physical(file):
            number, following = following, following + line.endswith(b"\n")
            if is_heavy and card is not None:
                # The value goes on: folded, or as bare base64 (2.1).
                if line[:1] in (b" ", b"\t") or not line.strip() or _BASE64.match(line):
                    if is_photo:
                        card.take_photo(line)
                    continue
                is_heavy = False
            if _BEGIN.match(line):
                if card is None:
                    card, depth = _Card(number), 1
                elif len(card.lines) > 1 and b"AGENT" not in card.lines[-1].upper():
                    # The card before was cut short.
                    card.fault = _("La carte s’interrompt avant sa fin.")
                    yield card
                    card, depth = _Card(number), 1
                else:
                    depth += 1
                if depth == 1:
                    card.lines.append(b"BEGIN:VCARD\n")
                continue
            if card is None:
                if line.strip():
                    yield _Card(number, fault=_("Cette ligne ne fait partie d’aucune carte."))
                continue
            if _END.match(line):
                depth -= 1
                if depth == 0:
                    card.lines.append(b"END:VCARD\n")
                    yield card
                    card = None
                continue
            if depth > 1:
                continue  # A card within a card (AGENT): somebody else.
            if _HEAVY.match(line):
                is_heavy = True
                is_photo = not card.has_photo and bool(_PHOTO.match(line))
                if is_photo:
                    card.has_photo = True
                    card.take_photo(line)
                continue
            card.size += len(line)
            if card.size > MOST_CARD or len(card.lines) > MOST_LINES:
                card.fault = _("La carte est trop longue.")
            elif line.strip():
                card.lines.append(line if line.endswith(b"\n") else line + b"\n")
        if card is not None:
            card.fault = _("La carte s’interrompt avant sa fin.")
            yield card


def _parsed(octets: bytes):
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        text = octets.decode("cp1252", "replace")
    options = {"allowQP": True, "validate": False, "ignoreUnreadable": True}
    try:
        card = vobject.readOne(text, **options)
    except UnicodeDecodeError:
        # Quoted-printable without a word on its encoding: Windows of old.
        card = vobject.readOne(_QUOTED.sub(_as_windows, text), **options)
    if card is None:
        raise ValueError("no card")
    return card


def _as_windows(match) -> str:
    name, encoding = match.groups()
    return match.group(0) if "CHARSET" in name.upper() else f"{name};CHARSET=windows-1252;{encoding}"


def _cells(card) -> list[str]:
    name = _first(card, "n")
    last, first = _part(name, "family"), " ".join(filter(None, [_part(name, "given"), _part(name, "additional")]))
    full = _text(_first(card, "fn"))
    company = _org(_first(card, "org"))
    file_as = ""
    if not last and not first:
        # A firm, or somebody of whom the whole name alone is known.
        last = company if company and full in ("", company) else full or _text(_first(card, "nickname"))
        file_as = last
    address = _best(card, "adr")
    place = [
        " ".join(filter(None, [_part(address, "street"), _part(address, "box")])), _part(address, "extended"),
        _part(address, "code"), _part(address, "city"), _part(address, "region"), _country(_part(address, "country")),
    ]  # fmt: skip
    phones = [number for number in (_phone(one) for one in _preferred(card, "tel")) if number]
    emails = [_text(one.value).removeprefix("mailto:") for one in _preferred(card, "email")]
    key = _text(_first(card, "uid"))
    if len(key) > LONGEST_KEY:
        key = f"uid-{hashlib.sha256(key.encode()).hexdigest()[:40]}"
    return [
        key, last, first, file_as, _text(_first(card, "title")) or _text(_first(card, "role")), company,
        _text(_first(card, "lang"))[:2].lower(), _day(_text(_first(card, "bday"))),
        *_wide([one for one in dict.fromkeys(emails) if one], EMAILS), *_wide(list(dict.fromkeys(phones)), PHONES),
        *place,
    ]  # fmt: skip


def _first(card, name: str) -> Any:
    found = card.contents.get(name)
    return found[0].value if found else None


def _preferred(card, name: str) -> list:
    """The preferred one first: PREF=1 (4.0), TYPE=pref (3.0), PREF alone (2.1)."""
    return sorted(card.contents.get(name, []), key=lambda one: not _is_preferred(one))


def _best(card, name: str) -> Any:
    found = _preferred(card, name)
    return found[0].value if found else None


def _is_preferred(one) -> bool:
    types = ",".join(str(value) for value in one.params.get("TYPE", [])).lower()
    bare = {str(value).upper() for values in one.singletonparams for value in [values]}
    return "1" in one.params.get("PREF", []) or "pref" in types.split(",") or "PREF" in bare


def _phone(one) -> str:
    number = _text(one.value).removeprefix("tel:").split(";")[0]
    return number.replace("\u00a0", " ").strip()


def _part(value, name: str) -> str:
    return _text(getattr(value, name, "")) if value is not None else ""


def _org(value) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return _text(value)


def _text(value) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " ".join(filter(None, (_text(one) for one in value)))
    return " ".join(str(value).split())


def _day(text: str) -> str:
    """« 19800412 », « 1980-04-12T… » → « 1980-04-12 »; a birthday without its year is none."""
    found = re.match(r"(\d{4})-?(\d{2})-?(\d{2})", text)
    return "-".join(found.groups()) if found else ""


@cache
def _countries() -> dict[str, str]:
    """Names in French and English, and two letters, → two letters."""
    named = {}
    for language in ("en", "fr"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha():
                named[search_key(name)] = named[code.lower()] = code
    return named


def _country(text: str) -> str:
    """A name that nobody knows is left out: the address stands without it."""
    return _countries().get(search_key(text), "")


def _wide(values: list[str], width: int) -> list[str]:
    return [*values, *[""] * width][:width]
