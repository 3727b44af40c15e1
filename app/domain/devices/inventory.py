"""The inventory: where a device stands, which moves are allowed, what is asked of the list."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from app.domain.paging import PageRequest

LOW_BATTERY_PERCENT = 20  # at or below it a battery counts as low
MAX_IDENTIFIER = 64  # as long as the device id that a reading may carry


class DeviceStatus(StrEnum):
    """Where a device stands."""

    IN_STOCK = "in_stock"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    ACTIVE = "active"
    LOST = "lost"
    RETURNED = "returned"
    RETIRED = "retired"


_S = DeviceStatus
MOVES: dict[DeviceStatus, frozenset[DeviceStatus]] = {
    _S.IN_STOCK: frozenset({_S.SHIPPED, _S.ACTIVE, _S.LOST, _S.RETIRED}),
    _S.SHIPPED: frozenset({_S.DELIVERED, _S.ACTIVE, _S.RETURNED, _S.LOST}),
    _S.DELIVERED: frozenset({_S.ACTIVE, _S.RETURNED, _S.LOST}),
    _S.ACTIVE: frozenset({_S.RETURNED, _S.LOST}),
    _S.LOST: frozenset({_S.RETURNED, _S.RETIRED}),
    _S.RETURNED: frozenset({_S.IN_STOCK, _S.RETIRED}),
    _S.RETIRED: frozenset(),
}
ASSIGNABLE = frozenset({_S.IN_STOCK, _S.SHIPPED, _S.DELIVERED})
ENDINGS = (_S.RETURNED, _S.LOST)  # what becomes of a device when its holder gives it up
_WITHOUT_HOLDER = frozenset({_S.IN_STOCK, _S.LOST, _S.RETURNED, _S.RETIRED})


def refusal_of_move(current: DeviceStatus, wanted: DeviceStatus, *, is_held: bool) -> str | None:
    """Return why a device may not move from one status to another by hand, or None when it may."""
    if wanted not in MOVES[current]:
        return f"A device that is {_words(current)} cannot become {_words(wanted)}."
    if is_held and wanted in _WITHOUT_HOLDER:
        return f"A patient holds the device: end the assignment before it becomes {_words(wanted)}."
    if not is_held and wanted is _S.ACTIVE:
        return "A device becomes active by being assigned to a patient."
    return None


def status_when_assigned(current: DeviceStatus) -> DeviceStatus:
    """Return where a device stands once it is assigned: from the shelf it is handed over, on its way it stays so."""
    return _S.ACTIVE if current is _S.IN_STOCK else current


def _words(status: DeviceStatus) -> str:
    return status.value.replace("_", " ")


class DeviceEventKind(StrEnum):
    """What happened to a device."""

    REGISTERED = "registered"
    CHANGED = "changed"
    MOVED = "moved"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device as it enters the inventory; it has a serial number, an IMEI, or both."""

    model_id: str
    serial: str | None = None
    imei: str | None = None
    vendor: str | None = None
    vendor_device_id: str | None = None
    gateway_id: str | None = None
    status: DeviceStatus = DeviceStatus.IN_STOCK


@dataclass(frozen=True, slots=True)
class NewAssignment:
    """To whom a device goes and when; without a start from now on, with an end for a time that is over."""

    patient_id: UUID
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Handback:
    """How a holder gives a device up."""

    reason: str
    at: datetime | None = None
    status: DeviceStatus = DeviceStatus.RETURNED


DeviceOrdering = Literal[
    "created_at", "-created_at", "serial", "-serial", "last_seen_at", "-last_seen_at", "battery_percent",
    "-battery_percent",
]  # fmt: skip
DEVICE_ORDERINGS: tuple[DeviceOrdering, ...] = (
    "created_at", "-created_at", "serial", "-serial", "last_seen_at", "-last_seen_at", "battery_percent",
    "-battery_percent",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeviceQuery:
    """Which devices are wanted. `silent_days`: held, and not heard of for that many days."""

    paging: PageRequest
    search: str = ""
    status: DeviceStatus | None = None
    model_id: str | None = None
    is_assigned: bool | None = None
    patient_id: UUID | None = None
    has_low_battery: bool | None = None
    silent_days: int | None = None
    ordering: DeviceOrdering = "-created_at"
