"""Shapes of readings."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from app.domain.fhir.codes import DATA_ABSENT_REASONS
from app.domain.triage.thresholds import AlertLevel
from app.domain.vitals import DIASTOLIC, PULSE, SYSTOLIC, BloodPressure
from app.schemas.base import Body, Row
from app.schemas.fields import Instant, Measure, Text

_ABSENT = {"description": "Only when the pressure itself is left out: why the device could not give it."}


class NewBloodPressureSchema(Body):
    """A cuff reading to take in."""

    patient_id = fields.UUID(required=True)
    systolic = Measure(SYSTOLIC)
    diastolic = Measure(DIASTOLIC)
    systolic_absent_reason = fields.String(validate=validate.OneOf(sorted(DATA_ABSENT_REASONS)), metadata=_ABSENT)
    diastolic_absent_reason = fields.String(validate=validate.OneOf(sorted(DATA_ABSENT_REASONS)), metadata=_ABSENT)
    pulse = Measure(PULSE, allow_none=True)
    device_id = Text(longest=64, allow_none=True)
    measured_at = Instant(required=True)

    @post_load
    def _reading(self, data: dict[str, Any], **_: Any) -> tuple[Any, BloodPressure]:
        self._check_pressures(data)
        patient_id = data.pop("patient_id")
        return patient_id, BloodPressure(**{"systolic": None, "diastolic": None, **data})

    def _check_pressures(self, data: dict[str, Any]) -> None:
        missing: dict[str, list[str]] = {}
        for name in ("systolic", "diastolic"):
            reason = f"{name}_absent_reason"
            if name not in data and reason not in data:
                missing[name] = ["This field is required."]
            if name in data and reason in data:
                missing[reason] = ["Only when the pressure is left out."]
        if not missing and "systolic" not in data and "diastolic" not in data:
            missing["systolic"] = ["A reading without any pressure is none."]
        if missing:
            raise ValidationError(missing)


class AlertDetailsSchema(Row):
    """How bad the reading is, in words."""

    level = fields.String(required=True, validate=validate.OneOf([level.value for level in AlertLevel]))
    message = fields.String(required=True)


class BloodPressureSchema(Row):
    """A reading as it was taken in."""

    id = fields.UUID(required=True, attribute="observation.id")
    patient_id = fields.UUID(required=True, attribute="observation.patient_id")
    observation_type = fields.String(required=True, attribute="observation.observation_type")
    systolic = fields.Raw(required=True, allow_none=True, attribute="observation.systolic", metadata={"type": "number"})
    diastolic = fields.Raw(
        required=True, allow_none=True, attribute="observation.diastolic", metadata={"type": "number"}
    )
    pulse = fields.Raw(required=True, allow_none=True, attribute="observation.pulse", metadata={"type": "number"})
    device_id = fields.String(required=True, allow_none=True, attribute="observation.device_id")
    measured_at = Instant(required=True, attribute="observation.measured_at")
    fhir_status = fields.String(required=True, attribute="observation.fhir_status")
    alert_triggered = fields.Function(
        lambda recorded: recorded.alert is not None, required=True, metadata={"type": "boolean"}
    )
    alert_details = fields.Nested(AlertDetailsSchema, required=True, allow_none=True, attribute="alert")
    created_at = Instant(required=True, attribute="observation.created_at")
