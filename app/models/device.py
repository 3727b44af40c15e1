"""Devices: the inventory, under which keys each is known, who held it when, its history, its last sign of life."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import encrypted_text
from app.domain.devices.inventory import DeviceEventKind, DeviceStatus
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps, Versioned


def _one_of(column: str, words: type[DeviceStatus] | type[DeviceEventKind]) -> CheckConstraint:
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Device(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """One instrument. `number` is its place in ranges: what forbids two holders at once compares ranges only."""

    __tablename__ = "devices"
    __table_args__ = (
        UniqueConstraint("practice_id", "id"),
        UniqueConstraint("practice_id", "id", "number", name="uq_devices_number"),
        Index("ix_devices_listing", "practice_id", "created_at", "id"),
        Index("ix_devices_status", "practice_id", "status", "created_at"),
        CheckConstraint("num_nonnulls(serial, imei) > 0", name="identified"),
        CheckConstraint("imei ~ '^[0-9]{15}$'", name="imei"),
        _one_of("status", DeviceStatus),
    )
    audit_type = "device"
    audit_patient_column = None

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"))
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    model_id: Mapped[str]
    serial: Mapped[str | None]
    imei: Mapped[str | None]
    vendor: Mapped[str | None]
    vendor_device_id: Mapped[str | None]
    gateway_id: Mapped[str | None]
    status: Mapped[str]


class DeviceIdentifier(TenantScoped, Base):
    """One key under which messages name a device; of one device only in the whole practice."""

    __tablename__ = "device_identifiers"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "device_id"], ["devices.practice_id", "devices.id"]),
        Index("ix_device_identifiers_device", "practice_id", "device_id"),
        CheckConstraint("key <> ''", name="named"),  # a reading without a device asks for the empty key
    )

    practice_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    device_id: Mapped[UUID]


class DeviceAssignment(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """One patient's time with a device, start inclusive, end exclusive; those of a device cannot overlap."""

    __tablename__ = "device_assignments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["practice_id", "device_id", "device_number"],
            ["devices.practice_id", "devices.id", "devices.number"],
            name="fk_device_assignments_device",
        ),
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        ExcludeConstraint(
            (text("int8range(device_number, device_number, '[]')"), "&&"),
            (text("tstzrange(started_at, ended_at, '[)')"), "&&"),
            using="gist",
            name="ex_device_assignments_one_holder",
        ),
        CheckConstraint("ended_at > started_at", name="order"),
        Index("ix_device_assignments_device", "practice_id", "device_id", text("started_at DESC")),
        Index("ix_device_assignments_patient", "practice_id", "patient_id", text("started_at DESC")),
    )
    audit_type = "device_assignment"

    device_id: Mapped[UUID]
    device_number: Mapped[int] = mapped_column(BigInteger)
    patient_id: Mapped[UUID]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    assigned_by: Mapped[int | None]
    ended_by: Mapped[int | None]


class DeviceEvent(Identified, TenantScoped, Audited, Base):
    """One line of a device's history. The reason may name people, so it is encrypted."""

    __tablename__ = "device_events"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "device_id"], ["devices.practice_id", "devices.id"]),
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        Index("ix_device_events_device", "practice_id", "device_id", text("recorded_at DESC"), text("id DESC")),
        Index("ix_device_events_patient", "practice_id", "patient_id", text("at DESC")),
        _one_of("kind", DeviceEventKind),
    )
    audit_type = "device_event"

    device_id: Mapped[UUID]
    kind: Mapped[str]
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    patient_id: Mapped[UUID | None]
    at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    user_id: Mapped[int | None]
    reason_enc: Mapped[bytes]

    reason = encrypted_text("reason_enc")


class DeviceContact(TenantScoped, Base):
    """What a device last said of itself. Apart from the inventory, so that a heartbeat changes no version of it."""

    __tablename__ = "device_contacts"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "device_id"], ["devices.practice_id", "devices.id"]),
        CheckConstraint("battery_percent BETWEEN 0 AND 100", name="battery"),
        CheckConstraint("signal_percent BETWEEN 0 AND 100", name="signal"),
    )

    practice_id: Mapped[UUID]
    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_seen_at: Mapped[datetime]
    battery_percent: Mapped[int | None] = mapped_column(SmallInteger)
    signal_percent: Mapped[int | None] = mapped_column(SmallInteger)
