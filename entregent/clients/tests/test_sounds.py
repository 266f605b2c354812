"""Names and addresses are compared by functions that replace texts where patterns gave the same: here stand the
patterns, and both agree."""

import itertools
import random
from pathlib import Path

import pytest
from django.db import connection

SAID_BY_PATTERNS = (Path(__file__).parent / "by_patterns.sql").read_text()

# What the rules are about, in every order.
LETTERS = "acehiklmnoqsu"
# fmt: off
PIECES = [
    "a", "ai", "au", "auld", "ault", "b", "bv", "c", "ch", "chl", "chr", "ci", "ck", "cq", "cqu", "d", "de", "des",
    "du", "e", "eau", "ei", "es", "et", "eu", "f", "g", "ge", "gn", "gu", "gue", "h", "i", "in", "k", "l", "la", "le",
    "les", "ll", "m", "mme", "n", "nn", "o", "oe", "oeu", "om", "on", "p", "ph", "pp", "q", "qu", "r", "s", "saint",
    "sainte", "sarl", "sch", "sh", "ss", "st", "ste", "t", "tt", "u", "un", "v", "w", "x", "y", "z", "7", "@", "É",
    "Œ", "ß", "’", "-", ",", "_",
]
# fmt: on


@pytest.fixture
def patterns(db):
    with connection.cursor() as cursor:
        cursor.execute(SAID_BY_PATTERNS)
        yield cursor


def differing(cursor, texts):
    cursor.execute(
        """SELECT t, french_sound(t), pg_temp.french_sound_by_patterns(t) FROM unnest(%s::text[]) t
           WHERE french_sound(t) <> pg_temp.french_sound_by_patterns(t) OR search_key(t) <> pg_temp.search_key_in_sql(t)
           LIMIT 5""",
        [texts],
    )
    return cursor.fetchall()


def test_every_short_word_sounds_as_its_patterns_say(patterns):
    words = ("".join(letters) for length in (1, 2, 3) for letters in itertools.product(LETTERS, repeat=length))
    assert differing(patterns, list(words)) == []


def test_names_put_together_by_chance_sound_as_their_patterns_say(patterns):
    chance = random.Random(11)
    names = ["".join(chance.choice([*PIECES, " "]) for _ in range(chance.randint(1, 14))) for _ in range(8_000)]
    assert differing(patterns, names) == []


def test_addresses_are_written_as_their_patterns_say(patterns):
    chance = random.Random(12)
    words = ["12", "bis,", "av", "Av.", "ave", "R", "r.", "bd", "boul", "pl.", "rte", "imp", "de", "la", "Gare", "é"]
    places = ["75001", "75 001", "H2X 1Y4", "", " ", "é", "2A004", "1" * 20, None]
    streets = [" ".join(chance.choices(words, k=chance.randint(0, 5))) for _ in range(1_500)] + [None]
    rows = [(street, chance.choice(places), chance.choice(["Paris", "", "Évian", None])) for street in streets]
    patterns.execute(
        """SELECT street, code, city FROM unnest(%s::text[], %s::text[], %s::text[]) AS given (street, code, city)
           WHERE duplicate_address(street, code, city)
               IS DISTINCT FROM pg_temp.address_by_patterns(street, code, city)""",
        [[row[place] for row in rows] for place in range(3)],
    )
    assert patterns.fetchall() == []
