"""Shapes of calls with patients."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from app.domain.billing.time_logs import LONGEST_NOTE, Credential, Mode
from app.domain.calls import CALL_MODES, MAX_MINUTES, CallDirection, CallOutcome, CallTimes, NewCall
from app.domain.enrolment.programs import Program
from app.schemas.base import Body, Row
from app.schemas.fields import Instant, Text, Whole
from app.schemas.time_logs import one_of

_TIMES = ("started_at", "ended_at", "minutes")
_MODES = validate.OneOf([mode.value for mode in CALL_MODES])
_REACHED = "Whether the patient or a caregiver was spoken with; only then its minutes are logged, as a live contact."
_END = "Now, when neither an end nor, beside the start, minutes are given. Not in the future."
_AS_WHAT = "As what the person worked; by their role when absent."
_ENTRY = "Its standing entry of the time log."
_NOT_LOGGED = "The minutes are logged already, or the person was with another patient: by which rule, in which rows."


class NewCallSchema(Body):
    """A call to record. To correct one, name it and say why: it is voided with its minutes, and this one stands."""

    mode = fields.String(required=True, validate=_MODES)
    outcome = fields.Enum(CallOutcome, by_value=True, required=True, metadata={"description": _REACHED})
    direction = fields.Enum(CallDirection, by_value=True, load_default=CallDirection.OUTBOUND)
    program = fields.Enum(Program, by_value=True, load_default=Program.RPM)
    started_at = Instant(load_default=None, allow_none=True)
    ended_at = Instant(load_default=None, allow_none=True, metadata={"description": _END})
    minutes = Whole(low=1, high=MAX_MINUTES, load_default=None, allow_none=True)
    credential = fields.Enum(
        Credential, by_value=True, load_default=None, allow_none=True, metadata={"description": _AS_WHAT}
    )
    note = Text(longest=LONGEST_NOTE, load_default=None, allow_none=True)
    corrects = fields.UUID(load_default=None, allow_none=True, metadata={"description": "The call that was wrong."})
    reason = Text(longest=500, load_default=None, allow_none=True, metadata={"description": "Why it is corrected."})

    @validates_schema
    def _why(self, data: dict[str, Any], **_: Any) -> None:
        if (data.get("corrects") is None) != (data.get("reason") is None):
            raise ValidationError("A correction names the call and says why; a new call does neither.", "reason")

    @post_load
    def _call(self, data: dict[str, Any], **_: Any) -> NewCall:
        times = CallTimes(**{name: data.pop(name) for name in _TIMES})
        return NewCall(times=times, mode=Mode(data.pop("mode")), **data)


class VoidCallSchema(Body):
    """Why a call does not count."""

    reason = Text(required=True, longest=500)


class CallSchema(Row):
    """A call."""

    id = fields.UUID(required=True, attribute="call.id")
    patient_id = fields.UUID(required=True, attribute="call.patient_id")
    user_id = fields.Integer(required=True, attribute="call.user_id")
    user_name = fields.String(required=True)
    mode = fields.String(required=True, attribute="call.mode", validate=_MODES)
    direction = fields.String(required=True, attribute="call.direction", validate=one_of(CallDirection))
    outcome = fields.String(required=True, attribute="call.outcome", validate=one_of(CallOutcome))
    program = fields.String(required=True, attribute="call.program", validate=one_of(Program))
    started_at = Instant(required=True, attribute="call.started_at")
    ended_at = Instant(required=True, attribute="call.ended_at")
    note = fields.String(required=True, allow_none=True, attribute="call.note")
    time_log_id = fields.UUID(required=True, allow_none=True, metadata={"description": _ENTRY})
    corrects = fields.UUID(required=True, allow_none=True, attribute="call.corrects_id")
    voided_at = Instant(required=True, allow_none=True, attribute="call.voided_at")
    voided_by = fields.Integer(required=True, allow_none=True, attribute="call.voided_by")
    void_reason = fields.String(required=True, allow_none=True, attribute="call.void_reason")
    created_at = Instant(required=True, attribute="call.created_at")


class NotLoggedSchema(Schema):
    """Why a call's minutes are not logged."""

    rule = fields.String(required=True, validate=validate.OneOf(["TIME_DOUBLE_COUNTED", "ONE_PLACE_AT_A_TIME"]))
    conflicting_ids = fields.List(fields.UUID(), required=True)


class RecordedCallSchema(CallSchema):
    """A call that was just recorded, and what became of its minutes."""

    not_logged = fields.Nested(
        NotLoggedSchema, required=True, allow_none=True, metadata={"description": _NOT_LOGGED}
    )  # fmt: skip
