"""What waits for its hour: routine notifications become one digest, and deliveries whose job was lost get a new one."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from app.audit import context
from app.domain.notifications.events import EVENTS, Event
from app.domain.notifications.settings import DeliveryState
from app.domain.notifications.timing import quiet_until
from app.models import Notification, NotificationDelivery, NotificationPreferences, Practice
from app.models.base import new_id
from app.services.notifications.preferences import as_chosen, zone_of
from app.services.notifications.telling import hand_over, leave_delivery
from app.services.transaction import now, transaction

_LATE = timedelta(minutes=5)  # behind its time by more, a delivery has lost its job
_AT_ONCE = 500
_Way = tuple[int, str, UUID | None]


def send_due() -> None:
    """Bundle what is due for a digest and put forgotten deliveries in hand again, practice by practice."""
    with transaction() as session:
        practices = list(session.scalars(select(Practice.id)))
    for practice_id in practices:
        send_due_of(practice_id)


def send_due_of(practice_id: UUID) -> None:
    """Bundle what is due for a digest in one practice, and put its forgotten deliveries in hand again."""
    context.bind(practice_id=practice_id)
    with transaction() as session:
        _bundle(session, practice_id, now())
        _remind(session, practice_id, now())


def _bundle(session: Session, practice_id: UUID, at: datetime) -> None:
    held = (
        select(NotificationDelivery, Notification.read_at)
        .join(
            Notification,
            (Notification.practice_id == NotificationDelivery.practice_id)
            & (Notification.id == NotificationDelivery.notification_id),
        )
        .where(
            NotificationDelivery.practice_id == practice_id,
            NotificationDelivery.state == DeliveryState.HELD.value,
            NotificationDelivery.due_at <= at,
        )
        .order_by(NotificationDelivery.id)
        .with_for_update(of=NotificationDelivery, skip_locked=True)
    )
    for way, deliveries in _by_way(session.execute(held)).items():
        _send_together(session, practice_id, way, deliveries, at)


def _by_way(found: Iterable[Row[NotificationDelivery, datetime | None]]) -> dict[_Way, list[NotificationDelivery]]:
    """Group deliveries by person and address; what was read meanwhile needs no digest."""
    ways: dict[_Way, list[NotificationDelivery]] = {}
    for delivery, read_at in found:
        if read_at is not None:
            delivery.state = DeliveryState.CANCELLED.value
        else:
            ways.setdefault((delivery.user_id, delivery.channel, delivery.push_token_id), []).append(delivery)
    return ways


def _send_together(
    session: Session, practice_id: UUID, way: _Way, deliveries: Sequence[NotificationDelivery], at: datetime
) -> None:
    """Make one digest of several; a single one goes out in its own words."""
    user_id, channel, token_id = way
    due = _after_quiet(session, practice_id, user_id, at)
    if len(deliveries) == 1:
        deliveries[0].state, deliveries[0].due_at = DeliveryState.WAITING.value, due
        leave_delivery(session, deliveries[0])
        return
    digest = NotificationDelivery(
        id=new_id(), practice_id=practice_id, user_id=user_id, event=Event.DIGEST.value,
        level=EVENTS[Event.DIGEST].level.value, channel=channel, push_token_id=token_id, due_at=due,
        item_count=len(deliveries), state=DeliveryState.WAITING.value,
    )  # fmt: skip
    hand_over(session, digest)
    for delivery in deliveries:
        delivery.state, delivery.bundled_into = DeliveryState.BUNDLED.value, digest.id


def _after_quiet(session: Session, practice_id: UUID, user_id: int, at: datetime) -> datetime:
    own = select(NotificationPreferences).where(
        NotificationPreferences.practice_id == practice_id, NotificationPreferences.user_id == user_id
    )
    chosen = as_chosen(session.scalar(own))
    return quiet_until(at, chosen.quiet_hours, zone_of(session, practice_id, chosen)) or at


def _remind(session: Session, practice_id: UUID, at: datetime) -> None:
    forgotten = (
        select(NotificationDelivery)
        .where(
            NotificationDelivery.practice_id == practice_id,
            NotificationDelivery.state == DeliveryState.WAITING.value,
            NotificationDelivery.due_at < at - _LATE,
            or_(NotificationDelivery.claimed_until.is_(None), NotificationDelivery.claimed_until < at),
        )
        .order_by(NotificationDelivery.due_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    for delivery in session.scalars(forgotten):
        delivery.due_at = at  # so that it is not taken for forgotten again at once
        leave_delivery(session, delivery)
