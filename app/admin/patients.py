"""The patient list, and the first tab of a patient's page: who they are, how they are, what was noted."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query, may
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in
from app.domain.diagnoses import find_diagnosis
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.notes import NewNoteSchema, NoteQuerySchema
from app.schemas.patients import PatientQuerySchema
from app.services.accounts.staff import name_staff
from app.services.patients.directory import list_patients
from app.services.patients.notes import list_notes, write_note
from app.services.patients.records import get_patient
from app.services.triage.alerts import list_recent_alerts
from app.services.triage.board import get_board_line
from app.services.triage.scores import find_score
from app.web.security import actor

_FIRST_PAGE = PageRequest()


@console_page("/patients", Permission.READ_PATIENTS)
def patients() -> ResponseReturnValue:
    """List and search the practice's patients."""
    query = load_query(PatientQuerySchema())
    return render_template("admin/patients.html", query=query, page=list_patients(actor(), query))


@console_page("/patients/<uuid:patient_id>", Permission.READ_PATIENTS)
def patient(patient_id: UUID) -> ResponseReturnValue:
    """Show one patient: who they are, their risk, their alerts, the notes."""
    return overview(patient_id, load_query(NoteQuerySchema()))


@console_page("/patients/<uuid:patient_id>/notes", Permission.WRITE_NOTES, methods=("POST",))
def add_note(patient_id: UUID) -> ResponseReturnValue:
    """Write a note into the record."""
    done = attempt("note", lambda: _write_note(patient_id))
    if isinstance(done, Refusal):
        return overview(patient_id, refusal=done)
    return redirect(url_for("admin.patient", patient_id=patient_id, _anchor="notes"), 303)


def overview(
    patient_id: UUID, notes_page: PageRequest = _FIRST_PAGE, refusal: Refusal = NO_REFUSAL
) -> ResponseReturnValue:
    """Return the first tab, with what was refused beside the form that was sent."""
    shown = get_patient(actor(), patient_id)
    line = get_board_line(actor(), patient_id) if may(Permission.READ_TRIAGE) else None
    page = render_template(
        "admin/patient.html",
        patient=shown,
        line=line,
        score=find_score(actor(), patient_id) if line else None,
        alerts=list_recent_alerts(actor(), patient_id) if line else [],
        staff=name_staff(actor(), (shown.provider_id, shown.nurse_id)),
        diagnoses=described(shown.conditions),
        notes=list_notes(actor(), patient_id, notes_page) if may(Permission.READ_NOTES) else None,
        refusal=refusal,
    )
    return page, refusal.status


def patient_tab(template: str, patient_id: UUID, refusal: Refusal = NO_REFUSAL, **values: Any) -> ResponseReturnValue:
    """Return another tab of a patient's page."""
    shown = get_patient(actor(), patient_id)
    return render_template(f"admin/{template}.html", patient=shown, refusal=refusal, **values), refusal.status


def described(codes: list[str]) -> list[tuple[str, str]]:
    """Return diagnosis codes with their descriptions."""
    found = [(code, find_diagnosis(code)) for code in codes]
    return [(code, diagnosis.description if diagnosis else "") for code, diagnosis in found]


def _write_note(patient_id: UUID) -> UUID:
    return write_note(actor(), patient_id, NewNoteSchema().load(filled_in("body"))).row.id
