"""Who holds a device: assigning it, taking it back, swapping it. Who held it when is asked in `device_holders`.

Everybody who changes a device's holder locks first the patient, then the device. So two assignments of one device wait
for each other, the second is refused by the database's own constraint, and nothing can dead-lock with an archiving.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import context
from app.domain.actor import Actor
from app.domain.devices.inventory import (
    ASSIGNABLE,
    DeviceEventKind,
    DeviceStatus,
    Handback,
    NewAssignment,
    status_when_assigned,
)
from app.domain.errors import (
    DeviceAlreadyAssigned,
    DeviceMoveNotAllowed,
    DeviceNotAssigned,
    NotFound,
    PatientArchived,
    ValidationFailed,
)
from app.models import Device, DeviceAssignment, Patient
from app.models.base import new_id
from app.services.devices.inventory import DeviceLine, find_line, lock_device, note_event
from app.services.transaction import now, transaction

_ENDS = "Must lie after the start of the assignment."
_FUTURE = "Must not lie in the future."


def assign_device(actor: Actor, device_id: UUID, new: NewAssignment, at: datetime | None = None) -> DeviceLine:
    """Give a device to a patient, from now, or for a time in the past in which nobody held it.

    Raises DeviceAlreadyAssigned for an overlap, DeviceMoveNotAllowed for a device that is lost, returned or retired,
    PatientArchived, NotFound, and ValidationFailed for a patient that does not exist or a time that is not past.
    """
    at = at or now()
    _refuse_future(at, {"from": new.started_at, "until": new.ended_at})
    try:
        with transaction() as session:
            _require_device(session, actor.practice_id, device_id)  # what the path names is looked for first
            _lock_patient(session, actor.practice_id, new.patient_id)
            device = lock_device(session, actor.practice_id, device_id)
            _assign(session, actor.user_id, device, new, at)
            session.flush()
            return find_line(session, actor, device_id)
    except IntegrityError as error:
        raise DeviceAlreadyAssigned from error


def unassign_device(actor: Actor, device_id: UUID, handback: Handback, at: datetime | None = None) -> DeviceLine:
    """End the assignment of a device; raises DeviceNotAssigned, or ValidationFailed for a time before its start."""
    at = at or now()
    _refuse_future(at, {"at": handback.at})
    with transaction() as session:
        device = lock_device(session, actor.practice_id, device_id)
        assignment = _open_assignment(session, device)
        if assignment is None:
            raise DeviceNotAssigned
        _end(session, actor.user_id, device, assignment, Handback(handback.reason, handback.at or at, handback.status))
        session.flush()
        return find_line(session, actor, device_id)


def swap_device(
    actor: Actor, device_id: UUID, new_device_id: UUID, handback: Handback, at: datetime | None = None
) -> DeviceLine:
    """Put another device in a device's place: same patient, same instant. Returns the new one with its holder."""
    at = at or now()
    _refuse_future(at, {"at": handback.at})
    moment = handback.at or at
    try:
        with transaction() as session:
            patient_id = _holder_now(session, actor.practice_id, device_id)
            if device_id == new_device_id:
                raise ValidationFailed({"new_device_id": ["Must be another device."]})
            _lock_patient(session, actor.practice_id, patient_id)
            locked = {one: lock_device(session, actor.practice_id, one) for one in sorted((device_id, new_device_id))}
            assignment = _open_assignment(session, locked[device_id])
            if assignment is None or assignment.patient_id != patient_id:
                raise DeviceNotAssigned
            _end(
                session,
                actor.user_id,
                locked[device_id],
                assignment,
                Handback(handback.reason, moment, handback.status),
            )
            session.flush()
            taken_over = NewAssignment(patient_id, moment, None, handback.reason)
            _assign(session, actor.user_id, locked[new_device_id], taken_over, at)
            session.flush()
            return find_line(session, actor, new_device_id)
    except IntegrityError as error:
        raise DeviceAlreadyAssigned from error


