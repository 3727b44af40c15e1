"""The seals over the audit trail: a signed chain, and each practice's root in it. Append-only, written by functions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class AuditSeal(Base):
    """One link of the chain; what its fields mean is told by `app.audit.verify`."""

    __tablename__ = "audit_seals"
    __table_args__ = (
        CheckConstraint("kind IN ('seal', 'tombstone', 'generation')", name="kind"),
        CheckConstraint("low_xid <= high_xid", name="window"),
    )

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    generation: Mapped[int] = mapped_column(SmallInteger)
    low_xid: Mapped[int] = mapped_column(BigInteger)
    high_xid: Mapped[int] = mapped_column(BigInteger)
    sealed_at: Mapped[datetime]
    first_at: Mapped[datetime | None]
    last_at: Mapped[datetime | None]
    count: Mapped[int] = mapped_column(BigInteger)
    practices: Mapped[int]
    root: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    key: Mapped[str]
    previous: Mapped[str | None]
    hash: Mapped[str]
    signature: Mapped[str]


class AuditSealRoot(Base):
    """What a seal says of one practice, and the way from there to the seal's own root."""

    __tablename__ = "audit_seal_roots"
    __table_args__ = (Index("ix_audit_seal_roots_practice", "practice_id", "seal"),)

    seal: Mapped[int] = mapped_column(ForeignKey("audit_seals.number"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    practice_id: Mapped[UUID | None]
    count: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[str]
    previous: Mapped[int | None] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)  # the practice's events in this seal and all before it
    path: Mapped[list[str]] = mapped_column(ARRAY(Text))


class AuditGeneration(Base):
    """A life of the database's transaction ids: a logical restore begins a new one."""

    __tablename__ = "audit_generations"

    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    reason: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
