"""Enrolling a patient in a program, and discharging them."""

from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue

from app.admin.base import console_page
from app.admin.forms import filled_in, version_seen
from app.admin.patient_programs import codes_sent, done_in_tab
from app.domain.roles import Permission
from app.schemas.enrollments import DischargeSchema, NewEnrollmentSchema
from app.services.enrolment.enrollments import discharge_patient, enroll_patient
from app.web.security import actor

_PART = "enrollments"
_ENTRIES = ("program", "starts_on", "ends_on", "order_id", "initiating_visit_on")


@console_page("/patients/<uuid:patient_id>/enrollments/new", Permission.WRITE_PATIENTS, methods=("POST",))
def enroll(patient_id: UUID) -> ResponseReturnValue:
    """Enrol a patient."""
    return done_in_tab(patient_id, "enroll", lambda: _enroll(patient_id), _PART)


@console_page(
    "/patients/<uuid:patient_id>/enrollments/<uuid:enrollment_id>/discharge",
    Permission.WRITE_PATIENTS,
    methods=("POST",),
)
def discharge(patient_id: UUID, enrollment_id: UUID) -> ResponseReturnValue:
    """End an enrolment; the devices are freed."""
    return done_in_tab(patient_id, f"discharge-{enrollment_id}", lambda: _discharge(patient_id, enrollment_id), _PART)


def _enroll(patient_id: UUID) -> UUID:
    body: dict[str, Any] = filled_in(*_ENTRIES) | codes_sent()
    return enroll_patient(actor(), patient_id, NewEnrollmentSchema().load(body)).enrollment.id


def _discharge(patient_id: UUID, enrollment_id: UUID) -> UUID:
    ending = DischargeSchema().load(filled_in("reason", "outcome", "discharged_on", "note"))
    return discharge_patient(actor(), patient_id, enrollment_id, ending, version_seen()).enrollment.id
