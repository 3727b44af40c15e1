"""What people and practices set: own preferences, phones, and the providers that carry messages."""

from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from uuid import UUID

from app.domain.notifications.events import Channel
from app.domain.notifications.timing import QuietHours
from app.domain.paging import PageRequest


class PushService(StrEnum):
    """Who carries a push message to a phone."""

    FCM = "fcm"
    EXPO = "expo"


class Platform(StrEnum):
    """What runs on the phone."""

    ANDROID = "android"
    IOS = "ios"
    WEB = "web"


class Carrier(StrEnum):
    """A provider's interface."""

    EXPO = "expo"
    FCM = "fcm"
    TWILIO = "twilio"
    HTTP_JSON = "http_json"


class Slot(StrEnum):
    """What a practice has one provider for."""

    EXPO = "expo"
    FCM = "fcm"
    SMS = "sms"


CARRIERS = {Slot.SMS: (Carrier.TWILIO, Carrier.HTTP_JSON), Slot.FCM: (Carrier.FCM,), Slot.EXPO: (Carrier.EXPO,)}
# Source: the providers' public API references. `http_json` has no address of its own: the practice gives it.
USUAL_ADDRESSES = {
    Carrier.TWILIO: "https://api.twilio.com",
    Carrier.FCM: "https://fcm.googleapis.com",
    Carrier.EXPO: "https://exp.host",
}


class DeliveryState(StrEnum):
    """What became of a message to one address by one channel."""

    WAITING = "waiting"  # to be sent when it is due
    HELD = "held"  # for the next digest
    BUNDLED = "bundled"  # went into a digest
    SENT = "sent"
    DEAD = "dead"  # given up; administrators may have it tried again
    CANCELLED = "cancelled"  # read meanwhile, or nobody is there any more


class Failure(StrEnum):
    """Why a message was not taken. Never the provider's words: they repeat numbers and tokens."""

    UNREACHABLE = "unreachable"
    ADDRESS_REFUSED = "address_refused"
    BUSY = "busy"
    SIGN_IN_REFUSED = "sign_in_refused"
    MESSAGE_REFUSED = "message_refused"
    ODD_ANSWER = "odd_answer"
    NOT_CONFIGURED = "not_configured"
    NO_ADDRESS = "no_address"
    TOKEN_GONE = "token_gone"  # noqa: S105 - a push token
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Preferences:
    """How somebody wants to be told. Without an hour for digests what is routine is sent at once."""

    channels: dict[str, list[str]] = field(default_factory=dict)
    quiet_hours: QuietHours | None = None
    digest_hour: int | None = 8
    timezone: str | None = None
    phone: str | None = None
    version: int = 0

    @property
    def quiet_start(self) -> time | None:
        """When quiet hours begin."""
        return self.quiet_hours.start if self.quiet_hours else None

    @property
    def quiet_end(self) -> time | None:
        """When they end."""
        return self.quiet_hours.end if self.quiet_hours else None


@dataclass(frozen=True, slots=True)
class NewPushToken:
    """A phone that wants to hear of things."""

    service: PushService
    token: str
    platform: Platform


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """How a practice's messages are carried; a secret that is not given stays as it is."""

    slot: Slot
    carrier: Carrier
    base_url: str
    account: str | None = None
    sender: str | None = None
    secret: str | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class NotificationQuery:
    """Which of one's notifications."""

    paging: PageRequest
    is_unread: bool | None = None


@dataclass(frozen=True, slots=True)
class DeliveryQuery:
    """Which of the practice's deliveries."""

    paging: PageRequest
    state: DeliveryState | None = None
    channel: Channel | None = None
    ordering: str = "-created_at"


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who is told: people by number, and everybody of a role. Whoever left the practice is left out."""

    user_ids: tuple[int, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """What a notification is about, by ids. `key` names the occasion: nobody is told twice of the same one."""

    patient_id: UUID | None = None
    subject_id: UUID | None = None
    key: str | None = None
