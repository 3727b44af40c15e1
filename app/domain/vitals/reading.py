"""One reading, and its identity: when two deliveries are the same reading."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from app.domain.vitals.kinds import KINDS, Meal, ObservationType

Source = Literal["auto", "manual"]
OffsetOrigin = Literal["device", "vendor", "posted"]
Status = Literal["final", "quarantined", "rejected", "void"]

CLOCK_TOLERANCE = timedelta(minutes=5)  # a device may run ahead of us by this much (03 §11, S83)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """What an instrument, or a person, says about a patient at an instant.

    `values` holds the kind's measures in the unit they are kept in; a value is None only with a reason in
    `absent_reasons` (FHIR data-absent-reason), never both. What was posted in another unit stands in `posted_value`
    and `posted_unit` as it came. `source` is None where nobody said: then the device decides (`source_of`).
    `zone_offset_minutes` is the offset from UTC that the time was written with, east positive, `offset_origin` whose
    word that is. `is_stored_memory`: sent later from the instrument's memory; `is_estimated_time`: the time is a guess.
    """

    observation_type: ObservationType
    measured_at: datetime
    values: Mapping[str, Decimal | None]
    absent_reasons: Mapping[str, str] = field(default_factory=dict)
    device_id: str | None = None
    meal: Meal | None = None
    irregular_heartbeat: bool | None = None
    source: Source | None = None
    posted_value: Decimal | None = None
    posted_unit: str | None = None
    zone_offset_minutes: int | None = None
    offset_origin: OffsetOrigin | None = None
    is_stored_memory: bool = False
    is_estimated_time: bool = False
    corrects_id: UUID | None = None
    inbox_id: UUID | None = None
    concern: str | None = None  # why its sender doubts it: a key of plausibility.REASONS


def blood_pressure(
    measured_at: datetime,
    systolic: Decimal | None,
    diastolic: Decimal | None,
    pulse: Decimal | None = None,
    device_id: str | None = None,
    absent_reasons: Mapping[str, str] | None = None,
) -> Reading:
    """Return a cuff's reading: pressures in mmHg, pulse in beats a minute."""
    values = {"systolic": systolic, "diastolic": diastolic, "pulse": pulse}
    return Reading("blood_pressure", measured_at, values, absent_reasons or {}, device_id)


def is_from_the_future(measured_at: datetime, now: datetime) -> bool:
    """Say whether a reading claims a time later than the clock tolerance allows (exactly on it is allowed)."""
    return measured_at > now + CLOCK_TOLERANCE


def source_of(reading: Reading, *, sends_by_itself: bool) -> Source:
    """Return who took the value down: as was said, or else the instrument if it is one of ours that sends by itself.

    Only what an instrument sent counts as a day with data (04 §5).
    """
    return reading.source or ("auto" if sends_by_itself else "manual")


def natural_key(patient_id: UUID, reading: Reading) -> bytes:
    """Return the 32 bytes that two deliveries of one reading share: same patient, device, type, time and values.

    142 and 142.0 are the same value, and so are 180 lb and 81.6466266 kg; a missing value differs from every number.
    """
    values = (reading.values.get(measure) for measure in KINDS[reading.observation_type].measures)
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
