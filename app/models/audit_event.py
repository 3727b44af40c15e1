"""The audit trail: who did what to whose data, when, from where. Ids and field names, never values. Append-only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, FetchedValue, Index, SmallInteger, Text, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY, INET
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from app.models.base import Base


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Name the type in DDL."""
        return "xid8"


class AuditEvent(Base):
    """One event. The database itself sets the clock and the transaction id, which sealing will order by."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_practice_time", "practice_id", "at"),
        Index("ix_audit_events_patient_time", "practice_id", "patient_id", "at"),
        Index("ix_audit_events_xid", "xid"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[datetime] = mapped_column(primary_key=True, server_default=func.clock_timestamp())
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    xid: Mapped[int] = mapped_column(Xid8, server_default=func.pg_current_xact_id())
    practice_id: Mapped[UUID | None]
    user_id: Mapped[int | None]
    session_id: Mapped[UUID | None]
    action: Mapped[str]
    resource_type: Mapped[str]
    resource_id: Mapped[str | None]
    patient_id: Mapped[UUID | None]
    subject_ids: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid))
    outcome: Mapped[str]
    fields: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    ip: Mapped[str | None] = mapped_column(INET)
    request_id: Mapped[str | None]
    reason: Mapped[str | None]
    break_glass_id: Mapped[UUID | None]
    generation: Mapped[int] = mapped_column(SmallInteger, server_default="1")
