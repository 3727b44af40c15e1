"""Telling people in tests, and looking at what became of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain.notifications.events import Event
from app.domain.notifications.settings import (
    Carrier,
    NewPushToken,
    Platform,
    ProviderSettings,
    PushService,
    Recipients,
    Slot,
)
from app.extensions import db
from app.models import Notification, NotificationDelivery
from app.services.notifications.preferences import change_preferences
from app.services.notifications.providers import save_provider
from app.services.notifications.push_tokens import register_push_token
from app.services.notifications.telling import notify
from app.services.transaction import transaction
from tests.builders import Person, in_house
from tests.carriers import Carriers, key_file

PHONE = "+12175550147"
EXPO_TOKEN = "ExponentPushToken[made-up]"
FCM_TOKEN = "made-up-fcm-token"
SECRET = "canary-provider-secret"


def tell(person: Person, event: Event = Event.CRITICAL_ALERT, **about: Any) -> int:
    """Tell somebody of an event; return how many were told."""
    with in_house(person.actor), transaction() as session:
        return notify(session, person.actor.practice_id, event, Recipients((person.actor.user_id,)), **about)


def prefer(person: Person, **changes: Any) -> None:
    """Change somebody's preferences."""
    with in_house(person.actor):
        change_preferences(person.actor, changes, None)


def only(person: Person, *channels: str, event: Event = Event.CRITICAL_ALERT) -> None:
    """Have somebody told of an event by these channels."""
    prefer(person, channels={event.value: [*channels]}, phone=PHONE)


def carry_a_phone(person: Person, service: PushService = PushService.EXPO, token: str = EXPO_TOKEN) -> UUID:
    """Register a phone of somebody's."""
    with in_house(person.actor):
        return register_push_token(person.actor, NewPushToken(service, token, Platform.IOS)).id


def set_up(person: Person, server: Carriers, carrier: Carrier = Carrier.TWILIO) -> None:
    """Have the practice's messages carried by the stand-in."""
    slots = {Carrier.FCM: Slot.FCM, Carrier.EXPO: Slot.EXPO}
    secret = key_file(server.url) if carrier is Carrier.FCM else SECRET
    settings = ProviderSettings(slots.get(carrier, Slot.SMS), carrier, server.url, "AC123", "+15005550006", secret)
    with in_house(person.actor):
        save_provider(person.actor, settings)


def deliveries(person: Person) -> list[NotificationDelivery]:
    """Return the practice's deliveries, oldest first."""
    with in_house(person.actor):
        return [*db.session.scalars(select(NotificationDelivery).order_by(NotificationDelivery.id))]


def the_delivery(person: Person) -> NotificationDelivery:
    """Return the only one."""
    (delivery,) = deliveries(person)
    return delivery


def told(person: Person) -> list[Notification]:
    """Return what the practice's people were told, oldest first."""
    with in_house(person.actor):
        return [*db.session.scalars(select(Notification).order_by(Notification.id))]


def later(person: Person, by: timedelta = timedelta(days=2)) -> None:
    """Let time pass for all that waits: what was to be done then is to be done now."""
    with changing(person) as session:
        shift = {"by": by}
        session.execute(text("UPDATE notification_deliveries SET due_at = due_at - :by WHERE sent_at IS NULL"), shift)
        session.execute(text("UPDATE notification_deliveries SET sent_at = sent_at - :by"), shift)
        session.execute(text("UPDATE notification_deliveries SET claimed_until = claimed_until - :by"), shift)


@contextmanager
def changing(person: Person) -> Iterator[Session]:
    """Change rows past the application."""
    with in_house(person.actor), transaction() as session:
        yield session
