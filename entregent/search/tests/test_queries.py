"""Taking apart what was typed, and the form in which texts are compared."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from entregent.search.models import Entry, Kind, Word
from entregent.search.queries import Marks, Question, ask, corrections, find, find_corrected
from entregent.toolbox.errors import Refusal
from entregent.toolbox.text import search_key

LETTERS = st.characters(min_codepoint=1, max_codepoint=0x17F) | st.sampled_from("–—‘’“”…€œŒ\u202f\u00a0№ﬁ\u0301\u0302")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(text=st.text(LETTERS, max_size=60))
@example("L'Abergement-Clémenciat")
@example("Lefèvre Œuvrard & Fils, SARL n° 3½")
@example("Cafe\u0301 Straße Łódź")
@example("jean.dupont+eau@exemple.fr")
def test_the_database_and_python_compare_texts_alike(db, text):
    with connection.cursor() as cursor:
        cursor.execute("SELECT search_key(%s)", [text])
        assert cursor.fetchone()[0] == search_key(text)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Lefèvre  Marie", Question(("lefevre", "marie"), (), "lefevremarie")),
        ("02 61 91 00 42", Question((), ("261910042",), "0261910042")),
        ("+33 2 61 91", Question((), ("3326191",), "3326191")),
        ("0033261910042", Question((), ("33261910042",), "0033261910042")),
        ("(02) 61-91.00.42", Question((), ("261910042",), "0261910042")),
        ("dupont 02 61 91 00 42", Question(("dupont",), ("261910042",), "dupont0261910042")),
        ("marie.dupont@orange.fr", Question((), ("marie dupont@orange fr",), "mariedupontorangefr")),
        ("CT-0000123-1", Question(("ct", "0000123", "1"), (), "ct00001231")),
        ("12 rue Neuve 75002", Question(("12", "rue", "neuve", "75002"), (), "12rueneuve75002")),
    ],
)
def test_what_was_typed_is_taken_apart(typed, expected):
    assert ask(typed) == expected


@pytest.mark.parametrize("typed", ["", " ", "a", "é", "-", "'''", "&", "\x00", "a\x00"])
def test_less_than_two_characters_are_refused(typed):
    with pytest.raises(Refusal) as refusal:
        ask(typed)
    assert (refusal.value.code, refusal.value.field) == ("E-001-SEARCH-SHORT", "q")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(text=st.text(max_size=300))
@example("%" * 50)
@example("_" * 3 + "'; DROP TABLE search_entry; --")
@example("{0} {within} %s %(marks)s aa")
@example("@@ @a a@ @@@")
@example(" ".join("mot" + "a" * n for n in range(40)))
def test_whatever_is_typed_gives_an_answer_or_a_refusal(org, text):
    try:
        question = ask(text)
    except Refusal:
        return
    assert find(Kind.CLIENT, org.pk, question).ids == []
    assert find_corrected(Kind.CLIENT, org.pk, corrections(org.pk, question)).ids == []


def entry(org, subject_id, name, doc="", number="", marks=()):
    key = search_key(name)
    return Entry(
        organization_id=org.pk, kind=Kind.CLIENT, subject_id=subject_id, name_key=key, number_key=number,
        doc=f" {key} {number} {doc} ", marks=list(marks),
    )


def test_the_best_is_found_behind_hundreds_of_others(org):
    Entry.objects.bulk_create([entry(org, n, f"Martin{n:03} Paul") for n in range(400)])
    Entry.objects.bulk_create([entry(org, 900, "Zoé Martin0")])
    found = find(Kind.CLIENT, org.pk, ask("martin"))
    assert (found.count, found.more, len(found.ids)) == (300, True, 25)
    assert find(Kind.CLIENT, org.pk, ask("martin0 zoe")).ids[0] == 900
    assert find(Kind.CLIENT, org.pk, ask("zoé martin0")).exact == {900}


def test_a_narrow_reach_finds_what_lies_beyond_the_first_hundreds(org):
    """The reach narrows the scan itself, not what the scan brought back."""
    Entry.objects.bulk_create([entry(org, n, f"Dumartin {n:03}", marks=[1]) for n in range(700)])
    Entry.objects.bulk_create([entry(org, 900 + n, f"Zumartin {n}", marks=[2]) for n in range(3)])
    found = find(Kind.CLIENT, org.pk, ask("umartin"), marks=Marks((0, 2)))
    assert (found.ids, found.count, found.more) == ([900, 901, 902], 3, False)
    assert find(Kind.CLIENT, org.pk, ask("umartin"), marks=Marks((3,))).count == 0
    assert find(Kind.CLIENT, org.pk, ask("zum"), marks=Marks((1,))).count == 0


def test_the_order_is_number_then_name_then_whole_words_then_pieces(org):
    Entry.objects.bulk_create(
        [
            entry(org, 1, "Boulangerie", doc="rue roche"),
            entry(org, 2, "Larochelle"),
            entry(org, 3, "Garage Roche"),
            entry(org, 4, "Rocher Anne"),
            entry(org, 5, "Roche Anne"),
            entry(org, 6, "Roche"),
            entry(org, 7, "Blanc", number="roche"),
            entry(org, 8, "Garage Rochelle"),
        ]
    )
    found = find(Kind.CLIENT, org.pk, ask("roche"))
    assert found.ids == [7, 6, 5, 4, 3, 8, 1, 2]
    assert found.exact == {7, 6}


def test_an_organization_finds_only_its_own(org, other_org):
    Entry.objects.bulk_create([entry(org, 1, "Moreau")])
    assert find(Kind.CLIENT, other_org.pk, ask("moreau")).ids == []


@pytest.mark.parametrize(
    "typed", ["lefvre", "lefeevre", "lefebre", "elfevre", "lefvere", "lefevrr", "blanchiserie lefvre", "lefvre anne"]
)
def test_typing_errors_are_mended(org, typed):
    Entry.objects.bulk_create([entry(org, 1, "Lefèvre Anne", doc="blanchisserie"), entry(org, 2, "Moreau Paul")])
    Word.objects.bulk_create(
        [Word(organization_id=org.pk, word=word) for word in ["lefevre", "anne", "moreau", "paul", "blanchisserie"]]
    )
    question = ask(typed)
    found = find(Kind.CLIENT, org.pk, question)
    assert found.ids == []
    mended = find_corrected(Kind.CLIENT, org.pk, corrections(org.pk, question))
    assert mended.ids == [1]
    assert "lefevre" in mended.corrected_to


def test_numbers_and_addresses_are_not_mended(org):
    assert corrections(org.pk, ask("0261910043")) == []
    assert corrections(org.pk, ask("marie@exemple.fr")) == []
