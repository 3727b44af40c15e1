"""Notes in the record: written once; a mistake is corrected by a new note that names the old one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import encrypted_text
from app.models.base import Audited, Base, Identified, TenantScoped


class PatientNote(Identified, TenantScoped, Audited, Base):
    """What somebody of the practice wrote about a patient."""

    __tablename__ = "patient_notes"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "author_id"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "corrects_id"], ["patient_notes.practice_id", "patient_notes.id"]),
        UniqueConstraint("practice_id", "id"),
        UniqueConstraint("practice_id", "corrects_id"),
        Index("ix_patient_notes_time", "practice_id", "patient_id", "created_at"),
    )
    audit_type = "patient_note"

    patient_id: Mapped[UUID]
    author_id: Mapped[int]
    body_enc: Mapped[bytes]
    corrects_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    body = encrypted_text("body_enc")
