"""Readings as they came: one row each. What was measured never changes; only what became of the reading does."""

import secrets
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import cast
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, Numeric, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import optional_text
from app.domain.vitals.kinds import KINDS, MEALS, ObservationType
from app.domain.vitals.measures import MEASURES
from app.domain.vitals.reading import Reading
from app.models.base import Audited, Base, TenantScoped, listed

STATUSES = ("final", "quarantined", "rejected", "void")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LATEST = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // _MILLISECOND


def new_reading_id(measured_at: datetime) -> UUID:
    """Return a UUIDv7 (RFC 9562) that carries the millisecond of measurement: an id alone leads to its partition."""
    milliseconds = max((measured_at - _EPOCH) // _MILLISECOND, 0)
    chance = secrets.randbits(74)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | chance >> 62 << 64 | 0b10 << 62 | chance & (1 << 62) - 1)


def measured_around(reading_id: UUID) -> tuple[datetime, datetime]:
    """Return the millisecond of measurement that an id of ours carries: from, and up to but without.

    Any other id names some moment too, at the latest the end of the calendar.
    """
    since = _EPOCH + _MILLISECOND * min(reading_id.int >> 80, _LATEST)
    return since, since + _MILLISECOND


def _checks() -> list[CheckConstraint]:
    limits = ((name, measure.limits) for name, measure in MEASURES.items())
    return [CheckConstraint(f"{name} BETWEEN {of.low} AND {of.high}", name=f"{name}_range") for name, of in limits]


def _shape() -> str:
    """Say in SQL that a row has its kind's measures, or for a pressure the reason why not."""
    pressures = (
        "num_nonnulls(systolic, systolic_absent_reason) = 1 AND num_nonnulls(diastolic, diastolic_absent_reason) = 1"
    )
    of_kind = {
        kind.type: f"num_nonnulls({', '.join(kind.required)}) = {len(kind.required)}" for kind in KINDS.values()
    } | {"blood_pressure": f"num_nonnulls(systolic, diastolic) > 0 AND {pressures}"}
    return "CASE observation_type " + " ".join(f"WHEN '{kind}' THEN {has}" for kind, has in of_kind.items()) + " END"


class Observation(TenantScoped, Audited, Base):
    """One reading. Numbers keep the decimals they came with; `natural_key` makes a second delivery recognisable.

    Partitioned by the month of measurement, which is therefore part of every key.
    """

    __tablename__ = "observations"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        UniqueConstraint("practice_id", "natural_key", "measured_at"),
        Index("ix_observations_patient_time", "practice_id", "patient_id", text("measured_at DESC")),
        Index("ix_observations_time", "practice_id", text("measured_at DESC"), text("id DESC")),
        Index("ix_observations_received", "practice_id", text("created_at DESC"), "id"),
        Index(
            "ix_observations_quarantined", "practice_id", "created_at",
            postgresql_where=text("status = 'quarantined'"),
        ),
        *_checks(),
        CheckConstraint(f"observation_type IN ({listed(KINDS)})", name="observation_type"),
        CheckConstraint(_shape(), name="shape"),
        CheckConstraint("fhir_status IN ('pending', 'sent', 'failed', 'not_configured')", name="fhir_status"),
        CheckConstraint(f"status IN ({listed(STATUSES)})", name="status"),
        CheckConstraint("source IN ('auto', 'manual')", name="source"),
        CheckConstraint(f"meal IN ({listed(MEALS)})", name="meal"),
        CheckConstraint("num_nonnulls(posted_value, posted_unit) IN (0, 2)", name="posted"),
        CheckConstraint("(status = 'quarantined') <= (quarantine_reason IS NOT NULL)", name="quarantine"),
        {"postgresql_partition_by": "RANGE (measured_at)"},
    )  # fmt: skip
    audit_type = "observation"

    practice_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    measured_at: Mapped[datetime] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    observation_type: Mapped[str]
    systolic: Mapped[Decimal | None] = mapped_column(Numeric)
    diastolic: Mapped[Decimal | None] = mapped_column(Numeric)
    pulse: Mapped[Decimal | None] = mapped_column(Numeric)
    weight_kg: Mapped[Decimal | None] = mapped_column(Numeric)
    glucose_mg_dl: Mapped[Decimal | None] = mapped_column(Numeric)
    spo2: Mapped[Decimal | None] = mapped_column(Numeric)
    temperature_c: Mapped[Decimal | None] = mapped_column(Numeric)
    respiratory_rate: Mapped[Decimal | None] = mapped_column(Numeric)
    peak_flow: Mapped[Decimal | None] = mapped_column(Numeric)
    height_cm: Mapped[Decimal | None] = mapped_column(Numeric)
    posted_value: Mapped[Decimal | None] = mapped_column(Numeric)
    posted_unit: Mapped[str | None]
    systolic_absent_reason: Mapped[str | None]
    diastolic_absent_reason: Mapped[str | None]
    meal: Mapped[str | None]
    irregular_heartbeat: Mapped[bool | None]
    device_id: Mapped[str | None]
    source: Mapped[str]
    is_stored_memory: Mapped[bool]
    is_estimated_time: Mapped[bool]
    zone_offset_minutes: Mapped[int | None]
    offset_origin: Mapped[str | None]
    inbox_id: Mapped[UUID | None]
    natural_key: Mapped[bytes]
    fhir_status: Mapped[str]
    alert_level: Mapped[str | None]
    status: Mapped[str]
    quarantine_reason: Mapped[str | None]
    corrects_id: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None]
    decision_reason_enc: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[int | None]

    decision_reason = optional_text("decision_reason_enc")

    @property
    def version(self) -> int:
        """Which state of the reading this is: 1 as it came, 2 accepted or rejected, 3 void. None leads back."""
        if self.decided_at is None:
            return 1
        return 3 if self.status == "void" else 2


def reading_of(row: Observation) -> Reading:
    """Return a stored reading as the rules see it."""
    return Reading(
        observation_type=cast("ObservationType", row.observation_type),
        measured_at=row.measured_at,
        values={name: getattr(row, name) for name in KINDS[cast("ObservationType", row.observation_type)].measures},
        device_id=row.device_id,
        posted_value=row.posted_value,
        posted_unit=row.posted_unit,
    )
