"""What a body cannot do waits; what may be an emergency never does. Both sides of each line."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.domain.vitals.plausibility import Earlier, implausible
from app.domain.vitals.reading import Reading, blood_pressure

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _weight(kilograms: str) -> Reading:
    return Reading("weight", NOW, {"weight_kg": Decimal(kilograms)})


@pytest.mark.parametrize(
    ("before", "ago", "now", "reason"),
    [
        ("80", timedelta(seconds=49), "112", "weight_jump"),  # 40 % within a minute
        ("80", timedelta(hours=1), "92", "weight_jump"),
        ("80", timedelta(hours=1), "91.99", None),
        ("80", timedelta(hours=1), "68", "weight_jump"),
        ("80", timedelta(hours=1), "68.01", None),
        ("80", timedelta(days=1), "92", "weight_jump"),
        ("80", timedelta(days=1, seconds=1), "92", None),
        ("80", timedelta(days=30), "104", "weight_jump"),
        ("80", timedelta(days=30), "103.99", None),
        ("80", timedelta(days=31), "118", None),
        ("80", -timedelta(hours=1), "112", "weight_jump"),  # the other one was measured later and came first
    ],
)
def test_a_scale_that_somebody_else_stepped_on(before: str, ago: timedelta, now: str, reason: str | None) -> None:
    """15 % in a day, 30 % in 30 days, either way."""
    assert implausible(_weight(now), lambda _: Earlier(Decimal(before), NOW - ago)) == reason


def test_a_first_weight_is_taken() -> None:
    """There is nothing to compare with."""
    assert implausible(_weight("118"), lambda _: None) is None


@pytest.mark.parametrize(
    ("systolic", "diastolic", "reason"),
    [(80, 120, "pressures_reversed"), (100, 91, "pressures_reversed"), (100, 90, None), (250, 60, None)],
)
def test_pressures_that_are_the_wrong_way_round(systolic: int, diastolic: int, reason: str | None) -> None:
    """At least 10 mmHg lie between them; however high, they are believed."""
    assert implausible(blood_pressure(NOW, Decimal(systolic), Decimal(diastolic)), lambda _: None) == reason


def test_an_emergency_is_never_held_back() -> None:
    """Whatever the value before."""
    sudden = Reading("pulse_oximetry", NOW, {"spo2": Decimal(62), "pulse": Decimal(140)})
    assert implausible(sudden, lambda _: Earlier(Decimal(98), NOW - timedelta(minutes=1))) is None
