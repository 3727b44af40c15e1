"""Shapes of the answer whether a day counts."""

from marshmallow import fields, validate

from app.domain.enrolment.coverage import Cause, Reason
from app.domain.enrolment.wording import sentence
from app.schemas.base import Body, Row
from app.schemas.consents import PROGRAMS
from app.schemas.fields import Day


class CoverageQuerySchema(Body):
    """Which day is meant."""

    on = Day(load_default=None, metadata={"description": "The patient's local date; today when absent."})


class GapSchema(Row):
    """One reason why the day does not count."""

    reason = fields.String(required=True, validate=validate.OneOf([reason.value for reason in Reason]))
    cause = fields.String(required=True, validate=validate.OneOf([cause.value for cause in Cause]))
    detail = fields.Function(sentence, required=True, metadata={"type": "string"})
    ids = fields.List(fields.UUID(), required=True, metadata={"description": "The rows that show it."})


class ProgramCoverageSchema(Row):
    """The answer for one program."""

    program = fields.String(required=True, validate=PROGRAMS)
    covered = fields.Boolean(required=True, attribute="is_covered")
    enrollment_id = fields.UUID(required=True, allow_none=True)
    episode_id = fields.UUID(required=True, allow_none=True)
    consent_id = fields.UUID(required=True, allow_none=True)
    order_id = fields.UUID(required=True, allow_none=True)
    gaps = fields.List(fields.Nested(GapSchema), required=True)


class CoverageSchema(Row):
    """The answers for all programs on a day."""

    patient_id = fields.UUID(required=True)
    on = Day(required=True)
    programs = fields.List(fields.Nested(ProgramCoverageSchema), required=True)
