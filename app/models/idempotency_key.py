"""Answers already given, so that a repeated request gets the same one. The body is health information: encrypted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import SmallInteger, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, TenantScoped


class IdempotencyKey(TenantScoped, Base):
    """One key of one user on one route, made in the same transaction as the work it stands for."""

    __tablename__ = "idempotency_keys"

    practice_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True)
    endpoint: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    body_enc: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)

    @property
    def encryption_row(self) -> object:
        """The stored answer is bound to whose request of which route under which key it answers."""
        return f"{self.user_id}|{self.endpoint}|{self.key}"
