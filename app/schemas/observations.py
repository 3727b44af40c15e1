"""Shapes of the readings that are there: as kept, in statistics, and day by day."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID

from marshmallow import fields, post_load, validate

from app.domain.billing.days import Exclusion
from app.domain.enrolment.programs import Program
from app.domain.triage.thresholds import AlertLevel
from app.domain.vitals.kinds import KINDS
from app.domain.vitals.plausibility import REASONS
from app.domain.vitals.queries import BUCKETS, READING_ORDERINGS, DaysQuery, ReadingQuery, StatsQuery
from app.schemas.base import Body, PageQuery, Row, paging_of
from app.schemas.fields import Day, Instant, Text
from app.schemas.readings import shown_values

_TYPE = validate.OneOf([str(kind) for kind in KINDS])
_STATUS = validate.OneOf(["final", "quarantined", "rejected", "void"])
_LEVEL = validate.OneOf([level.value for level in AlertLevel])
_FHIR_STATUS = validate.OneOf(["pending", "sent", "failed", "not_configured"])
_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class VitalsPage:
    """The span of the charts, and the query of the table."""

    span: str
    query: ReadingQuery

    def for_patient(self, patient_id: UUID) -> tuple[str, ReadingQuery]:
        """Return both for one patient."""
        return self.span, replace(self.query, patient_id=patient_id)


class ObservationSchema(Row):
    """A reading with all that is kept of it; `values` holds its measures, in both units where there are two."""

    id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    observation_type = fields.String(required=True, validate=_TYPE)
    values = fields.Function(shown_values, required=True, metadata={"type": "object"})
    measured_at = Instant(required=True)
    zone_offset_minutes = fields.Integer(required=True, allow_none=True)
    offset_origin = fields.String(required=True, allow_none=True)
    device_id = fields.String(required=True, allow_none=True)
    source = fields.String(required=True, validate=validate.OneOf(["auto", "manual"]))
    posted_value = fields.Raw(required=True, allow_none=True, metadata={"type": "number"})
    posted_unit = fields.String(required=True, allow_none=True)
    systolic_absent_reason = fields.String(required=True, allow_none=True)
    diastolic_absent_reason = fields.String(required=True, allow_none=True)
    irregular_heartbeat = fields.Boolean(required=True, allow_none=True)
    is_stored_memory = fields.Boolean(required=True)
    is_estimated_time = fields.Boolean(required=True)
    status = fields.String(required=True, validate=_STATUS)
    quarantine_reason = fields.String(required=True, allow_none=True, validate=validate.OneOf(sorted(REASONS)))
    corrects_id = fields.UUID(required=True, allow_none=True)
    alert_level = fields.String(required=True, allow_none=True, validate=_LEVEL)
    fhir_status = fields.String(required=True, validate=_FHIR_STATUS)
    decided_at = Instant(required=True, allow_none=True)
    decided_by = fields.Integer(required=True, allow_none=True)
    received_at = Instant(required=True, attribute="created_at")


class ObservationDetailSchema(ObservationSchema):
    """A reading, and why somebody decided on it as they did."""

    decision_reason = fields.String(required=True, allow_none=True)


class ObservationQuerySchema(PageQuery):
    """Which readings are wanted; of every status unless one is named. `measured_to` is not included."""

    patient_id = fields.UUID()
    observation_type = fields.String(validate=_TYPE)
    measured_from = Instant()
    measured_to = Instant()
    device_id = Text(longest=64)
    fhir_status = fields.String(validate=_FHIR_STATUS)
    alert_level = fields.String(validate=_LEVEL)
    status = fields.String(validate=_STATUS)
    ordering = fields.String(load_default="-measured_at", validate=validate.OneOf(READING_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> ReadingQuery:
        return ReadingQuery(paging=paging_of(data), **data)


class VitalsPageSchema(PageQuery):
    """What the console's page of a patient's readings shows: the span of its charts, and which lines of its table."""

    span = fields.String(load_default="month", validate=validate.OneOf(["day", "week", "month", "year"]))
    observation_type = fields.String(validate=_TYPE)
    status = fields.String(validate=_STATUS)

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> "VitalsPage":
        return VitalsPage(data.pop("span"), ReadingQuery(paging=paging_of(data), **data))


class VoidReadingSchema(Body):
    """Why a reading must not count."""

    reason = Text(required=True, longest=500)


class ReadingDecisionSchema(Body):
    """Why a reading is accepted or rejected; the body may be left out."""

    may_be_left_out = True
    reason = Text(longest=500, load_default=None, allow_none=True)


class StatsQuerySchema(Body):
    """Over which span, the last 365 days when none is given; `by` adds stretches of the patient's local time."""

    measured_from = Instant()
    measured_to = Instant()
    observation_type = fields.String(validate=_TYPE)
    by = fields.String(validate=validate.OneOf(BUCKETS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> StatsQuery:
        return StatsQuery(**data)


def _rounded(name: str) -> fields.Function:
    return fields.Function(
        lambda stats: _two_decimals(getattr(stats, name)),
        required=True,
        metadata={"type": "number", "nullable": True},
    )


def _two_decimals(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value).quantize(_HUNDREDTH, ROUND_HALF_EVEN)


_PERCENTILES = ("p5", "p25", "p50", "p75", "p95")


def _percentiles(stats: Any) -> dict[str, Decimal | None]:
    return {name: _two_decimals(value) for name, value in zip(_PERCENTILES, stats.percentiles, strict=True)}


def _trend(stats: Any) -> Mapping[str, Any]:
    slope = stats.slope_per_week
    return {"direction": stats.direction, "per_week": None if slope is None else _two_decimals(slope)}


class MeasureStatsSchema(Row):
    """One measure in the unit it is kept in; `in_range_percent` by the warning limits, null where there are none."""

    observation_type = fields.String(required=True)
    measure = fields.String(required=True)
    count = fields.Integer(required=True)
    min = fields.Raw(required=True, attribute="lowest", metadata={"type": "number"})
    max = fields.Raw(required=True, attribute="highest", metadata={"type": "number"})
    mean = _rounded("mean")
    sd = _rounded("sd")
    percentiles = fields.Function(_percentiles, required=True, metadata={"type": "object"})
    in_range_percent = _rounded("in_range_percent")
    trend = fields.Function(_trend, required=True, metadata={"type": "object"})


class BucketStatsSchema(MeasureStatsSchema):
    """One measure over one day or week, which starts on this date of the patient's."""

    starts_on = Day(required=True)


class PatientStatsSchema(Row):
    """Statistics of the readings that count."""

    patient_id = fields.UUID(required=True)
    timezone = fields.String(required=True)
    measured_from = Instant(required=True)
    measured_to = Instant(required=True)
    overall = fields.List(fields.Nested(MeasureStatsSchema), required=True)
    buckets = fields.List(fields.Nested(BucketStatsSchema), required=True)


class LatestVitalSchema(Row):
    """The latest reading of a kind, and the patient's date of it."""

    observation_type = fields.String(required=True, attribute="observation.observation_type")
    observation_id = fields.UUID(required=True, attribute="observation.id")
    values = fields.Function(lambda one: shown_values(one.observation), required=True, metadata={"type": "object"})
    measured_at = Instant(required=True, attribute="observation.measured_at")
    local_date = Day(required=True)
    source = fields.String(required=True, attribute="observation.source")
    device_id = fields.String(required=True, allow_none=True, attribute="observation.device_id")
    alert_level = fields.String(required=True, allow_none=True, attribute="observation.alert_level")


class LatestVitalsSchema(Row):
    """The latest of each kind; `bmi` in kg/m², or null with what it lacks in `bmi_missing`."""

    patient_id = fields.UUID(required=True)
    timezone = fields.String(required=True)
    vitals = fields.List(fields.Nested(LatestVitalSchema), required=True)
    bmi = fields.Raw(required=True, allow_none=True, metadata={"type": "number"})
    bmi_missing = fields.List(fields.String(validate=validate.OneOf(["weight", "height"])), required=True)


class DaysQuerySchema(Body):
    """Which dates of the patient's, both included, and for which program; the last 30 days when none is given."""

    first = Day(data_key="from")
    last = Day(data_key="to")
    program = fields.Enum(Program, by_value=True, load_default=Program.RPM)

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> DaysQuery:
        return DaysQuery(**data)


class DayReadingSchema(Row):
    """Where a reading comes from, and never what was measured."""

    id = fields.UUID(required=True)
    observation_type = fields.String(required=True)
    measured_at = Instant(required=True)
    received_at = Instant(required=True, allow_none=True)
    zone_offset_minutes = fields.Integer(required=True, allow_none=True)
    offset_origin = fields.String(required=True, allow_none=True)
    device_id = fields.String(required=True, allow_none=True)
    source = fields.String(required=True)


class ExcludedSchema(Row):
    """A reading that does not make its day count, and why."""

    reason = fields.String(required=True, validate=validate.OneOf([reason.value for reason in Exclusion]))
    reading = fields.Nested(DayReadingSchema, required=True)


class LocalDaySchema(Row):
    """One date; `hours` is its length, `seen_as` other dates that devices' own clocks gave to its readings."""

    date = Day(required=True, attribute="day")
    counted = fields.Boolean(required=True, attribute="is_counted")
    counted_by = fields.Nested(DayReadingSchema, required=True, allow_none=True)
    excluded = fields.List(fields.Nested(ExcludedSchema), required=True)
    hours = fields.Float(required=True)
    seen_as = fields.List(Day(), required=True)


class PatientDaysSchema(Row):
    """The truth table."""

    patient_id = fields.UUID(required=True)
    timezone = fields.String(required=True)
    program = fields.Function(lambda days: days.program.value, required=True, metadata={"type": "string"})
    counted = fields.Integer(required=True)
    days = fields.List(fields.Nested(LocalDaySchema), required=True)
