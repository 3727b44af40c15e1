"""Merges of two records of one person: what was moved, so that it can be told and traced back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Audited, Base, Identified, TenantScoped


class PatientMerge(Identified, TenantScoped, Audited, Base):
    """The duplicate went into the survivor; `moved` and `left` name rows by table."""

    __tablename__ = "patient_merges"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "survivor_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "duplicate_id"], ["patients.practice_id", "patients.id"]),
        ForeignKeyConstraint(["practice_id", "merged_by"], ["users.practice_id", "users.id"]),
        UniqueConstraint("practice_id", "duplicate_id"),
    )
    audit_type = "patient_merge"
    audit_patient_column = "survivor_id"

    survivor_id: Mapped[UUID]
    duplicate_id: Mapped[UUID]
    merged_by: Mapped[int]
    merged_at: Mapped[datetime] = mapped_column(server_default=func.now())
    moved: Mapped[dict[str, Any]] = mapped_column(JSONB)
    left: Mapped[dict[str, Any]] = mapped_column(JSONB)
