"""What a vendor's message can mean to us. Adapters return these; what becomes of them is decided elsewhere."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from app.domain.vitals.kinds import Meal, ObservationType
from app.domain.vitals.reading import OffsetOrigin

Options = Mapping[str, str]
Headers = Mapping[str, str]


class Unreadable(ValueError):
    """A message that we cannot read; the reason names fields and rules, never a value."""


class IdentifierKind(StrEnum):
    """Which of a device's numbers a message names. A gateway's number is none of them."""

    IMEI = "imei"
    IMEI_SHORT = "imei_short"  # without leading zeros and the check digit
    SERIAL = "serial"
    VENDOR_DEVICE = "vendor_device"
    VENDOR_USER = "vendor_user"  # only of vendors whose subject is an account: it names a person's devices as a whole


@dataclass(frozen=True, slots=True)
class DeviceRef:
    """How the message names the device."""

    kind: IdentifierKind
    value: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One value: in the canonical unit, and as it was posted."""

    value: Decimal
    posted_value: Decimal
    posted_unit: str


@dataclass(frozen=True, slots=True)
class VitalReading:
    """One reading of one device at one instant.

    `measured_at` is aware UTC and the device's own word. `dedup_key` is equal for every delivery of this reading, and
    different for a changed one; `record_id` names the vendor's record, whatever its version. `external_patient_ref` is
    for people to look at: only a vendor whose `subject` is a user may be matched by it. A `concern` asks for
    quarantine.
    """

    device: DeviceRef
    observation_type: ObservationType
    measured_at: datetime
    measures: Mapping[str, Measure]
    dedup_key: str
    record_id: str | None = None
    zone_offset_minutes: int | None = None
    offset_origin: OffsetOrigin | None = None
    meal: Meal | None = None
    irregular_heartbeat: bool | None = None
    is_manual: bool = False
    is_stored_memory: bool = False
    is_estimated_time: bool = False
    concern: str | None = None  # why somebody should look at it before it counts, in our words
    external_patient_ref: str | None = field(default=None, repr=False)


class StateKind(StrEnum):
    """What a message says of a device that is not a reading."""

    BATTERY = "battery"
    SIGNAL = "signal"
    HEARTBEAT = "heartbeat"
    ORDER = "order"
    ASSOCIATION = "association"
    SETTINGS = "settings"
    REMINDER = "reminder"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class DeviceState:
    """News of a device: never a reading, never a day that counts. Percentages are whole, 0 to 100."""

    kind: StateKind
    device: DeviceRef | None
    dedup_key: str
    at: datetime | None = None
    battery_percent: int | None = None
    signal_percent: int | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The vendor deleted a record: its readings are to be voided, never erased."""

    record_id: str
    withdrawn_at: datetime | None
    dedup_key: str


@dataclass(frozen=True, slots=True)
class AccountEnded:
    """An account's owner let us out of it, or it is gone: nothing more may be fetched for it."""

    subject: str
    dedup_key: str


@dataclass(frozen=True, slots=True)
class FetchOrder:
    """Something is there to be fetched: whose, what, and of which time (None: everything new)."""

    subject: str
    collection: str
    dedup_key: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A message, or a part of one, of something that we do not keep (steps, sleep …). Not an error."""

    reason: str


@dataclass(frozen=True, slots=True)
class Garbled:
    """One item of a list that cannot be read; the others can. Counted from 0."""

    position: int
    reason: str


Message = VitalReading | DeviceState | Withdrawal | AccountEnded | FetchOrder | Unsupported | Garbled


def hashed_key(vendor: str, *parts: object) -> str:
    """Return the key of a message without an id of its own: equal parts give equal keys.

    142 and 142.0 are the same number, and an instant is the same in every zone.
    """
    text = "\x1f".join(_plain(part) for part in (vendor, *parts))
    return f"{vendor}:sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _plain(part: object) -> str:
    if isinstance(part, Decimal):
        return str(part.normalize())
    if isinstance(part, datetime):
        return part.astimezone(UTC).isoformat()
    return "" if part is None else str(part)
