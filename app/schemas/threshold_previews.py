"""Shapes of the dry run of thresholds."""

from typing import Any

from marshmallow import fields, post_load

from app.domain.triage.proposals import MAX_PREVIEW_DAYS, PreviewRequest
from app.schemas.base import Row
from app.schemas.fields import Day, Instant, Whole
from app.schemas.thresholds import NewPatientThresholdsSchema, own_set


class PreviewRequestSchema(NewPatientThresholdsSchema):
    """Thresholds to try: of the practice, or of one patient when one is named. Nothing is saved."""

    patient_id = fields.UUID(load_default=None, allow_none=True)
    days = Whole(low=1, high=MAX_PREVIEW_DAYS, load_default=30)

    @post_load
    def _new(self, data: dict[str, Any], **_: Any) -> PreviewRequest:
        return PreviewRequest(own_set(data), data["days"], data["patient_id"])


class TallySchema(Row):
    """Alerts under one set of rules."""

    total = fields.Integer(required=True)
    critical = fields.Integer(required=True)
    compliance = fields.Integer(required=True)
    median_gap_hours = fields.Raw(required=True, allow_none=True, metadata={"type": "number"})


class DayCountSchema(Row):
    """One local day of the practice."""

    day = Day(required=True)
    old = fields.Integer(required=True)
    new = fields.Integer(required=True)


class PatientCountSchema(Row):
    """One patient."""

    patient_id = fields.UUID(required=True)
    old = fields.Integer(required=True)
    new = fields.Integer(required=True)


class MovedAlertSchema(Row):
    """An alert that only one of the two sets raises."""

    patient_id = fields.UUID(required=True)
    alert_id = fields.UUID(required=True, allow_none=True, metadata={"description": "The alert really raised."})
    observation_id = fields.Function(
        lambda moved: moved.alert.source_id or None,
        required=True,
        metadata={"type": "string", "format": "uuid", "nullable": True},
    )
    at = Instant(required=True, attribute="alert.at")
    level = fields.Function(lambda moved: moved.alert.level.value, required=True, metadata={"type": "string"})
    rule = fields.String(required=True, attribute="alert.rule")
    message = fields.String(required=True, attribute="alert.message")


class PreviewSchema(Row):
    """Old and new side by side. Lists hold at most 100 items, the counts are of all."""

    since = Instant(required=True)
    until = Instant(required=True)
    patients = fields.Integer(required=True)
    readings = fields.Integer(required=True)
    real_alerts = fields.Integer(required=True)
    old = fields.Nested(TallySchema, required=True)
    new = fields.Nested(TallySchema, required=True)
    by_day = fields.List(fields.Nested(DayCountSchema), required=True)
    by_patient = fields.List(fields.Nested(PatientCountSchema), required=True)
    vanishing_count = fields.Integer(required=True)
    appearing_count = fields.Integer(required=True)
    vanishing = fields.List(fields.Nested(MovedAlertSchema), required=True)
    appearing = fields.List(fields.Nested(MovedAlertSchema), required=True)
