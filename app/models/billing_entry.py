"""Lines of the billing ledger."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import encrypted_text
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps, Versioned


class BillingEntry(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """One service billed for one patient on one date. Free text may name people, so it is encrypted."""

    __tablename__ = "billing_entries"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        Index("ix_billing_entries_date", "practice_id", text("service_date DESC"), "id"),
        Index("ix_billing_entries_patient", "practice_id", "patient_id", "service_date"),
        CheckConstraint("status IN ('pending', 'submitted', 'paid', 'denied', 'appealed')", name="status"),
        CheckConstraint("amount >= 0", name="amount"),
    )
    audit_type = "billing_entry"

    patient_id: Mapped[UUID]
    cpt_code: Mapped[str]
    service_date: Mapped[date]
    duration_minutes: Mapped[int | None]
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    status: Mapped[str] = mapped_column(default="pending")
    payer: Mapped[str | None]
    icd10_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    notes_enc: Mapped[bytes]
    auto_generated: Mapped[bool] = mapped_column(default=False)

    notes = encrypted_text("notes_enc")
