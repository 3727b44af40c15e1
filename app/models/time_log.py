"""Time spent on patients' care, the former states of each entry, and the timers that people work by."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import encrypted_text, optional_text
from app.domain.billing.time_logs import LIVE_MODES, Activity, Credential, Mode, TimeSource
from app.domain.billing.timers import TimerOutcome
from app.domain.enrolment.programs import Program
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps, Versioned, listed


class TimeLog(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """One stretch of work, start inclusive, end exclusive. Those of one person that stand (not voided) cannot overlap:
    nobody is in two places at once, and no minute of theirs is in two programs."""

    __tablename__ = "time_logs"
    __table_args__ = (
        UniqueConstraint("practice_id", "id"),
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "voided_by"], ["users.practice_id", "users.id"]),
        ExcludeConstraint(
            (text("int4range(user_id, user_id, '[]')"), "&&"),
            (text("tstzrange(started_at, ended_at, '[)')"), "&&"),
            using="gist",
            where=text("voided_at IS NULL"),
            name="ex_time_logs_one_place",
        ),
        CheckConstraint(f"program IN ({listed(Program)})", name="program"),
        CheckConstraint(f"activity IN ({listed(Activity)})", name="activity"),
        CheckConstraint(f"mode IN ({listed(Mode)})", name="mode"),
        CheckConstraint(f"credential IN ({listed(Credential)})", name="credential"),
        CheckConstraint(f"source IN ({listed(TimeSource)})", name="source"),
        CheckConstraint(f"NOT is_interactive OR mode IN ({listed(sorted(LIVE_MODES))})", name="live"),
        CheckConstraint("ended_at > started_at", name="order"),
        CheckConstraint("num_nonnulls(voided_at, voided_by, void_reason_enc) IN (0, 3)", name="voided_for_a_reason"),
        Index(
            "uq_time_logs_source", "practice_id", "user_id", "source", "source_id",
            unique=True, postgresql_where=text("source IN ('review', 'call') AND voided_at IS NULL"),
        ),
        Index("ix_time_logs_patient", "practice_id", "patient_id", text("started_at DESC")),
        Index("ix_time_logs_user", "practice_id", "user_id", text("started_at DESC")),
        Index("ix_time_logs_time", "practice_id", text("started_at DESC"), "id"),
    )  # fmt: skip
    audit_type = "time_log"

    patient_id: Mapped[UUID]
    user_id: Mapped[int]
    program: Mapped[str]
    activity: Mapped[str]
    mode: Mapped[str]
    is_interactive: Mapped[bool]
    credential: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    note_enc: Mapped[bytes | None]
    source: Mapped[str]
    source_id: Mapped[UUID | None]
    voided_at: Mapped[datetime | None]
    voided_by: Mapped[int | None]
    void_reason_enc: Mapped[bytes | None]

    note = optional_text("note_enc")
    void_reason = optional_text("void_reason_enc")


class TimeLogRevision(Identified, TenantScoped, Audited, Base):
    """What an entry said before it was edited, who edited it, when and why. Never changed, never deleted."""

    __tablename__ = "time_log_revisions"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "time_log_id"], ["time_logs.practice_id", "time_logs.id"]),
        ForeignKeyConstraint(["practice_id", "changed_by"], ["users.practice_id", "users.id"]),
        UniqueConstraint("practice_id", "time_log_id", "version"),
    )
    audit_type = "time_log_revision"
    audit_patient_column = None  # the entry's own event, of the same transaction, names the patient

    time_log_id: Mapped[UUID]
    version: Mapped[int]
    program: Mapped[str]
    activity: Mapped[str]
    mode: Mapped[str]
    is_interactive: Mapped[bool]
    credential: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    note_enc: Mapped[bytes | None]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_by: Mapped[int]
    reason_enc: Mapped[bytes]

    note = optional_text("note_enc")
    reason = encrypted_text("reason_enc")


class Timer(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """Work that is being done now; of one person only one timer is open."""

    __tablename__ = "timers"
    __table_args__ = (
        UniqueConstraint("practice_id", "id"),
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        Index("uq_timers_one_open", "practice_id", "user_id", unique=True, postgresql_where=text("stopped_at IS NULL")),
        Index("ix_timers_patient", "practice_id", "patient_id"),
        CheckConstraint(f"program IN ({listed(Program)})", name="program"),
        CheckConstraint(f"activity IN ({listed(Activity)})", name="activity"),
        CheckConstraint(f"mode IN ({listed(Mode)})", name="mode"),
        CheckConstraint(f"outcome IN ({listed(TimerOutcome)})", name="outcome"),
        CheckConstraint("(stopped_at IS NULL) = (outcome IS NULL)", name="stopped"),
    )
    audit_type = "timer"

    patient_id: Mapped[UUID]
    user_id: Mapped[int]
    program: Mapped[str]
    activity: Mapped[str]
    mode: Mapped[str]
    started_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class TimerStretch(Identified, TenantScoped, Base):
    """Time in which a timer ran: from a start to the next pause. One is open while it runs."""

    __tablename__ = "timer_stretches"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "timer_id"], ["timers.practice_id", "timers.id"]),
        Index("ix_timer_stretches_timer", "practice_id", "timer_id", "started_at"),
        Index(
            "uq_timer_stretches_one_open", "practice_id", "timer_id",
            unique=True, postgresql_where=text("ended_at IS NULL"),
        ),
        CheckConstraint("ended_at >= started_at", name="order"),
    )  # fmt: skip

    timer_id: Mapped[UUID]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
