"""Shapes of the on-call schedule and the reaction time."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from app.domain.triage.on_call import MAX_SLOTS, OnCallSlot
from app.domain.triage.reaction import CRITICAL_GRACE, WARNING_MINUTES
from app.schemas.alerts import MAX_USER_ID
from app.schemas.base import Body, Row
from app.schemas.fields import Clock, Day, Instant

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class OnCallSlotSchema(Body):
    """When somebody is on call by the practice's clock; one that ends at or before its start runs past midnight."""

    user_id = fields.Integer(required=True, strict=True, validate=validate.Range(1, MAX_USER_ID))
    weekday = fields.String(allow_none=True, validate=validate.OneOf(WEEKDAYS))
    on = Day(allow_none=True, metadata={"description": "A single date; it stands above the weekly slots."})
    starts = Clock(required=True)
    ends = Clock(required=True)

    @validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: Any) -> None:
        if (data.get("weekday") is None) is (data.get("on") is None):
            raise ValidationError({"weekday": ["Name a weekday or a date, one of the two."]})

    @post_load
    def _slot(self, data: dict[str, Any], **_: Any) -> OnCallSlot:
        weekday = data.pop("weekday", None)
        return OnCallSlot(weekday=None if weekday is None else WEEKDAYS.index(weekday), **data)


class ScheduleBodySchema(Body):
    """The whole schedule; where slots overlap, the first is asked first."""

    slots = fields.List(fields.Nested(OnCallSlotSchema), required=True, validate=validate.Length(0, MAX_SLOTS))

    @post_load
    def _slots(self, data: dict[str, Any], **_: Any) -> tuple[OnCallSlot, ...]:
        return tuple(data["slots"])


class ShownSlotSchema(Row):
    """A slot with the person's name."""

    user_id = fields.Integer(required=True, attribute="slot.user_id")
    user_name = fields.String(required=True)
    weekday = fields.Function(
        lambda shown: None if shown.slot.weekday is None else WEEKDAYS[shown.slot.weekday],
        required=True,
        metadata={"type": "string", "nullable": True},
    )
    on = Day(required=True, allow_none=True, attribute="slot.on")
    starts = Clock(required=True, attribute="slot.starts")
    ends = Clock(required=True, attribute="slot.ends")


class ScheduleSchema(Row):
    """The schedule, and the zone whose clock it follows."""

    timezone = fields.String(required=True)
    slots = fields.List(fields.Nested(ShownSlotSchema), required=True, attribute="shown_slots")


class OnCallPersonSchema(Row):
    """Somebody on call."""

    user_id = fields.Function(lambda one: one[0], required=True, metadata={"type": "integer"})
    name = fields.Function(lambda one: one[1], required=True, metadata={"type": "string"})


class OnCallNowSchema(Row):
    """Who is on call at that moment, the first to be asked first."""

    at = Instant(required=True)
    people = fields.List(fields.Nested(OnCallPersonSchema), required=True)


class TriageSettingsBodySchema(Body):
    """How soon a warning must be acknowledged."""

    warning_minutes = fields.Integer(required=True, strict=True, validate=validate.Range(*WARNING_MINUTES))


class TriageSettingsSchema(Row):
    """The reaction times: a critical alert is due at once, and escalates by itself after these minutes."""

    warning_minutes = fields.Integer(required=True)
    critical_escalates_minutes = fields.Function(
        lambda _: int(CRITICAL_GRACE.total_seconds() // 60), required=True, metadata={"type": "integer"}
    )
