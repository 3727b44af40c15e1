"""Asking Expo what became of push messages: only then is it known that a phone is gone."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.audit import context
from app.domain.notifications.settings import DeliveryState, Failure, Slot
from app.integrations.notification_senders import Account, NotTaken
from app.integrations.push_expo import MAX_RECEIPTS, ExpoPush
from app.models import NotificationDelivery, NotificationProvider, Practice
from app.services.notifications.delivering import forget_phone
from app.services.transaction import now, transaction

_READY_AFTER = timedelta(minutes=15)  # as Expo's documentation advises
_KEPT_FOR = timedelta(hours=24)


def check_receipts() -> None:
    """Fetch the receipts that are ready, practice by practice; what cannot be fetched now is asked for again."""
    with transaction() as session:
        practices = list(session.scalars(select(Practice.id)))
    for practice_id in practices:
        context.bind(practice_id=practice_id)
        _check(practice_id, now())


def _check(practice_id: UUID, at: datetime) -> None:
    with transaction() as session:
        _forget_old(session, practice_id, at)
        account = _account(session, practice_id)
        references = _waiting(session, practice_id, at)
    if account is None or not references:
        return
    try:
        found = ExpoPush(account).receipts(references)
    except NotTaken:
        return
    with transaction() as session:
        for reference, failure in found.items():
            if reference in references:
                _settle(session, practice_id, reference, failure)


def _settle(session: Session, practice_id: UUID, reference: str, failure: Failure | None) -> None:
    """Note what became of a message. A failure is not sent again by itself: it was recorded as sent."""
    delivery = session.scalar(
        select(NotificationDelivery)
        .where(
            NotificationDelivery.practice_id == practice_id,
            NotificationDelivery.reference == reference,
            NotificationDelivery.needs_receipt,
        )
        .with_for_update()
    )
    if delivery is None:
        return
    delivery.needs_receipt = False
    if failure is Failure.TOKEN_GONE:
        forget_phone(session, delivery)
    elif failure is not None:
        delivery.state, delivery.failure = DeliveryState.DEAD.value, failure.value


def _waiting(session: Session, practice_id: UUID, at: datetime) -> list[str]:
    ready = (
        select(NotificationDelivery.reference)
        .where(
            NotificationDelivery.practice_id == practice_id,
            NotificationDelivery.needs_receipt,
            NotificationDelivery.sent_at <= at - _READY_AFTER,
        )
        .order_by(NotificationDelivery.sent_at)
        .limit(MAX_RECEIPTS)
    )
    return [reference for reference in session.scalars(ready) if reference]


def _forget_old(session: Session, practice_id: UUID, at: datetime) -> None:
    old = update(NotificationDelivery).where(
        NotificationDelivery.practice_id == practice_id,
        NotificationDelivery.needs_receipt,
        NotificationDelivery.sent_at < at - _KEPT_FOR,
    )
    session.execute(old.values(needs_receipt=False))


def _account(session: Session, practice_id: UUID) -> Account | None:
    provider = session.scalar(
        select(NotificationProvider).where(
            NotificationProvider.practice_id == practice_id, NotificationProvider.slot == Slot.EXPO.value
        )
    )
    return None if provider is None else Account(provider.base_url, secret=provider.secret)
