"""Social Security numbers and language tags."""

import pytest

from app.domain.languages import format_language
from app.domain.ssn import format_ssn, last_four


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("123-45-6789", "123456789"), ("123 45 6789", "123456789"), ("123456789", "123456789"),
        ("001-01-0001", "001010001"), ("899-99-9999", "899999999"), ("665-01-0001", "665010001"),
        ("667-01-0001", "667010001"), ("000-12-3456", None), ("666-12-3456", None), ("900-12-3456", None),
        ("999-12-3456", None), ("123-00-6789", None), ("123-45-0000", None), ("078-05-1120", None),
        ("219-09-9999", None), ("123-456789", None), ("12345678", None), ("1234567890", None), ("١٢٣٤٥٦٧٨٩", None),
    ],
)  # fmt: skip
def test_a_social_security_number_has_a_possible_area_group_and_serial(written: str, number: str | None) -> None:
    """Stored as nine digits."""
    assert format_ssn(written) == number


def test_four_digits_may_be_shown() -> None:
    """The last ones."""
    assert last_four("123456789") == "6789"


@pytest.mark.parametrize(
    ("tag", "stored"),
    [
        ("en", "en"), ("ES-mx", "es-MX"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"), ("hmn", "hmn"),
        ("de-CH-1996", "de-CH-1996"), ("xx", None), ("e", None), ("english", None), ("en_US", None), ("en-", None),
        ("", None), ("en-USA", None),
    ],
)  # fmt: skip
def test_a_language_is_a_bcp_47_tag(tag: str, stored: str | None) -> None:
    """In the usual case."""
    assert format_language(tag) == stored
