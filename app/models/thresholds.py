"""Thresholds of practices and patients, every version of them, and clinicians' overrides of the score."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import optional_text
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps, Versioned

_EMPTY: Any = text("'{}'::jsonb")
_TWO = "practice_id", "patient_id"


class PracticeThresholds(TenantScoped, Timestamps, Versioned, Audited, Base):
    """The practice's default thresholds: flat names to numbers, and what warnings wait for."""

    __tablename__ = "practice_thresholds"
    audit_type = "practice_thresholds"
    audit_patient_column = None

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"), primary_key=True)
    limits: Mapped[dict[str, Any]] = mapped_column(JSONB)
    modifiers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=_EMPTY)
    looks_back: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class PatientThresholds(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """What a clinician set or confirmed for one patient; a patient without it has the practice's, unconfirmed."""

    __tablename__ = "patient_thresholds"
    __table_args__ = (
        ForeignKeyConstraint([*_TWO], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "confirmed_by"], ["users.practice_id", "users.id"]),
        UniqueConstraint(*_TWO),
        CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmed_by_somebody"),
    )
    audit_type = "patient_thresholds"

    patient_id: Mapped[UUID]
    limits: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    modifiers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    profiles: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    looks_back: Mapped[bool] = mapped_column(default=False)
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[int | None]


class ThresholdVersion(Identified, TenantScoped, Audited, Base):
    """One version of a practice's thresholds (no patient) or a patient's: what was set, when, by whom and why."""

    __tablename__ = "threshold_versions"
    __table_args__ = (
        ForeignKeyConstraint([*_TWO], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "changed_by"], ["users.practice_id", "users.id"]),
        UniqueConstraint(*_TWO, "number", postgresql_nulls_not_distinct=True),
    )
    audit_type = "threshold_version"

    patient_id: Mapped[UUID | None]
    number: Mapped[int]
    limits: Mapped[dict[str, Any]] = mapped_column(JSONB)
    modifiers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    profiles: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    is_confirmed: Mapped[bool] = mapped_column(default=False)
    effective_from: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_by: Mapped[int | None]  # None: as the practice was founded
    reason_enc: Mapped[bytes | None]

    reason = optional_text("reason_enc")


class ScoreOverrideRow(Identified, TenantScoped, Audited, Base):
    """A clinician's own score for a patient, with the reason, until it expires or somebody ends it."""

    __tablename__ = "score_overrides"
    __table_args__ = (
        ForeignKeyConstraint([*_TWO], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "set_by"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "ended_by"], ["users.practice_id", "users.id"]),
        Index("ix_score_overrides_patient", *_TWO, "set_at"),
        CheckConstraint("risk_score BETWEEN 1 AND 100", name="risk_score"),
        CheckConstraint("expires_at > set_at", name="expires_later"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_somebody"),
    )
    audit_type = "score_override"

    patient_id: Mapped[UUID]
    risk_score: Mapped[int] = mapped_column(SmallInteger)
    set_at: Mapped[datetime]
    set_by: Mapped[int]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None]
    reason_enc: Mapped[bytes | None]

    reason = optional_text("reason_enc")


class ShownScore(Identified, TenantScoped, Base):
    """A score as the board showed it, from that moment until the next one; the database itself writes them down."""

    __tablename__ = "triage_scores"
    __table_args__ = (
        ForeignKeyConstraint([*_TWO], ["patients.practice_id", "patients.id"]),
        Index("ix_triage_scores_patient", *_TWO, text("at DESC")),
    )

    patient_id: Mapped[UUID]
    at: Mapped[datetime]
    risk_score: Mapped[int] = mapped_column(SmallInteger)
    risk_level: Mapped[str]
    formula_version: Mapped[str]
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
