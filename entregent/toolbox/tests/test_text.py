"""French that begins with a vowel."""

import pytest

from entregent.toolbox.text import elided


@pytest.mark.parametrize(
    ("message", "name", "said"),
    [
        ("la fiche de %(name)s", "Antoine Morel", "la fiche d’Antoine Morel"),
        ("De %(name)s à vous", "Élodie", "D’Élodie à vous"),
        ("la fiche de %(name)s", "Œdipe Nœuville", "la fiche d’Œdipe Nœuville"),
        ("la fiche de %(name)s", "Jeanne", "la fiche de Jeanne"),
        ("la fiche de %(name)s", "Hélène", "la fiche de Hélène"),
        ("la fiche de %(name)s", "", "la fiche de "),
        ("plus de %(name)s", 100, "plus de 100"),
        ("mode %(name)s", "Auto", "mode Auto"),
    ],
)
def test_of_is_cut_short_before_a_vowel(message, name, said):
    assert elided(message, {"name": name}) % {"name": name} == said


def test_each_name_has_its_own():
    message = elided("de %(first)s et de %(second)s", {"first": "Anne", "second": "Paul"})
    assert message == "d’%(first)s et de %(second)s"
