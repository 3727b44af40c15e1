"""Shapes of timers."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from app.domain.billing.time_logs import LONGEST_NOTE, Activity, Credential, Mode
from app.domain.billing.timers import NewTimer, TimerEnd
from app.domain.enrolment.programs import Program
from app.schemas.base import Body, Row
from app.schemas.fields import Instant, Text, YesNo
from app.schemas.time_logs import TimeLogSchema, in_seconds, one_of


class NewTimerSchema(Body):
    """What somebody begins to do."""

    patient_id = fields.UUID(required=True)
    program = fields.Enum(Program, by_value=True, required=True)
    activity = fields.Enum(Activity, by_value=True, required=True)
    mode = fields.Enum(Mode, by_value=True, load_default=Mode.NONE)

    @post_load
    def _timer(self, data: dict[str, Any], **_: Any) -> Any:
        return data.pop("patient_id"), NewTimer(**data)


class TimerEndSchema(Body):
    """How a timer ends. What is left out stays as it was said at the start."""

    program = fields.Enum(Program, by_value=True)
    activity = fields.Enum(Activity, by_value=True)
    mode = fields.Enum(Mode, by_value=True)
    is_interactive = YesNo()
    credential = fields.Enum(Credential, by_value=True)
    note = Text(longest=LONGEST_NOTE, blank=True)
    ended_at = Instant(load_default=None, allow_none=True, metadata={"description": "When work ended; now."})
    discard = YesNo(load_default=False, metadata={"description": "Throw the time away instead of logging it."})

    @post_load
    def _end(self, data: dict[str, Any], **_: Any) -> TimerEnd:
        ended_at, discard = data.pop("ended_at"), data.pop("discard")
        if discard and data:
            raise ValidationError("A timer that is thrown away leaves no entry to write this into.", min(data))
        return TimerEnd(data, ended_at, discard=discard)


class TimerSchema(Row):
    """An open timer."""

    id = fields.UUID(required=True, attribute="timer.id")
    patient_id = fields.UUID(required=True, attribute="timer.patient_id")
    patient_name = fields.Function(
        lambda shown: f"{shown.patient.first_name} {shown.patient.last_name}",
        required=True,
        metadata={"type": "string"},
    )
    program = fields.String(required=True, attribute="timer.program", validate=one_of(Program))
    activity = fields.String(required=True, attribute="timer.activity", validate=one_of(Activity))
    mode = fields.String(required=True, attribute="timer.mode", validate=one_of(Mode))
    started_at = Instant(required=True, attribute="timer.started_at")
    is_running = fields.Boolean(required=True, metadata={"description": "False while it is paused."})
    elapsed_seconds = fields.Function(
        lambda shown: in_seconds(shown.elapsed), required=True, metadata={"type": "number"}
    )
    as_of = Instant(required=True, metadata={"description": "The moment that `elapsed_seconds` is of."})


class OpenTimerSchema(Schema):
    """The caller's open timer; null when there is none."""

    timer = fields.Nested(TimerSchema, required=True, allow_none=True)


class StoppedTimerSchema(Schema):
    """The entries that a timer became, one for each stretch in which it ran; none when it was thrown away."""

    time_logs = fields.List(fields.Nested(TimeLogSchema), required=True)
