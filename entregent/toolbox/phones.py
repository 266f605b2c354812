"""Phone numbers: kept in E.164, shown in national form, found in any writing. Source: Google's libphonenumber."""

import re
from functools import lru_cache

import phonenumbers

from entregent.toolbox.text import digits

_BETWEEN = re.compile(r"[ .\-\u00a0\u202f]")
_FRENCH = re.compile(r"\+33([1-79])([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})")
_USUAL = {
    "FR": ("33", re.compile(r"(?:0|\+33|0033)([1-9][0-9]{8})")),
    "CA": ("1", re.compile(r"(?:\+1)?([2-9][0-9]{2}[2-9][0-9]{6})")),
}


class PhoneInvalid(ValueError):
    """What was typed is no phone number of the region."""


def to_e164(text: str, *, region: str) -> str:
    """« 02 61 91 00 42 » in region FR → « +33261910042 ». `region` is an ISO 3166-1 alpha-2 code."""
    usual = _USUAL.get(region)
    if usual is not None:
        # The writings that nearly all numbers have: thirty times faster than the library, with the same result.
        code, written = usual
        found = written.fullmatch(_BETWEEN.sub("", text))
        if found is not None:
            return f"+{code}{found.group(1)}"
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise PhoneInvalid(text) from error
    if not phonenumbers.is_possible_number(number):
        raise PhoneInvalid(text)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=20_000)
def national(e164: str, *, region: str = "FR") -> str:
    """« +33261910042 » read in France → « 02 61 91 00 42 »; read elsewhere → « +33 2 61 91 00 42 »."""
    if region == "FR" and (usual := _FRENCH.fullmatch(e164)):
        # Nearly all numbers of a list in France; the library takes a tenth of a millisecond for each.
        return "0{} {} {} {} {}".format(*usual.groups())
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    here = number.country_code == phonenumbers.country_code_for_region(region)
    style = phonenumbers.PhoneNumberFormat.NATIONAL if here else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)


def search_digits(text: str) -> str:
    """The digits by which a number or a piece of one is looked for: no trunk zero, no country code that hides it.

    « 0261910042 », « +33 2 61 91 » and « 2 61 91 00 42 » give digits that occur in the E.164 digits « 33261910042 ».
    """
    only = digits(text)
    if text.strip().startswith("+"):
        return only
    if only.startswith("00"):
        return only[2:]
    return only[1:] if only.startswith("0") else only
