"""What becomes of one message: applied once, known already, or kept with the reason why not.

Everything joins the caller's transaction. Refusals of the rules come before anything is written, so they may be caught.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.devices.identity import identifier_key
from app.domain.errors import DeviceNotHeld, NotFound, PatientArchived, ValidationFailed
from app.domain.inbox import TOLD_OF_DEVICE, Change, DeliveryKind, ItemKind, ItemState
from app.domain.vitals.reading import Reading
from app.gateways.messages import (
    AccountEnded,
    DeviceRef,
    DeviceState,
    FetchOrder,
    Garbled,
    Message,
    Unsupported,
    VitalReading,
    Withdrawal,
)
from app.models import GatewayIntegration, InboxItem, WebhookDelivery
from app.services.devices.contacts import note_contact
from app.services.devices.holders import holder_of
from app.services.gateways.accounts import end_account
from app.services.gateways.locking import lock_keys, lock_line
from app.services.gateways.translation import is_out_of_range, reading_of
from app.services.gateways.withdrawing import ENDED, find_subject, void
from app.services.outbox import INBOX, leave_job
from app.services.readings.intake import record_reading

FETCH_FROM_VENDOR = "fetch_from_vendor"
_DELETED_THERE = "The vendor deleted this record."
_REPLACED = "A corrected reading of the same message took its place."
_SETTLED = frozenset({ItemState.APPLIED, ItemState.DUPLICATE, ItemState.IGNORED, ItemState.WAITING})


@dataclass(slots=True)
class Work:
    """What applying a message needs to know: the delivery it stands in, and for whom it is done."""

    session: Session
    actor: Actor
    integration: GatewayIntegration
    delivery: WebhookDelivery

    @property
    def is_test(self) -> bool:
        """Say whether this only tries the integration out."""
        return self.delivery.kind == DeliveryKind.TEST


def apply_message(work: Work, message: Message, item: InboxItem) -> Change:
    """Do what a message says and note on its item what became of it; an item that is settled stays as it is."""
    return _APPLIERS[type(message)](work, message, item)


def is_settled(item: InboxItem) -> bool:
    """Say whether a message needs nothing more, unless what it says is read differently."""
    return ItemState(item.state) in _SETTLED


def settle(item: InboxItem, state: ItemState, problem: str | None = None) -> Change:
    """Note what became of an item."""
    item.state, item.problem = state.value, problem
    return Change.WAIT if state in {ItemState.ORPHAN, ItemState.QUARANTINED} else Change.NONE


def find_applied(work: Work, key: str, item: InboxItem) -> InboxItem | None:
    """Return the item, other than this one, by which a message of this key was applied."""
    return work.session.scalar(
        _of_integration(work)
        .where(
            InboxItem.dedup_key == key,
            InboxItem.state == ItemState.APPLIED.value,
            InboxItem.id != item.id,
            InboxItem.observation_id.is_not(None),
        )
        .limit(1)
    )


def find_earlier_version(work: Work, message: VitalReading, item: InboxItem) -> InboxItem | None:
    """Return the item whose reading this one replaces: its own of before, or the vendor's record of before."""
    if item.observation_id is not None and item.measured_at == message.measured_at:
        return item
    if message.record_id is None:
        return None
    same = _of_integration(work).where(
        InboxItem.record_id == message.record_id,
        InboxItem.observation_type == message.observation_type,
        InboxItem.observation_id.is_not(None),
        InboxItem.state == ItemState.APPLIED.value,
        InboxItem.id != item.id,
    )
    return work.session.scalar(same.order_by(InboxItem.created_at.desc(), InboxItem.id.desc()).limit(1))


def _of_integration(work: Work) -> Select[InboxItem]:
    """Return the query of all items that came by this integration."""
    return select(InboxItem).where(
        InboxItem.practice_id == work.actor.practice_id, InboxItem.integration_id == work.integration.id
    )


