"""Shapes of readings: one pair a kind, in and out, made from the table of kinds."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, cast
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, post_load, validate

from app.domain.fhir.codes import DATA_ABSENT_REASONS
from app.domain.triage.thresholds import AlertLevel
from app.domain.vitals.kinds import KINDS, MEALS, ObservationType, VitalKind
from app.domain.vitals.measures import MEASURES
from app.domain.vitals.plausibility import REASONS
from app.domain.vitals.reading import Reading
from app.domain.vitals.units import BY_FIELD, BY_MEASURE, in_both_units
from app.schemas.base import Body, Row
from app.schemas.fields import Instant, Measure, MeasuredAt, Text, YesNo

Posted = tuple[UUID, Reading]

_ABSENT = {"description": "Only when the pressure itself is left out: why the device could not give it."}
_SOURCE = {
    "description": "Who took the value down: `auto` when the instrument sent it, `manual` when a person did. Left out,"
    " it is `auto` for a device of the practice that sends by itself and was the patient's then, else `manual`."
}
_CORRECTS = {"description": "The reading of this patient that this one replaces, and which becomes void."}
_PRESSURES = ("systolic", "diastolic")
_MINUTE = timedelta(minutes=1)


class NewReadingSchema(Body):
    """A reading to take in."""

    kind: ClassVar[VitalKind]

    patient_id = fields.UUID(required=True)
    device_id = Text(longest=64, allow_none=True)
    measured_at = MeasuredAt(required=True)
    source = fields.String(validate=validate.OneOf(["auto", "manual"]), metadata=_SOURCE)
    corrects_id = fields.UUID(allow_none=True, metadata=_CORRECTS)

    @post_load
    def reading_of(self, data: dict[str, Any], **_: Any) -> Posted:
        """Return whose reading it is and the reading; raises ValidationError when a measure is missing."""
        self.check_values(data)
        patient_id, measured_at = data.pop("patient_id"), data.pop("measured_at")
        values, posted = self._values(data)
        reasons = {name: data.pop(f"{name}_absent_reason") for name in _PRESSURES if f"{name}_absent_reason" in data}
        reading = Reading(
            self.kind.type,
            measured_at.astimezone(UTC),
            values,
            absent_reasons=reasons,
            **_offset(measured_at),
            **posted,
            **data,
        )  # fmt: skip
        return patient_id, reading

    def check_values(self, data: dict[str, Any]) -> None:
        """Raise ValidationError unless each required measure is there once, in one of its units."""
        wrong: dict[str, list[str]] = {}
        for name in self.kind.required:
            field = self.kind.field(name)
            others = [BY_MEASURE[name].field] if name in BY_MEASURE else []
            given = [one for one in (field, *others) if one in data]
            if not given:
                alternative = f" Or {others[0]}." if others else ""
                wrong[field] = [f"This field is required.{alternative}"]
            elif len(given) > 1:
                wrong[others[0]] = [f"Only one of {field} and {others[0]}."]
        if wrong:
            raise ValidationError(wrong)

    def _values(self, data: dict[str, Any]) -> tuple[dict[str, Decimal | None], dict[str, Any]]:
        values: dict[str, Decimal | None] = {}
        for name in self.kind.measures:
            other = BY_MEASURE.get(name)
            if other is not None and other.field in data:
                posted = data.pop(other.field)
                values[name] = other.to_measure(posted)
                return values, {"posted_value": posted, "posted_unit": other.unit}
            values[name] = data.pop(self.kind.field(name), None)
        return values, {}


class NewBloodPressureSchema(NewReadingSchema):
    """A cuff reading to take in."""

    kind = KINDS["blood_pressure"]

    systolic = Measure(MEASURES["systolic"].limits)
    diastolic = Measure(MEASURES["diastolic"].limits)
    systolic_absent_reason = fields.String(validate=validate.OneOf(sorted(DATA_ABSENT_REASONS)), metadata=_ABSENT)
    diastolic_absent_reason = fields.String(validate=validate.OneOf(sorted(DATA_ABSENT_REASONS)), metadata=_ABSENT)
    pulse = Measure(MEASURES["pulse"].limits, allow_none=True)
    irregular_heartbeat = YesNo(allow_none=True)

    def check_values(self, data: dict[str, Any]) -> None:
        """Raise ValidationError unless each pressure, or the reason for its absence, is there; at least one is."""
        missing: dict[str, list[str]] = {}
        for name in _PRESSURES:
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


class ReadingSchema(Row):
    """A reading as it was taken in. `status` is there only when it does not count, and says why not."""

    kind: ClassVar[VitalKind]

    id = fields.UUID(required=True, attribute="observation.id")
    patient_id = fields.UUID(required=True, attribute="observation.patient_id")
    observation_type = fields.String(required=True, attribute="observation.observation_type")
    device_id = fields.String(required=True, allow_none=True, attribute="observation.device_id")
    measured_at = Instant(required=True, attribute="observation.measured_at")
    fhir_status = fields.String(required=True, attribute="observation.fhir_status")
    alert_triggered = fields.Function(
        lambda recorded: recorded.alert is not None, required=True, metadata={"type": "boolean"}
    )
    alert_details = fields.Nested(AlertDetailsSchema, required=True, allow_none=True, attribute="alert")
    created_at = Instant(required=True, attribute="observation.created_at")
    status = fields.String(validate=validate.OneOf(["quarantined", "rejected", "void"]))
    quarantine_reason = fields.String(validate=validate.OneOf(sorted(REASONS)))

    def _answer(self, recorded: Any) -> dict[str, Any]:
        observation = recorded.observation
        read = {name: reader(recorded) for name, reader in self._readers if name in _COMMON}
        first = {name: read.pop(name) for name in ("id", "patient_id", "observation_type")}
        doubt = {} if observation.status == "final" else {"status": observation.status}
        if observation.status == "quarantined":
            doubt["quarantine_reason"] = observation.quarantine_reason
        return first | shown_values(observation) | read | doubt


_COMMON = frozenset(ReadingSchema().fields) - {"status", "quarantine_reason"}


def shown_values(observation: Any) -> dict[str, Any]:
    """Return the measures of a stored reading by their names on the wire, in both units where there are two."""
    kind = KINDS[cast("ObservationType", observation.observation_type)]
    shown: dict[str, Any] = {}
    for name in kind.measures:
        value = getattr(observation, name)
        if value is not None and name in BY_MEASURE:
            shown |= in_both_units(name, value, observation.posted_value, observation.posted_unit)
        else:
            shown[kind.field(name)] = value
    if kind.type == "glucose":
        shown["meal"] = observation.meal
    return shown


def _offset(measured_at: datetime) -> dict[str, Any]:
    """Return the zone that the time was written in; Z is no zone of anybody's."""
    if measured_at.tzinfo is UTC:
        return {}
    offset = measured_at.utcoffset() or timedelta()
    return {"zone_offset_minutes": offset // _MINUTE, "offset_origin": "posted"}


def _fields_in(kind: VitalKind) -> dict[str, fields.Field[Any]]:
    made: dict[str, fields.Field[Any]] = {}
    for name in kind.measures:
        optional: dict[str, Any] = {} if name in kind.required else {"allow_none": True}
        made[kind.field(name)] = Measure(MEASURES[name].limits, **optional)
        if name in BY_MEASURE:
            made[BY_MEASURE[name].field] = Measure(BY_MEASURE[name].limits)
    if kind.type == "glucose":
        made["meal"] = fields.String(validate=validate.OneOf(MEALS), allow_none=True)
    if "pulse" in kind.measures:
        made["irregular_heartbeat"] = YesNo(allow_none=True)
    return made


def _fields_out(kind: VitalKind) -> dict[str, fields.Field[Any]]:
    names = [kind.field(name) for name in kind.measures]
    names += [BY_MEASURE[name].field for name in kind.measures if name in BY_MEASURE]
    made: dict[str, fields.Field[Any]] = {
        name: fields.Raw(required=True, allow_none=name not in BY_FIELD, metadata={"type": "number"}) for name in names
    }
    if kind.type == "glucose":
        made["meal"] = fields.String(required=True, allow_none=True, validate=validate.OneOf(MEALS))
    return made


def _named(base: type[Schema], name: str, kind: VitalKind, members: dict[str, fields.Field[Any]]) -> type[Schema]:
    return type(name, (base,), {"kind": kind, "__doc__": f"{kind.label}.", **members})


def _class_name(kind: VitalKind) -> str:
    return "".join(word.capitalize() for word in kind.type.split("_"))


READING_SCHEMAS: dict[ObservationType, type[Schema]] = {
    kind.type: _named(ReadingSchema, f"{_class_name(kind)}Schema", kind, _fields_out(kind)) for kind in KINDS.values()
}
NEW_READING_SCHEMAS: dict[ObservationType, type[NewReadingSchema]] = {
    kind.type: NewBloodPressureSchema
    if kind.type == "blood_pressure"
    else cast(
        "type[NewReadingSchema]", _named(NewReadingSchema, f"New{_class_name(kind)}Schema", kind, _fields_in(kind))
    )
    for kind in KINDS.values()
}
