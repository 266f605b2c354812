"""Who is taken for whom: sounds, likeness, weights; the same rules while typing, on import and by the scan."""

import pytest
from django.db import connection


def sound(text):
    with connection.cursor() as cursor:
        cursor.execute("SELECT french_sound(%s)", [text])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    "names",
    [
        ["Dupont", "Dupond", "DUPON", "M. Dupont"],
        ["Lefèvre", "Lefebvre", "Le Fèvre", "LEFEVRE"],
        ["Gauthier", "Gautier", "Gauttier"],
        ["Renault", "Renaud", "Renaut", "Reneau"],
        ["Thibault", "Thibaud", "Thibaut"],
        ["Meyer", "Meier", "Maier", "Mayer"],
        ["Schmitt", "Schmidt", "Schmit"],
        ["Moreau", "Moro", "Morau"],
        ["Leclerc", "Leclercq", "Le Clerc"],
        ["Perrin", "Périn"],
        ["Roussel", "Roucel"],
        ["Philippe", "Filipe"],
        ["Christine", "Kristine"],
        ["Fontaine", "Fonteine"],
        ["Saint-Martin", "St Martin"],
        ["De La Tour", "Delatour"],
        ["Jean Dupont", "Dupond Jean"],
        ["SARL Boulangerie Henry", "Boulangerie Henri"],
        ["Guérin", "Guerrin"],
        ["Bernard", "Bernart"],
    ],
)
def test_names_that_sound_alike_have_one_sound(db, names):
    assert len({sound(name) for name in names}) == 1


@pytest.mark.parametrize(
    "names",
    [
        ["Martin", "Martel"],
        ["Dupont", "Dupuis"],
        ["Bernard", "Bertrand"],
        ["Petit", "Petitjean"],
        ["Moreau", "Morin"],
        ["Jean Dupont", "Jeanne Dupont"],
        ["Roux", "Rousseau"],
        ["Simon", "Simonet"],
        ["Garnier", "Granier"],
        ["Guérin", "Gérin"],
    ],
)
def test_other_names_sound_otherwise(db, names):
    assert len({sound(name) for name in names}) == len(names)


def test_a_name_without_letters_has_a_sound_that_is_itself_or_none(db):
    assert sound("") == ""
    assert sound("SARL") == ""
    assert sound("2011") == "2011"