def _reading(work: Work, message: VitalReading, item: InboxItem) -> Change:
    lock_keys(work.session, work.actor.practice_id, [message])
    if item.dedup_key == message.dedup_key and is_settled(item):
        return Change.NONE
    item.record_id, item.observation_type = message.record_id, message.observation_type
    if work.is_test:
        return settle(item, ItemState.IGNORED, "test_event")
    known = find_applied(work, message.dedup_key, item)
    if known is not None and item.observation_id is None:
        return _as_duplicate(item, message, known)
    if message.record_id and _was_withdrawn(work, message.record_id):
        return settle(item, ItemState.IGNORED, "withdrawn")
    return _take(work, message, item)


def _as_duplicate(item: InboxItem, message: VitalReading, known: InboxItem) -> Change:
    item.dedup_key, item.measured_at = message.dedup_key, known.measured_at
    item.observation_id, item.device_id = known.observation_id, known.device_id
    return settle(item, ItemState.DUPLICATE)


def _take(work: Work, message: VitalReading, item: InboxItem) -> Change:
    """Give a reading to whoever held the device when it was measured."""
    if len(message.device.value) > TOLD_OF_DEVICE:
        return settle(item, ItemState.QUARANTINED, "device_number_too_long")
    item.device_key = identifier_key(message.device.value)
    holder = holder_of(work.session, work.actor.practice_id, message.device.value, message.measured_at)
    item.device_id = holder.device_id if holder else None
    if holder is None or holder.patient_id is None:
        item.measured_at = item.measured_at if item.observation_id else message.measured_at
        return settle(item, ItemState.ORPHAN, "not_held" if holder else "unknown_device")
    reading = reading_of(message, work.delivery.id)
    if is_out_of_range(reading):
        return settle(item, ItemState.QUARANTINED, "out_of_range")
    change = _record(work, message, item, holder.patient_id, reading)
    _heard_of(work, holder.device_id)  # after the patient, as everywhere: see locking.py
    return change


def _record(work: Work, message: VitalReading, item: InboxItem, patient_id: UUID, reading: Reading) -> Change:
    earlier = find_earlier_version(work, message, item)
    subject = _subject(work, earlier, patient_id) if earlier else None
    is_correction = subject is not None
    if earlier is not None and subject == patient_id:
        reading = replace(reading, corrects_id=earlier.observation_id)  # it is judged as if that had never been
    try:
        recorded = record_reading(work.actor, patient_id, reading, work.delivery.received_at)
    except PatientArchived:
        return settle(item, ItemState.QUARANTINED, "patient_archived")
    except ValidationFailed as refused:
        is_ahead = "measured_at" in refused.field_errors
        return settle(item, ItemState.QUARANTINED, "future_time" if is_ahead else "void_already")
    except (DeviceNotHeld, NotFound):  # it changed hands, or the record was merged, this very moment
        return settle(item, ItemState.ORPHAN, "not_held")
    stored = recorded.observation
    if is_correction and stored.status in ENDED:
        return settle(item, ItemState.QUARANTINED, "void_already")  # else neither of the two would count
    if earlier is not None and is_correction and earlier.observation_id != stored.id:
        void(work.session, work.actor, earlier, _REPLACED)
    else:
        is_correction = False
    item.dedup_key, item.observation_id, item.measured_at = message.dedup_key, stored.id, stored.measured_at
    if not recorded.is_new:
        return settle(item, ItemState.DUPLICATE)
    settle(item, ItemState.APPLIED, message.concern)
    return Change.CORRECT if is_correction else Change.CREATE


def _subject(work: Work, earlier: InboxItem, patient_id: UUID) -> UUID | None:
    """Return whose the earlier reading is while it stands; what stands of this patient stays so until the COMMIT."""
    lock_line(work.session, work.actor.practice_id, patient_id)
    return find_subject(work.session, work.actor.practice_id, earlier)


def _was_withdrawn(work: Work, record_id: str) -> bool:
    withdrawn = _of_integration(work).where(
        InboxItem.record_id == record_id, InboxItem.kind == ItemKind.WITHDRAWAL.value
    )
    return work.session.scalar(withdrawn.limit(1)) is not None


