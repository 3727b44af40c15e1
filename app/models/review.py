"""Reviews of patients, and the clinical decisions of all kinds in one row. Both are written once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import optional_text
from app.domain.triage.decisions import DecisionKind
from app.models.base import Audited, Base, Identified, TenantScoped, listed


class TriageReview(Identified, TenantScoped, Audited, Base):
    """Somebody looked at a patient: when, for how long, with which findings."""

    __tablename__ = "triage_reviews"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "reviewed_by"], ["users.practice_id", "users.id"]),
        UniqueConstraint("practice_id", "id"),
        Index("ix_triage_reviews_patient", "practice_id", "patient_id", text("reviewed_at DESC")),
        CheckConstraint("minutes BETWEEN 0 AND 240", name="minutes"),
    )
    audit_type = "triage_review"

    patient_id: Mapped[UUID]
    reviewed_by: Mapped[int]
    reviewed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    minutes: Mapped[int] = mapped_column(SmallInteger)
    note_enc: Mapped[bytes | None]

    note = optional_text("note_enc")


class TriageDecision(Identified, TenantScoped, Audited, Base):
    """One clinical decision: what, about what, by whom (None: by the clock), and why. `facts` hold no free text."""

    __tablename__ = "triage_decisions"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        Index("ix_triage_decisions_time", "practice_id", text("at DESC"), text("id DESC")),
        Index("ix_triage_decisions_patient", "practice_id", "patient_id", text("at DESC"), text("id DESC")),
        CheckConstraint(f"kind IN ({listed(DecisionKind)})", name="kind"),
    )
    audit_type = "triage_decision"

    patient_id: Mapped[UUID | None]  # None: about the whole practice, as its thresholds are
    kind: Mapped[str]
    subject_id: Mapped[UUID]  # the alert, the escalation, the review …
    user_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    note_enc: Mapped[bytes | None]

    note = optional_text("note_enc")
