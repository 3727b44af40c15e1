"""The inventory of devices: registering, reading and changing them. Who holds them is `device_custody`'s."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.devices.catalog import MODELS, DeviceModel
from app.domain.devices.identity import identifier_key, identifier_keys
from app.domain.devices.inventory import DeviceEventKind, DeviceStatus, NewDevice, refusal_of_move
from app.domain.errors import Conflict, DeviceMoveNotAllowed, NotFound, StaleVersion, ValidationFailed
from app.models import Device, DeviceAssignment, DeviceContact, DeviceEvent, DeviceIdentifier, Patient
from app.models.base import new_id
from app.services.transaction import now, transaction

_IDENTIFYING = ("serial", "imei", "vendor_device_id")
_TAKEN = "A device with this serial number, IMEI or vendor number exists."


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """A device with who holds it now and when it was last heard of."""

    device: Device
    assignment: DeviceAssignment | None = None
    patient: Patient | None = None
    contact: DeviceContact | None = None

    @property
    def model(self) -> DeviceModel:
        """What the catalogue says of it."""
        return MODELS[self.device.model_id]

    @property
    def status(self) -> DeviceStatus:
        """Where it stands."""
        return DeviceStatus(self.device.status)

    @property
    def patient_id(self) -> UUID | None:
        """Who holds it."""
        return self.assignment.patient_id if self.assignment else None

    @property
    def assigned_at(self) -> datetime | None:
        """Since when."""
        return self.assignment.started_at if self.assignment else None

    @property
    def last_seen_at(self) -> datetime | None:
        """When it was last heard of."""
        return self.contact.last_seen_at if self.contact else None

    @property
    def battery_percent(self) -> int | None:
        """How full its battery was then."""
        return self.contact.battery_percent if self.contact else None

    @property
    def signal_percent(self) -> int | None:
        """How strong its signal was then."""
        return self.contact.signal_percent if self.contact else None


def register_device(actor: Actor, new: NewDevice) -> DeviceLine:
    """Put a device into the inventory; raises Conflict when one of its identifiers is taken in the practice."""
    try:
        with transaction() as session:
            device = Device(
                id=new_id(),
                practice_id=actor.practice_id,
                model_id=new.model_id,
                serial=new.serial,
                imei=new.imei,
                vendor=new.vendor,
                vendor_device_id=new.vendor_device_id,
                gateway_id=new.gateway_id,
                status=new.status.value,
            )
            session.add(device)
            session.flush()
            _index_identifiers(session, device)
            note_event(session, actor.user_id, device, DeviceEventKind.REGISTERED, at=now())
            return DeviceLine(device)
    except IntegrityError as error:
        raise Conflict(_TAKEN) from error


def read_device(actor: Actor, device_id: UUID) -> DeviceLine:
    """Return one device; a `patient` user sees those they hold."""
    with transaction() as session:
        line = find_visible_line(session, actor, device_id)
        events.record(session, "device:read", "device", resource_id=device_id, patient_id=line.patient_id)
        return line


def find_visible_line(session: Session, actor: Actor, device_id: UUID) -> DeviceLine:
    """Return a device the actor may see; raises NotFound for others, as for random ids."""
    line = find_line(session, actor, device_id)
    if actor.patient_id is not None and line.patient_id != actor.patient_id:
        raise NotFound
    return line


def get_device_id(actor: Actor, identifier: str) -> UUID:
    """Return the id of the practice's device with this serial number, IMEI or vendor number; raises NotFound."""
    with transaction() as session:
        device_id = find_by_identifier(session, actor.practice_id, identifier)
        if device_id is None:
            raise NotFound("No device of the practice has this number.")
        return device_id


def update_device(
    actor: Actor, device_id: UUID, changes: dict[str, Any], version: int | None, at: datetime | None = None
) -> DeviceLine:
    """Change the named fields, the status by an allowed move; `reason` goes into the history.

    Raises StaleVersion, DeviceMoveNotAllowed, ValidationFailed when nothing would identify the device any more.
    """
    try:
        with transaction() as session:
            device = lock_device(session, actor.practice_id, device_id)
            if version is not None and device.version != version:
                raise StaleVersion
            _change(session, actor, device, dict(changes), at or now())
            session.flush()
            return find_line(session, actor, device_id)
    except IntegrityError as error:
        raise Conflict(_TAKEN) from error


