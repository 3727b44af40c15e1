"""Readings as they came: one row each, never changed."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.vitals import DIASTOLIC, PULSE, SYSTOLIC, Limits
from app.models.base import Audited, Base, Identified, TenantScoped


def _within(column: str, limits: Limits) -> CheckConstraint:
    return CheckConstraint(f"{column} BETWEEN {limits.low} AND {limits.high}", name=f"{column}_range")


class Observation(Identified, TenantScoped, Audited, Base):
    """One reading. Numbers keep the decimals they came with; `natural_key` makes a second delivery recognisable."""

    __tablename__ = "observations"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        UniqueConstraint("practice_id", "natural_key"),
        UniqueConstraint("practice_id", "id"),
        Index("ix_observations_patient_time", "practice_id", "patient_id", text("measured_at DESC")),
        _within("systolic", SYSTOLIC),
        _within("diastolic", DIASTOLIC),
        _within("pulse", PULSE),
        CheckConstraint("fhir_status IN ('pending', 'sent', 'failed', 'not_configured')", name="fhir_status"),
        CheckConstraint("num_nonnulls(systolic, diastolic) > 0", name="not_empty"),
        CheckConstraint("num_nonnulls(systolic, systolic_absent_reason) = 1", name="systolic_or_reason"),
        CheckConstraint("num_nonnulls(diastolic, diastolic_absent_reason) = 1", name="diastolic_or_reason"),
    )
    audit_type = "observation"

    patient_id: Mapped[UUID]
    observation_type: Mapped[str]
    systolic: Mapped[Decimal | None] = mapped_column(Numeric)
    diastolic: Mapped[Decimal | None] = mapped_column(Numeric)
    pulse: Mapped[Decimal | None] = mapped_column(Numeric)
    systolic_absent_reason: Mapped[str | None]
    diastolic_absent_reason: Mapped[str | None]
    device_id: Mapped[str | None]
    measured_at: Mapped[datetime]
    natural_key: Mapped[bytes]
    fhir_status: Mapped[str]
    alert_level: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[int | None]
