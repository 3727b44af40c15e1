"""Shapes of the audit trail's reports."""

from typing import Any

from marshmallow import fields, post_load, validate

from app.domain.audit import AUDIT_ORDERINGS, EventFilter, EventQuery, ExportFormat, Outcome
from app.schemas.base import Body, PageQuery, QueryNumber, Row, page_of, paging_of
from app.schemas.fields import Instant, StartOfDay, Text

_LONGEST_ACTION = 100
_MAX_USER_ID = 2**31 - 1
_MAYBE_TEXT = {"type": "string", "nullable": True}
_FILTERS = ("since", "until", "user_id", "patient_id", "action", "outcome")


def _filter_of(data: dict[str, Any]) -> EventFilter:
    return EventFilter(**{name: data.pop(name) for name in _FILTERS if name in data})


class EventFilterSchema(Body):
    """Which events are wanted."""

    since = Instant(data_key="from", metadata={"description": "Earliest time, inclusive."})
    until = Instant(data_key="to", metadata={"description": "Latest time, exclusive."})
    user_id = QueryNumber(validate=validate.Range(1, _MAX_USER_ID))
    patient_id = fields.UUID(metadata={"description": "Events about this patient, lists that showed them included."})
    action = Text(longest=_LONGEST_ACTION, metadata={"description": "Such as `patient:read`."})
    outcome = fields.Enum(Outcome, by_value=True)


class EventQuerySchema(PageQuery, EventFilterSchema):
    """Which page of which events."""

    ordering = fields.String(load_default="-at", validate=validate.OneOf(AUDIT_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> EventQuery:
        return EventQuery(_filter_of(data), paging_of(data), **data)


class ExportQuerySchema(EventFilterSchema):
    """Which events to export, and how."""

    form = fields.Enum(ExportFormat, by_value=True, data_key="format", load_default=ExportFormat.CSV)

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> tuple[EventFilter, ExportFormat]:
        return _filter_of(data), data["form"]


class DayEventQuerySchema(EventQuerySchema):
    """The same from a form, which asks for days."""

    since = StartOfDay(data_key="from")
    until = StartOfDay(days=1, data_key="to")


class DayExportQuerySchema(ExportQuerySchema):
    """The same from a form, which asks for days."""

    since = StartOfDay(data_key="from")
    until = StartOfDay(days=1, data_key="to")


class EventSchema(Row):
    """One event: ids and names of fields, never values."""

    id = fields.Integer(required=True, attribute="event.id")
    at = Instant(required=True, attribute="event.at", metadata={"description": "By the database's clock."})
    user_id = fields.Integer(required=True, allow_none=True, attribute="event.user_id")
    user_email = fields.Function(lambda line: line.who and line.who.email, required=True, metadata=_MAYBE_TEXT)
    action = fields.String(required=True, attribute="event.action")
    resource_type = fields.String(required=True, attribute="event.resource_type")
    resource_id = fields.String(required=True, allow_none=True, attribute="event.resource_id")
    patient_id = fields.UUID(required=True, allow_none=True, attribute="event.patient_id")
    subject_ids = fields.List(fields.UUID(), required=True, allow_none=True, attribute="event.subject_ids")
    outcome = fields.String(required=True, attribute="event.outcome")
    fields_ = fields.List(
        fields.String(), required=True, allow_none=True, attribute="event.fields", data_key="fields"
    )  # fmt: skip
    ip = fields.Function(lambda line: line.event.ip and str(line.event.ip), required=True, metadata=_MAYBE_TEXT)
    request_id = fields.String(required=True, allow_none=True, attribute="event.request_id")
    session_id = fields.UUID(required=True, allow_none=True, attribute="event.session_id")
    reason = fields.String(required=True, allow_none=True, attribute="event.reason")
    break_glass_id = fields.UUID(required=True, allow_none=True, attribute="event.break_glass_id")


class AccessSchema(Row):
    """Who did what with a patient's record, when and why."""

    at = Instant(required=True, attribute="event.at")
    who = fields.Function(lambda line: line.who and line.who.name, required=True, metadata=_MAYBE_TEXT)
    role = fields.Function(lambda line: line.who and line.who.role, required=True, metadata=_MAYBE_TEXT)
    action = fields.String(required=True, attribute="event.action")
    resource_type = fields.String(required=True, attribute="event.resource_type")
    outcome = fields.String(required=True, attribute="event.outcome")
    reason = fields.String(required=True, allow_none=True, attribute="event.reason")
    is_break_glass = fields.Function(
        lambda line: line.event.break_glass_id is not None, required=True, metadata={"type": "boolean"}
    )


class SealSchema(Row):
    """One seal, and the practice's own part of it."""

    number = fields.Integer(required=True, attribute="seal.number")
    sealed_at = Instant(required=True, attribute="seal.sealed_at")
    events = fields.Integer(required=True, attribute="own.count", metadata={"description": "The practice's own."})
    own_root = fields.String(required=True, attribute="own.root")
    root = fields.String(required=True, attribute="seal.root")
    previous = fields.String(required=True, allow_none=True, attribute="seal.previous")
    hash = fields.String(required=True, attribute="seal.hash")
    key = fields.String(required=True, attribute="seal.key")
    signature = fields.String(required=True, attribute="seal.signature")


class ChainSchema(Row):
    """Where the chain stands."""

    number = fields.Integer(required=True, allow_none=True)
    head_hash = fields.String(required=True, allow_none=True, attribute="hash")
    sealed_at = Instant(required=True, allow_none=True)
    lag_seconds = fields.Float(required=True, metadata={"description": "Age of the oldest event without a seal."})
    is_late = fields.Boolean(required=True)
    sealed_events = fields.Integer(required=True, metadata={"description": "The practice's own."})


class SealPageSchema(page_of(SealSchema)):  # type: ignore[misc]  # a schema made at run time
    """A page of seals with the state of the chain."""

    chain = fields.Nested(ChainSchema, required=True)
