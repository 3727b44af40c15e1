"""The NPI's check digit."""

import pytest

from app.domain.npi import is_npi


@pytest.mark.parametrize("npi", ["1234567893", "1999999992", "1222222220"])
def test_numbers_with_a_right_check_digit_are_npis(npi: str) -> None:
    """The first is CMS's own example."""
    assert is_npi(npi)


@pytest.mark.parametrize(
    "text",
    [
        "1234567890",
        "1234567892",
        "1243567893",
        "0234567893",
        "3234567893",
        "123456789",
        "12345678933",
        "",
        "123456789O",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    """A wrong or swapped digit, a first digit that no NPI has, another length, another sign."""
    assert not is_npi(text)


@pytest.mark.parametrize("digit", "0123456789")
def test_exactly_one_last_digit_fits(digit: str) -> None:
    """3, after 123456789."""
    assert is_npi(f"123456789{digit}") is (digit == "3")


@pytest.mark.parametrize("text", ["1234567893\n", " 1234567893", "\u0661234567893"])
def test_digits_are_plain_digits(text: str) -> None:
    """No space, no line end, no digits of other scripts."""
    assert not is_npi(text)
