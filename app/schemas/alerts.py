"""Shapes of alerts and of what is done with them."""

from typing import Any

from marshmallow import fields, post_load, validate

from app.domain.paging import MAX_PAGE_SIZE
from app.domain.triage.alert_flow import AlertState
from app.domain.triage.alerts import (
    ALERT_ORDERINGS,
    MAX_BULK,
    MAX_NOTE,
    AlertOutcome,
    AlertQuery,
    BulkStatus,
    Resolution,
    Snooze,
)
from app.domain.triage.parameters import AlertClass
from app.domain.triage.thresholds import AlertLevel
from app.schemas.base import Body, PageQuery, QueryNumber, Row, UserIdQuery, paging_of
from app.schemas.fields import Instant, Text

MAX_USER_ID = 2**31 - 1


_LEVELS = validate.OneOf([level.value for level in AlertLevel])
_MAYBE_NAME = {"type": "string", "nullable": True}
YES_NO = validate.OneOf(["true", "false"])


def yes_no(data: dict[str, Any], name: str) -> bool | None:
    """Take a yes or no out of a loaded query; None when it was not asked or either will do."""
    return {"true": True, "false": False}.get(data.pop(name, "any"))


def _name(attribute: str) -> Any:
    """Return a field with the name of the person that an attribute of the alert names."""
    return fields.Function(
        lambda line: line.names.get(getattr(line.alert, attribute)), required=True, metadata=_MAYBE_NAME
    )


class AlertSchema(Row):
    """An alert: what was found, how it stands, who has done what."""

    id = fields.UUID(required=True, attribute="alert.id")
    patient_id = fields.UUID(required=True, attribute="patient.id")
    patient_name = fields.Function(
        lambda line: f"{line.patient.first_name} {line.patient.last_name}", required=True, metadata={"type": "string"}
    )
    mrn = fields.String(required=True, attribute="patient.mrn")
    alert_class = fields.String(
        required=True, attribute="alert.alert_class", data_key="class",
        validate=validate.OneOf([one.value for one in AlertClass]),
    )  # fmt: skip
    level = fields.String(required=True, attribute="alert.level", validate=_LEVELS)
    rule = fields.String(required=True, attribute="alert.rule")
    message = fields.String(required=True, attribute="alert.message")
    value = fields.Raw(required=True, attribute="alert.value", metadata={"type": "number"})
    threshold = fields.Raw(required=True, attribute="alert.threshold", metadata={"type": "number"})
    state = fields.Enum(AlertState, by_value=True, required=True)
    acknowledged = fields.Function(
        lambda line: line.alert.acknowledged_at is not None, required=True, metadata={"type": "boolean"}
    )
    occurrences = fields.Integer(required=True, attribute="alert.occurrences")
    observation_id = fields.UUID(required=True, allow_none=True, attribute="alert.observation_id")
    measured_at = Instant(required=True, allow_none=True, attribute="alert.measured_at")
    raised_at = Instant(required=True, attribute="alert.raised_at")
    last_raised_at = Instant(required=True, attribute="alert.last_raised_at")
    due_at = Instant(required=True, allow_none=True, attribute="alert.due_at")
    is_overdue = fields.Boolean(required=True)
    acknowledged_at = Instant(required=True, allow_none=True, attribute="alert.acknowledged_at")
    acknowledged_by = fields.Integer(required=True, allow_none=True, attribute="alert.acknowledged_by")
    acknowledged_by_name = _name("acknowledged_by")
    reaction_seconds = fields.Integer(
        required=True, allow_none=True, metadata={"description": "From when it began to wait until acknowledged."}
    )
    assignee_id = fields.Integer(required=True, allow_none=True, attribute="alert.assignee_id")
    assignee_name = _name("assignee_id")
    snoozed_until = Instant(required=True, allow_none=True, attribute="alert.snoozed_until")
    snooze_reason = fields.String(required=True, allow_none=True, attribute="alert.snooze_reason")
    cleared_at = Instant(required=True, allow_none=True, attribute="alert.cleared_at")
    resolved_at = Instant(required=True, allow_none=True, attribute="alert.resolved_at")
    resolved_by = fields.Integer(required=True, allow_none=True, attribute="alert.resolved_by")
    resolved_by_name = _name("resolved_by")
    outcome = fields.String(required=True, allow_none=True, attribute="alert.outcome")
    outcome_note = fields.String(required=True, allow_none=True, attribute="alert.outcome_note")


class AlertQuerySchema(PageQuery):
    """Which alerts, in which order; `priority` is critical before warning, then what is due first."""

    patient_id = fields.UUID()
    level = fields.Enum(AlertLevel, by_value=True)
    state = fields.Enum(AlertState, by_value=True)
    acknowledged = fields.String(validate=YES_NO)
    snoozed = fields.String(validate=YES_NO)
    assignee = UserIdQuery(validate=validate.Range(1, MAX_USER_ID), metadata={"description": "A user's id."})
    alert_class = fields.Enum(AlertClass, by_value=True, data_key="class")
    ordering = fields.String(load_default="-raised_at", validate=validate.OneOf(ALERT_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> AlertQuery:
        acknowledged, snoozed = yes_no(data, "acknowledged"), yes_no(data, "snoozed")
        return AlertQuery(paging=paging_of(data), acknowledged=acknowledged, snoozed=snoozed, **data)


class QueueQuerySchema(AlertQuerySchema):
    """The same for people: what waits, the most pressing first, a full page."""

    acknowledged = fields.String(load_default="false", validate=validate.OneOf(["true", "false", "any"]))
    snoozed = fields.String(load_default="false", validate=validate.OneOf(["true", "false", "any"]))
    page_size = QueryNumber(load_default=50, validate=validate.Range(1, MAX_PAGE_SIZE))
    ordering = fields.String(load_default="priority", validate=validate.OneOf(ALERT_ORDERINGS))


class ResolutionSchema(Body):
    """What came of an alert."""

    outcome = fields.Enum(AlertOutcome, by_value=True, required=True)
    note = Text(required=True, longest=MAX_NOTE)

    @post_load
    def _resolution(self, data: dict[str, Any], **_: Any) -> Resolution:
        return Resolution(**data)


class SnoozeSchema(Body):
    """Until when, and why, an alert is put off: at most 4 hours for a critical one, 7 days for a warning."""

    until = Instant(required=True)
    reason = Text(required=True, longest=500)

    @post_load
    def _snooze(self, data: dict[str, Any], **_: Any) -> Snooze:
        return Snooze(**data)


class AssignmentSchema(Body):
    """Who is to see to an alert; null for nobody."""

    assignee_id = fields.Integer(
        required=True, allow_none=True, strict=True, validate=validate.Range(1, MAX_USER_ID)
    )  # fmt: skip


class BulkSchema(Body):
    """Which alerts to acknowledge."""

    alert_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, MAX_BULK))


class BulkResultSchema(Row):
    """What became of one of them."""

    id = fields.UUID(required=True)
    status = fields.Enum(BulkStatus, by_value=True, required=True)


class BulkAnswerSchema(Row):
    """How many were acknowledged now, and what became of each."""

    acknowledged = fields.Integer(required=True)
    results = fields.List(fields.Nested(BulkResultSchema), required=True)
