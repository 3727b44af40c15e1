"""Sending one delivery: claimed in one transaction, sent outside of any, recorded in another.

What was recorded as sent is never sent again. A worker that dies between sending and recording leaves the claim; when
it has run out the message is sent once more, under the same id, which mail, FCM and JSON providers use to drop or
replace the second copy (ADR 27).
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import context
from app.domain.mails import Letter
from app.domain.notifications.events import Channel, Event, Level
from app.domain.notifications.settings import Carrier, DeliveryState, Failure, Recipients
from app.domain.notifications.timing import LEASE, MAX_TRIES, next_try
from app.domain.notifications.wording import Wording, as_text, worded
from app.domain.roles import Role
from app.integrations.dispatch import dispatch
from app.integrations.mail import Addressed, MailNotSent, postbox
from app.integrations.notification_senders import Account, Message, NotTaken
from app.models import Notification, NotificationDelivery, Practice, PushToken
from app.services.notifications.addresses import Address, NobodyThere, address_of
from app.services.notifications.telling import leave_delivery, notify
from app.services.transaction import now, transaction

_SKEW = timedelta(seconds=5)  # the job was due by the database's clock, which may be ahead of ours


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A delivery in a worker's hands."""

    id: UUID
    tries: int
    channel: Channel
    level: Level
    event: Event
    address: Address
    wording: Wording
    at: datetime


@dataclass(frozen=True, slots=True)
class _Receipt:
    reference: str | None
    needs_receipt: bool


def deliver(practice_id: UUID, delivery_id: UUID) -> None:
    """Send a delivery that is due, and record how that went; does nothing when it is not, or no longer, to be sent."""
    context.bind(practice_id=practice_id)
    with transaction() as session:
        parcel = _claim(session, practice_id, delivery_id)
    if parcel is None:
        return
    try:
        receipt = _send(parcel)
    except NotTaken as refusal:
        with transaction() as session:
            _record_failure(session, parcel, refusal)
    else:
        with transaction() as session:
            _record_sent(session, parcel, receipt)


def _claim(session: Session, practice_id: UUID, delivery_id: UUID) -> _Parcel | None:
    """Take a delivery for the time of a lease; None when there is nothing to send now."""
    at, delivery = now(), _locked(session, practice_id, delivery_id)
    if delivery is None or delivery.state != DeliveryState.WAITING or delivery.due_at > at + _SKEW:
        return None
    if delivery.claimed_until is not None and delivery.claimed_until > at:
        delivery.due_at = delivery.claimed_until  # another worker has it, or died with it
        leave_delivery(session, delivery)
        return None
    if delivery.tries >= MAX_TRIES:
        _give_up(session, delivery, Failure.INTERRUPTED)
        return None
    if _was_read(session, delivery):
        delivery.state = DeliveryState.CANCELLED.value
        return None
    return _parcel(session, delivery, at)


def _parcel(session: Session, delivery: NotificationDelivery, at: datetime) -> _Parcel | None:
    try:
        address = address_of(session, delivery)
    except NobodyThere as absence:
        delivery.state, delivery.failure = DeliveryState.CANCELLED.value, absence.failure.value
        return None
    delivery.tries, delivery.claimed_until = delivery.tries + 1, at + LEASE
    event, name = Event(delivery.event), session.get_one(Practice, delivery.practice_id).name
    return _Parcel(
        delivery.id, delivery.tries, Channel(delivery.channel), Level(delivery.level), event, address,
        worded(event, name, postbox.public_url, delivery.item_count), at,
    )  # fmt: skip


def _send(parcel: _Parcel) -> _Receipt:
    if parcel.channel is Channel.EMAIL:
        return _mail(parcel)
    where = parcel.address
    account = None if where.base_url is None else Account(where.base_url, where.account, where.sender, where.secret)
    sender = dispatch.sender(Carrier(where.carrier) if where.carrier else None, account)
    message = Message(
        str(parcel.id), where.to, parcel.wording.title, as_text(parcel.wording, parcel.channel), parcel.wording.link,
        is_critical=parcel.level is Level.CRITICAL,
    )  # fmt: skip
    return _Receipt(sender.send(message), sender.needs_receipt)


def _mail(parcel: _Parcel) -> _Receipt:
    letter = Letter(parcel.event.value, parcel.wording.title, as_text(parcel.wording, Channel.EMAIL), parcel.at)
    try:
        postbox.drop(Addressed(str(parcel.id), parcel.address.to, letter))
    except MailNotSent:
        raise NotTaken(Failure.UNREACHABLE) from None
    return _Receipt(None, needs_receipt=False)


def _record_sent(session: Session, parcel: _Parcel, receipt: _Receipt) -> None:
    delivery = _locked(session, context.current().practice_id, parcel.id)
    if delivery is not None and delivery.state == DeliveryState.WAITING:
        delivery.state, delivery.sent_at, delivery.failure = DeliveryState.SENT.value, now(), None
        delivery.reference, delivery.needs_receipt = (
            receipt.reference,
            receipt.needs_receipt and bool(receipt.reference),
        )
        delivery.claimed_until = None


def _record_failure(session: Session, parcel: _Parcel, refusal: NotTaken) -> None:
    delivery = _locked(session, context.current().practice_id, parcel.id)
    if delivery is None or delivery.state != DeliveryState.WAITING or delivery.tries != parcel.tries:
        return  # somebody else has taken it up since
    delivery.failure, delivery.claimed_until = refusal.failure.value, None
    if refusal.failure is Failure.TOKEN_GONE:
        forget_phone(session, delivery)
        return
    jitter = random.random()  # noqa: S311 - spreads retries, hides nothing
    again = next_try(delivery.tries, now(), jitter, refusal.retry_after) if refusal.may_be_tried_again else None
    if again is None:
        _give_up(session, delivery, refusal.failure)
        return
    delivery.due_at = again
    leave_delivery(session, delivery)


def forget_phone(session: Session, delivery: NotificationDelivery) -> None:
    """Note that the phone of a delivery is gone: nothing more is sent to it."""
    delivery.state, delivery.failure = DeliveryState.CANCELLED.value, Failure.TOKEN_GONE.value
    token = session.scalar(
        select(PushToken).where(
            PushToken.practice_id == delivery.practice_id, PushToken.id == delivery.push_token_id
        )
    )  # fmt: skip
    if token is not None and token.disabled_at is None:
        token.disabled_at = now()


def _give_up(session: Session, delivery: NotificationDelivery, failure: Failure) -> None:
    """Leave the delivery for administrators to see, and tell them, once an hour for each channel."""
    delivery.state, delivery.failure, delivery.claimed_until = DeliveryState.DEAD.value, failure.value, None
    notify(
        session, delivery.practice_id, Event.DELIVERY_FAILED, Recipients(roles=(Role.ADMIN.value,)),
        key=f"{delivery.channel}:{now():%Y-%m-%dT%H}",
    )  # fmt: skip


def _was_read(session: Session, delivery: NotificationDelivery) -> bool:
    """Say whether the person saw it in the app meanwhile; what is critical goes out all the same."""
    if delivery.notification_id is None or delivery.level == Level.CRITICAL:
        return False
    read = select(Notification.read_at).where(
        Notification.practice_id == delivery.practice_id, Notification.id == delivery.notification_id
    )
    return session.scalar(read) is not None


def _locked(session: Session, practice_id: UUID | None, delivery_id: UUID) -> NotificationDelivery | None:
    wanted = select(NotificationDelivery).where(
        NotificationDelivery.practice_id == practice_id, NotificationDelivery.id == delivery_id
    )
    return session.scalar(wanted.with_for_update(), execution_options={"populate_existing": True})
