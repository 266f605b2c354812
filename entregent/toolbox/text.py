"""Texts as people write them and as machines compare them."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

# What NFKD does not take apart but a reader takes for the same, and signs that the database's unaccent takes otherwise.
_LIGATURES = str.maketrans(
    {
        **{"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ẞ": "SS", "ø": "o", "Ø": "O", "þ": "th", "Þ": "TH"},
        **dict(zip("đĐðÐłŁħĦıĸŋŊŧŦ", "dDdDlLhHiqnNtT", strict=True)),
        **{"Ŀ": "L", "ŀ": "l", "©": "(C)", "®": "(R)", "¼": " 1/4", "½": " 1/2", "¾": " 3/4"},
        **dict.fromkeys("¹²³™", " "),
    }
)
_SEPARATORS = re.compile(r"[^0-9a-z@]+")
_SPACES = re.compile(r"\s+")
_OF = re.compile(r"\b([dD])e %\((\w+)\)s")


def without_accents(text: str) -> str:
    """« Lefèvre-Œuf » → « Lefevre-OEuf »."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def search_key(text: str) -> str:
    """The form in which texts are compared: lower case, no accents, one space for whatever separates words.

    « L'Abergement-Clémenciat » → « l abergement clemenciat ». The database function `search_key` (search/sql) gives
    the same for whatever a French or English text holds; a test holds them together.
    """
    return _SEPARATORS.sub(" ", without_accents(text).lower()).strip()


def digits(text: str) -> str:
    return "".join(character for character in text if character in "0123456789")


def one_line(text: str) -> str:
    """Trimmed, with inner white space folded and control characters gone."""
    if text.isprintable():
        return _SPACES.sub(" ", text).strip() if "  " in text else text.strip()
    return _SPACES.sub(" ", "".join(c for c in text if c.isprintable() or c.isspace())).strip()


def elided(message: str, words: Mapping[str, Any]) -> str:
    """The French format of a message as these words want it: « la fiche de %(name)s » → « la fiche d’%(name)s » for
    Antoine. A name that begins with h or y keeps « de »: which of these are mute is not to be told from the letter."""

    def of(found: re.Match) -> str:
        initial = without_accents(str(words.get(found[2], ""))[:1]).lower()[:1]
        return f"{found[1]}’%({found[2]})s" if initial and initial in "aeiou" else found[0]

    return _OF.sub(of, message)


def highlighted(text: str, words: list[str]) -> list[tuple[str, bool]]:
    """Cuts `text` into (piece, is it a hit) for words in search form; accents and case of the text are kept."""
    plain = "".join(without_accents(character).lower()[:1] or " " for character in text)
    hits = [False] * len(text)
    for word in words:
        start = plain.find(word) if word else -1
        while start >= 0:
            hits[start : start + len(word)] = [True] * len(word)
            start = plain.find(word, start + len(word))
    pieces: list[tuple[str, bool]] = []
    for character, hit in zip(text, hits, strict=True):
        if pieces and pieces[-1][1] == hit:
            pieces[-1] = (pieces[-1][0] + character, hit)
        else:
            pieces.append((character, hit))
    return pieces


def as_id(text: str) -> int | None:
    """The number of a row as an address or a form gives it; None for whatever is none (« ² », forty digits)."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


# A code becomes a key of JSON values: two underscores would lead into the value, and these words are questions to it.
_CODE = re.compile(
    r"(?!(?:in|range|exact|iexact|isnull|contains|icontains|regex|iregex|gt|gte|lt|lte)$)"
    r"(?=.{1,40}$)[a-z][a-z0-9]*(_[a-z0-9]+)*"
)


def is_code(text: str) -> bool:
    """May this be the code of a field that an administrator defines: « acces_compteur »?"""
    return _CODE.fullmatch(text) is not None
