"""Shapes of reviews and of the clinical decisions."""

from typing import Any

from marshmallow import fields, post_load, validate

from app.domain.triage.decisions import DECISION_ORDERINGS, DecisionKind, DecisionQuery
from app.domain.triage.reviews import MAX_MINUTES, MAX_NOTE, NewReview
from app.schemas.alerts import MAX_USER_ID
from app.schemas.base import Body, PageQuery, Row, UserIdQuery, paging_of
from app.schemas.fields import Instant, Text


class NewReviewSchema(Body):
    """A review of a patient; its minutes are offered to the time log."""

    minutes = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, MAX_MINUTES))
    note = Text(load_default=None, allow_none=True, longest=MAX_NOTE)
    may_be_left_out = True

    @post_load
    def _review(self, data: dict[str, Any], **_: Any) -> NewReview:
        return NewReview(**data)


class ReviewSchema(Row):
    """A review."""

    id = fields.UUID(required=True, attribute="review.id")
    patient_id = fields.UUID(required=True, attribute="review.patient_id")
    reviewed_at = Instant(required=True, attribute="review.reviewed_at")
    reviewed_by = fields.Integer(required=True, attribute="review.reviewed_by")
    reviewed_by_name = fields.String(required=True, attribute="reviewer_name")
    minutes = fields.Integer(required=True, attribute="review.minutes")
    note = fields.String(required=True, allow_none=True, attribute="review.note")


class DecisionSchema(Row):
    """A clinical decision; `user_id` is null for what the clock decided."""

    id = fields.UUID(required=True, attribute="decision.id")
    at = Instant(required=True, attribute="decision.at")
    kind = fields.String(
        required=True, attribute="decision.kind", validate=validate.OneOf([kind.value for kind in DecisionKind])
    )
    patient_id = fields.UUID(
        required=True, allow_none=True, attribute="decision.patient_id", metadata={"description": "Null: the practice."}
    )
    subject_id = fields.UUID(required=True, attribute="decision.subject_id")
    user_id = fields.Integer(required=True, allow_none=True, attribute="decision.user_id")
    user_name = fields.String(required=True, allow_none=True)
    facts = fields.Dict(required=True, attribute="decision.facts")
    note = fields.String(required=True, allow_none=True, attribute="decision.note")


class DecisionQuerySchema(PageQuery):
    """Which decisions, in which order."""

    patient_id = fields.UUID()
    user_id = UserIdQuery(validate=validate.Range(1, MAX_USER_ID))
    kind = fields.Enum(DecisionKind, by_value=True)
    since = Instant(data_key="from", metadata={"description": "Earliest time, inclusive."})
    until = Instant(data_key="to", metadata={"description": "Latest time, exclusive."})
    ordering = fields.String(load_default="-at", validate=validate.OneOf(DECISION_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> DecisionQuery:
        return DecisionQuery(paging=paging_of(data), **data)
