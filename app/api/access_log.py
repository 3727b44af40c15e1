"""Who saw or changed a patient's record (`/api/v1/patients/{id}/access-log/`)."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.enrolment.documents import DocumentType
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.audit import AccessSchema
from app.schemas.base import PageOnlySchema, page_of
from app.services.audit.access_report import build_access_report
from app.services.audit.reports import list_accesses
from app.web.documents import attachment
from app.web.responses import page_body
from app.web.security import actor, requires

access_log = EndpointGroup("access_log", __name__, path="patients", description="Who saw a patient's record")
_REPORT = {DocumentType.PDF.value: {"schema": {"type": "string", "format": "binary"}}}


@access_log.route("/<uuid:patient_id>/access-log/")
class PatientAccessLog(MethodView):
    """Who looked."""

    @requires(Permission.READ_ACCESS_LOG)
    @access_log.arguments(PageOnlySchema, location="query")
    @access_log.response(200, page_of(AccessSchema))
    def get(self, paging: PageRequest, patient_id: UUID) -> Any:
        """List who saw or changed the record, when and why, newest first."""
        return page_body(list_accesses(actor(), patient_id, paging))


@access_log.route("/<uuid:patient_id>/access-log/export/")
class PatientAccessReport(MethodView):
    """Who looked, on paper."""

    @requires(Permission.READ_ACCESS_LOG)
    @access_log.doc(responses={"200": {"description": "The report.", "content": _REPORT}})
    def get(self, patient_id: UUID) -> Response:
        """Make the newest 2,000 lines of the access log a PDF."""
        report = build_access_report(actor(), patient_id)
        return attachment(DocumentType.PDF, report.name, len(report.content), [report.content])
