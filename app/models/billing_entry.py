"""Lines of the billing ledger, their history, and the impacts of late facts on them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import encrypted_text, optional_text
from app.domain.billing.entries import EntryStatus
from app.domain.billing.reconcile import ImpactKind, VoidCause
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps, Versioned, listed


class BillingEntry(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """One service billed for one patient on one date. Free text may name people, so it is encrypted.

    Lines of the engine carry `line_key`, under which a code is billed once (ADR 0023), the rules they were made by and
    the ids that prove them.
    """

    __tablename__ = "billing_entries"
    __table_args__ = (
        UniqueConstraint("practice_id", "patient_id", "id"),
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        Index("ix_billing_entries_date", "practice_id", text("service_date DESC"), "id"),
        Index("ix_billing_entries_patient", "practice_id", "patient_id", "service_date"),
        Index(
            "uq_billing_entries_line", "practice_id", "patient_id", "line_key",
            unique=True, postgresql_where=text("line_key IS NOT NULL"),
        ),
        CheckConstraint(f"status IN ({listed(EntryStatus)})", name="status"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("units > 0", name="units"),
        CheckConstraint("period_end >= period_start", name="period"),
        CheckConstraint("(status = 'void') = (void_cause IS NOT NULL)", name="voided_by_somebody"),
        CheckConstraint(f"void_cause IN ({listed(VoidCause)})", name="void_cause"),
        CheckConstraint("NOT auto_generated OR line_key IS NOT NULL", name="generated_under_a_key"),
    )  # fmt: skip
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
    units: Mapped[int] = mapped_column(default=1, server_default="1")
    period_start: Mapped[date | None]
    period_end: Mapped[date | None]
    service_month: Mapped[date | None]
    episode_id: Mapped[UUID | None]
    line_key: Mapped[str | None]
    seconds: Mapped[int | None]
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    rule_set_id: Mapped[str | None]
    rule_set_hash: Mapped[str | None]
    fingerprint: Mapped[str | None]
    void_cause: Mapped[str | None]

    notes = encrypted_text("notes_enc")


class BillingEntryChange(Identified, TenantScoped, Audited, Base):
    """One change of a line's status: from, to, when, by whom (nobody: the engine) and why. Never changed itself."""

    __tablename__ = "billing_entry_changes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["practice_id", "patient_id", "entry_id"],
            ["billing_entries.practice_id", "billing_entries.patient_id", "billing_entries.id"],
            deferrable=True,  # a merge of two records moves parent and child one after the other
        ),
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "changed_by"], ["users.practice_id", "users.id"]),
        Index("ix_billing_entry_changes_entry", "practice_id", "entry_id", "changed_at"),
    )
    audit_type = "billing_entry_change"

    patient_id: Mapped[UUID]
    entry_id: Mapped[UUID]
    from_status: Mapped[str]
    to_status: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_by: Mapped[int | None]
    note_enc: Mapped[bytes | None]

    note = optional_text("note_enc")


class BillingImpact(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """What late facts did to a line that was no longer pending: before, after, what to do; until somebody has seen it.

    `before` and `after` hold codes, counts, dollars and ids: nothing that names a patient.
    """

    __tablename__ = "billing_impacts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["practice_id", "patient_id", "entry_id"],
            ["billing_entries.practice_id", "billing_entries.patient_id", "billing_entries.id"],
            deferrable=True,  # a merge of two records moves parent and child one after the other
        ),
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "acknowledged_by"], ["users.practice_id", "users.id"]),
        UniqueConstraint("practice_id", "entry_id", "fingerprint"),
        Index("ix_billing_impacts_listing", "practice_id", text("created_at DESC"), "id"),
        CheckConstraint(f"kind IN ({listed(ImpactKind)})", name="kind"),
        CheckConstraint("(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name="acknowledged_by_somebody"),
    )
    audit_type = "billing_impact"

    patient_id: Mapped[UUID]
    entry_id: Mapped[UUID]
    kind: Mapped[str]
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    suggestion: Mapped[str]
    fingerprint: Mapped[str]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None]
    note_enc: Mapped[bytes | None]

    note = optional_text("note_enc")
