"""Shapes of a patient's timeline."""

from typing import Any

from marshmallow import fields, post_load

from app.domain.timeline import TimelineQuery
from app.schemas.base import PageQuery, Row, paging_of
from app.schemas.fields import Instant, Text


class TimelineItemSchema(Row):
    """One thing that happened; `kind` and `id` name it."""

    kind = fields.String(required=True)
    id = fields.UUID(required=True)
    at = Instant(required=True)
    summary = fields.String(required=True)
    by_id = fields.Integer(required=True, allow_none=True)
    by_name = fields.String(required=True, allow_none=True)


class TimelineQuerySchema(PageQuery):
    """Which page, and of which kind."""

    kind = Text(longest=40, metadata={"description": "reading, alert, note, record, billing_entry …; all when absent."})

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> TimelineQuery:
        return TimelineQuery(paging=paging_of(data), **data)
