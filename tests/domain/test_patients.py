"""How parts of a record are written down."""

import pytest

from app.domain.patients import format_mrn, format_zip, to_e164


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("(217) 555-0101", "+12175550101"),
        ("217.555.0101", "+12175550101"),
        ("1 217 555 0101", "+12175550101"),
        ("+44 20 7946 0958", "+442079460958"),
        ("5550101", None),
        ("2175550101x5", None),
        ("+0123456789", None),
        ("22175550101", None),
        ("٢١٧٥٥٥٠١٠١", None),
    ],
)
def test_a_phone_number_is_stored_as_e164(written: str, stored: str | None) -> None:
    """Ten digits are read as US."""
    assert to_e164(written) == stored


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("62701", "62701"),
        ("62701-1234", "62701-1234"),
        ("627011234", "62701-1234"),
        ("6270", None),
        ("6270a", None),
        ("٦٢٧٠١", None),
    ],
)
def test_a_zip_code_has_five_or_nine_digits(written: str, stored: str | None) -> None:
    """With or without the hyphen."""
    assert format_zip(written) == stored


@pytest.mark.parametrize(("number", "mrn"), [(1, "MRN-00001"), (99_999, "MRN-99999"), (100_000, "MRN-100000")])
def test_record_numbers_grow_past_five_digits(number: int, mrn: str) -> None:
    """Never cut off."""
    assert format_mrn(number) == mrn
