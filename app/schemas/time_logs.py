"""Shapes of time that was logged, of timers, and of a month's totals and gaps."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from marshmallow import fields, post_load, validate

from app.domain.billing.local_months import Month
from app.domain.billing.time_logs import (
    LONGEST_NOTE,
    TIME_LOG_ORDERINGS,
    Activity,
    Credential,
    Mode,
    NewTimeLog,
    TimeLogQuery,
    TimeSource,
    Work,
)
from app.domain.enrolment.programs import Program
from app.schemas.base import Body, PageQuery, Row, UserIdQuery, paging_of
from app.schemas.fields import Instant, Text, Whole, YesNo

_MONTH = r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"
_MICROSECONDS = timedelta(microseconds=1)
_IS_MONTH = validate.Regexp(_MONTH, error="Not a valid month: YYYY-MM is needed.")
_WORK = ("program", "activity", "mode", "is_interactive", "credential", "note")
_LIVE = "A live contact with the patient or a caregiver; contact by phone, video or in person, when absent."
_AS_WHAT = "As what the person worked; by their role when absent."


def one_of(words: type[Any]) -> validate.OneOf:
    """Return the rule that a text is one of an enumeration's words."""
    return validate.OneOf([word.value for word in words])


def in_seconds(time: timedelta) -> Decimal:
    """Return a duration in seconds, never rounded: 61 or 61.25."""
    micros = time // _MICROSECONDS
    return Decimal(micros // 1_000_000) if micros % 1_000_000 == 0 else Decimal(micros).scaleb(-6).normalize()


class WorkFields(Body):
    """What was done."""

    program = fields.Enum(Program, by_value=True, required=True)
    activity = fields.Enum(Activity, by_value=True, required=True)
    mode = fields.Enum(Mode, by_value=True, load_default=Mode.NONE)
    is_interactive = YesNo(load_default=None, allow_none=True, metadata={"description": _LIVE})
    credential = fields.Enum(
        Credential, by_value=True, load_default=None, allow_none=True, metadata={"description": _AS_WHAT}
    )
    note = Text(longest=LONGEST_NOTE, blank=True, load_default="")


class NewTimeLogSchema(WorkFields):
    """An entry to write by hand."""

    patient_id = fields.UUID(required=True)
    started_at = Instant(required=True)
    ended_at = Instant(required=True, metadata={"description": "Not in the future; at most 8 hours after the start."})
    user_id = Whole(low=1, load_default=None, allow_none=True, metadata={"description": "Whose time; the caller's."})

    @post_load
    def _log(self, data: dict[str, Any], **_: Any) -> NewTimeLog:
        work = Work(**{name: data.pop(name) for name in _WORK})
        return NewTimeLog(work=work, **data)


class TimeLogChangesSchema(Body):
    """What to change of an entry, and why; what stood there before is kept."""

    program = fields.Enum(Program, by_value=True)
    activity = fields.Enum(Activity, by_value=True)
    mode = fields.Enum(Mode, by_value=True)
    is_interactive = YesNo()
    credential = fields.Enum(Credential, by_value=True)
    started_at = Instant()
    ended_at = Instant()
    note = Text(longest=LONGEST_NOTE, blank=True)
    reason = Text(required=True, longest=500)


class VoidTimeLogSchema(Body):
    """Why an entry does not count."""

    reason = Text(required=True, longest=500)


class TimeLogSchema(Row):
    """An entry."""

    id = fields.UUID(required=True, attribute="log.id")
    patient_id = fields.UUID(required=True, attribute="log.patient_id")
    patient_name = fields.Function(
        lambda shown: f"{shown.patient.first_name} {shown.patient.last_name}",
        required=True,
        metadata={"type": "string"},
    )
    user_id = fields.Integer(required=True, attribute="log.user_id")
    user_name = fields.String(required=True)
    program = fields.String(required=True, attribute="log.program", validate=one_of(Program))
    activity = fields.String(required=True, attribute="log.activity", validate=one_of(Activity))
    mode = fields.String(required=True, attribute="log.mode", validate=one_of(Mode))
    is_interactive = fields.Boolean(required=True, attribute="log.is_interactive")
    credential = fields.String(required=True, attribute="log.credential", validate=one_of(Credential))
    started_at = Instant(required=True, attribute="log.started_at")
    ended_at = Instant(required=True, attribute="log.ended_at")
    duration_seconds = fields.Function(
        lambda shown: in_seconds(shown.log.ended_at - shown.log.started_at), required=True, metadata={"type": "number"}
    )
    note = fields.Function(lambda shown: shown.log.note or "", required=True, metadata={"type": "string"})
    source = fields.String(required=True, attribute="log.source", validate=one_of(TimeSource))
    source_id = fields.UUID(required=True, allow_none=True, attribute="log.source_id")
    voided_at = Instant(required=True, allow_none=True, attribute="log.voided_at")
    voided_by = fields.Integer(required=True, allow_none=True, attribute="log.voided_by")
    void_reason = fields.String(required=True, allow_none=True, attribute="log.void_reason")
    created_at = Instant(required=True, attribute="log.created_at")
    updated_at = Instant(required=True, attribute="log.updated_at")


class RevisionSchema(Row):
    """What an entry said before an edit; the number counts its states."""

    version = fields.Integer(required=True, attribute="row.version")
    program = fields.String(required=True, attribute="row.program")
    activity = fields.String(required=True, attribute="row.activity")
    mode = fields.String(required=True, attribute="row.mode")
    is_interactive = fields.Boolean(required=True, attribute="row.is_interactive")
    credential = fields.String(required=True, attribute="row.credential")
    started_at = Instant(required=True, attribute="row.started_at")
    ended_at = Instant(required=True, attribute="row.ended_at")
    note = fields.Function(lambda shown: shown.row.note or "", required=True, metadata={"type": "string"})
    changed_at = Instant(required=True, attribute="row.changed_at")
    changed_by = fields.Integer(required=True, attribute="row.changed_by")
    changed_by_name = fields.String(required=True)
    reason = fields.String(required=True, attribute="row.reason")


class MonthField(fields.String):
    """A calendar month, `YYYY-MM`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=_IS_MONTH, **kwargs)

    def deserialize(
        self, value: Any, attr: str | None = None, data: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        """Return the month; raises ValidationError for what is none."""
        text = super().deserialize(value, attr, data, **kwargs)
        return Month.parse(text) if isinstance(text, str) else text


class TimeLogQuerySchema(PageQuery):
    """How to list entries."""

    month = MonthField(metadata={"description": "YYYY-MM: entries with time in that month where the patient lives."})
    patient_id = fields.UUID()
    user_id = UserIdQuery(validate=validate.Range(1, 2**31 - 1))
    program = fields.Enum(Program, by_value=True)
    activity = fields.Enum(Activity, by_value=True)
    source = fields.Enum(TimeSource, by_value=True)
    voided = fields.Boolean(
        truthy={"true"}, falsy={"false"}, attribute="is_voided", metadata={"description": "Both kinds when absent."}
    )
    ordering = fields.String(load_default="-started_at", validate=validate.OneOf(TIME_LOG_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> TimeLogQuery:
        return TimeLogQuery(paging=paging_of(data), **data)
