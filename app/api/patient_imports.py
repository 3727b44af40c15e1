"""Importing patients from files (`/api/v1/patients/import/`, `/api/v1/patients/imports/`)."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.imports import ImportOptions
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.base import PageQuery, page_of, paging_of
from app.schemas.imports import ImportLineSchema, ImportOptionsSchema, NewImportSchema, PatientImportSchema
from app.schemas.patient_rows import read_patient
from app.services.patient_files.imports import (
    begin_import,
    cancel_import,
    check_again,
    check_import,
    error_report,
    get_import,
    list_imports,
    start_import,
)
from app.web.responses import csv_response, page_body
from app.web.security import actor, requires
from app.web.uploads import csv_body

patient_imports = EndpointGroup("patient_imports", __name__, path="patients", description="Patients from files")
_CSV_FILE = {
    "required": True,
    "description": "UTF-8 or UTF-16; commas, semicolons or tabs; the first row names the columns. At most 20 MB.",
    "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
}


@patient_imports.route("/import/")
class NewPatientImport(MethodView):
    """A file of patients."""

    @requires(Permission.WRITE_PATIENTS)
    @patient_imports.doc(requestBody=_CSV_FILE)
    @patient_imports.arguments(NewImportSchema, location="query")
    @patient_imports.response(202, PatientImportSchema)
    @patient_imports.alt_response(200, schema=PatientImportSchema, description="The result of a dry run.")
    def post(self, query: dict[str, Any]) -> Any:
        """Import patients from a CSV file; with `dry_run=true` only say what would happen."""
        take_in = check_import if query["is_dry"] else begin_import
        report = take_in(actor(), csv_body(), query["file_name"], query["options"], read_patient)
        return report, 200 if query["is_dry"] else 202


@patient_imports.route("/imports/")
class PatientImports(MethodView):
    """All imports of the practice."""

    @requires(Permission.WRITE_PATIENTS)
    @patient_imports.arguments(PageQuery, location="query")
    @patient_imports.response(200, page_of(ImportLineSchema))
    def get(self, query: dict[str, Any]) -> Any:
        """List imports, newest first."""
        paging: PageRequest = paging_of(query)
        return page_body(list_imports(actor(), paging))


@patient_imports.route("/imports/<uuid:import_id>/")
class OnePatientImport(MethodView):
    """One import."""

    @requires(Permission.WRITE_PATIENTS)
    @patient_imports.response(200, PatientImportSchema)
    def get(self, import_id: UUID) -> Any:
        """Say how far an import is, and what is wrong with its rows."""
        return get_import(actor(), import_id, read_patient)


@patient_imports.route("/imports/<uuid:import_id>/check/")
class PatientImportCheck(MethodView):
    """Checking a file anew."""

    @requires(Permission.WRITE_PATIENTS)
    @patient_imports.arguments(ImportOptionsSchema)
    @patient_imports.response(200, PatientImportSchema)
    def post(self, options: ImportOptions, import_id: UUID) -> Any:
        """Check a file that was taken in by a dry run again, with other options."""
        return check_again(actor(), import_id, options, read_patient)


@patient_imports.route("/imports/<uuid:import_id>/start/")
class PatientImportStart(MethodView):
    """Starting the work."""

    @requires(Permission.WRITE_PATIENTS)
    @patient_imports.response(202, PatientImportSchema)
    def post(self, import_id: UUID) -> Any:
        """Import a file that was checked."""
        return start_import(actor(), import_id, read_patient)


@patient_imports.route("/imports/<uuid:import_id>/cancel/")
class PatientImportCancel(MethodView):
    """Stopping the work."""

    @requires(Permission.WRITE_PATIENTS)
    @patient_imports.response(200, PatientImportSchema)
    def post(self, import_id: UUID) -> Any:
        """Cancel an import; patients that were imported stay."""
        return cancel_import(actor(), import_id, read_patient)


@patient_imports.route("/imports/<uuid:import_id>/errors/")
class PatientImportErrors(MethodView):
    """What is wrong with the rows."""

    @requires(Permission.WRITE_PATIENTS)
    @patient_imports.response(200, content_type="text/csv")
    def get(self, import_id: UUID) -> Response:
        """Return all errors of an import as CSV: row, column, message."""
        return csv_response(error_report(actor(), import_id), "import-errors.csv")
