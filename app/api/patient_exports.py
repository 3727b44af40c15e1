"""All patients as a file (`/api/v1/patients/export/`)."""

from flask import Response
from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.patients import PatientSelection
from app.domain.roles import Permission
from app.schemas.patients import PatientSelectionSchema
from app.services.patient_files.export import export_patients
from app.web.responses import csv_response
from app.web.security import actor, requires

patient_exports = EndpointGroup("patient_exports", __name__, path="patients", description="Patients as a file")


@patient_exports.route("/export/")
class PatientExport(MethodView):
    """The practice's patients as CSV."""

    @requires(Permission.EXPORT_PATIENTS)
    @patient_exports.arguments(PatientSelectionSchema, location="query")
    @patient_exports.response(200, content_type="text/csv")
    def get(self, selection: PatientSelection) -> Response:
        """Export patients as CSV, chosen and ordered as the list is."""
        return csv_response(export_patients(actor(), selection), "patients.csv")
