"""Every reading as a FHIR R4 Observation: one line a kind says which profile, codes and unit.

Sources: US Core 6.1.0, whose profiles fix the codes and units of weight, height, temperature, heart rate, breaths and
oxygen saturation (both of its codes). Peak flow is a vital sign without a profile of its own. Glucose of a meter is a
clinical result of the category laboratory, as LOINC classes it. Where US Core allows several units, ours is the one
that readings are kept in.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.fhir.codes import (
    BEATS_PER_MINUTE,
    BODY_HEIGHT,
    BODY_TEMPERATURE,
    BODY_WEIGHT,
    BREATHS_PER_MINUTE,
    CELSIUS,
    CENTIMETRE,
    GLUCOSE_BY_GLUCOMETER,
    HEART_RATE,
    KILOGRAM,
    LITRE_PER_MINUTE,
    MG_PER_DL,
    OBSERVATION_CATEGORY,
    OXYGEN,
    OXYGEN_BY_OXIMETRY,
    PEAK_FLOW,
    PERCENT,
    RESPIRATORY_RATE,
    UCUM,
    US_CORE,
    VITAL_SIGNS,
    Code,
    Unit,
)
from app.domain.fhir.observation import (
    BloodPressureFacts,
    Number,
    ReadingStatus,
    blood_pressure_observation,
    concept,
    instant,
    measured,
)
from app.domain.vitals.kinds import ObservationType

_LABORATORY = Code(OBSERVATION_CATEGORY, "laboratory", "Laboratory")


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a kind is written; the first code gives the text."""

    profile: str
    codes: tuple[Code, ...]
    unit: Unit
    category: Code = VITAL_SIGNS


SHAPES: dict[ObservationType, _Shape] = {
    "weight": _Shape("body-weight", (BODY_WEIGHT,), KILOGRAM),
    "height": _Shape("body-height", (BODY_HEIGHT,), CENTIMETRE),
    "temperature": _Shape("body-temperature", (BODY_TEMPERATURE,), CELSIUS),
    "heart_rate": _Shape("heart-rate", (HEART_RATE,), BEATS_PER_MINUTE),
    "respiratory_rate": _Shape("respiratory-rate", (RESPIRATORY_RATE,), BREATHS_PER_MINUTE),
    "pulse_oximetry": _Shape("pulse-oximetry", (OXYGEN_BY_OXIMETRY, OXYGEN), PERCENT),
    "peak_flow": _Shape("vital-signs", (PEAK_FLOW,), LITRE_PER_MINUTE),
    "glucose": _Shape("observation-clinical-result", (GLUCOSE_BY_GLUCOMETER,), MG_PER_DL, _LABORATORY),
}


@dataclass(frozen=True, slots=True)
class VitalFacts:
    """What an Observation needs to know of a reading that is no blood pressure: its value in the unit it is kept in."""

    id: UUID
    version: int
    last_updated: datetime
    patient_id: UUID
    patient_display: str | None
    measured_at: datetime
    status: ReadingStatus
    observation_type: ObservationType
    value: Number
    pulse: Number | None
    device_display: str | None


ReadingFacts = BloodPressureFacts | VitalFacts


def observation_of(reading: ReadingFacts) -> dict[str, object]:
    """Return any reading as an Observation of the profile of its kind."""
    return (
        blood_pressure_observation(reading) if isinstance(reading, BloodPressureFacts) else vital_observation(reading)
    )


def vital_observation(reading: VitalFacts) -> dict[str, object]:
    """Return a reading as an Observation; an oximeter's pulse is a component of it. What is not known is left out."""
    shape = SHAPES[reading.observation_type]
    observation: dict[str, object] = {
        "resourceType": "Observation",
        "id": str(reading.id),
        "meta": {
            "versionId": str(reading.version),
            "lastUpdated": instant(reading.last_updated),
            "profile": [f"{US_CORE}{shape.profile}"],
        },
        "status": reading.status,
        "category": [concept(shape.category)],
        "code": _code(shape),
        "subject": _subject(reading),
        "effectiveDateTime": instant(reading.measured_at),
        "valueQuantity": {
            "value": reading.value, "unit": shape.unit.text, "system": UCUM, "code": shape.unit.code,
        },
    }  # fmt: skip
    if reading.device_display:
        observation["device"] = {"display": reading.device_display}
    if reading.pulse is not None and reading.observation_type == "pulse_oximetry":
        observation["component"] = [measured(HEART_RATE, reading.pulse, BEATS_PER_MINUTE)]
    return observation


def _code(shape: _Shape) -> dict[str, object]:
    coding = [{"system": code.system, "code": code.code, "display": code.display} for code in shape.codes]
    return {"coding": coding, "text": shape.codes[0].display}


def _subject(reading: VitalFacts) -> dict[str, object]:
    subject: dict[str, object] = {"reference": f"Patient/{reading.patient_id}"}
    if reading.patient_display:
        subject["display"] = reading.patient_display
    return subject
