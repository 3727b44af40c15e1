"""Writing notes and reading them; none is ever changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import Conflict, PatientMerged, ValidationFailed
from app.domain.notes import NewNote
from app.domain.paging import Page, PageRequest
from app.models import PatientNote
from app.models.base import new_id
from app.services.accounts.users import names_of
from app.services.patients.records import find_visible
from app.services.transaction import transaction


@dataclass(frozen=True, slots=True)
class Note:
    """A note, its author's name, and the note that corrected it, if any."""

    row: PatientNote
    author_name: str
    corrected_by: UUID | None


def list_notes(actor: Actor, patient_id: UUID, paging: PageRequest) -> Page[Note]:
    """Return one page of a visible patient's notes, newest first; those that were corrected stay in the list."""
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        of_patient = PatientNote.practice_id == actor.practice_id, PatientNote.patient_id == patient.id
        count = session.scalar(select(func.count()).select_from(PatientNote).where(*of_patient)) or 0
        newest = select(PatientNote).where(*of_patient).order_by(PatientNote.created_at.desc(), PatientNote.id.desc())
        rows = session.scalars(newest.offset(paging.offset).limit(paging.page_size)).all()
        events.record(session, "patient_note:list", "patient_note", patient_id=patient.id)
        return Page(_whole(session, actor.practice_id, rows), count, paging)


def write_note(actor: Actor, patient_id: UUID, new: NewNote) -> Note:
    """Add a note to a visible record; raises Conflict when the note to correct has been corrected already."""
    note = PatientNote(
        id=new_id(), practice_id=actor.practice_id, author_id=actor.user_id, corrects_id=new.corrects
    )  # fmt: skip
    note.body = new.body
    try:
        with transaction() as session:
            patient = find_visible(session, actor, patient_id)
            if patient.merged_into is not None:
                raise PatientMerged
            note.patient_id = patient.id
            _require_own(session, note)
            session.add(note)
            session.flush()
            return _whole(session, actor.practice_id, [note])[0]
    except IntegrityError as error:
        raise Conflict("This note was corrected already: correct the newest one.") from error


def _require_own(session: Session, note: PatientNote) -> None:
    """Refuse to correct what is not a note of the same patient."""
    if note.corrects_id is None:
        return
    corrected = select(PatientNote.id).where(
        PatientNote.practice_id == note.practice_id,
        PatientNote.patient_id == note.patient_id,
        PatientNote.id == note.corrects_id,
    )
    if session.scalar(corrected) is None:
        raise ValidationFailed({"corrects": ["No such note of this patient."]})


def _whole(session: Session, practice_id: UUID, rows: Sequence[PatientNote]) -> list[Note]:
    names = names_of(session, practice_id, {row.author_id for row in rows})
    corrections = session.execute(
        select(PatientNote.corrects_id, PatientNote.id).where(
            PatientNote.practice_id == practice_id, PatientNote.corrects_id.in_([row.id for row in rows])
        )
    )
    corrected_by = {found.corrects_id: found.id for found in corrections}
    return [Note(row, names[row.author_id], corrected_by.get(row.id)) for row in rows]
