"""Alerts: a condition that somebody must see, and each reading that raised it."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import optional_text
from app.domain.triage.alerts import AlertOutcome
from app.domain.triage.parameters import AlertClass
from app.models.base import Audited, Base, Identified, TenantScoped, Versioned, listed

_WAITING = text("acknowledged_at IS NULL")


class Alert(Identified, TenantScoped, Versioned, Audited, Base):
    """One condition of one patient, from when it was first found until it has cleared and somebody has seen it.

    Repeats of the rule are counted in; reading, value and message are those of the newest.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(
            ["practice_id", "observation_id", "measured_at"],
            ["observations.practice_id", "observations.id", "observations.measured_at"],
        ),
        ForeignKeyConstraint(["practice_id", "acknowledged_by"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "assignee_id"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "resolved_by"], ["users.practice_id", "users.id"]),
        UniqueConstraint("practice_id", "id"),
        Index("ix_alerts_patient_time", "practice_id", "patient_id", "raised_at"),
        Index("ix_alerts_open", "practice_id", "patient_id",
              postgresql_where=text("cleared_at IS NULL OR acknowledged_at IS NULL OR snoozed_until IS NOT NULL")),
        Index("ix_alerts_time", "practice_id", text("raised_at DESC"), text("id DESC")),
        Index("ix_alerts_waiting", "practice_id", "level", "due_at", "id", postgresql_where=_WAITING),
        Index("ix_alerts_escalating", "practice_id", "escalates_at",
              postgresql_where=text("acknowledged_at IS NULL AND escalates_at IS NOT NULL")),
        Index("ix_alerts_snoozed", "practice_id", "snoozed_until", postgresql_where=text("snoozed_until IS NOT NULL")),
        CheckConstraint("level IN ('warning', 'critical')", name="level"),
        CheckConstraint(f"alert_class IN ({listed(AlertClass)})", name="alert_class"),
        CheckConstraint(f"outcome IN ({listed(AlertOutcome)})", name="outcome"),
        CheckConstraint("occurrences > 0", name="occurrences"),
        CheckConstraint(
            "resolved_at IS NULL OR (cleared_at IS NOT NULL AND acknowledged_at IS NOT NULL AND outcome IS NOT NULL)",
            name="resolved",
        ),
    )  # fmt: skip
    audit_type = "alert"

    patient_id: Mapped[UUID]
    observation_id: Mapped[UUID | None]
    measured_at: Mapped[datetime | None]
    alert_class: Mapped[str] = mapped_column(default="medical", server_default="medical")
    level: Mapped[str]
    rule: Mapped[str]
    message: Mapped[str]
    value: Mapped[Decimal] = mapped_column(Numeric)
    threshold: Mapped[Decimal] = mapped_column(Numeric)
    threshold_version: Mapped[str | None]  # practice's version, dot, patient's (0: none); None: before versions
    occurrences: Mapped[int] = mapped_column(default=1, server_default="1")
    raised_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_raised_at: Mapped[datetime] = mapped_column(server_default=func.now())
    waiting_since: Mapped[datetime] = mapped_column(server_default=func.now())  # anew when raised again
    due_at: Mapped[datetime | None]
    escalates_at: Mapped[datetime | None]  # None: it has, or never will
    cleared_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None]
    snoozed_until: Mapped[datetime | None]
    snooze_reason_enc: Mapped[bytes | None]
    assignee_id: Mapped[int | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[int | None]
    outcome: Mapped[str | None]
    outcome_note_enc: Mapped[bytes | None]

    snooze_reason = optional_text("snooze_reason_enc")
    outcome_note = optional_text("outcome_note_enc")


class AlertOccurrence(Identified, TenantScoped, Base):
    """One reading that raised an alert, with its own words: what its sender was told, and what the score counts."""

    __tablename__ = "alert_occurrences"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "alert_id"], ["alerts.practice_id", "alerts.id"]),
        ForeignKeyConstraint(
            ["practice_id", "observation_id", "measured_at"],
            ["observations.practice_id", "observations.id", "observations.measured_at"],
        ),
        UniqueConstraint("practice_id", "observation_id"),
        Index("ix_alert_occurrences_patient", "practice_id", "patient_id", "raised_at"),
        Index("ix_alert_occurrences_alert", "practice_id", "alert_id", "raised_at"),
        CheckConstraint("level IN ('warning', 'critical')", name="level"),
    )

    patient_id: Mapped[UUID]
    alert_id: Mapped[UUID]
    observation_id: Mapped[UUID | None]
    measured_at: Mapped[datetime | None]
    level: Mapped[str]
    rule: Mapped[str]
    message: Mapped[str]
    value: Mapped[Decimal] = mapped_column(Numeric)
    threshold: Mapped[Decimal] = mapped_column(Numeric)
    threshold_version: Mapped[str | None]  # practice's version, dot, patient's (0: none); None: before versions
    raised_at: Mapped[datetime] = mapped_column(server_default=func.now())
    voided_at: Mapped[datetime | None]  # its reading was a mistake: it counts for nothing any more
