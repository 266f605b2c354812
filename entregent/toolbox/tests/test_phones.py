"""Short ways for what is usual give what the library gives."""

import phonenumbers
import pytest

from entregent.toolbox.phones import national


@pytest.mark.parametrize("first", "1234567 9".replace(" ", ""))
def test_usual_french_numbers_read_as_the_library_writes_them(first):
    for rest in ("61910042", "00000000", "99001234", "39980117", "53019999"):
        number = f"+33{first}{rest}"
        parsed = phonenumbers.parse(number, None)
        told = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
        assert national(number, region="FR") == told


def test_other_numbers_are_the_librarys():
    assert national("+33800123456", region="FR") == "0 800 12 34 56"
    assert national("+14165550123", region="FR") == "+1 416-555-0123"
    assert national("+33261910042", region="CA") == "+33 2 61 91 00 42"
