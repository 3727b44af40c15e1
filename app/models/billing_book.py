"""What a practice bills by: payers, policies, fee schedules; and of each patient the periods and circumstances."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import optional_text
from app.domain.billing.facts import CircumstanceKind
from app.domain.enrolment.programs import Program
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps, Versioned, listed


class BillingPayer(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """Somebody who pays. `name_key` is the name as patients' payers are compared with it."""

    __tablename__ = "billing_payers"
    __table_args__ = (
        UniqueConstraint("practice_id", "id"),
        UniqueConstraint("practice_id", "name_key"),
    )
    audit_type = "billing_payer"
    audit_patient_column = None

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"))
    name: Mapped[str]
    name_key: Mapped[str]
    claim_payer_id: Mapped[str | None]  # as the clearing house knows them


class BillingPolicy(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """Settings of one payer, or of all without their own, for service dates from the first to the last day."""

    __tablename__ = "billing_policies"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "payer_id"], ["billing_payers.practice_id", "billing_payers.id"]),
        UniqueConstraint("practice_id", "payer_id", "effective_from", postgresql_nulls_not_distinct=True),
        CheckConstraint("effective_to >= effective_from", name="dates"),
    )
    audit_type = "billing_policy"
    audit_patient_column = None

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"))
    payer_id: Mapped[UUID | None]
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)


class FeeScheduleRow(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """A fee schedule by date, locality (GPCI) and payer. `key` is known for those that the product ships."""

    __tablename__ = "billing_fee_schedules"
    __table_args__ = (
        UniqueConstraint("practice_id", "id"),
        UniqueConstraint("practice_id", "key"),
        ForeignKeyConstraint(["practice_id", "payer_id"], ["billing_payers.practice_id", "billing_payers.id"]),
        CheckConstraint("effective_to >= effective_from", name="dates"),
        CheckConstraint("conversion_factor > 0", name="conversion_factor"),
    )
    audit_type = "billing_fee_schedule"
    audit_patient_column = None

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"))
    key: Mapped[str | None]
    name: Mapped[str]
    payer_id: Mapped[UUID | None]
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]
    conversion_factor: Mapped[Decimal] = mapped_column(Numeric(9, 4))
    gpci_work: Mapped[Decimal] = mapped_column(Numeric(6, 4), default=Decimal(1))
    gpci_practice: Mapped[Decimal] = mapped_column(Numeric(6, 4), default=Decimal(1))
    gpci_malpractice: Mapped[Decimal] = mapped_column(Numeric(6, 4), default=Decimal(1))
    in_use: Mapped[bool] = mapped_column(default=True)


class FeeRow(TenantScoped, Base):
    """What one code is worth in a schedule: in RVUs by part, in total, or in dollars."""

    __tablename__ = "billing_fees"
    __table_args__ = (
        ForeignKeyConstraint(
            ["practice_id", "schedule_id"], ["billing_fee_schedules.practice_id", "billing_fee_schedules.id"]
        ),
        CheckConstraint(
            "num_nonnulls(total_rvu, amount) > 0 OR num_nonnulls(work_rvu, practice_rvu, malpractice_rvu) = 3",
            name="priced",
        ),
    )

    schedule_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    total_rvu: Mapped[Decimal | None] = mapped_column(Numeric(8, 4))
    work_rvu: Mapped[Decimal | None] = mapped_column(Numeric(8, 4))
    practice_rvu: Mapped[Decimal | None] = mapped_column(Numeric(8, 4))
    malpractice_rvu: Mapped[Decimal | None] = mapped_column(Numeric(8, 4))
    amount: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    confidence: Mapped[str]
    source: Mapped[str | None]  # where the worth is from, in words; None where nobody said


class BillingPeriod(Identified, TenantScoped, Audited, Base):
    """A 30-day period of a patient in a program, both ends inclusive; stored so that it never moves."""

    __tablename__ = "billing_periods"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        UniqueConstraint("practice_id", "patient_id", "program", "starts_on"),
        CheckConstraint("ends_on = starts_on + 29", name="thirty_days"),
        CheckConstraint(f"program IN ({listed((Program.RPM, Program.RTM))})", name="program"),
    )
    audit_type = "billing_period"

    patient_id: Mapped[UUID]
    program: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]


class BillingCircumstance(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """What billing must know of a patient and no other table tells: training, visits, surgery, others who bill."""

    __tablename__ = "billing_circumstances"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "practitioner_id"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "recorded_by"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "voided_by"], ["users.practice_id", "users.id"]),
        Index("ix_billing_circumstances_patient", "practice_id", "patient_id", text("starts_on DESC")),
        CheckConstraint(f"kind IN ({listed(CircumstanceKind)})", name="kind"),
        CheckConstraint(f"program IN ({listed(Program)})", name="program"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("(voided_at IS NULL) = (voided_by IS NULL)", name="voided_by_somebody"),
    )
    audit_type = "billing_circumstance"

    patient_id: Mapped[UUID]
    kind: Mapped[str]
    program: Mapped[str | None]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    practitioner_id: Mapped[int | None]
    note_enc: Mapped[bytes | None]
    recorded_by: Mapped[int]
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[int | None]

    note = optional_text("note_enc")
