"""The practice's reaction time, and its schedule of who is on call."""

from datetime import date, time
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps, Versioned


class TriageSettings(TenantScoped, Timestamps, Versioned, Audited, Base):
    """How soon a warning must be acknowledged; the version counts changes of the schedule, too."""

    __tablename__ = "triage_settings"
    __table_args__ = (CheckConstraint("warning_minutes BETWEEN 5 AND 1440", name="warning_minutes"),)
    audit_type = "triage_settings"
    audit_patient_column = None

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"), primary_key=True)
    warning_minutes: Mapped[int] = mapped_column(SmallInteger)


class OnCallShift(Identified, TenantScoped, Audited, Base):
    """When somebody is on call, by the clock of the practice's time zone: every week, or on one date."""

    __tablename__ = "on_call_shifts"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        Index("ix_on_call_shifts_position", "practice_id", "position"),
        CheckConstraint("num_nonnulls(weekday, on_date) = 1", name="weekly_or_dated"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
    )
    audit_type = "on_call_shift"
    audit_patient_column = None

    position: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[int]
    weekday: Mapped[int | None] = mapped_column(SmallInteger)
    on_date: Mapped[date | None]
    starts: Mapped[time]
    ends: Mapped[time]
