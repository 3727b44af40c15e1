"""When two readings are one, when a clock is wrong, and who took a value down."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.domain.vitals.reading import Reading, blood_pressure, is_from_the_future, natural_key, source_of
from app.domain.vitals.units import BY_FIELD

PATIENT = UUID(int=1)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
READING = blood_pressure(NOW, Decimal(142), Decimal(92), Decimal(78), "cuff-1")


@pytest.mark.parametrize(
    "same",
    [
        {"values": {**READING.values, "systolic": Decimal("142.0")}},
        {"measured_at": NOW.astimezone(timezone(timedelta(hours=-5)))},
        {"zone_offset_minutes": -300, "offset_origin": "posted", "source": "manual"},
    ],
)
def test_the_same_reading_written_otherwise_has_the_same_key(same: dict[str, Any]) -> None:
    """142 is 142.0, noon in UTC is seven in New York."""
    assert natural_key(PATIENT, replace(READING, **same)) == natural_key(PATIENT, READING)


@pytest.mark.parametrize(
    "other",
    [
        {"values": {**READING.values, "systolic": Decimal(143)}},
        {"values": {**READING.values, "systolic": Decimal(92), "diastolic": Decimal(142)}},
        {"values": {**READING.values, "pulse": None}},
        {"device_id": None},
        {"device_id": "cuff-2"},
        {"measured_at": NOW + timedelta(microseconds=1)},
    ],
)
def test_another_reading_has_another_key(other: dict[str, Any]) -> None:
    """Any difference in device, time or values."""
    assert natural_key(PATIENT, replace(READING, **other)) != natural_key(PATIENT, READING)


def test_another_patient_has_another_key() -> None:
    """Two people may measure the same."""
    assert natural_key(UUID(int=2), READING) != natural_key(PATIENT, READING)


def test_a_weight_in_pounds_is_the_same_weight_in_kilograms() -> None:
    """What is compared is the measure, not the unit it came in."""
    pounds = BY_FIELD["weight_lb"].to_measure(Decimal("180.5"))
    in_pounds = Reading("weight", NOW, {"weight_kg": pounds}, posted_value=Decimal("180.5"), posted_unit="lb")
    in_kilograms = Reading("weight", NOW, {"weight_kg": Decimal("81.873422785")})
    assert natural_key(PATIENT, in_pounds) == natural_key(PATIENT, in_kilograms)


@pytest.mark.parametrize(("ahead", "is_future"), [(300, False), (300.001, True), (-10, False)])
def test_five_minutes_ahead_are_tolerated(ahead: float, is_future: bool) -> None:
    """Exactly five still are."""
    assert is_from_the_future(NOW + timedelta(seconds=ahead), NOW) is is_future


@pytest.mark.parametrize(
    ("said", "by_itself", "source"),
    [(None, True, "auto"), (None, False, "manual"), ("manual", True, "manual"), ("auto", False, "auto")],
)
def test_the_source_is_as_said_or_else_the_devices(said: Any, by_itself: bool, source: str) -> None:
    """What nobody said, a registered device that sends by itself decides."""
    assert source_of(replace(READING, source=said), sends_by_itself=by_itself) == source
