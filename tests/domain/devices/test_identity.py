"""By what a device is known."""

import pytest

from app.domain.devices.identity import identifier_key, identifier_keys, is_imei


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("490154203237518", True), ("352099001761481", True), ("490154203237517", False), ("490154203237581", False),
        ("49015420323751", False), ("4901542032375180", False), ("49015420323751X", False), ("", False),
        ("\uff10" * 15, False), ("000000000000000", True),
    ],
)  # fmt: skip
def test_an_imei_has_fifteen_digits_and_its_check_digit(text: str, is_one: bool) -> None:
    """One digit off, two swapped, too short, too long, letters, wide digits."""
    assert is_imei(text) is is_one


@pytest.mark.parametrize("written", ["AB-12 34", " ab-1234 ", "Ab-1 2\t34"])
def test_case_and_spaces_do_not_tell_devices_apart(written: str) -> None:
    """As people type from a label."""
    assert identifier_key(written) == "ab-1234"


def test_an_imei_is_known_without_its_leading_zeros_and_check_digit_too() -> None:
    """As one vendor sends it."""
    assert identifier_keys("SN 1", "013777009580123", "V9") == {"sn1", "013777009580123", "1377700958012", "v9"}


def test_no_device_is_known_by_nothing() -> None:
    """Else every reading without a device would name the one whose IMEI is all zeros."""
    assert identifier_keys(None, "0" * 15, " ") == {"0" * 15}


def test_what_is_not_given_is_no_key() -> None:
    """Neither None nor an empty text."""
    assert identifier_keys("SN1", None, "") == {"sn1"}
