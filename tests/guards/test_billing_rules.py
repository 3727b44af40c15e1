"""Guards for the page of billing rules: every rule has a place and a test, and no row names what is not there."""

from tests.guards.billing_rules import PAGE, missing_places, missing_tests, without_a_row

_HEAD = "| rule | where | proved by |\n|---|---|---|\n"


def test_every_code_reason_and_setting_has_a_row() -> None:
    """And every rule of the double-count guard."""
    assert without_a_row(PAGE.read_text()) == set()


def test_the_tests_that_rows_name_are_there() -> None:
    """By the names of their functions."""
    assert missing_tests(PAGE.read_text()) == set()


def test_the_places_that_rows_name_are_there() -> None:
    """By module and name."""
    assert missing_places(PAGE.read_text()) == set()


def test_a_page_that_lies_is_found_out() -> None:
    """A row without its test, a place that is none, a reason without a row."""
    page = _HEAD + "| `DUPLICATE` twice | `exclusions.nowhere` | `test_of_nobody` |\n| rest | `engine` | |\n"
    assert missing_tests(page) == {"test_of_nobody", "nothing"}
    assert missing_places(page) == {"exclusions.nowhere", "engine"}
    assert "NO_CONSENT" in without_a_row(page)
