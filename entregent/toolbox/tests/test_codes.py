"""Texts: what may be a code."""

from entregent.toolbox.text import is_code


def test_a_code_is_a_word_that_asks_nothing():
    assert all(map(is_code, ["langue", "acces_compteur", "a1", "inscrit"]))
    assert not any(map(is_code, ["", "in", "isnull", "a__b", "a_", "_a", "A", "1a", "é", "a" * 41]))
