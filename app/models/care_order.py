"""Orders for a program of care."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import optional_text
from app.domain.enrolment.programs import Program
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps, Versioned, listed


class CareOrder(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """What a practitioner ordered: an account of the practice, or somebody elsewhere by name and NPI.

    A renewal is an order of its own that names the one it follows; an order has at most one that follows.
    """

    __tablename__ = "care_orders"
    __table_args__ = (
        UniqueConstraint("practice_id", "patient_id", "id"),
        UniqueConstraint("practice_id", "follows_id"),
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(
            ["practice_id", "patient_id", "follows_id"],
            ["care_orders.practice_id", "care_orders.patient_id", "care_orders.id"],
            deferrable=True,  # a merge of two records moves parent and child one after the other
        ),
        ForeignKeyConstraint(["practice_id", "ordering_user_id"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "stopped_by"], ["users.practice_id", "users.id"]),
        Index("ix_care_orders_patient", "practice_id", "patient_id", "program", "starts_on"),
        CheckConstraint(f"program IN ({listed(Program)})", name="program"),
        CheckConstraint("num_nonnulls(ordering_user_id, practitioner_name_enc) = 1", name="one_provider"),
        CheckConstraint("practitioner_npi ~ '^[12][0-9]{9}$'", name="npi"),
        CheckConstraint(
            "practitioner_name_enc IS NULL OR practitioner_npi IS NOT NULL", name="outside_practitioner_has_npi"
        ),
        CheckConstraint("ends_on >= starts_on AND stopped_on >= starts_on", name="ends_after_start"),
        CheckConstraint(
            "renewal_due_on >= starts_on AND (ends_on IS NULL OR renewal_due_on <= ends_on)", name="renewal_within"
        ),
        CheckConstraint("(stopped_on IS NULL) = (stop_reason_enc IS NULL)", name="stopped_for_a_reason"),
    )
    audit_type = "care_order"

    patient_id: Mapped[UUID]
    program: Mapped[str]
    follows_id: Mapped[UUID | None]
    ordering_user_id: Mapped[int | None]
    practitioner_name_enc: Mapped[bytes | None]
    practitioner_npi: Mapped[str | None]
    ordered_on: Mapped[date]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    renewal_due_on: Mapped[date | None]
    parameters: Mapped[list[str]] = mapped_column(ARRAY(Text))
    diagnoses: Mapped[list[str]] = mapped_column(ARRAY(Text))
    stopped_on: Mapped[date | None]
    stopped_by: Mapped[int | None]
    stop_reason_enc: Mapped[bytes | None]

    practitioner_name = optional_text("practitioner_name_enc")
    stop_reason = optional_text("stop_reason_enc")
