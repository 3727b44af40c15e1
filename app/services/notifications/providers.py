"""Who carries a practice's messages, and how one signs in there."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.egress import AddressRefused
from app.domain.errors import ValidationFailed
from app.domain.notifications.settings import Carrier, ProviderSettings
from app.integrations.dispatch import addresses
from app.integrations.egress import gate
from app.integrations.notification_senders import Account, NotTaken
from app.models import NotificationProvider
from app.models.base import new_id
from app.services.transaction import transaction

_SECRETS_NEEDED = {Carrier.TWILIO, Carrier.FCM}


def list_providers(actor: Actor) -> Sequence[NotificationProvider]:
    """Return the practice's providers; their secrets are never shown."""
    with transaction() as session:
        events.record(session, "notification_provider:list", "notification_provider")
        own = select(NotificationProvider).where(NotificationProvider.practice_id == actor.practice_id)
        return session.scalars(own.order_by(NotificationProvider.slot)).all()


def save_provider(actor: Actor, settings: ProviderSettings) -> NotificationProvider:
    """Replace a provider's settings; raises ValidationFailed for addresses that we do not call and lacking secrets."""
    _check_address("base_url", settings.base_url)
    if settings.secret is not None:
        _check_secret(settings)
    with transaction() as session:
        row = _find(session, actor, settings) or NotificationProvider(
            id=new_id(), practice_id=actor.practice_id, slot=settings.slot.value, carrier="", base_url=""
        )
        _keep_secret(row, settings)
        row.carrier, row.base_url = settings.carrier.value, settings.base_url.rstrip("/")
        row.account, row.sender, row.is_active = settings.account, settings.sender, settings.is_active
        session.add(row)
        session.flush()
        return row


def _check_address(field: str, url: str) -> None:
    try:
        gate.check(url)
    except AddressRefused as refusal:
        raise ValidationFailed({field: [str(refusal)]}) from refusal


def _check_secret(settings: ProviderSettings) -> None:
    """A key file names an address of its own, where we sign in: it must be one that we call."""
    if settings.carrier is not Carrier.FCM:
        return
    try:
        _, sign_in = addresses(settings.carrier, Account(settings.base_url, secret=settings.secret))
    except NotTaken:
        raise ValidationFailed({"secret": ["Not the JSON key file of a service account."]}) from None
    place = urlsplit(sign_in)
    _check_address("secret", f"{place.scheme}://{place.netloc}")


def _keep_secret(row: NotificationProvider, settings: ProviderSettings) -> None:
    """Never send a stored secret to a host, or to a provider, that it was not given for."""
    is_elsewhere = row.carrier != settings.carrier or _origin(row.base_url) != _origin(settings.base_url)
    if settings.secret is not None:
        row.secret = settings.secret
    elif is_elsewhere and row.secret_enc is not None:
        raise ValidationFailed({"secret": ["Give the secret for this address."]})
    elif row.secret_enc is None and settings.carrier in _SECRETS_NEEDED:
        raise ValidationFailed({"secret": ["Needed to sign in."]})


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _find(session: Session, actor: Actor, settings: ProviderSettings) -> NotificationProvider | None:
    return session.scalar(
        select(NotificationProvider)
        .where(
            NotificationProvider.practice_id == actor.practice_id, NotificationProvider.slot == settings.slot.value
        )
        .with_for_update()
    )  # fmt: skip
