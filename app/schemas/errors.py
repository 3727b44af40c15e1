"""The envelope of every error."""

from marshmallow import Schema, fields, validate

from app.domain.duplicates import LIKENESSES


class ErrorSchema(Schema):
    """What went wrong, for people (`detail`) and for programs (`code`)."""

    detail = fields.String(required=True)
    code = fields.String(required=True)
    field_errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "Present on 400 responses: messages by field."},
    )
    locked_until = fields.String(metadata={"format": "date-time", "description": "Present on 423 responses."})


class CandidateSchema(Schema):
    """A record that may be of the same person."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    date_of_birth = fields.Date(required=True)
    mrn = fields.String(required=True)
    active = fields.Boolean(required=True, metadata={"description": "False: the record is archived."})
    why = fields.List(
        fields.String(validate=validate.OneOf(LIKENESSES)), required=True, metadata={"description": "What is alike."}
    )


class PossibleDuplicateSchema(ErrorSchema):
    """A conflict; when its code is `possible_duplicate`, with the records that may be of the same person."""

    candidates = fields.List(fields.Nested(CandidateSchema))


class TimeConflictSchema(ErrorSchema):
    """A conflict; when time is logged or running already, with the rule that forbids it and the rows it is of."""

    rule = fields.String(validate=validate.OneOf(["TIME_DOUBLE_COUNTED", "ONE_PLACE_AT_A_TIME", "ONE_TIMER_A_PERSON"]))
    conflicting_ids = fields.List(fields.UUID(), metadata={"description": "Entries of time, or the open timer."})
