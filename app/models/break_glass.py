"""Break-glass episodes: who took emergency access, why, from when until when. Kept for good."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Audited, Base, Identified, TenantScoped


class BreakGlassEpisode(Identified, TenantScoped, Audited, Base):
    """One episode, of one session: `session_key` is the token family's id or the hash of the console's cookie."""

    __tablename__ = "break_glass_episodes"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        UniqueConstraint("practice_id", "id"),
        Index("ix_break_glass_episodes_time", "practice_id", "started_at"),
        Index(
            "uq_break_glass_episodes_open", "practice_id", "session_key",
            unique=True, postgresql_where="ended_at IS NULL",
        ),
        CheckConstraint("expires_at <= started_at + interval '60 minutes'", name="at_most_an_hour"),
        CheckConstraint("length(reason) >= 10", name="reason_given"),
    )  # fmt: skip
    audit_type = "break_glass"
    audit_patient_column = None

    user_id: Mapped[int]
    session_key: Mapped[bytes]
    reason: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