def lock_device(session: Session, practice_id: UUID, device_id: UUID) -> Device:
    """Return a device of the practice, which waits for everybody else who changes it or its holder; else NotFound."""
    query = select(Device).where(Device.practice_id == practice_id, Device.id == device_id)
    device = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if device is None:
        raise NotFound
    return device


def find_line(session: Session, actor: Actor, device_id: UUID) -> DeviceLine:
    """Return a device with its holder; raises NotFound."""
    row = session.execute(lines_of(actor.practice_id).where(Device.id == device_id)).one_or_none()
    if row is None:
        raise NotFound
    return DeviceLine(*row)


def lines_of(practice_id: UUID) -> Select[Device, DeviceAssignment, Patient, DeviceContact]:
    """Return the query of a practice's devices, each with its open assignment, that one's patient and its contact."""
    held = (
        (DeviceAssignment.practice_id == Device.practice_id)
        & (DeviceAssignment.device_id == Device.id)
        & DeviceAssignment.ended_at.is_(None)
    )
    holder = (Patient.practice_id == DeviceAssignment.practice_id) & (Patient.id == DeviceAssignment.patient_id)
    contact = (DeviceContact.practice_id == Device.practice_id) & (DeviceContact.device_id == Device.id)
    return (
        select(Device, DeviceAssignment, Patient, DeviceContact)
        .outerjoin(DeviceAssignment, held)
        .outerjoin(Patient, holder)
        .outerjoin(DeviceContact, contact)
        .where(Device.practice_id == practice_id)
    )


def find_by_identifier(session: Session, practice_id: UUID, identifier: str) -> UUID | None:
    """Return the id of the device known by this serial number, IMEI, vendor number or id."""
    known = select(DeviceIdentifier.device_id).where(
        DeviceIdentifier.practice_id == practice_id, DeviceIdentifier.key == identifier_key(identifier)
    )
    return session.scalar(known)


def note_event(
    session: Session,
    user_id: int | None,
    device: Device,
    kind: DeviceEventKind,
    *,
    at: datetime,
    from_status: str | None = None,
    patient_id: UUID | None = None,
    reason: str = "",
) -> None:
    """Write a line of the device's history."""
    event = DeviceEvent(
        id=new_id(),
        practice_id=device.practice_id,
        device_id=device.id,
        kind=kind.value,
        from_status=from_status,
        to_status=device.status,
        patient_id=patient_id,
        at=at,
        user_id=user_id,
    )
    event.reason = reason
    session.add(event)


def _change(session: Session, actor: Actor, device: Device, changes: dict[str, Any], at: datetime) -> None:
    reason, wanted = changes.pop("reason", ""), changes.pop("status", None)
    for name, value in changes.items():
        setattr(device, name, value)
    if not (device.serial or device.imei):
        raise ValidationFailed({"serial": ["A device needs a serial number or an IMEI."]})
    if session.is_modified(device):
        note_event(session, actor.user_id, device, DeviceEventKind.CHANGED, at=at, reason=reason)
    if changes.keys() & set(_IDENTIFYING):
        session.flush()
        _index_identifiers(session, device)
    if wanted is not None and wanted.value != device.status:
        _move(session, actor, device, wanted, at, reason)


def _move(session: Session, actor: Actor, device: Device, wanted: DeviceStatus, at: datetime, reason: str) -> None:
    held = select(DeviceAssignment.patient_id).where(
        DeviceAssignment.practice_id == device.practice_id,
        DeviceAssignment.device_id == device.id,
        DeviceAssignment.ended_at.is_(None),
    )
    holder, before = session.scalar(held), device.status
    refusal = refusal_of_move(DeviceStatus(before), wanted, is_held=holder is not None)
    if refusal:
        raise DeviceMoveNotAllowed(refusal)
    device.status = wanted.value
    note_event(
        session,
        actor.user_id,
        device,
        DeviceEventKind.MOVED,
        at=at,
        from_status=before,
        patient_id=holder,
        reason=reason,
    )


def _index_identifiers(session: Session, device: Device) -> None:
    """Replace the keys under which the device is known; a key of another device is an IntegrityError."""
    owned = (DeviceIdentifier.practice_id == device.practice_id, DeviceIdentifier.device_id == device.id)
    session.execute(delete(DeviceIdentifier).where(*owned))
    keys = identifier_keys(device.serial, device.imei, device.vendor_device_id) | {str(device.id)}
    rows = [{"practice_id": device.practice_id, "key": key, "device_id": device.id} for key in sorted(keys)]
    session.execute(insert(DeviceIdentifier).values(rows))
