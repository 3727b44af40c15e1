"""Shapes of the triage board."""

from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, post_load, validate

from app.domain.triage.board import BOARD_ORDERINGS, BoardQuery
from app.domain.triage.score import RiskLevel
from app.domain.vitals.kinds import KINDS
from app.domain.vitals.units import BY_MEASURE, rounded
from app.schemas.base import PageQuery, Row, paging_of
from app.schemas.fields import Instant

_NOT_SHOWN = {"blood_pressure": {"pulse"}}  # what the documented shape of a vital lacks


def latest_vitals(line: Any) -> dict[str, dict[str, Any]]:
    """Return the latest reading of each kind: its measures and when they were taken."""
    return {kind: _shown(kind, vital) for kind, vital in line.summary.latest_vitals.items()}


def _shown(kind: Any, vital: dict[str, Any]) -> dict[str, Any]:
    measures = [name for name in KINDS[kind].measures if name not in _NOT_SHOWN.get(kind, ())]
    return {KINDS[kind].field(name): _as_read(name, vital) for name in measures} | {
        "measured_at": _z(vital["measured_at"])
    }


def _as_read(name: str, vital: dict[str, Any]) -> Any:
    """Return a measure as it came, or rounded for reading if it was reckoned from another unit."""
    value = vital.get(name)
    if value is None or name not in BY_MEASURE or "posted_unit" not in vital:
        return value
    return rounded(Decimal(value), BY_MEASURE[name].measure_shown)


def _z(value: Any) -> Any:
    return value.replace("+00:00", "Z") if isinstance(value, str) else value


class BoardLineSchema(Row):
    """One patient of the board."""

    patient_id = fields.UUID(required=True, attribute="patient.id")
    patient_name = fields.Function(
        lambda line: f"{line.patient.first_name} {line.patient.last_name}",
        required=True,
        metadata={"type": "string"},
    )
    mrn = fields.String(required=True, attribute="patient.mrn")
    risk_score = fields.Integer(required=True, attribute="summary.risk_score")
    risk_level = fields.String(
        required=True,
        attribute="summary.risk_level",
        validate=validate.OneOf([level.value for level in RiskLevel]),
    )
    unacknowledged_alerts = fields.Integer(required=True, attribute="summary.unacknowledged_alerts")
    latest_vitals = fields.Function(latest_vitals, required=True, metadata={"type": "object"})
    last_reviewed_at = Instant(required=True, allow_none=True, attribute="summary.last_reviewed_at")
    last_reviewed_by = fields.String(required=True, allow_none=True)
    active_escalations = fields.Integer(required=True, attribute="summary.active_escalations")


class BoardQuerySchema(PageQuery):
    """How to list the board."""

    risk_level = fields.Enum(RiskLevel, by_value=True)
    has_unack_alerts = fields.String(validate=validate.OneOf(["true", "false"]))
    ordering = fields.String(load_default="-risk_score", validate=validate.OneOf(BOARD_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> BoardQuery:
        wanted = data.pop("has_unack_alerts", None)
        unacknowledged = None if wanted is None else wanted == "true"
        return BoardQuery(paging=paging_of(data), has_unack_alerts=unacknowledged, **data)


class LevelCountSchema(Schema):
    """A level's count now and a day before."""

    count = fields.Integer(required=True)
    trend = fields.String(required=True, validate=validate.OneOf(["increasing", "stable", "decreasing"]))
    previous = fields.Integer(required=True)


LevelCountsSchema = Schema.from_dict(
    {level.value: fields.Nested(LevelCountSchema, required=True) for level in RiskLevel}, name="LevelCounts"
)
