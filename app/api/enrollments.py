"""Enrolments in programs of care (`/api/v1/patients/{id}/enrollments/`, `/api/v1/enrollments/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.enrolment.records import Discharge, EnrollmentQuery, NewEnrollment
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.base import PageOnlySchema, page_of
from app.schemas.coverage import CoverageQuerySchema, CoverageSchema
from app.schemas.enrollments import (
    DischargeSchema,
    EnrollmentChanges,
    EnrollmentQuerySchema,
    EnrollmentSchema,
    NewEnrollmentSchema,
    WorklistLineSchema,
)
from app.services.enrolment.coverage import get_coverage
from app.services.enrolment.enrollments import (
    discharge_patient,
    enroll_patient,
    get_enrollment,
    list_enrollments,
    update_enrollment,
)
from app.services.enrolment.worklist import list_worklist
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

enrollments = EndpointGroup("enrollments", __name__, path="patients", description="Enrolments in programs of care")
worklist = EndpointGroup("enrollment-worklist", __name__, path="enrollments", description="The practice's enrolments")


@enrollments.route("/<uuid:patient_id>/enrollments/")
class Enrollments(MethodView):
    """All enrolments of a patient."""

    @requires(Permission.READ_PATIENTS)
    @enrollments.arguments(PageOnlySchema, location="query")
    @enrollments.response(200, page_of(EnrollmentSchema))
    def get(self, paging: PageRequest, patient_id: UUID) -> Any:
        """List a patient's enrolments, the latest first."""
        return page_body(list_enrollments(actor(), patient_id, paging))

    @requires(Permission.WRITE_PATIENTS)
    @enrollments.arguments(NewEnrollmentSchema)
    @enrollments.response(201, EnrollmentSchema)
    def post(self, new: NewEnrollment, patient_id: UUID) -> Any:
        """Enrol a patient; RPM and RTM exclude each other."""
        shown = enroll_patient(actor(), patient_id, new)
        return shown, etag(shown.enrollment.version)


@enrollments.route("/<uuid:patient_id>/enrollments/<uuid:enrollment_id>/")
class OneEnrollment(MethodView):
    """One enrolment."""

    @requires(Permission.READ_PATIENTS)
    @enrollments.response(200, EnrollmentSchema)
    def get(self, patient_id: UUID, enrollment_id: UUID) -> Any:
        """Return one enrolment."""
        shown = get_enrollment(actor(), patient_id, enrollment_id)
        return shown, etag(shown.enrollment.version)

    @requires(Permission.WRITE_PATIENTS)
    @enrollments.arguments(EnrollmentChanges)
    @enrollments.response(200, EnrollmentSchema)
    def patch(self, changes: dict[str, Any], patient_id: UUID, enrollment_id: UUID) -> Any:
        """Change the fields that are named, unless the patient was discharged."""
        shown = update_enrollment(actor(), patient_id, enrollment_id, changes, expected_version())
        return shown, etag(shown.enrollment.version)


@enrollments.route("/<uuid:patient_id>/enrollments/<uuid:enrollment_id>/discharge/")
class EnrollmentDischarge(MethodView):
    """Ending an enrolment."""

    @requires(Permission.WRITE_PATIENTS)
    @enrollments.arguments(DischargeSchema)
    @enrollments.response(200, EnrollmentSchema)
    def post(self, discharge: Discharge, patient_id: UUID, enrollment_id: UUID) -> Any:
        """Discharge the patient; the day of discharge is the last that counts."""
        shown = discharge_patient(actor(), patient_id, enrollment_id, discharge, expected_version())
        return shown, etag(shown.enrollment.version)


@enrollments.route("/<uuid:patient_id>/coverage/")
class PatientCoverage(MethodView):
    """Whether a day counts."""

    @requires(Permission.READ_PATIENTS)
    @enrollments.arguments(CoverageQuerySchema, location="query")
    @enrollments.response(200, CoverageSchema)
    def get(self, query: dict[str, Any], patient_id: UUID) -> Any:
        """Say for every program whether the patient was consented, ordered and enrolled on a day, and why not."""
        return get_coverage(actor(), patient_id, query["on"])


@worklist.route("/")
class EnrollmentWorklist(MethodView):
    """All enrolments of the practice."""

    @requires(Permission.READ_PATIENTS)
    @worklist.arguments(EnrollmentQuerySchema, location="query")
    @worklist.response(200, page_of(WorklistLineSchema))
    def get(self, query: EnrollmentQuery) -> Any:
        """List the practice's enrolments: by program, running or not, due for renewal, lacking consent."""
        return page_body(list_worklist(actor(), query))
