"""The demo's devices: a cuff for nearly everybody, known by the id that the demo's readings carry, and a shelf."""

import random
from datetime import datetime, timedelta
from uuid import UUID

from app.domain.actor import Actor
from app.domain.devices.inventory import DeviceStatus, Handback, NewAssignment, NewDevice
from app.services.devices.contacts import note_contact
from app.services.devices.custody import assign_device, unassign_device
from app.services.devices.inventory import register_device, update_device
from app.services.transaction import now, transaction

CUFF, SCALE, OXIMETER = "and-ua-651ble", "and-uc-352ble", "nonin-3230"
_HELD_SINCE = timedelta(days=60)  # before the demo's first reading
_S = DeviceStatus
_SHELF: tuple[tuple[str, str, tuple[DeviceStatus, ...]], ...] = (
    (CUFF, "cuff-901", ()),
    (CUFF, "cuff-902", ()),
    (SCALE, "scale-901", ()),
    (OXIMETER, "oxi-901", ()),
    ("onetouch-verio-flex", "meter-901", ()),
    (CUFF, "cuff-903", (_S.SHIPPED,)),
    (SCALE, "scale-902", (_S.SHIPPED, _S.DELIVERED)),
    (CUFF, "cuff-904", (_S.LOST,)),
    (OXIMETER, "oxi-902", (_S.RETIRED,)),
)


def cuff_serial(number: int) -> str:
    """Return the serial number of the n-th patient's cuff, counted from 0."""
    return f"cuff-{number + 1:03d}"


def equip(actor: Actor, patients: list[UUID], silent: set[int]) -> None:
    """Give every patient a cuff, the first ones a scale too; of the silent ones every other has none."""
    dice, at = random.Random(651), now()  # noqa: S311 - not a secret: the demo is the same everywhere
    for number, patient_id in enumerate(patients):
        if number in silent and number % 2:
            continue
        cuff = _hand_over(actor, CUFF, cuff_serial(number), patient_id, at)
        if number not in silent:
            _hear_of(actor, cuff, at - timedelta(minutes=dice.randrange(60, 600)), dice.choice((15, 40, 65, 80, 95)))
        if number < 3:  # noqa: PLR2004 - the first ones on the list
            scale = _hand_over(actor, SCALE, f"scale-{number + 1:03d}", patient_id, at)
            _hear_of(actor, scale, at - timedelta(days=1 + 4 * number), 55)


def fill_shelf(actor: Actor, former_holder: UUID) -> None:
    """Put devices of every other status into the inventory, one of them with a past."""
    for model_id, serial, moves in _SHELF:
        device_id = register_device(actor, NewDevice(model_id, serial, vendor="MioConnect")).device.id
        for status in moves:
            update_device(actor, device_id, {"status": status, "reason": "Demo"}, version=None)
    at = now()
    torn = _hand_over(actor, CUFF, "cuff-905", former_holder, at - timedelta(days=40))
    unassign_device(actor, torn, Handback("Cuff torn, replaced", at - _HELD_SINCE))


def _hand_over(actor: Actor, model_id: str, serial: str, patient_id: UUID, at: datetime) -> UUID:
    device_id = register_device(actor, NewDevice(model_id, serial, vendor="MioConnect")).device.id
    assign_device(actor, device_id, NewAssignment(patient_id, at - _HELD_SINCE, reason="Set-up visit"))
    return device_id


def _hear_of(actor: Actor, device_id: UUID, seen_at: datetime, battery_percent: int) -> None:
    with transaction() as session:
        note_contact(session, actor.practice_id, device_id, seen_at, battery_percent, signal_percent=70)
