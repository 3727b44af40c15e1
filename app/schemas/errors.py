"""The envelope of every error."""

from marshmallow import Schema, fields


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
