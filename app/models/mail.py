"""Outgoing mail: queued in the transaction of what it tells about, delivered by a job, its text wiped once sent."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import encrypted_json, encrypted_text
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps


class OutgoingMail(Identified, TenantScoped, Timestamps, Audited, Base):
    """One mail to one address; `body` holds subject and text until it is sent."""

    __tablename__ = "outgoing_mails"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'sent', 'failed')", name="state"),
        Index("ix_outgoing_mails_time", "practice_id", "created_at"),
    )
    audit_type = "outgoing_mail"
    audit_patient_column = None

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"))
    kind: Mapped[str]
    address_enc: Mapped[bytes]
    body_enc: Mapped[bytes | None]
    state: Mapped[str] = mapped_column(default="queued")
    sent_at: Mapped[datetime | None]

    address = encrypted_text("address_enc")
    body = encrypted_json("body_enc", mark="text")
