"""One blood-pressure reading as a FHIR R4 Observation; the other vitals are in `vitals.py`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from app.domain.fhir.codes import (
    BEATS_PER_MINUTE,
    BLOOD_PRESSURE_PANEL,
    DATA_ABSENT_REASON,
    DATA_ABSENT_REASON_DISPLAYS,
    DATA_ABSENT_REASONS,
    DIASTOLIC,
    HEART_RATE,
    MM_HG,
    SYSTOLIC,
    UCUM,
    US_CORE_BLOOD_PRESSURE,
    VITAL_SIGNS,
    Code,
    Unit,
)

__all__ = ["DATA_ABSENT_REASONS", "BloodPressureFacts", "blood_pressure_observation"]

ReadingStatus = Literal["final", "entered-in-error", "amended"]
Number = Decimal | int


@dataclass(frozen=True, slots=True)
class BloodPressureFacts:
    """What an Observation needs to know of one reading: pressures in mmHg, pulse in beats per minute.

    An absent pressure may say why (one of DATA_ABSENT_REASONS; None is published as `unknown`).
    ValueError: a naive instant, a NaN or infinite number, an unknown reason, or a reason beside a value.
    Source: FHIR R4 Observation obs-6 and US Core 6.1.0 vs-3 (a value or the reason for its absence).
    """

    id: UUID
    version: int
    last_updated: datetime
    patient_id: UUID
    patient_display: str | None
    measured_at: datetime
    status: ReadingStatus
    systolic: Number | None
    systolic_absent_reason: str | None
    diastolic: Number | None
    diastolic_absent_reason: str | None
    pulse: Number | None
    device_display: str | None

    def __post_init__(self) -> None:
        _require_aware(self.last_updated, "last_updated")
        _require_aware(self.measured_at, "measured_at")
        _require_consistent(self.systolic, self.systolic_absent_reason, "systolic")
        _require_consistent(self.diastolic, self.diastolic_absent_reason, "diastolic")
        _require_consistent(self.pulse, None, "pulse")


def blood_pressure_observation(reading: BloodPressureFacts) -> dict[str, object]:
    """Return the reading as an Observation of the US Core 6.1.0 blood-pressure profile.

    Pressures are mm[Hg] and a known pulse is one more component, `/min` (the profile slices components
    openly). Numbers stay numbers: a Decimal keeps its decimals. What is not known is left out, so that
    the result has no null and no empty array. Source: StructureDefinition us-core-blood-pressure 6.1.0.
    """
    observation: dict[str, object] = {
        "resourceType": "Observation",
        "id": str(reading.id),
        "meta": _meta(reading),
        "status": reading.status,
        "category": [concept(VITAL_SIGNS)],
        "code": concept(BLOOD_PRESSURE_PANEL),
        "subject": _subject(reading),
        "effectiveDateTime": instant(reading.measured_at),
    }
    if reading.device_display:
        observation["device"] = {"display": reading.device_display}
    observation["component"] = _components(reading)
    return observation


def _meta(reading: BloodPressureFacts) -> dict[str, object]:
    return {
        "versionId": str(reading.version),
        "lastUpdated": instant(reading.last_updated),
        "profile": [US_CORE_BLOOD_PRESSURE],
    }


def _subject(reading: BloodPressureFacts) -> dict[str, object]:
    subject: dict[str, object] = {"reference": f"Patient/{reading.patient_id}"}
    if reading.patient_display:
        subject["display"] = reading.patient_display
    return subject


def _components(reading: BloodPressureFacts) -> list[dict[str, object]]:
    components = [
        _pressure(SYSTOLIC, reading.systolic, reading.systolic_absent_reason),
        _pressure(DIASTOLIC, reading.diastolic, reading.diastolic_absent_reason),
    ]
    if reading.pulse is not None:
        components.append(measured(HEART_RATE, reading.pulse, BEATS_PER_MINUTE))
    return components


def _pressure(code: Code, value: Number | None, absent_reason: str | None) -> dict[str, object]:
    if value is not None:
        return measured(code, value, MM_HG)
    reason = absent_reason or "unknown"
    absence = Code(DATA_ABSENT_REASON, reason, DATA_ABSENT_REASON_DISPLAYS[reason])
    return {"code": concept(code), "dataAbsentReason": concept(absence)}


def measured(code: Code, value: Number, unit: Unit) -> dict[str, object]:
    """Return a coded value with its unit."""
    quantity = {"value": value, "unit": unit.text, "system": UCUM, "code": unit.code}
    return {"code": concept(code), "valueQuantity": quantity}


def concept(code: Code) -> dict[str, object]:
    """Return a CodeableConcept of one code."""
    coding = {"system": code.system, "code": code.code, "display": code.display}
    return {"coding": [coding], "text": code.display}


def instant(moment: datetime) -> str:
    """Write an instant in UTC to the second, or to the millisecond (cut, not rounded) if it has any."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00").removesuffix(".000") + "Z"


def _require_aware(moment: datetime, name: str) -> None:
    if moment.utcoffset() is None:
        raise ValueError(f"{name} must carry a time zone")


def _require_consistent(value: Number | None, reason: str | None, name: str) -> None:
    if reason is not None and reason not in DATA_ABSENT_REASONS:
        raise ValueError(f"{name}_absent_reason is not a FHIR data-absent-reason code")
    if value is None:
        return
    if reason is not None:
        raise ValueError(f"{name} has a value and a reason for its absence")
    if not Decimal(value).is_finite():
        raise ValueError(f"{name} must be a finite number")
