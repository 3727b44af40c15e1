"""The locks of a delivery with several messages, taken before the first is applied and in one order for all.

First the keys of the messages, then the patients' lines of the board, then what the devices said last. Whoever applies
takes them in this order, so no two wait for each other; a single message takes its own in the same order as it goes.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.domain.devices.identity import identifier_key
from app.gateways.messages import Message, VitalReading, Withdrawal
from app.models import DeviceAssignment, DeviceContact, DeviceIdentifier, TriageSummary

_WAITS = timedelta(seconds=30)  # a job waits for the work ahead of it; whoever waits for an answer does not
_PATIENTLY = text("SELECT set_config('lock_timeout', :locks, true), set_config('statement_timeout', :statements, true)")
_VENDORS = text("SELECT set_config('idle_in_transaction_session_timeout', :idle, true)")
_HELD = {"locks": f"{_WAITS.total_seconds():.0f}s", "statements": f"{2 * _WAITS.total_seconds():.0f}s"}


def wait_patiently(session: Session) -> None:
    """Let a job's transaction wait for others' locks longer than a request may."""
    session.execute(_PATIENTLY, _HELD)


def wait_for_vendor(session: Session) -> None:
    """Let a job's transaction wait for others' locks, and stand still while a vendor is asked twice."""
    wait_patiently(session)
    session.execute(_VENDORS, {"idle": f"{2 * _WAITS.total_seconds():.0f}s"})


def lock_keys(session: Session, practice_id: UUID, messages: Iterable[Message]) -> None:
    """Let deliveries of the same messages wait for each other until the first has committed."""
    keys = {key for message in messages if (key := _key(message)) is not None}
    for name in sorted(f"inbox|{practice_id}|{key}" for key in keys):
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def lock_line(session: Session, practice_id: UUID, patient_id: UUID) -> None:
    """Take a patient's line of the board before asking what stands of them."""
    _lock(
        session,
        TriageSummary.patient_id,
        TriageSummary.practice_id == practice_id,
        TriageSummary.patient_id == patient_id,
    )


def lock_all(session: Session, practice_id: UUID, messages: Sequence[Message]) -> None:
    """Take what these messages will touch: their keys, everybody who ever held their devices, and the devices."""
    lock_keys(session, practice_id, messages)
    devices = _devices(practice_id, messages)
    held = select(DeviceAssignment.patient_id).where(
        DeviceAssignment.practice_id == practice_id, DeviceAssignment.device_id.in_(devices)
    )
    lines = TriageSummary.practice_id == practice_id, TriageSummary.patient_id.in_(held)
    _lock(session, TriageSummary.patient_id, *lines)
    contacts = DeviceContact.practice_id == practice_id, DeviceContact.device_id.in_(devices)
    _lock(session, DeviceContact.device_id, *contacts)


def _key(message: Message) -> str | None:
    if isinstance(message, VitalReading):
        return message.record_id or message.dedup_key
    return message.record_id if isinstance(message, Withdrawal) else None


def _devices(practice_id: UUID, messages: Sequence[Message]) -> Select[UUID]:
    refs = (getattr(message, "device", None) for message in messages)
    told = {identifier_key(ref.value) for ref in refs if ref is not None}
    return select(DeviceIdentifier.device_id).where(
        DeviceIdentifier.practice_id == practice_id, DeviceIdentifier.key.in_(told)
    )


def _lock(session: Session, column: InstrumentedAttribute[UUID], *which: ColumnElement[bool]) -> None:
    session.execute(select(column).where(*which).order_by(column).with_for_update())