def _withdrawal(work: Work, message: Withdrawal, item: InboxItem) -> Change:
    """Void the readings of a record; one that is not here yet will not be taken when it comes."""
    lock_keys(work.session, work.actor.practice_id, [message])
    item.record_id = message.record_id
    if is_settled(item) and item.dedup_key == message.dedup_key:
        return Change.NONE
    item.dedup_key = message.dedup_key
    of_record = _of_integration(work).where(
        InboxItem.record_id == message.record_id,
        InboxItem.observation_id.is_not(None),
        InboxItem.kind == ItemKind.READING.value,
    )
    if work.is_test:
        return settle(item, ItemState.IGNORED, "test_event")
    voided = [void(work.session, work.actor, one, _DELETED_THERE) for one in work.session.scalars(of_record).all()]
    settle(item, ItemState.APPLIED, None if any(voided) else "nothing_to_withdraw")
    return Change.CORRECT if any(voided) else Change.NONE


def _state(work: Work, message: DeviceState, item: InboxItem) -> Change:
    """Keep what a device says of itself: never a reading, never a day."""
    item.dedup_key = message.dedup_key
    if work.is_test or message.device is None:
        return settle(item, ItemState.IGNORED, "test_event" if work.is_test else None)
    return _heard(work, message, message.device, item)


def _heard(work: Work, message: DeviceState, device: DeviceRef, item: InboxItem) -> Change:
    seen_at = min(message.at or work.delivery.received_at, work.delivery.received_at)
    item.device_key = identifier_key(device.value)[:TOLD_OF_DEVICE]
    found = holder_of(work.session, work.actor.practice_id, device.value, seen_at)
    if found is None:
        return settle(item, ItemState.IGNORED, "unknown_device")
    item.device_id = found.device_id
    note_contact(
        work.session, work.actor.practice_id, found.device_id, seen_at, message.battery_percent, message.signal_percent
    )
    return settle(item, ItemState.APPLIED)


def _heard_of(work: Work, device_id: UUID) -> None:
    note_contact(work.session, work.actor.practice_id, device_id, work.delivery.received_at)


def _account_ended(work: Work, message: AccountEnded, item: InboxItem) -> Change:
    """Forget the tokens of an account; one that was linked after this came stays."""
    if item.dedup_key == message.dedup_key and is_settled(item):
        return Change.NONE
    item.dedup_key = message.dedup_key
    if work.is_test:
        return settle(item, ItemState.IGNORED, "test_event")
    is_ours = end_account(work.session, work.integration, message.subject, work.delivery.received_at)
    return settle(item, ItemState.APPLIED if is_ours else ItemState.IGNORED, None if is_ours else "not_linked")


def _fetch(work: Work, message: FetchOrder, item: InboxItem) -> Change:
    """Leave a job that fetches; the pages come in as deliveries of their own."""
    if item.dedup_key == message.dedup_key and is_settled(item):
        return Change.NONE
    item.dedup_key = message.dedup_key
    if work.is_test:
        return settle(item, ItemState.IGNORED, "test_event")
    settle(item, ItemState.WAITING)
    events.record(work.session, "webhook_delivery:fetch", "webhook_delivery", resource_id=work.delivery.id)
    leave_job(
        work.session, FETCH_FROM_VENDOR, queue=INBOX, lock=f"fetch|{work.integration.id}",
        practice_id=work.actor.practice_id, item_id=item.id,
    )  # fmt: skip
    return Change.NONE


def _unsupported(_work: Work, message: Unsupported, item: InboxItem) -> Change:
    return settle(item, ItemState.IGNORED, message.reason)


def _garbled(_work: Work, message: Garbled, item: InboxItem) -> Change:
    return settle(item, ItemState.QUARANTINED, message.reason)


KINDS: dict[type[Message], ItemKind] = {
    VitalReading: ItemKind.READING,
    DeviceState: ItemKind.STATE,
    Withdrawal: ItemKind.WITHDRAWAL,
    AccountEnded: ItemKind.STATE,
    FetchOrder: ItemKind.FETCH,
    Unsupported: ItemKind.UNSUPPORTED,
    Garbled: ItemKind.GARBLED,
}
_APPLIERS: dict[type[Message], Callable[[Work, Any, InboxItem], Change]] = {
    VitalReading: _reading,
    DeviceState: _state,
    Withdrawal: _withdrawal,
    AccountEnded: _account_ended,
    FetchOrder: _fetch,
    Unsupported: _unsupported,
    Garbled: _garbled,
}
