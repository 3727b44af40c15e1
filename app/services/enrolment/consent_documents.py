"""The documents that show consents: taken in after a look at what they are, kept in sealed chunks, given out whole.

A document is opened whole before its first byte goes out: a damaged one is an error, never half a document.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.audit import events
from app.crypto.columns import decrypt, encrypt
from app.crypto.envelope import place
from app.domain.actor import Actor
from app.domain.enrolment.documents import EXTENSIONS, DocumentType, is_sound, sniff
from app.domain.enrolment.records import Upload
from app.domain.errors import IntegrityViolated, NotFound, UnsupportedMedia, ValidationFailed
from app.models import ConsentDocument, ConsentDocumentChunk
from app.models.base import new_id
from app.services.enrolment.checks import lock_patient, require_version
from app.services.enrolment.consents import ShownConsent, find_consent, show_consent
from app.services.patients.records import find_visible
from app.services.transaction import now, transaction

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """A document ready to be sent."""

    content_type: str
    filename: str
    size_bytes: int
    chunks: list[bytes]


def store_document(
    actor: Actor, patient_id: UUID, consent_id: UUID, upload: Upload, version: int | None
) -> ShownConsent:
    """Keep a document for a consent, in place of the one before, which stays on record.

    Raises UnsupportedMedia when it is not of the kind it is said to be, ValidationFailed when it is not whole.
    """
    if sniff(upload.content) is not upload.declared:
        raise UnsupportedMedia("The content is not of the type that it is said to be.")
    if not is_sound(upload.content, upload.declared):
        raise ValidationFailed({"document": ["The file is damaged or incomplete."]})
    with transaction() as session:
        lock_patient(session, actor, patient_id)
        consent = find_consent(session, actor, patient_id, consent_id)
        require_version(consent, version)
        document = ConsentDocument(
            id=new_id(),
            practice_id=actor.practice_id,
            patient_id=patient_id,
            consent_id=consent.id,
            content_type=upload.declared.value,
            size_bytes=len(upload.content),
            uploaded_by=actor.user_id,
        )
        session.add(document)
        consent.updated_at = now()  # what is shown of the consent has changed, so its version must
        session.flush()
        _seal(session, document, upload.content)
        return show_consent(session, actor, consent)


def open_document(actor: Actor, patient_id: UUID, consent_id: UUID) -> OpenedDocument:
    """Return the latest document of a consent; raises NotFound when there is none, IntegrityViolated if damaged."""
    with transaction() as session:
        find_visible(session, actor, patient_id)
        shown = show_consent(session, actor, find_consent(session, actor, patient_id, consent_id))
        if shown.document is None:
            raise NotFound
        document = shown.document
        chunks = _open(session, document)
        events.record(
            session, "consent_document:read", "consent_document", resource_id=document.id, patient_id=patient_id
        )
        extension = EXTENSIONS[DocumentType(document.content_type)]
        return OpenedDocument(document.content_type, f"consent-{consent_id}.{extension}", document.size_bytes, chunks)


def _seal(session: Session, document: ConsentDocument, content: bytes) -> None:
    pieces = [content[start : start + CHUNK_BYTES] for start in range(0, len(content), CHUNK_BYTES)]
    for number, piece in enumerate(pieces, 1):
        chunk = ConsentDocumentChunk(
            practice_id=document.practice_id, document_id=document.id, number=number, of_chunks=len(pieces)
        )
        sealed = encrypt(document.practice_id, _place(chunk), piece)
        row = {"practice_id": document.practice_id, "document_id": document.id, "number": number}
        session.execute(insert(ConsentDocumentChunk).values(row | {"of_chunks": len(pieces), "content_enc": sealed}))


def _open(session: Session, document: ConsentDocument) -> list[bytes]:
    chunks = session.scalars(
        select(ConsentDocumentChunk)
        .where(
            ConsentDocumentChunk.practice_id == document.practice_id,
            ConsentDocumentChunk.document_id == document.id,
        )
        .order_by(ConsentDocumentChunk.number)
    ).all()
    expected = [(number, chunks[0].of_chunks) for number in range(1, chunks[0].of_chunks + 1)] if chunks else []
    if not chunks or [(chunk.number, chunk.of_chunks) for chunk in chunks] != expected:
        raise IntegrityViolated
    opened = [decrypt(chunk.practice_id, _place(chunk), chunk.content_enc) for chunk in chunks]
    if sum(map(len, opened)) != document.size_bytes:
        raise IntegrityViolated
    return opened


def _place(chunk: ConsentDocumentChunk) -> bytes:
    return place(chunk.__tablename__, "content_enc", chunk.encryption_row, chunk.practice_id)
