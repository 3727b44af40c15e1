"""Notes in a patient's record (`/api/v1/patients/{id}/notes/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.notes import NewNote
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.base import page_of
from app.schemas.notes import NewNoteSchema, NoteQuerySchema, NoteSchema
from app.services.patients.notes import list_notes, write_note
from app.web.responses import page_body
from app.web.security import actor, requires

notes = EndpointGroup("notes", __name__, path="patients", description="Notes in a patient's record")


@notes.route("/<uuid:patient_id>/notes/")
class PatientNotes(MethodView):
    """The notes of one patient; none is ever changed."""

    @requires(Permission.READ_NOTES)
    @notes.arguments(NoteQuerySchema, location="query")
    @notes.response(200, page_of(NoteSchema))
    def get(self, paging: PageRequest, patient_id: UUID) -> Any:
        """List notes, newest first."""
        return page_body(list_notes(actor(), patient_id, paging))

    @requires(Permission.WRITE_NOTES)
    @notes.arguments(NewNoteSchema)
    @notes.response(201, NoteSchema)
    def post(self, new: NewNote, patient_id: UUID) -> Any:
        """Write a note, or correct one by a new one."""
        return write_note(actor(), patient_id, new)
