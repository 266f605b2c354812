"""What is said on a terminal, in the language of the person, before Django and its catalogues are there."""

import os


def speaks_english() -> bool:
    """Whether the shell asks for English. Everything else, `C` and nothing at all included, gets French."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return value.lower().startswith("en")
    return False


def spoken(french: str, english: str) -> str:
    """The sentence in the language of the shell. Gettext would need settings, which may be what is wrong."""
    return english if speaks_english() else french
