"""When two readings are one, and when a clock is wrong."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.domain.vitals import BloodPressure, is_from_the_future, natural_key

PATIENT = UUID(int=1)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
READING = BloodPressure(NOW, Decimal(142), Decimal(92), Decimal(78), "cuff-1")


@pytest.mark.parametrize(
    "same",
    [
        {"systolic": Decimal("142.0")},
        {"measured_at": NOW.astimezone(timezone(timedelta(hours=-5)))},
    ],
)
def test_the_same_reading_written_otherwise_has_the_same_key(same: dict[str, Any]) -> None:
    """142 is 142.0, noon in UTC is seven in New York."""
    assert natural_key(PATIENT, replace(READING, **same)) == natural_key(PATIENT, READING)


@pytest.mark.parametrize(
    "other",
    [
        {"systolic": Decimal(143)},
        {"systolic": Decimal(92), "diastolic": Decimal(142)},
        {"pulse": None},
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


@pytest.mark.parametrize(("ahead", "is_future"), [(300, False), (300.001, True), (-10, False)])
def test_five_minutes_ahead_are_tolerated(ahead: float, is_future: bool) -> None:
    """Exactly five still are."""
    assert is_from_the_future(NOW + timedelta(seconds=ahead), NOW) is is_future
