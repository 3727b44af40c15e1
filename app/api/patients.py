"""The patient record (`/api/v1/patients/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.merging import MergeRequest
from app.domain.patients import NewPatient, PatientQuery
from app.domain.roles import Permission
from app.schemas.base import page_of
from app.schemas.errors import PossibleDuplicateSchema
from app.schemas.merging import MergeReportSchema, MergeRequestSchema
from app.schemas.patients import (
    ArchiveSchema,
    NewPatientSchema,
    PatientChanges,
    PatientFields,
    PatientQuerySchema,
    PatientRecordSchema,
    PatientSchema,
)
from app.services.patients.directory import list_patients
from app.services.patients.merging import merge_patients
from app.services.patients.records import (
    archive_patient,
    create_patient,
    get_patient,
    replace_patient,
    unarchive_patient,
    update_patient,
)
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

patients = EndpointGroup("patients", __name__, description="The patient record")


@patients.route("/")
class Patients(MethodView):
    """All patients of the practice."""

    @requires(Permission.READ_PATIENTS)
    @patients.arguments(PatientQuerySchema, location="query")
    @patients.response(200, page_of(PatientSchema))
    def get(self, query: PatientQuery) -> Any:
        """List patients; search by part of a name or record number."""
        return page_body(list_patients(actor(), query))

    @requires(Permission.WRITE_PATIENTS)
    @patients.arguments(NewPatientSchema)
    @patients.response(201, PatientRecordSchema)
    @patients.alt_response(
        409, schema=PossibleDuplicateSchema, description="The record number is taken, or the person may be known."
    )
    def post(self, new: NewPatient) -> Any:
        """Create a patient, unless they seem to have a record: then 409 with the candidates."""
        patient = create_patient(actor(), new)
        return patient, etag(patient.version)


@patients.route("/<uuid:patient_id>/")
class OnePatient(MethodView):
    """One record."""

    @requires(Permission.READ_PATIENTS)
    @patients.response(200, PatientRecordSchema)
    def get(self, patient_id: UUID) -> Any:
        """Return one record."""
        patient = get_patient(actor(), patient_id)
        return patient, etag(patient.version)

    @requires(Permission.WRITE_PATIENTS)
    @patients.arguments(PatientFields)
    @patients.response(200, PatientRecordSchema)
    def put(self, given: dict[str, Any], patient_id: UUID) -> Any:
        """Set the whole record; what is left out is emptied, except mrn, timezone and ssn."""
        patient = replace_patient(actor(), patient_id, given, expected_version())
        return patient, etag(patient.version)

    @requires(Permission.WRITE_PATIENTS)
    @patients.arguments(PatientChanges(partial=True))
    @patients.response(200, PatientRecordSchema)
    def patch(self, changes: dict[str, Any], patient_id: UUID) -> Any:
        """Change the fields that are named."""
        patient = update_patient(actor(), patient_id, changes, expected_version())
        return patient, etag(patient.version)

    @requires(Permission.WRITE_PATIENTS)
    @patients.response(204)
    def delete(self, patient_id: UUID) -> None:
        """Archive a patient; nothing is destroyed."""
        archive_patient(actor(), patient_id, "", expected_version())


@patients.route("/<uuid:patient_id>/archive/")
class PatientArchive(MethodView):
    """Taking a record off the lists."""

    @requires(Permission.WRITE_PATIENTS)
    @patients.arguments(ArchiveSchema, required=False)
    @patients.response(200, PatientRecordSchema)
    def post(self, body: dict[str, str], patient_id: UUID) -> Any:
        """Archive a patient; nothing is destroyed."""
        patient = archive_patient(actor(), patient_id, body["reason"], expected_version())
        return patient, etag(patient.version)


@patients.route("/<uuid:patient_id>/unarchive/")
class PatientUnarchive(MethodView):
    """Bringing a record back."""

    @requires(Permission.WRITE_PATIENTS)
    @patients.arguments(ArchiveSchema, required=False)
    @patients.response(200, PatientRecordSchema)
    def post(self, body: dict[str, str], patient_id: UUID) -> Any:
        """Bring an archived patient back."""
        patient = unarchive_patient(actor(), patient_id, body["reason"], expected_version())
        return patient, etag(patient.version)


@patients.route("/<uuid:patient_id>/merge/")
class PatientMerges(MethodView):
    """Two records of one person."""

    @requires(Permission.MERGE_PATIENTS)
    @patients.arguments(MergeRequestSchema)
    @patients.response(200, MergeReportSchema)
    def post(self, request: MergeRequest, patient_id: UUID) -> Any:
        """Move everything of a duplicate to this record and archive the duplicate for good."""
        return merge_patients(actor(), patient_id, request)
