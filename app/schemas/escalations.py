"""Shapes of escalations."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from app.domain.roles import Role
from app.domain.triage.escalation import (
    ESCALATION_ORDERINGS,
    MAX_STEPS,
    MAX_TEXT,
    STEP_MINUTES,
    ChainStep,
    EscalationLevel,
    EscalationQuery,
    EscalationState,
    NewEscalation,
    can_answer,
)
from app.schemas.alerts import MAX_USER_ID, YES_NO, yes_no
from app.schemas.base import Body, PageQuery, Row, UserIdQuery, paging_of
from app.schemas.fields import Instant, Text

_ANSWERING = validate.OneOf([role for role in Role if can_answer(role)], error="This role cannot acknowledge.")
_MAYBE_NAME = {"type": "string", "nullable": True}


def _name(attribute: str) -> Any:
    """Return a field with the name of the person that an attribute of the escalation names."""
    return fields.Function(
        lambda line: line.names.get(getattr(line.escalation, attribute)), required=True, metadata=_MAYBE_NAME
    )


class _AnswerSchema(Body):
    user_id = fields.Integer(strict=True, allow_none=True, validate=validate.Range(1, MAX_USER_ID))
    role = fields.Enum(Role, by_value=True, allow_none=True, validate=_ANSWERING)


class ChainStepSchema(_AnswerSchema):
    """Who is asked: a person or a role, whoever is on call when neither is named; and the minutes they have."""

    minutes = fields.Integer(required=True, strict=True, validate=validate.Range(*STEP_MINUTES))

    @validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("user_id") is not None and data.get("role") is not None:
            raise ValidationError({"role": ["Name a person or a role, not both."]})

    @post_load
    def _step(self, data: dict[str, Any], **_: Any) -> ChainStep:
        return ChainStep(**data)


class NewEscalationSchema(Body):
    """An escalation to raise; without steps the level's own chain holds."""

    patient_id = fields.UUID(required=True)
    level = fields.Enum(EscalationLevel, by_value=True, required=True)
    reason = Text(required=True, longest=MAX_TEXT)
    alert_id = fields.UUID(allow_none=True, metadata={"description": "An alert of the patient; it counts as seen."})
    steps = fields.List(fields.Nested(ChainStepSchema), validate=validate.Length(1, MAX_STEPS))

    @post_load
    def _escalation(self, data: dict[str, Any], **_: Any) -> NewEscalation:
        return NewEscalation(**{**data, "steps": tuple(data.get("steps", ()))})


class ReassignmentSchema(_AnswerSchema):
    """Who is to see to it now: a person or a role, one of the two."""


class EscalationOutcomeSchema(Body):
    """What came of it."""

    outcome = Text(required=True, longest=MAX_TEXT)


class ShownStepSchema(Row):
    """One step of the chain."""

    user_id = fields.Integer(required=True, allow_none=True)
    role = fields.String(required=True, allow_none=True)
    minutes = fields.Integer(required=True)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Read a member of the stored step."""
        return obj[attr]

    def _answer(self, obj: Any) -> dict[str, Any]:
        return {name: obj[name] for name in ("user_id", "role", "minutes")}


class EscalationSchema(Row):
    """An escalation: why, whom it waits for, how it ended."""

    id = fields.UUID(required=True, attribute="escalation.id")
    patient_id = fields.UUID(required=True, attribute="patient.id")
    patient_name = fields.Function(
        lambda line: f"{line.patient.first_name} {line.patient.last_name}", required=True, metadata={"type": "string"}
    )
    mrn = fields.String(required=True, attribute="patient.mrn")
    alert_id = fields.UUID(required=True, allow_none=True, attribute="escalation.alert_id")
    level = fields.String(required=True, attribute="escalation.level")
    state = fields.String(
        required=True, attribute="escalation.state", validate=validate.OneOf([one.value for one in EscalationState])
    )
    reason = fields.String(required=True, attribute="escalation.reason")
    steps = fields.List(fields.Nested(ShownStepSchema), required=True, attribute="escalation.chain")
    step = fields.Integer(required=True, attribute="escalation.step", metadata={"description": "Counted from 0."})
    times_asked = fields.Integer(required=True, attribute="escalation.times_asked")
    user_id = fields.Integer(required=True, allow_none=True, attribute="escalation.user_id")
    user_name = _name("user_id")
    role = fields.String(required=True, allow_none=True, attribute="escalation.role")
    due_at = Instant(required=True, attribute="escalation.due_at")
    is_overdue = fields.Boolean(required=True)
    raised_at = Instant(required=True, attribute="escalation.raised_at")
    raised_by = fields.Integer(required=True, allow_none=True, attribute="escalation.raised_by")
    raised_by_name = _name("raised_by")
    acknowledged_at = Instant(required=True, allow_none=True, attribute="escalation.acknowledged_at")
    acknowledged_by = fields.Integer(required=True, allow_none=True, attribute="escalation.acknowledged_by")
    acknowledged_by_name = _name("acknowledged_by")
    resolved_at = Instant(required=True, allow_none=True, attribute="escalation.resolved_at")
    resolved_by = fields.Integer(required=True, allow_none=True, attribute="escalation.resolved_by")
    resolved_by_name = _name("resolved_by")
    outcome = fields.String(required=True, allow_none=True, attribute="escalation.outcome")


class EscalationQuerySchema(PageQuery):
    """Which escalations, in which order."""

    patient_id = fields.UUID()
    level = fields.Enum(EscalationLevel, by_value=True)
    state = fields.Enum(EscalationState, by_value=True)
    is_open = fields.String(data_key="open", validate=YES_NO, metadata={"description": "Not resolved."})
    user_id = UserIdQuery(
        validate=validate.Range(1, MAX_USER_ID), metadata={"description": "Whom they wait for or waited for last."}
    )
    ordering = fields.String(load_default="-raised_at", validate=validate.OneOf(ESCALATION_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> EscalationQuery:
        is_open = yes_no(data, "is_open")
        return EscalationQuery(paging=paging_of(data), is_open=is_open, **data)
