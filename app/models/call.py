"""Calls with patients: written once; a mistake is corrected by a new call that names the old one, then void."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import optional_text
from app.domain.calls import CALL_MODES, CallDirection, CallOutcome
from app.domain.enrolment.programs import Program
from app.models.base import Audited, Base, Identified, TenantScoped, Versioned, listed


class PatientCall(Identified, TenantScoped, Versioned, Audited, Base):
    """Somebody of the practice called a patient or was called by them; its minutes are an entry of the time log."""

    __tablename__ = "patient_calls"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "voided_by"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "corrects_id"], ["patient_calls.practice_id", "patient_calls.id"]),
        UniqueConstraint("practice_id", "id"),
        UniqueConstraint("practice_id", "corrects_id"),
        Index("ix_patient_calls_time", "practice_id", "patient_id", text("started_at DESC"), text("id DESC")),
        CheckConstraint(f"mode IN ({listed(CALL_MODES)})", name="mode"),
        CheckConstraint(f"direction IN ({listed(CallDirection)})", name="direction"),
        CheckConstraint(f"outcome IN ({listed(CallOutcome)})", name="outcome"),
        CheckConstraint(f"program IN ({listed(Program)})", name="program"),
        CheckConstraint("ended_at >= started_at", name="order"),
        CheckConstraint("outcome <> 'reached' OR ended_at > started_at", name="reached_takes_time"),
        CheckConstraint("num_nonnulls(voided_at, voided_by, void_reason_enc) IN (0, 3)", name="voided_for_a_reason"),
    )
    audit_type = "patient_call"

    patient_id: Mapped[UUID]
    user_id: Mapped[int]
    mode: Mapped[str]
    direction: Mapped[str]
    outcome: Mapped[str]
    program: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    note_enc: Mapped[bytes | None]
    corrects_id: Mapped[UUID | None]
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[int | None]
    void_reason_enc: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    note = optional_text("note_enc")
    void_reason = optional_text("void_reason_enc")
