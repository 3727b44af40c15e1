"""Vital signs: their limits, units and identity. Limits are inclusive on both ends.

Source of the blood-pressure limits: the product's API contract (§4): systolic 60-300 mmHg, diastolic 30-200 mmHg,
pulse 30-250 beats a minute.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

ObservationType = Literal["blood_pressure"]

CLOCK_TOLERANCE = timedelta(minutes=5)  # a device may run ahead of us by this much (03 §11, S83)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an instrument of this kind can report at all; outside it the reading is a mistake."""

    low: Decimal
    high: Decimal
    unit: str


SYSTOLIC = Limits(Decimal(60), Decimal(300), "mmHg")
DIASTOLIC = Limits(Decimal(30), Decimal(200), "mmHg")
PULSE = Limits(Decimal(30), Decimal(250), "bpm")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MAX_DECIMALS = 4  # digits after the point that a reading may carry


@dataclass(frozen=True, slots=True)
class BloodPressure:
    """One cuff reading. A pressure is None only with a reason why (FHIR data-absent-reason); never both.

    Pressures in mmHg, pulse in beats a minute, `measured_at` the device's own instant (aware).
    """

    measured_at: datetime
    systolic: Decimal | None
    diastolic: Decimal | None
    pulse: Decimal | None = None
    device_id: str | None = None
    systolic_absent_reason: str | None = None
    diastolic_absent_reason: str | None = None

    observation_type: ObservationType = "blood_pressure"


def is_from_the_future(measured_at: datetime, now: datetime) -> bool:
    """Say whether a reading claims a time later than the clock tolerance allows (exactly on it is allowed)."""
    return measured_at > now + CLOCK_TOLERANCE


def natural_key(patient_id: UUID, reading: BloodPressure) -> bytes:
    """Return the 32 bytes that two deliveries of one reading share: same patient, device, type, time and values.

    142 and 142.0 are the same value; a missing value differs from every number.
    """
    values = (reading.systolic, reading.diastolic, reading.pulse)
    identity = "|".join(
        (
            str(patient_id),
            reading.device_id or "",
            reading.observation_type,
            str((reading.measured_at - _EPOCH) // timedelta(microseconds=1)),
            *("-" if value is None else str(value.normalize()) for value in values),
        )
    )
    return hashlib.sha256(identity.encode()).digest()
