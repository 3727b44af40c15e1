"""Sessions: token families of the API and cookie sessions of the console. Only hashes of secrets are stored."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, TenantScoped, new_id


class TokenFamily(Identified, TenantScoped, Base):
    """One login: all access and refresh tokens descend from it and die with it."""

    __tablename__ = "token_families"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        UniqueConstraint("practice_id", "id"),
        Index("ix_token_families_user", "practice_id", "user_id"),
    )

    user_id: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    ip: Mapped[str | None] = mapped_column(INET)
    client: Mapped[str | None]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]
    newest_token_hash: Mapped[bytes]


class RefreshToken(TenantScoped, Base):
    """One refresh token, by its SHA-256; `used_at` is set once, by the exchange that consumed it."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "family_id"], ["token_families.practice_id", "token_families.id"]),
        Index("ix_refresh_tokens_family", "practice_id", "family_id"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    family_id: Mapped[UUID]
    parent_hash: Mapped[bytes | None]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ConsoleSession(TenantScoped, Base):
    """One browser signed in to the console, by the SHA-256 of its cookie."""

    __tablename__ = "console_sessions"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        Index("ix_console_sessions_user", "practice_id", "user_id"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(default=new_id, server_default=func.gen_random_uuid())
    user_id: Mapped[int]
    security_version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    ip: Mapped[str | None] = mapped_column(INET)
    client: Mapped[str | None]
