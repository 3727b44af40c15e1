"""Archiving a record, bringing it back, and merging two records of one person."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, version_seen
from app.admin.patients import overview
from app.domain.errors import ValidationFailed
from app.domain.paging import PageRequest
from app.domain.patients import PatientQuery
from app.domain.roles import Permission
from app.schemas.merging import MergeRequestSchema, MergeSearchSchema
from app.schemas.patients import ArchiveSchema
from app.services.patients.directory import list_patients
from app.services.patients.merging import merge_patients
from app.services.patients.records import archive_patient, get_patient, unarchive_patient
from app.web.security import actor

_CANDIDATES = PageRequest(page_size=8)
_UNCONFIRMED = "Say that both records are of the same person: a merge cannot be undone."
_NO_REASON = "Say why."


@console_page("/patients/<uuid:patient_id>/archive", Permission.WRITE_PATIENTS, methods=("POST",))
def archive(patient_id: UUID) -> ResponseReturnValue:
    """Take a patient off the lists."""
    return _after(patient_id, attempt("archive", lambda: _archive(patient_id)))


@console_page("/patients/<uuid:patient_id>/unarchive", Permission.WRITE_PATIENTS, methods=("POST",))
def unarchive(patient_id: UUID) -> ResponseReturnValue:
    """Bring an archived patient back."""
    return _after(patient_id, attempt("unarchive", lambda: _unarchive(patient_id)))


@console_page("/patients/<uuid:patient_id>/merge", Permission.MERGE_PATIENTS, methods=("GET", "POST"))
def merge(patient_id: UUID) -> ResponseReturnValue:
    """Find the duplicate, look at both records side by side, and merge once that is confirmed."""
    if request.method == "GET":
        query = load_query(MergeSearchSchema())
        return _merge_page(patient_id, query["search"], query["duplicate_id"])
    done = attempt("merge", lambda: _merge(patient_id))
    if not isinstance(done, Refusal):
        return redirect(url_for("admin.patient", patient_id=done), 303)
    return _merge_page(patient_id, "", _id_sent(), done)


def _merge_page(
    patient_id: UUID, search: str, duplicate_id: UUID | None, refusal: Refusal = NO_REFUSAL
) -> ResponseReturnValue:
    survivor = get_patient(actor(), patient_id)
    found, duplicate = None, None
    if duplicate_id is not None and duplicate_id != patient_id:
        duplicate = get_patient(actor(), duplicate_id)
    elif search:
        found = list_patients(actor(), PatientQuery(paging=_CANDIDATES, search=search, ordering="last_name"))
    page = render_template(
        "admin/patient_merge.html",
        patient=survivor, duplicate=duplicate, found=found, search=search, refusal=refusal,
    )  # fmt: skip
    return page, refusal.status


def _after(patient_id: UUID, done: UUID | Refusal) -> ResponseReturnValue:
    if isinstance(done, Refusal):
        return overview(patient_id, refusal=done)
    return redirect(url_for("admin.patient", patient_id=done), 303)


def _archive(patient_id: UUID) -> UUID:
    return archive_patient(actor(), patient_id, _reason(), version_seen()).id


def _unarchive(patient_id: UUID) -> UUID:
    return unarchive_patient(actor(), patient_id, _reason(), version_seen()).id


def _reason() -> str:
    """Return why; people must say it, though programs need not."""
    reason: str = ArchiveSchema().load(filled_in("reason"))["reason"]
    if not reason:
        raise ValidationFailed({"reason": [_NO_REASON]})
    return reason


def _merge(patient_id: UUID) -> UUID:
    wanted = MergeRequestSchema().load(filled_in("duplicate_id", "reason"))
    if "confirm" not in request.form:
        raise ValidationFailed({"confirm": [_UNCONFIRMED]})
    return merge_patients(actor(), patient_id, wanted).patient_id


def _id_sent() -> UUID | None:
    """Return the record that was to be merged; None for what is no id."""
    try:
        return UUID(request.form.get("duplicate_id", ""))
    except ValueError:
        return None
