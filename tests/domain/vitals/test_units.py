"""Both units of a measure: one as it came, the other reckoned."""

from decimal import Decimal

import pytest

from app.domain.vitals.measures import MEASURES
from app.domain.vitals.units import BY_FIELD, OTHER_UNITS, in_both_units, rounded


@pytest.mark.parametrize(
    ("field", "posted", "measure"),
    [
        ("weight_lb", "1", "0.45359237"),
        ("weight_lb", "180.50", "81.8734227850"),
        ("glucose_mmol_l", "5.5", "99.08580"),
        ("temperature_f", "98.6", "37.000000"),
        ("temperature_f", "100.4", "38.000000"),
        ("temperature_f", "99.5", "37.500000"),
        ("height_in", "70", "177.80"),
    ],
)
def test_another_unit_is_turned_exactly(field: str, posted: str, measure: str) -> None:
    """By the factors of the definition, with no rounding but Fahrenheit's sixth decimal."""
    assert BY_FIELD[field].to_measure(Decimal(posted)) == Decimal(measure)


def test_what_was_posted_comes_back_digit_for_digit() -> None:
    """180.50 lb stay 180.50, and are 81.87 kg to read."""
    value = BY_FIELD["weight_lb"].to_measure(Decimal("180.50"))
    shown = in_both_units("weight_kg", value, Decimal("180.50"), "lb")
    assert {name: str(number) for name, number in shown.items()} == {"weight_kg": "81.87", "weight_lb": "180.50"}


def test_what_was_posted_in_the_kept_unit_is_not_rounded() -> None:
    """81.8734 kg stay so; the pounds are for reading."""
    shown = in_both_units("weight_kg", Decimal("81.8734"), None, None)
    assert {name: str(number) for name, number in shown.items()} == {"weight_kg": "81.8734", "weight_lb": "180.5"}


@pytest.mark.parametrize("other", OTHER_UNITS, ids=lambda other: other.field)
def test_the_limits_of_the_other_unit_lie_within_the_measures(other) -> None:
    """So that what one unit's limits let in, the table's check never refuses."""
    limits = MEASURES[other.measure].limits
    assert limits.low <= other.to_measure(other.limits.low)
    assert other.to_measure(other.limits.high) <= limits.high


@pytest.mark.parametrize(("value", "shown"), [("2.25", "2.2"), ("2.35", "2.4"), ("2.3", "2.3"), ("2", "2")])
def test_rounding_is_half_to_even_and_adds_no_digits(value: str, shown: str) -> None:
    """Neither up nor longer."""
    assert str(rounded(Decimal(value), 1)) == shown
