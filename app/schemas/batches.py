"""Shapes of a batch of readings: each item is read by the schema of its kind, and a wrong one tells why."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from app.domain.vitals.batch import MOST_READINGS, BatchItem, NewBatch
from app.schemas.base import Body, Row
from app.schemas.fields import YesNo
from app.schemas.reading_loader import ReadingLoader
from app.schemas.readings import NEW_READING_SCHEMAS

_READERS = {str(kind): ReadingLoader(schema()) for kind, schema in NEW_READING_SCHEMAS.items()}
_ITEM = {
    "description": "Readings of any kind: `observation_type` beside the fields that the kind's own path takes.",
}
_ATOMIC = {"description": "All or none: one wrong item is answered with 400, and nothing is stored."}
_STATUSES = ("created", "duplicate", "quarantined", "error")


class NewBatchSchema(Body):
    """Up to 1,000 readings of any kinds and patients."""

    atomic = YesNo(load_default=False, metadata=_ATOMIC)
    readings = fields.List(
        fields.Dict(),
        required=True,
        validate=validate.Length(1, MOST_READINGS),
        metadata=_ITEM,
    )

    @post_load
    def _batch(self, data: dict[str, Any], **_: Any) -> NewBatch:
        return NewBatch([_item(one) for one in data["readings"]], data["atomic"])


def _item(given: dict[str, Any]) -> BatchItem:
    values = dict(given)
    reader = _READERS.get(str(values.pop("observation_type", None)))
    if reader is None:
        return BatchItem(field_errors={"observation_type": [f"Must be one of: {', '.join(_READERS)}."]})
    try:
        patient_id, reading = reader.load(values)
    except ValidationError as error:
        return BatchItem(field_errors=_named(error.messages))
    return BatchItem(patient_id, reading)


def _named(messages: Any) -> dict[str, list[str]]:
    return {"non_field_errors" if name == "_schema" else name: list(texts) for name, texts in messages.items()}


class ItemResultSchema(Row):
    """What became of one item; `index` counts from 0, `id` is the reading's, for a duplicate the first one's."""

    index = fields.Integer(required=True)
    status = fields.String(required=True, validate=validate.OneOf(_STATUSES))
    id = fields.UUID(required=True, allow_none=True)
    field_errors = fields.Dict(
        required=True,
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "Empty unless `status` is error."},
    )


class BatchResultSchema(Row):
    """What became of the batch."""

    created = fields.Function(lambda batch: batch.count("created"), required=True, metadata={"type": "integer"})
    duplicates = fields.Function(lambda batch: batch.count("duplicate"), required=True, metadata={"type": "integer"})
    quarantined = fields.Function(lambda batch: batch.count("quarantined"), required=True, metadata={"type": "integer"})
    errors = fields.Function(lambda batch: batch.count("error"), required=True, metadata={"type": "integer"})
    results = fields.List(fields.Nested(ItemResultSchema), required=True)
