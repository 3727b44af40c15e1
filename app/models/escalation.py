"""Escalations: somebody must look at a patient now, and somebody else if they do not answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import encrypted_text, optional_text
from app.domain.roles import Role
from app.domain.triage.escalation import EscalationLevel, EscalationState
from app.models.base import Audited, Base, Identified, TenantScoped, Versioned, listed


class Escalation(Identified, TenantScoped, Versioned, Audited, Base):
    """Why a patient needs somebody, whom it waits for now, and how it ended. `chain` is fixed when it is raised."""

    __tablename__ = "escalations"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "alert_id"], ["alerts.practice_id", "alerts.id"]),
        *(
            ForeignKeyConstraint(["practice_id", by], ["users.practice_id", "users.id"])
            for by in ("raised_by", "user_id", "acknowledged_by", "resolved_by")
        ),
        UniqueConstraint("practice_id", "id"),
        Index("ix_escalations_patient", "practice_id", "patient_id", text("raised_at DESC")),
        Index("ix_escalations_time", "practice_id", text("raised_at DESC"), text("id DESC")),
        Index("ix_escalations_alert", "practice_id", "alert_id"),
        Index("ix_escalations_waiting", "practice_id", "due_at", postgresql_where=text("state = 'open'")),
        CheckConstraint(f"level IN ({listed(EscalationLevel)})", name="level"),
        CheckConstraint(f"state IN ({listed(EscalationState)})", name="state"),
        CheckConstraint(f"role IN ({listed(Role)})", name="role"),
        CheckConstraint("num_nonnulls(user_id, role) = 1", name="waits_for_one"),
        CheckConstraint("(state = 'open') = (acknowledged_at IS NULL AND resolved_at IS NULL)", name="open"),
        CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL)", name="done"),
    )
    audit_type = "escalation"

    patient_id: Mapped[UUID]
    alert_id: Mapped[UUID | None]
    level: Mapped[str]
    state: Mapped[str]
    reason_enc: Mapped[bytes]
    chain: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    step: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[int | None]
    role: Mapped[str | None]
    due_at: Mapped[datetime]
    times_asked: Mapped[int]
    raised_at: Mapped[datetime] = mapped_column(server_default=func.now())
    raised_by: Mapped[int | None]  # None: by itself, from an alert that nobody acknowledged
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[int | None]
    outcome_enc: Mapped[bytes | None]

    reason = encrypted_text("reason_enc")
    outcome = optional_text("outcome_enc")
