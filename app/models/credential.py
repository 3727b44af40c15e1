"""What opens an account beside its password: recovery codes and mailed tokens. Only hashes are stored."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TenantScoped


class PasswordToken(TenantScoped, Base):
    """A mailed secret that lets its holder set the account's password once, by its SHA-256."""

    __tablename__ = "password_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        CheckConstraint("purpose IN ('reset', 'invitation')", name="purpose"),
        Index("ix_password_tokens_user", "practice_id", "user_id"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    purpose: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RecoveryCode(TenantScoped, Base):
    """A code that stands in for the second factor once; its row goes when it is used."""

    __tablename__ = "recovery_codes"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        Index("ix_recovery_codes_user", "practice_id", "user_id"),
    )

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
