"""R000-14, one test per row."""

import pytest

from entregent.enrollment.actions import Button, decide
from entregent.toolbox.errors import Refusal


def refused(*choices):
    with pytest.raises(Refusal) as refusal:
        decide(*choices)
    return refusal.value.code


def test_row_1_a_new_client_included_and_saved_is_added():
    assert decide(False, "include", Button.SAVE) == "add"


def test_row_2_a_current_client_included_is_updated():
    assert decide(True, "include", Button.UPDATE) == "update"


def test_row_3_a_current_client_who_is_not_selected_is_removed():
    assert decide(True, "not_selected", Button.SAVE) == "remove"


def test_row_4_a_current_client_is_not_saved_as_a_new_one():
    assert refused(True, "include", Button.SAVE) == "E-000-USE-UPDATE"


def test_row_5_a_new_client_is_not_updated():
    assert refused(False, "include", Button.UPDATE) == "E-000-NOT-EXISTING"


def test_row_6_nothing_chosen_sends_nothing():
    assert decide(False, "not_selected", Button.SAVE) is None


@pytest.mark.parametrize("existing", [True, False])
def test_row_7_who_is_not_selected_is_not_updated(existing):
    assert refused(existing, "not_selected", Button.UPDATE) == "E-000-NOT-SELECTED"
