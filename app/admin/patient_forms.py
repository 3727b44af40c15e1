"""Creating a patient and correcting their record, with the schemas of the API."""

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import available_timezones

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, is_htmx, load_query
from app.admin.forms import NO_REFUSAL, Filled, Refusal, attempt, version_seen
from app.admin.patient_entries import Entries, body_of, changed_body, codes_in, count_payers, entries_of, entries_sent
from app.domain.diagnoses import find_diagnosis, problem_with
from app.domain.patients import US_STATES
from app.domain.roles import Permission
from app.schemas.diagnoses import CodesQuerySchema
from app.schemas.patients import MAX_PAYERS, NewPatientSchema, PatientChanges
from app.services.accounts.staff import list_staff
from app.services.patients.records import create_patient, get_patient, update_patient
from app.services.practices import get_timezone
from app.web.security import actor

US_ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico", "Pacific/Guam",
)  # fmt: skip
_OTHER_ZONES = sorted(available_timezones() - set(US_ZONES))
_SPARE_PAYERS = 2


@console_page("/patients/new", Permission.WRITE_PATIENTS, methods=("GET", "POST"))
def new_patient() -> ResponseReturnValue:
    """Create a patient; who seems to have a record is created only after a look at it."""
    if request.method == "GET":
        return _form("patient_new", {"timezone": get_timezone(actor())})
    entries = entries_sent()
    done = attempt("patient", lambda: _create(entries))
    if isinstance(done, Refusal):
        return _form("patient_new", entries, done)
    return redirect(url_for("admin.patient", patient_id=done), 303)


@console_page("/patients/<uuid:patient_id>/edit", Permission.WRITE_PATIENTS, methods=("GET", "POST"))
def edit_patient(patient_id: UUID) -> ResponseReturnValue:
    """Correct a record; nothing is overwritten that the person has not seen."""
    if request.method == "POST":
        entries = entries_sent()
        done = attempt("patient", lambda: _change(patient_id, entries))
        if not isinstance(done, Refusal):
            return redirect(url_for("admin.patient", patient_id=done), 303)
        return _form("patient_edit", entries, done, patient=get_patient(actor(), patient_id))
    patient = get_patient(actor(), patient_id)
    return _form("patient_edit", entries_of(patient) | {"version": str(patient.version)}, patient=patient)


@console_page("/diagnoses", Permission.WRITE_PATIENTS)
def diagnoses() -> ResponseReturnValue:
    """Say what codes mean: as a page, or beside the field in which they are being typed."""
    typed = load_query(CodesQuerySchema())["conditions"]
    template = "admin/_diagnoses.html" if is_htmx() else "admin/diagnoses.html"
    return render_template(template, typed=typed, codes=labelled(codes_in(typed)))


def labelled(codes: list[str]) -> list[tuple[str, str, str | None]]:
    """Return each code with its description and what is wrong with it today, if anything."""
    today, found = datetime.now(UTC).date(), [(code, find_diagnosis(code)) for code in codes]
    return [(code, one.description if one else "", problem_with(code, today)) for code, one in found]


def _form(
    template: str, entries: Entries, refusal: Refusal = NO_REFUSAL, patient: object = None
) -> ResponseReturnValue:
    page = render_template(
        f"admin/{template}.html",
        patient=patient,
        refusal=refusal,
        f=Filled("patient", refusal, entries),
        codes=labelled(codes_in(entries.get("conditions", ""))),
        payer_rows=min(count_payers(entries) + _SPARE_PAYERS, MAX_PAYERS),
        staff=list_staff(actor()),
        us_zones=US_ZONES,
        other_zones=_OTHER_ZONES,
        states=[(state, state) for state in sorted(US_STATES)],
    )
    return page, refusal.status


def _create(entries: Entries) -> UUID:
    body = body_of(entries, is_new=True) | {"allow_duplicate": "allow_duplicate" in entries}
    return create_patient(actor(), NewPatientSchema().load(body)).id


def _change(patient_id: UUID, entries: Entries) -> UUID:
    version, before = version_seen(), entries_of(get_patient(actor(), patient_id))
    changes = PatientChanges(partial=True).load(changed_body(before, entries))
    return update_patient(actor(), patient_id, changes, version).id
