"""Shapes of merging two records."""

from typing import Any

from marshmallow import fields, post_load

from app.domain.merging import MergeRequest
from app.schemas.base import Body, Row
from app.schemas.fields import Instant, Text


def _counts(description: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, metadata={"description": description}
    )


class MergeRequestSchema(Body):
    """Which record goes into this one, and why."""

    duplicate_id = fields.UUID(required=True, metadata={"description": "The record that is archived for good."})
    reason = Text(required=True, longest=500)

    @post_load
    def _request(self, data: dict[str, Any], **_: Any) -> MergeRequest:
        return MergeRequest(**data)


class MergeSearchSchema(Body):
    """Which record may be the duplicate: searched for, or chosen."""

    search = Text(load_default="", blank=True, longest=100)
    duplicate_id = fields.UUID(load_default=None)


class MergeReportSchema(Row):
    """What a merge did."""

    patient_id = fields.UUID(required=True, metadata={"description": "The record that lives on."})
    duplicate_id = fields.UUID(required=True)
    merged_by = fields.Integer(required=True)
    merged_at = Instant(required=True)
    moved = _counts("Rows moved, by table.")
    left = _counts("Rows left behind: the record that lives on had the same.")
