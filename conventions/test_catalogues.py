"""Django merges the catalogues of all areas into one: a French text has one English, wherever it stands."""

from collections import defaultdict

from entregent.config import messages


def _english() -> dict[tuple[str, str], dict[str, tuple[str, ...]]]:
    """By context and French text: what each area says in English."""
    found: dict[tuple[str, str], dict[str, tuple[str, ...]]] = defaultdict(dict)
    for area in messages.areas():
        for message in messages.translated(area) or ():
            texts = (message.string,) if isinstance(message.string, str) else tuple(message.string)
            french = message.id if isinstance(message.id, str) else message.id[0]
            if french:
                found[message.context or "", french][area] = texts
    return found


def test_a_french_text_has_one_english():
    """Two meanings are told apart by a context (`pgettext`), else one area would speak with the words of another."""
    several = {french: areas for french, areas in _english().items() if len(set(areas.values())) > 1}
    assert several == {}
