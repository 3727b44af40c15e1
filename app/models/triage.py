"""The triage board's own tables: one summary per patient, every move of a patient on the board, and their totals."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, TenantScoped


class TriageSummary(TenantScoped, Base):
    """What the board shows of a patient, kept up by every reading, alert and review."""

    __tablename__ = "triage_summaries"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        Index("ix_triage_summaries_score", "practice_id", "is_active", text("risk_score DESC"), "patient_id"),
        Index(
            "ix_triage_summaries_last_reading",
            "practice_id", "is_active", text("last_reading_at DESC NULLS LAST"), "patient_id",
        ),
        Index(
            "ix_triage_summaries_waiting",
            "practice_id", "is_active", "alerts_wait", text("risk_score DESC"), "patient_id",
        ),
        Index(
            "ix_triage_summaries_standing", "practice_id", "is_active", "risk_level", "alerts_wait",
            text("last_reading_at DESC NULLS LAST"), "patient_id",
        ),
        CheckConstraint("risk_level IN ('critical', 'warning', 'normal', 'no_data')", name="risk_level"),
        CheckConstraint("risk_score BETWEEN 0 AND 100", name="risk_score"),
        CheckConstraint(
            "risk_level = CASE WHEN risk_score > 75 THEN 'critical' WHEN risk_score > 50 THEN 'warning'"
            " WHEN risk_score > 0 THEN 'normal' ELSE 'no_data' END",
            name="band",
        ),
        CheckConstraint("alerts_wait = (unacknowledged_alerts > 0)", name="waiting"),
    )  # fmt: skip

    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    risk_score: Mapped[int] = mapped_column(SmallInteger, default=0)
    risk_level: Mapped[str] = mapped_column(default="no_data")
    formula_version: Mapped[str]
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    latest_vitals: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    first_reading_at: Mapped[datetime | None]
    last_reading_at: Mapped[datetime | None]
    unacknowledged_alerts: Mapped[int] = mapped_column(default=0)
    alerts_wait: Mapped[bool] = mapped_column(default=False, server_default=false())  # some are unacknowledged
    active_escalations: Mapped[int] = mapped_column(default=0)
    has_active_stat: Mapped[bool] = mapped_column(default=False, server_default=false())
    last_reviewed_at: Mapped[datetime | None]
    last_reviewed_by: Mapped[int | None]
    refreshed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    rule_state: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    score_inputs: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    override_score: Mapped[int | None] = mapped_column(SmallInteger)  # a clinician's, until it expires
    override_expires_at: Mapped[datetime | None]


class TriageTransition(Identified, TenantScoped, Base):
    """A patient moved on the board: between risk levels (None: joined or left), or alerts began or ceased to wait.

    Counts and trends come from these.

    `at` is the moment of writing, while the patient's line is locked: moves of one patient never change places.
    """

    __tablename__ = "triage_transitions"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        Index("ix_triage_transitions_time", "practice_id", "at"),
        Index("ix_triage_transitions_uncounted", "practice_id", "at", postgresql_where=text("NOT is_counted")),
    )

    patient_id: Mapped[UUID]
    from_level: Mapped[str | None]
    to_level: Mapped[str | None]
    from_waiting: Mapped[bool] = mapped_column(server_default=false())
    to_waiting: Mapped[bool] = mapped_column(server_default=false())
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    is_counted: Mapped[bool] = mapped_column(server_default=false())  # in the totals of `triage_counts`


class TriageCount(TenantScoped, Base):
    """How many active patients of a practice stood at each level after all moves up to a moment that are counted.

    Those `_waiting` are the ones among them whose alerts wait.
    """

    __tablename__ = "triage_counts"

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    critical: Mapped[int]
    warning: Mapped[int]
    normal: Mapped[int]
    no_data: Mapped[int]
    critical_waiting: Mapped[int]
    warning_waiting: Mapped[int]
    normal_waiting: Mapped[int]
    no_data_waiting: Mapped[int]
