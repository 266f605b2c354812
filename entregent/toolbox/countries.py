"""Countries by their two letters and by name, in the language of whoever reads."""

from functools import cache

from babel import Locale

from entregent.toolbox.text import search_key

# Groups of countries and codes of no country at all.
_NONE = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}


@cache
def country_names(language: str) -> dict[str, str]:
    """{"FR": "France", …} in the order of the names, whatever their accents."""
    named = {
        str(code): str(name)
        for code, name in Locale.parse(language or "fr", sep="-").territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NONE
    }
    return dict(sorted(named.items(), key=lambda one: search_key(one[1])))


def country_name(code: str, language: str) -> str:
    """The name; the code itself where it is none that we know."""
    return country_names(language).get(code, code)