def free_devices(session: Session, patient_id: UUID, at: datetime, reason: str) -> int:
    """End all assignments of a patient whose record the caller has locked or changed; returns how many there were.

    The devices are expected back (`returned`). An assignment that began later than `at` ends now.
    """
    acting = context.current()
    held = (
        select(Device, DeviceAssignment)
        .join(
            DeviceAssignment,
            (DeviceAssignment.practice_id == Device.practice_id) & (DeviceAssignment.device_id == Device.id),
        )
        .where(
            DeviceAssignment.practice_id == acting.practice_id,
            DeviceAssignment.patient_id == patient_id,
            DeviceAssignment.ended_at.is_(None),
        )
        .order_by(Device.id)
        .with_for_update()
    )
    rows = session.execute(held).all()
    for device, assignment in rows:
        ended_at = at if at > assignment.started_at else now()
        _end(session, acting.user_id, device, assignment, Handback(reason, ended_at))
    return len(rows)


def _require_device(session: Session, practice_id: UUID, device_id: UUID) -> None:
    known = select(Device.id).where(Device.practice_id == practice_id, Device.id == device_id)
    if session.scalar(known) is None:
        raise NotFound


def _assign(session: Session, user_id: int | None, device: Device, new: NewAssignment, at: datetime) -> None:
    started_at, before = new.started_at or at, device.status
    if new.ended_at is not None and new.ended_at <= started_at:
        raise ValidationFailed({"until": [_ENDS]})
    if new.ended_at is None:
        if _open_assignment(session, device) is not None:
            raise DeviceAlreadyAssigned
        if DeviceStatus(before) not in ASSIGNABLE:
            raise DeviceMoveNotAllowed(f"A device that is {before.replace('_', ' ')} cannot be assigned.")
        device.status = status_when_assigned(DeviceStatus(before)).value
    device.updated_at = func.now()
    session.add(
        DeviceAssignment(
            id=new_id(),
            practice_id=device.practice_id,
            device_id=device.id,
            device_number=device.number,
            patient_id=new.patient_id,
            started_at=started_at,
            ended_at=new.ended_at,
            assigned_by=user_id,
            ended_by=None if new.ended_at is None else user_id,
        )
    )
    note_event(
        session, user_id, device, DeviceEventKind.ASSIGNED,
        at=started_at, from_status=before, patient_id=new.patient_id, reason=new.reason,
    )  # fmt: skip


def _end(
    session: Session, user_id: int | None, device: Device, assignment: DeviceAssignment, handback: Handback
) -> None:
    ended_at, before = handback.at or now(), device.status
    if ended_at <= assignment.started_at:
        raise ValidationFailed({"at": [_ENDS]})
    assignment.ended_at, assignment.ended_by = ended_at, user_id
    device.status = handback.status.value
    note_event(
        session, user_id, device, DeviceEventKind.UNASSIGNED,
        at=ended_at, from_status=before, patient_id=assignment.patient_id, reason=handback.reason,
    )  # fmt: skip


def _open_assignment(session: Session, device: Device) -> DeviceAssignment | None:
    return session.scalar(
        select(DeviceAssignment).where(
            DeviceAssignment.practice_id == device.practice_id,
            DeviceAssignment.device_id == device.id,
            DeviceAssignment.ended_at.is_(None),
        )
    )


def _holder_now(session: Session, practice_id: UUID, device_id: UUID) -> UUID:
    """Return who holds the device, before anything is locked; raises NotFound or DeviceNotAssigned."""
    rows = session.execute(
        select(Device.id, DeviceAssignment.patient_id)
        .outerjoin(
            DeviceAssignment,
            (DeviceAssignment.practice_id == Device.practice_id)
            & (DeviceAssignment.device_id == Device.id)
            & DeviceAssignment.ended_at.is_(None),
        )
        .where(Device.practice_id == practice_id, Device.id == device_id)
    ).one_or_none()
    if rows is None:
        raise NotFound
    if rows.patient_id is None:
        raise DeviceNotAssigned
    holder: UUID = rows.patient_id
    return holder


def _lock_patient(session: Session, practice_id: UUID, patient_id: UUID) -> None:
    """Hold the record against archiving until the assignment stands."""
    query = select(Patient.is_active).where(Patient.practice_id == practice_id, Patient.id == patient_id)
    is_active = session.scalar(query.with_for_update(read=True))
    if is_active is None:
        raise ValidationFailed({"patient_id": ["No such patient."]})
    if not is_active:
        raise PatientArchived("The patient is archived and is given no device.")


def _refuse_future(present: datetime, moments: dict[str, datetime | None]) -> None:
    late = {name: [_FUTURE] for name, moment in moments.items() if moment is not None and moment > present}
    if late:
        raise ValidationFailed(late)
