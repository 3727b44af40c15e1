"""An unknown device's messages get their owner: one step registers, assigns, and takes in all that waited."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.devices.identity import is_imei
from app.domain.devices.inventory import NewAssignment, NewDevice
from app.domain.errors import Conflict, ValidationFailed
from app.domain.inbox import InboxFilter, ItemState, NewOwner
from app.models import Device, GatewayIntegration, InboxItem, InboxReplay
from app.services.devices.custody import assign_device
from app.services.devices.inventory import find_by_identifier, find_line, register_device, update_device
from app.services.gateways.applying import integration_of
from app.services.gateways.inbox import find_delivery
from app.services.gateways.replaying import begin_replay
from app.services.transaction import transaction

_NO_ORPHAN = "Nothing in this delivery waits for an owner."
_SEVERAL = "Several devices wait in this delivery: say which."
_NUMBERED = "This device is known to the vendor under another number."
_REASON = "Attached from the inbox."


@dataclass(frozen=True, slots=True)
class Attached:
    """Who holds the device now, and the replay that takes in what waited."""

    device_id: UUID
    patient_id: UUID
    device: str
    replay: InboxReplay


def attach(actor: Actor, delivery_id: UUID, owner: NewOwner, device: str | None = None) -> Attached:
    """Give the device of an orphan delivery to a patient, and have all that waits of that device applied.

    A device that is not registered is: as a new one of `owner.model_id`, or as one that we have and the vendor calls
    otherwise. Raises NotFound, ValidationFailed, Conflict when nothing waits, and what assigning raises.
    """
    with transaction() as session:
        delivery = find_delivery(session, actor, delivery_id)
        key = _waiting_device(session, delivery_id, device)
        integration = integration_of(session, delivery)
        device_id = _device(session, actor, integration, key, owner)
        since = owner.since or _oldest(session, actor, key)
        if not _is_held_by(session, actor, device_id, owner.patient_id, since):
            assign_device(actor, device_id, NewAssignment(owner.patient_id, since, None, _REASON))
        replay = begin_replay(session, actor, InboxFilter(device=key))
        return Attached(device_id, owner.patient_id, key, replay)


def _waiting_device(session: Session, delivery_id: UUID, device: str | None) -> str:
    waiting = set(
        session.scalars(
            select(InboxItem.device_key).where(
                InboxItem.delivery_id == delivery_id, InboxItem.state == ItemState.ORPHAN.value
            )
        )
    )
    if device is not None:
        waiting &= {device}
    if len(waiting) > 1:
        raise ValidationFailed({"device": [_SEVERAL]})
    key = next(iter(waiting), None)
    if key is None:
        raise Conflict(_NO_ORPHAN)
    return key


def _device(session: Session, actor: Actor, integration: GatewayIntegration, key: str, owner: NewOwner) -> UUID:
    """Return the device of this number, which is registered or gets the number when there is none."""
    known = find_by_identifier(session, actor.practice_id, key)
    if known is not None:
        if owner.device_id not in {None, known}:
            raise ValidationFailed({"device_id": ["The number is another device's."]})
        return known
    if owner.device_id is not None:
        return _name_ours(session, actor, owner.device_id, key)
    if owner.model_id is None:
        raise ValidationFailed({"model": ["Say which model it is, or which device of ours."]})
    imei, serial = (key, None) if is_imei(key) else (None, key)
    new = NewDevice(owner.model_id, serial, imei, integration.vendor, vendor_device_id=key)
    return register_device(actor, new).device.id


def _name_ours(session: Session, actor: Actor, device_id: UUID, key: str) -> UUID:
    device: Device = find_line(session, actor, device_id).device
    if device.vendor_device_id:
        raise Conflict(_NUMBERED)
    return update_device(actor, device_id, {"vendor_device_id": key, "reason": _REASON}, None).device.id


def _oldest(session: Session, actor: Actor, key: str) -> datetime | None:
    return session.scalar(
        select(func.min(InboxItem.measured_at)).where(
            InboxItem.practice_id == actor.practice_id,
            InboxItem.device_key == key,
            InboxItem.state == ItemState.ORPHAN.value,
        )
    )


def _is_held_by(session: Session, actor: Actor, device_id: UUID, patient_id: UUID, since: datetime | None) -> bool:
    line = find_line(session, actor, device_id)
    held = line.assignment
    return held is not None and held.patient_id == patient_id and since is not None and held.started_at <= since
