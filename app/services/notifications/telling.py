"""Telling people of an event, within the transaction of what happened: it is told if and only if it happened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.notifications.events import EVENTS, Channel, Event, Level, channels_for
from app.domain.notifications.settings import DeliveryState, Preferences, Recipients
from app.domain.notifications.timing import due_at
from app.models import Notification, NotificationDelivery, NotificationPreferences, PushToken, User
from app.models.base import new_id
from app.services.notifications.preferences import as_chosen, zone_of
from app.services.outbox import leave_job
from app.services.transaction import now

DELIVER = "deliver_notification"


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody who is told, how they want it, and their phones."""

    user_id: int
    chosen: Preferences
    zone: str
    push_tokens: Sequence[UUID]

    def ways(self, channel: Channel) -> list[UUID | None]:
        """Return one entry for each address that a channel leads to: the token's id for push, None for others."""
        if channel is Channel.PUSH:
            return [*self.push_tokens]
        return [] if channel is Channel.SMS and self.chosen.phone is None else [None]


def notify(
    session: Session,
    practice_id: UUID,
    event: Event,
    recipients: Recipients,
    *,
    patient_id: UUID | None = None,
    subject_id: UUID | None = None,
    key: str | None = None,
    level: Level | None = None,
) -> int:
    """Tell people of an event and return how many were told.

    Writes, in the caller's transaction, what each sees in the app and one delivery for each address by each channel of
    theirs. `key` names the occasion (ids only, no health information): nobody is told twice of one event under the same
    key. `level` says that this one is more, or less, urgent than its kind, such as an escalation that is STAT. Whoever
    left the practice is not told.
    """
    urgency, at = level or EVENTS[event].level, now()
    people = _people(session, practice_id, recipients)
    plans = {one.user_id: channels_for(event, urgency, one.chosen.channels) for one in people}
    rows: list[dict[str, object]] = [
        {
            "id": new_id(), "practice_id": practice_id, "user_id": user_id, "event": event.value,
            "level": urgency.value, "patient_id": patient_id, "subject_id": subject_id, "key": key,
            "is_shown": Channel.IN_APP in channels,
        }
        for user_id, channels in plans.items() if channels
    ]  # fmt: skip
    told = _store(session, rows)
    for person in people:
        if person.user_id in told:
            for delivery in _deliveries(person, plans[person.user_id], event, urgency, at):
                delivery.practice_id, delivery.notification_id = practice_id, told[person.user_id]
                hand_over(session, delivery)
    return len(told)


def hand_over(session: Session, delivery: NotificationDelivery) -> None:
    """Store a delivery and, unless it is held for a digest, leave the job that sends it when it is due."""
    session.add(delivery)
    session.flush()
    if delivery.state == DeliveryState.WAITING:
        leave_delivery(session, delivery)


def leave_delivery(session: Session, delivery: NotificationDelivery) -> None:
    """Leave the job that sends a delivery when it is due."""
    at = delivery.due_at if delivery.due_at > now() else None
    leave_job(
        session, DELIVER, lock=f"notification:{delivery.id}", at=at,
        practice_id=delivery.practice_id, delivery_id=delivery.id,
    )  # fmt: skip


def _people(session: Session, practice_id: UUID, recipients: Recipients) -> list[_Person]:
    wanted = (
        select(User.id, NotificationPreferences)
        .outerjoin(
            NotificationPreferences,
            (NotificationPreferences.practice_id == User.practice_id) & (NotificationPreferences.user_id == User.id),
        )
        .where(
            User.practice_id == practice_id,
            User.disabled_at.is_(None),
            or_(User.id.in_(recipients.user_ids), User.role.in_(recipients.roles)),
        )
        .order_by(User.id)
    )
    found = [(user_id, as_chosen(row)) for user_id, row in session.execute(wanted)]
    phones = _phones(session, practice_id, [user_id for user_id, _ in found])
    return [
        _Person(user_id, chosen, zone_of(session, practice_id, chosen), phones.get(user_id, []))
        for user_id, chosen in found
    ]


def _phones(session: Session, practice_id: UUID, user_ids: Sequence[int]) -> dict[int, list[UUID]]:
    phones: dict[int, list[UUID]] = {}
    living = select(PushToken.user_id, PushToken.id).where(
        PushToken.practice_id == practice_id, PushToken.user_id.in_(user_ids), PushToken.disabled_at.is_(None)
    )
    for user_id, token_id in session.execute(living.order_by(PushToken.id)):
        phones.setdefault(user_id, []).append(token_id)
    return phones


def _store(session: Session, rows: Sequence[dict[str, object]]) -> dict[int, UUID]:
    """Write what was not written before, and return the ids by the people told now."""
    if not rows:
        return {}
    once = insert(Notification).on_conflict_do_nothing(
        index_elements=["practice_id", "user_id", "event", "key"]
    )  # fmt: skip
    found = session.execute(
        once.values(rows).returning(Notification.id, Notification.user_id, Notification.patient_id),
        execution_options={"recorded": True},
    ).all()
    for id_, _, patient_id in found:
        events.record(session, "notification:create", "notification", resource_id=id_, patient_id=patient_id)
    return {user_id: id_ for id_, user_id, _ in found}


def _deliveries(
    person: _Person, channels: Sequence[Channel], event: Event, level: Level, at: datetime
) -> Iterator[NotificationDelivery]:
    due = due_at(at, level, person.chosen.quiet_hours, person.chosen.digest_hour, person.zone)
    is_held = level is Level.ROUTINE and person.chosen.digest_hour is not None
    for channel in channels:
        if channel is Channel.IN_APP:
            continue
        for token_id in person.ways(channel):
            yield NotificationDelivery(
                id=new_id(), user_id=person.user_id, event=event.value, level=level.value, channel=channel.value,
                push_token_id=token_id, due_at=due, item_count=1, tries=0, needs_receipt=False,
                state=(DeliveryState.HELD if is_held else DeliveryState.WAITING).value,
            )  # fmt: skip
