"""Where a delivery goes: the person's address of this moment, and the practice's provider for it."""

from dataclasses import dataclass, field
from typing import NoReturn

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import IntegrityViolated
from app.domain.notifications.events import Channel
from app.domain.notifications.settings import Failure, Slot
from app.models import (
    NotificationDelivery,
    NotificationPreferences,
    NotificationProvider,
    PushToken,
    User,
)


class NobodyThere(Exception):
    """There is no address any more: the person left, or gave up the phone."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Address:
    """A mail address, a phone number or a push token, and who carries messages to it. No part of it is for logs."""

    to: str = field(repr=False)
    carrier: str | None = None
    base_url: str | None = None
    account: str | None = field(default=None, repr=False)
    sender: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)


def address_of(session: Session, delivery: NotificationDelivery) -> Address:
    """Return where a delivery goes; raises NobodyThere."""
    try:
        user = session.get_one(User, delivery.user_id)
        if user.disabled_at is not None:
            _nobody(Failure.NO_ADDRESS)
        if delivery.channel == Channel.EMAIL:
            return Address(user.email)
        if delivery.channel == Channel.SMS:
            return _of_phone(session, delivery)
        return _of_token(session, delivery)
    except IntegrityViolated:  # a damaged address is reported where damage is
        _nobody(Failure.NO_ADDRESS)


def _of_phone(session: Session, delivery: NotificationDelivery) -> Address:
    own = session.scalar(
        select(NotificationPreferences).where(
            NotificationPreferences.practice_id == delivery.practice_id,
            NotificationPreferences.user_id == delivery.user_id,
        )
    )
    if own is None or own.phone is None:
        _nobody(Failure.NO_ADDRESS)
    return _by(session, delivery, Slot.SMS, own.phone)


def _of_token(session: Session, delivery: NotificationDelivery) -> Address:
    token = session.scalar(
        select(PushToken).where(
            PushToken.practice_id == delivery.practice_id,
            PushToken.id == delivery.push_token_id,
            PushToken.user_id == delivery.user_id,  # the phone may have changed hands
            PushToken.disabled_at.is_(None),
        )
    )
    if token is None:
        _nobody(Failure.TOKEN_GONE)
    return _by(session, delivery, Slot(token.service), token.token)


def _by(session: Session, delivery: NotificationDelivery, slot: Slot, to: str) -> Address:
    provider = session.scalar(
        select(NotificationProvider).where(
            NotificationProvider.practice_id == delivery.practice_id,
            NotificationProvider.slot == slot.value,
            NotificationProvider.is_active,
        )
    )
    if provider is None:
        return Address(to)
    return Address(to, provider.carrier, provider.base_url, provider.account, provider.sender, provider.secret)


def _nobody(failure: Failure) -> NoReturn:
    raise NobodyThere(failure)
