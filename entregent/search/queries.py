"""From what somebody typed to what they most likely mean: ranked ids of one kind, within their reach.

Two scans in one statement: names and numbers by their beginning (B-trees, in every order of the words), and, unless
that alone is enough, any fragment of any word (trigrams), of which the first 300 are ranked. Nothing found: the words
are corrected from those that names of the organization are made of, and looked for again.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _
from rapidfuzz import process
from rapidfuzz.distance import OSA

from entregent.search.models import Kind
from entregent.toolbox.errors import Refusal
from entregent.toolbox.phones import search_digits
from entregent.toolbox.text import digits, search_key

# Beyond so many the count says « 300 and more » and the best of them are shown.
MOST = 300
SHORTEST = 2
LONGEST = 200
MOST_WORDS = 12

# Trigrams need three characters; shorter words only narrow down what the longer ones found.
_INDEXED = 3
_PIECE = 5
_PIECE_ALONE = 8
_PIECE_OF_PHRASE = 7
_ABBREVIATIONS = {"st": "saint", "ste": "sainte"}
_PHONE = re.compile(r"(?<!\S)\(?\+?[\d(][\d\s.\-/()]{4,}\d(?!\S)")


class Rank:
    """How well something fits, the best first. Up to EXACT it is what was asked for."""

    NUMBER = 0
    EXACT = 1
    NAME_STARTS_WITH_WORDS = 2
    NAME_STARTS = 3
    NUMBER_STARTS = 4
    WORDS_OF_NAME = 5
    STARTS_OF_WORDS_OF_NAME = 6
    WORDS = 7
    STARTS_OF_WORDS = 8
    FRAGMENTS = 9


@dataclass(frozen=True)
class Question:
    """What was typed, taken apart. `phrases` are looked for as they stand: a phone's digits, an e-mail address."""

    words: tuple[str, ...]
    phrases: tuple[str, ...]
    number: str

    @property
    def is_name(self) -> bool:
        return bool(self.words) and not self.phrases

    @property
    def hits(self) -> list[str]:
        """What a page marks in the texts that it shows."""
        return [*self.words, *self.phrases]


