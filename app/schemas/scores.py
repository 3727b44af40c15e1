"""Shapes of risk scores."""

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from app.domain.triage.proposals import NewScoreOverride
from app.domain.triage.score import WEIGHTS, RiskLevel
from app.schemas.base import Body, Row
from app.schemas.fields import Instant, Text, Whole

_LEVELS = validate.OneOf([level.value for level in RiskLevel])


class ScoreQuerySchema(Body):
    """At which moment; now when none is given."""

    as_of = Instant(load_default=None)


class ScorePartSchema(Schema):
    """One addend of the score."""

    name = fields.String(required=True)
    raw = fields.String(required=True)
    points = fields.Integer(required=True)
    rule = fields.String(required=True)
    source_ids = fields.List(fields.String(), required=True)


class ChangeSchema(Row):
    """One thing that would be different."""

    what = fields.String(required=True)
    before = fields.Raw(required=True, allow_none=True, metadata={"type": "number"})
    after = fields.Raw(required=True, allow_none=True, metadata={"type": "number"})


class CounterfactualSchema(Row):
    """The smallest change that would lower the band."""

    changes = fields.List(fields.Nested(ChangeSchema), required=True)
    risk_score = fields.Integer(required=True, attribute="score.score")
    risk_level = fields.Function(lambda found: found.score.level.value, required=True, metadata={"type": "string"})


class ScoreOverrideSchema(Row):
    """A clinician's own score."""

    risk_score = fields.Integer(required=True)
    reason = fields.String(required=True, allow_none=True)
    set_at = Instant(required=True)
    set_by = fields.Integer(required=True)
    expires_at = Instant(required=True)


class NewScoreOverrideSchema(Body):
    """The score to show instead, why and until when."""

    risk_score = Whole(low=1, high=100, required=True)
    reason = Text(required=True, longest=500)
    expires_at = Instant(required=True)

    @post_load
    def _new(self, data: dict[str, Any], **_: Any) -> NewScoreOverride:
        return NewScoreOverride(**data)


class ScoreSchema(Row):
    """A score whose parts sum exactly to it."""

    patient_id = fields.UUID(required=True)
    risk_score = fields.Integer(required=True)
    risk_level = fields.String(required=True, validate=_LEVELS)
    computed_score = fields.Integer(required=True, metadata={"description": "Without override and STAT."})
    formula_version = fields.String(required=True)
    threshold_version = fields.String(required=True, allow_none=True)
    as_of = Instant(required=True)
    shown_at = Instant(required=True, metadata={"description": "Shown from then on."})
    parts = fields.List(fields.Nested(ScorePartSchema), required=True)
    counterfactual = fields.Nested(CounterfactualSchema, required=True, allow_none=True)
    override = fields.Nested(ScoreOverrideSchema, required=True, allow_none=True)
    is_recomputed = fields.Boolean(
        required=True, metadata={"description": "The inputs of that time give the same score again."}
    )
    weights = fields.Function(
        lambda _: dict(WEIGHTS),
        required=True,
        metadata={"type": "object", "additionalProperties": {"type": "integer"}},
    )
