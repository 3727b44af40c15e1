"""Shapes of imports of patients from files."""

import json
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from app.domain.imports import ON_ERROR, ON_EXISTING, STATES, ImportOptions
from app.domain.text import is_storable
from app.schemas.base import Body, Row
from app.schemas.fields import Data, Instant, YesNo

_MAX_MAPPING = 200


class Mapped(fields.Field[dict[str, str]]):
    """Which of our columns each header of the file is: a JSON object, in a query as text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        described = 'A JSON object of headers and columns: {"Given name": "first_name"}.'
        self.metadata = {**self.metadata, "type": "string", "description": described}

    def _deserialize(self, value: Any, attr: str | None, data: Data, **kwargs: Any) -> dict[str, str]:
        try:
            mapping = json.loads(value) if isinstance(value, str) else value
        except (ValueError, RecursionError) as error:
            raise ValidationError("Not a JSON object.") from error
        if not isinstance(mapping, dict) or not all(isinstance(name, str) for name in mapping.values()):
            raise ValidationError("Must be an object of headers and column names.")
        if len(mapping) > _MAX_MAPPING or not all(map(is_storable, mapping)):
            raise ValidationError(f"More than {_MAX_MAPPING} headers, or some that cannot be.")
        return mapping


class QueryYesNo(YesNo):
    """`true` or `false` as a query writes them."""

    def _deserialize(self, value: Any, attr: str | None, data: Data, **kwargs: Any) -> bool:
        if value not in {"true", "false"}:
            raise ValidationError("Not a valid boolean.")
        return bool(value == "true")


class ImportOptionsSchema(Body):
    """What to do with wrong rows and with patients who exist."""

    on_error = fields.String(
        load_default="skip", validate=validate.OneOf(ON_ERROR),
        metadata={"description": "`skip` leaves wrong rows out, `abort` imports all rows or none."},
    )  # fmt: skip
    on_existing = fields.String(
        load_default="error", validate=validate.OneOf(ON_EXISTING),
        metadata={"description": "For rows whose record number, or else external id, a patient has already, and for"
                                 " rows that look like a known person."},
    )  # fmt: skip
    allow_duplicates = YesNo(
        load_default=False,
        metadata={"description": "True: rows that look like known people, or like one another, are of other people."},
    )
    mapping = Mapped(load_default=dict)

    @post_load
    def _options(self, data: dict[str, Any], **_: Any) -> Any:
        return ImportOptions(**data)


class NewImportSchema(ImportOptionsSchema):
    """How to take a file in."""

    dry_run = fields.String(load_default="false", validate=validate.OneOf(["true", "false"]))
    allow_duplicates = QueryYesNo(load_default=False)
    file_name = fields.String(load_default="", validate=validate.Length(max=200))

    @post_load
    def _options(self, data: dict[str, Any], **_: Any) -> Any:
        is_dry, file_name = data.pop("dry_run") == "true", data.pop("file_name")
        return {"is_dry": is_dry, "file_name": file_name, "options": ImportOptions(**data)}


class RowErrorSchema(Schema):
    """What is wrong with a row. Rows are numbered as a spreadsheet does: the header is row 1."""

    row = fields.Integer(required=True)
    column = fields.String(required=True, allow_none=True)
    message = fields.String(required=True)


class PreviewRowSchema(Schema):
    """A row as it was read."""

    number = fields.Integer(required=True, data_key="row")
    shown = fields.Dict(required=True, data_key="fields")
    errors = fields.List(fields.Nested(RowErrorSchema), required=True)


class ImportLineSchema(Row):
    """An import in a list."""

    id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    file_name = fields.String(required=True)
    rows_total = fields.Integer(required=True)
    rows_done = fields.Integer(required=True)
    created = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    failed = fields.Integer(required=True)
    created_at = Instant(required=True)
    finished_at = Instant(required=True, allow_none=True)


class PatientImportSchema(Row):
    """An import: how far it is, what became of the rows, what is wrong.

    While it is `checked` the counts say what would become of the rows, and `preview` shows the first of them.
    """

    id = fields.UUID(required=True, attribute="about.id")
    state = fields.String(required=True, attribute="about.state", validate=validate.OneOf(STATES))
    problem = fields.String(required=True, allow_none=True, attribute="about.problem")
    on_error = fields.String(required=True, attribute="about.on_error")
    on_existing = fields.String(required=True, attribute="about.on_existing")
    allow_duplicates = fields.Boolean(required=True, attribute="about.allow_duplicates")
    file_name = fields.String(required=True, attribute="about.file_name")
    mapping = fields.Dict(
        required=True, attribute="about.mapping", metadata={"description": "Our column by the file's header."}
    )
    ignored_columns = fields.List(fields.String(), required=True, attribute="about.ignored_columns")
    rows_total = fields.Integer(required=True, attribute="about.rows_total")
    rows_done = fields.Integer(required=True, attribute="about.rows_done")
    percent = fields.Integer(required=True, attribute="about.percent")
    created = fields.Integer(required=True, attribute="about.created")
    updated = fields.Integer(required=True, attribute="about.updated")
    unchanged = fields.Integer(required=True, attribute="about.unchanged")
    skipped = fields.Integer(required=True, attribute="about.skipped")
    failed = fields.Integer(required=True, attribute="about.failed")
    possible_duplicates = fields.Integer(
        required=True, attribute="about.possible_duplicates",
        metadata={"description": "Rows that look like a known person or an earlier row; none of them was created."},
    )  # fmt: skip
    error_count = fields.Integer(required=True)
    errors = fields.List(
        fields.Nested(RowErrorSchema), required=True,
        metadata={"description": "The first hundred; rows skipped because they look like somebody are named here too."},
    )  # fmt: skip
    preview = fields.List(fields.Nested(PreviewRowSchema), required=True)
    created_at = Instant(required=True, attribute="about.created_at")
    started_at = Instant(required=True, allow_none=True, attribute="about.started_at")
    finished_at = Instant(required=True, allow_none=True, attribute="about.finished_at")