@dataclass(frozen=True)
class Marks:
    """What is in a member's reach: entries that carry one of `ids`, and those of a kind that fit a further condition,
    SQL over `search_entry` written by an area of ours, with `parameters`."""

    ids: tuple[int, ...] = ()
    further: Mapping[Kind, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def within(self, kind: Kind) -> str:
        conditions = ["marks && %(marks)s::bigint[]"] if self.ids else []
        if kind in self.further:
            conditions.append(self.further[kind])
        return f"AND ({' OR '.join(conditions)})" if conditions else "AND false"


@dataclass(frozen=True)
class Found:
    """`count` is exact below MOST, else `more` is true. `exact` are the ids that are just what was asked for."""

    ids: list[int] = field(default_factory=list)
    count: int = 0
    more: bool = False
    exact: frozenset[int] = frozenset()
    corrected_to: str = ""


def ask(text: str) -> Question:
    """Takes apart what was typed; refuses what is too short to mean anything."""
    text = " ".join(text.replace("\x00", " ")[:LONGEST].split())
    if len(search_key(text)) < SHORTEST:
        raise Refusal("E-001-SEARCH-SHORT", _("Saisissez au moins 2 caractères."), field="q")
    number = re.sub(r"[^0-9a-z]", "", search_key(text))
    phrases = []
    for phone in _phones_in(text):
        phrases.append(search_digits(phone))
        text = text.replace(phone, " ", 1)
    words = []
    for piece in text.split():
        key = search_key(piece)
        if "@" in key and len(key) > 2:
            phrases.append(key)
        else:
            words += key.replace("@", " ").split()
    return Question(tuple(words[:MOST_WORDS]), tuple(phrases[:3]), number)


def _phones_in(text: str) -> list[str]:
    """Pieces that are digits as phones are written: the whole text, or what begins as a phone number does."""
    return [
        piece
        for piece in (found.group() for found in _PHONE.finditer(text))
        if (len(digits(piece)) >= 6 and piece.strip() == text.strip())
        or (len(digits(piece)) >= 8 and piece.lstrip("(")[0] in "0+")
        or (len(digits(piece)) >= 8 and piece.isdigit())
    ]


def find(kind: Kind, organization_id: int, question: Question, *, marks: Marks | None = None, limit: int = 25) -> Found:
    """The best `limit` of a kind in an organization. `marks`: what is in the member's reach (None: all is)."""
    starts = _orders(question.words) if question.is_name else []
    parameters = {
        "organization": organization_id,
        "kind": kind.value,
        **_marked(marks),
        "number": question.number,
        "starts": starts,
        "most": MOST,
        "limit": limit,
    }
    pieces, rank = _pieces(question, parameters)
    sql = _FIND.format(within=_within(kind, marks), pieces=pieces, rank=rank)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
    if not rows:
        return Found()
    count = rows[0][2]
    return Found(
        ids=[subject for subject, _rank, _count in rows],
        count=min(count, MOST),
        more=count >= MOST,
        exact=frozenset(subject for subject, rank, _count in rows if rank <= Rank.EXACT),
    )


def _within(kind: Kind, marks: Marks | None) -> str:
    return "" if marks is None else marks.within(kind)


def _marked(marks: Marks | None) -> dict[str, Any]:
    return {} if marks is None else {**marks.parameters, "marks": list(marks.ids)}


# Bounds instead of LIKE, because the beginnings come from a list: « { » follows « z » in the order of bytes.
_FIND = """
WITH named AS MATERIALIZED (
    (SELECT subject_id, name_key,
            CASE WHEN number_key = %(number)s THEN 0 ELSE 4 END AS rank
     FROM search_entry
     WHERE organization_id = %(organization)s AND kind = %(kind)s AND NOT (number_key = '')
       AND number_key ~>=~ %(number)s AND number_key ~<~ (%(number)s || '{{') {within}
     ORDER BY number_key USING ~<~ LIMIT %(most)s)
    UNION ALL
    SELECT entry.subject_id, entry.name_key,
           CASE WHEN entry.name_key = start THEN 1 WHEN starts_with(entry.name_key, start || ' ') THEN 2 ELSE 3 END
    FROM unnest(%(starts)s::text[]) AS start
    CROSS JOIN LATERAL (
        SELECT subject_id, name_key FROM search_entry
        WHERE organization_id = %(organization)s AND kind = %(kind)s
          AND name_key ~>=~ start AND name_key ~<~ (start || '{{') {within}
        ORDER BY name_key USING ~<~ LIMIT %(most)s) entry
), pieces AS MATERIALIZED (
    SELECT subject_id, name_key, {rank} AS rank
    FROM (
        SELECT subject_id, name_key, doc FROM search_entry
        WHERE organization_id = %(organization)s AND kind = %(kind)s AND {pieces} {within}
          AND (SELECT count(*) FROM named) < %(most)s
        LIMIT %(most)s
    ) candidate
), best AS (
    SELECT subject_id, min(rank) AS rank, min(name_key) AS name_key
    FROM (SELECT * FROM named UNION ALL SELECT * FROM pieces) every
    GROUP BY subject_id
)
SELECT subject_id, rank, count(*) OVER () FROM best ORDER BY rank, name_key USING ~<~, subject_id LIMIT %(limit)s
"""


def _pieces(question: Question, parameters: dict) -> tuple[str, str]:
    """The conditions on `doc` that find fragments, and the expression that ranks what they found.

    The index reads a list for each three letters: a piece of a word tells the index enough, the rest is compared in the
    rows that it gives (`doc || ''` keeps a condition away from the index).
    """
    conditions = []

    def add(spellings: Sequence[str], piece: str = "") -> None:
        alternatives = []
        for spelling in spellings:
            name = f"piece_{len(parameters)}"
            parameters[name] = f"%{spelling}%"
            alternatives.append(f"{piece or '(doc || %(nothing)s)'} LIKE %({name})s")
        conditions.append(f"({' OR '.join(alternatives)})")

    parameters["nothing"] = ""
    for phrase in question.phrases:
        add([_telling_piece(phrase)], "doc")
        # An address is looked for from its beginning on, digits anywhere.
        add([phrase if phrase.isdigit() or phrase.startswith("@") else f" {phrase}"])
    longest = _PIECE if len(question.words) > 1 else _PIECE_ALONE
    for word in question.words:
        if word in _ABBREVIATIONS:
            add([f" {word}", f" {_ABBREVIATIONS[word]}"])
        elif len(word) < _INDEXED:
            add([f" {word}"])
        else:
            add([word[:longest]], "doc")
            if len(word) > longest:
                add([word])
    if not any(condition.startswith("(doc LIKE") for condition in conditions):
        return "false", str(Rank.FRAGMENTS)
    if question.phrases:
        # The whole of an address or of a number is what was asked for, a piece of it is not yet.
        parameters["ends"] = [f"%{phrase} %" for phrase in question.phrases]
        return " AND ".join(conditions), "CASE WHEN doc LIKE ALL (%(ends)s) THEN 1 ELSE 6 END"
    parameters["whole"] = [f"% {word} %" for word in question.words]
    parameters["begun"] = [f"% {word}%" for word in question.words]
    return (
        " AND ".join(conditions),
        """CASE WHEN ' ' || name_key || ' ' LIKE ALL (%(whole)s) THEN 5 WHEN ' ' || name_key LIKE ALL (%(begun)s) THEN 6
                WHEN doc LIKE ALL (%(whole)s) THEN 7 WHEN doc LIKE ALL (%(begun)s) THEN 8 ELSE 9 END""",
    )


def _telling_piece(phrase: str) -> str:
    """Of a phone number its end, of an address what stands before the @: what few others have."""
    if phrase.isdigit():
        return phrase[-_PIECE_OF_PHRASE:]
    before, _at, _after = phrase.partition("@")
    before = before[-_PIECE_OF_PHRASE:].lstrip()
    return f"{before}@" if len(before) >= _INDEXED else phrase


def _orders(words: Sequence[str]) -> list[str]:
    """The words in each order that a name may be said in: « marie dupont », « dupont marie »; turned, not shuffled,
    since first names and last names stay together. With « st » comes « saint »."""
    spellings = [tuple(words)]
    spelled_out = tuple(_ABBREVIATIONS.get(word, word) for word in words)
    if spelled_out != spellings[0]:
        spellings.append(spelled_out)
    return list(
        dict.fromkeys(
            " ".join(spelling[turn:] + spelling[:turn]) for spelling in spellings for turn in range(len(spelling))
        )
    )


# Typing errors

_ALTERNATIVES = 6
_COMBINATIONS = 40
_TRIED_AS_FRAGMENTS = 3


@dataclass(frozen=True)
class Correction:
    """The words of a question as they were perhaps meant; `cost` counts the typing errors that this supposes."""

    words: tuple[str, ...]
    cost: int


def corrections(organization_id: int, question: Question) -> list[Correction]:
    """What may have been meant, the likeliest first: words that names of the organization are made of."""
    if not question.is_name:
        return []
    mended = {word: _alternatives(organization_id, word) for word in set(question.words) if _can_be_mended(word)}
    choices = [[(word, 0), *mended.get(word, [])] for word in question.words]
    combined = [
        Correction(tuple(word for word, _cost in choice), sum(cost for _word, cost in choice))
        for choice in islice(product(*choices), 5_000)
    ]
    return sorted((one for one in combined if one.cost), key=lambda one: (one.cost, one.words))[:_COMBINATIONS]


def find_corrected(
    kind: Kind,
    organization_id: int,
    corrected: Sequence[Correction],
    *,
    marks: Marks | None = None,
    limit: int = 25,
) -> Found:
    """As `find`, for the first of the corrections that find something: by name together, else by fragments in turn."""
    if not corrected:
        return Found()
    starts, costs = [], []
    for correction in corrected:
        for start in _orders(correction.words):
            starts.append(start)
            costs.append(correction.cost)
    parameters = {
        "organization": organization_id,
        "kind": kind.value,
        **_marked(marks),
        "starts": starts,
        "costs": costs,
        "most": MOST,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FIND_CORRECTED.format(within=_within(kind, marks)), parameters)
        rows = cursor.fetchall()
    if rows:
        count = min(rows[0][1], MOST)
        return Found([row[0] for row in rows], count, count >= MOST, frozenset(), _meant(rows[0][2], corrected))
    for correction in corrected[:_TRIED_AS_FRAGMENTS]:
        words = correction.words
        found = find(kind, organization_id, Question(words, (), "".join(words)), marks=marks, limit=limit)
        if found.count:
            return Found(found.ids, found.count, found.more, frozenset(), " ".join(words))
    return Found()


_FIND_CORRECTED = """
WITH named AS MATERIALIZED (
    SELECT entry.subject_id, entry.name_key, given.start, given.cost,
           CASE WHEN entry.name_key = given.start THEN 1 WHEN starts_with(entry.name_key, given.start || ' ') THEN 2
                ELSE 3 END AS rank
    FROM unnest(%(starts)s::text[], %(costs)s::int[]) AS given (start, cost)
    CROSS JOIN LATERAL (
        SELECT subject_id, name_key FROM search_entry
        WHERE organization_id = %(organization)s AND kind = %(kind)s
          AND name_key ~>=~ given.start AND name_key ~<~ (given.start || '{{') {within}
        ORDER BY name_key USING ~<~ LIMIT 50) entry
), best AS (
    SELECT DISTINCT ON (subject_id) * FROM named ORDER BY subject_id, cost, rank, start
)
SELECT subject_id, count(*) OVER (), start FROM best ORDER BY cost, rank, name_key USING ~<~, subject_id LIMIT %(limit)s
"""


def _meant(start: str, corrected: Sequence[Correction]) -> str:
    """The correction that a beginning came from, in the order in which its words were typed."""
    return next((" ".join(one.words) for one in corrected if start in _orders(one.words)), start)


def _can_be_mended(word: str) -> bool:
    return len(word) >= 3 and word.isalpha()


def _alternatives(organization_id: int, word: str) -> list[tuple[str, int]]:
    """Known words that are one error away, else two in a long word."""
    half = len(word) // 2
    swapped = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1) if word[i] != word[i + 1]]
    with connection.cursor() as cursor:
        cursor.execute(
            _ONE_ERROR,
            {
                "organization": organization_id,
                "start": word[:half],
                "end": word[half:][::-1],
                "swapped": swapped,
                "length": len(word),
            },
        )
        known = [row[0] for row in cursor.fetchall()]
        near = _nearest(word, known, 1)
        if not near and len(word) >= 6:
            cursor.execute(_LIKE_IT, {"organization": organization_id, "word": word})
            near = _nearest(word, [row[0] for row in cursor.fetchall()], 2)
    return near


