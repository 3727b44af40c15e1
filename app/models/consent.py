"""Consents to a program of care, and the documents that show them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import encrypted_text, optional_text
from app.domain.enrolment.documents import MAX_BYTES, DocumentType
from app.domain.enrolment.programs import ConsentMethod, Program
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps, Versioned, listed


class Consent(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """One consent: holds from the day it was obtained until the day of its revocation, that day excluded."""

    __tablename__ = "consents"
    __table_args__ = (
        UniqueConstraint("practice_id", "patient_id", "id"),
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "obtained_by"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "revoked_by"], ["users.practice_id", "users.id"]),
        Index("ix_consents_patient", "practice_id", "patient_id", "program", "obtained_on"),
        CheckConstraint(f"program IN ({listed(Program)})", name="program"),
        CheckConstraint(f"method IN ({listed(ConsentMethod)})", name="method"),
        CheckConstraint("revoked_on >= obtained_on", name="revoked_after_obtained"),
        CheckConstraint("(revoked_on IS NULL) = (revoke_reason_enc IS NULL)", name="revoked_for_a_reason"),
    )
    audit_type = "consent"

    patient_id: Mapped[UUID]
    program: Mapped[str]
    method: Mapped[str]
    obtained_on: Mapped[date]
    obtained_by: Mapped[int]
    cost_share_explained: Mapped[bool]
    one_practitioner_explained: Mapped[bool]
    note_enc: Mapped[bytes]
    revoked_on: Mapped[date | None]
    revoked_by: Mapped[int | None]
    revoke_reason_enc: Mapped[bytes | None]

    note = encrypted_text("note_enc")
    revoke_reason = optional_text("revoke_reason_enc")


class ConsentDocument(Identified, TenantScoped, Audited, Base):
    """A scan or form that shows a consent, in sealed chunks. The latest upload stands; the earlier are kept."""

    __tablename__ = "consent_documents"
    __table_args__ = (
        ForeignKeyConstraint(
            ["practice_id", "patient_id", "consent_id"],
            ["consents.practice_id", "consents.patient_id", "consents.id"],
            deferrable=True,  # a merge of two records moves parent and child one after the other
        ),
        UniqueConstraint("practice_id", "id"),
        ForeignKeyConstraint(["practice_id", "uploaded_by"], ["users.practice_id", "users.id"]),
        Index("ix_consent_documents_consent", "practice_id", "consent_id", "uploaded_at"),
        CheckConstraint(f"content_type IN ({listed(DocumentType)})", name="content_type"),
        CheckConstraint(f"size_bytes BETWEEN 1 AND {MAX_BYTES}", name="size"),
    )
    audit_type = "consent_document"

    patient_id: Mapped[UUID]
    consent_id: Mapped[UUID]
    content_type: Mapped[str]
    size_bytes: Mapped[int]
    uploaded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    uploaded_by: Mapped[int]


class ConsentDocumentChunk(TenantScoped, Base):
    """A piece of a document. It is sealed to its place among the pieces: none can be moved, swapped or left off."""

    __tablename__ = "consent_document_chunks"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "document_id"], ["consent_documents.practice_id", "consent_documents.id"]),
        CheckConstraint("number BETWEEN 1 AND of_chunks", name="number"),
    )

    document_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    of_chunks: Mapped[int] = mapped_column(SmallInteger)
    content_enc: Mapped[bytes]

    @property
    def encryption_row(self) -> object:
        """The document, which piece of it this is, and how many there are."""
        return f"{self.document_id}:{self.number}/{self.of_chunks}"
