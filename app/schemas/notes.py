"""Shapes of notes."""

from typing import Any

from marshmallow import fields, post_load

from app.domain.notes import MAX_NOTE_LENGTH, NewNote
from app.domain.paging import PageRequest
from app.schemas.base import Body, PageQuery, Row, paging_of
from app.schemas.fields import Instant, Text


class NewNoteSchema(Body):
    """A note to write."""

    body = Text(required=True, longest=MAX_NOTE_LENGTH)
    corrects = fields.UUID(allow_none=True, metadata={"description": "The note of this patient that it stands in for."})

    @post_load
    def _note(self, data: dict[str, Any], **_: Any) -> NewNote:
        return NewNote(**data)


class NoteSchema(Row):
    """A note; one that was corrected stays and names the note that stands in for it."""

    id = fields.UUID(required=True, attribute="row.id")
    patient_id = fields.UUID(required=True, attribute="row.patient_id")
    body = fields.String(required=True, attribute="row.body")
    author_id = fields.Integer(required=True, attribute="row.author_id")
    author_name = fields.String(required=True)
    corrects = fields.UUID(required=True, allow_none=True, attribute="row.corrects_id")
    corrected_by = fields.UUID(required=True, allow_none=True)
    created_at = Instant(required=True, attribute="row.created_at")


class NoteQuerySchema(PageQuery):
    """Which page of the notes."""

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> PageRequest:
        return paging_of(data)