def _nearest(word: str, known: list[str], most: int) -> list[tuple[str, int]]:
    near = process.extract(word, known, scorer=OSA.distance, processor=None, score_cutoff=most, limit=None)
    ranked = sorted((distance, found[:1] != word[:1], found) for found, distance, _index in near if found != word)
    return [(found, int(distance)) for distance, _first, found in ranked[:_ALTERNATIVES]]


# An error leaves the first half whole or the second, except for two letters swapped in the middle.
_ONE_ERROR = """
SELECT word FROM search_word
WHERE organization_id = %(organization)s AND word ~>=~ %(start)s AND word ~<~ (%(start)s || '{')
  AND length(word) BETWEEN %(length)s - 1 AND %(length)s + 1
UNION
SELECT word FROM search_word
WHERE organization_id = %(organization)s AND reverse(word) ~>=~ %(end)s AND reverse(word) ~<~ (%(end)s || '{')
  AND length(word) BETWEEN %(length)s - 1 AND %(length)s + 1
UNION
SELECT word FROM search_word WHERE organization_id = %(organization)s AND word = ANY (%(swapped)s)
"""

_LIKE_IT = """
SELECT word FROM search_word WHERE organization_id = %(organization)s AND word %% %(word)s
ORDER BY similarity(word, %(word)s) DESC, word LIMIT 20
"""
