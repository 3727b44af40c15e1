"""Recording and revoking a consent; the document that shows it, up and down."""

from typing import Any
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue

from app.admin.base import console_page
from app.admin.forms import filled_in, ticked, version_seen, whole
from app.admin.patient_programs import done_in_tab
from app.domain.roles import Permission
from app.schemas.consents import NewConsentSchema, RevocationSchema
from app.services.enrolment.consent_documents import open_document, store_document
from app.services.enrolment.consents import record_consent, revoke_consent
from app.web.documents import attachment, uploaded_document
from app.web.security import actor

_PART = "consents"


@console_page("/patients/<uuid:patient_id>/consents/new", Permission.WRITE_PATIENTS, methods=("POST",))
def add_consent(patient_id: UUID) -> ResponseReturnValue:
    """Record a consent."""
    return done_in_tab(patient_id, "consent", lambda: _record(patient_id), _PART)


@console_page(
    "/patients/<uuid:patient_id>/consents/<uuid:consent_id>/revoke", Permission.WRITE_PATIENTS, methods=("POST",)
)
def revoke(patient_id: UUID, consent_id: UUID) -> ResponseReturnValue:
    """Take a consent back."""
    return done_in_tab(patient_id, f"revoke-{consent_id}", lambda: _revoke(patient_id, consent_id), _PART)


@console_page("/patients/<uuid:patient_id>/consents/<uuid:consent_id>/document", Permission.READ_PATIENTS)
def consent_document(patient_id: UUID, consent_id: UUID) -> ResponseReturnValue:
    """Return the latest document, to be saved."""
    document = open_document(actor(), patient_id, consent_id)
    return attachment(document.content_type, document.filename, document.size_bytes, document.chunks)


@console_page(
    "/patients/<uuid:patient_id>/consents/<uuid:consent_id>/upload", Permission.WRITE_PATIENTS, methods=("POST",)
)
def upload_document(patient_id: UUID, consent_id: UUID) -> ResponseReturnValue:
    """Keep a document for a consent; earlier ones stay on record."""
    return done_in_tab(patient_id, f"upload-{consent_id}", lambda: _upload(patient_id, consent_id), _PART)


def _record(patient_id: UUID) -> UUID:
    body: dict[str, Any] = filled_in("program", "method", "obtained_on", "note")
    body |= ticked("cost_share_explained", "one_practitioner_explained")
    if request.form.get("obtained_by"):
        body["obtained_by"] = whole(request.form["obtained_by"])
    return record_consent(actor(), patient_id, NewConsentSchema().load(body)).consent.id


def _revoke(patient_id: UUID, consent_id: UUID) -> UUID:
    ending = RevocationSchema().load(filled_in("reason", "revoked_on"))
    return revoke_consent(actor(), patient_id, consent_id, ending, version_seen()).consent.id


def _upload(patient_id: UUID, consent_id: UUID) -> UUID:
    return store_document(actor(), patient_id, consent_id, uploaded_document("document"), version_seen()).consent.id
