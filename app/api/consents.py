"""Consents to programs of care (`/api/v1/patients/{id}/consents/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.enrolment.records import Ending, NewConsent
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.base import PageOnlySchema, page_of
from app.schemas.consents import ConsentSchema, NewConsentSchema, RevocationSchema
from app.services.enrolment.consent_documents import open_document, store_document
from app.services.enrolment.consents import get_consent, list_consents, record_consent, revoke_consent
from app.web.documents import attachment, read_upload
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

consents = EndpointGroup("consents", __name__, path="patients", description="Consents to programs of care")

_FILE = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("application/pdf", "image/png")}


@consents.route("/<uuid:patient_id>/consents/")
class Consents(MethodView):
    """All consents of a patient."""

    @requires(Permission.READ_PATIENTS)
    @consents.arguments(PageOnlySchema, location="query")
    @consents.response(200, page_of(ConsentSchema))
    def get(self, paging: PageRequest, patient_id: UUID) -> Any:
        """List a patient's consents, the latest first."""
        return page_body(list_consents(actor(), patient_id, paging))

    @requires(Permission.WRITE_PATIENTS)
    @consents.arguments(NewConsentSchema)
    @consents.response(201, ConsentSchema)
    def post(self, new: NewConsent, patient_id: UUID) -> Any:
        """Record a consent."""
        shown = record_consent(actor(), patient_id, new)
        return shown, etag(shown.consent.version)


@consents.route("/<uuid:patient_id>/consents/<uuid:consent_id>/")
class OneConsent(MethodView):
    """One consent."""

    @requires(Permission.READ_PATIENTS)
    @consents.response(200, ConsentSchema)
    def get(self, patient_id: UUID, consent_id: UUID) -> Any:
        """Return one consent."""
        shown = get_consent(actor(), patient_id, consent_id)
        return shown, etag(shown.consent.version)


@consents.route("/<uuid:patient_id>/consents/<uuid:consent_id>/revoke/")
class ConsentRevocation(MethodView):
    """Taking a consent back."""

    @requires(Permission.WRITE_PATIENTS)
    @consents.arguments(RevocationSchema)
    @consents.response(200, ConsentSchema)
    def post(self, ending: Ending, patient_id: UUID, consent_id: UUID) -> Any:
        """Revoke a consent; from that day on it no longer holds."""
        shown = revoke_consent(actor(), patient_id, consent_id, ending, expected_version())
        return shown, etag(shown.consent.version)


@consents.route("/<uuid:patient_id>/consents/<uuid:consent_id>/document/")
class ConsentDocuments(MethodView):
    """The document that shows a consent."""

    @requires(Permission.READ_PATIENTS)
    @consents.doc(responses={"200": {"description": "The document.", "content": _FILE}})
    def get(self, patient_id: UUID, consent_id: UUID) -> Any:
        """Return the latest document, to be saved."""
        document = open_document(actor(), patient_id, consent_id)
        return attachment(document.content_type, document.filename, document.size_bytes, document.chunks)

    @requires(Permission.WRITE_PATIENTS)
    @consents.doc(requestBody={"required": True, "content": _FILE})
    @consents.response(200, ConsentSchema)
    def put(self, patient_id: UUID, consent_id: UUID) -> Any:
        """Keep a document: the raw body, a PDF or PNG of at most 10 MiB. Earlier ones stay on record."""
        shown = store_document(actor(), patient_id, consent_id, read_upload(), expected_version())
        return shown, etag(shown.consent.version)
