"""Alerts: a reading at or beyond a threshold, until somebody has seen it."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Audited, Base, Identified, TenantScoped


class Alert(Identified, TenantScoped, Audited, Base):
    """The worst breach of one reading, with the rule, the value and the limit it met."""

    __tablename__ = "alerts"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(
            ["practice_id", "observation_id", "measured_at"],
            ["observations.practice_id", "observations.id", "observations.measured_at"],
        ),
        ForeignKeyConstraint(["practice_id", "acknowledged_by"], ["users.practice_id", "users.id"]),
        UniqueConstraint("practice_id", "observation_id"),
        Index("ix_alerts_patient_time", "practice_id", "patient_id", "raised_at"),
        CheckConstraint("level IN ('warning', 'critical')", name="level"),
    )
    audit_type = "alert"

    patient_id: Mapped[UUID]
    observation_id: Mapped[UUID]
    measured_at: Mapped[datetime]
    level: Mapped[str]
    rule: Mapped[str]
    message: Mapped[str]
    value: Mapped[Decimal] = mapped_column(Numeric)
    threshold: Mapped[Decimal] = mapped_column(Numeric)
    raised_at: Mapped[datetime] = mapped_column(server_default=func.now())
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None]
