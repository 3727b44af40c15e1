"""How the pages name channels, carriers, and what became of a message."""

from typing import Any

from app.admin.base import console
from app.domain.notifications.events import EVENTS, Channel, Level
from app.domain.notifications.settings import Carrier, DeliveryState, Failure, Slot

CHANNELS = {
    Channel.IN_APP: "In the app",
    Channel.EMAIL: "E-mail",
    Channel.SMS: "Text message",
    Channel.PUSH: "Push",
}
URGENCIES = {
    Level.CRITICAL: ("Critical", "critical"),
    Level.URGENT: ("Soon", "warning"),
    Level.ROUTINE: ("Routine", "no_data"),
}
SLOTS = {
    Slot.SMS: "Text messages",
    Slot.FCM: "Push by Firebase Cloud Messaging",
    Slot.EXPO: "Push by Expo",
}
CARRIER_NAMES = {
    Carrier.TWILIO: "Twilio, or one like it",
    Carrier.HTTP_JSON: "JSON over HTTPS",
    Carrier.FCM: "Firebase Cloud Messaging",
    Carrier.EXPO: "Expo",
}
DELIVERY_STATES = {
    DeliveryState.WAITING: ("Waiting", "warning"),
    DeliveryState.HELD: ("For the digest", "no_data"),
    DeliveryState.BUNDLED: ("In a digest", "no_data"),
    DeliveryState.SENT: ("Sent", "normal"),
    DeliveryState.DEAD: ("Given up", "critical"),
    DeliveryState.CANCELLED: ("Not needed", "no_data"),
}
FAILURES = {
    Failure.UNREACHABLE: "Not reachable",
    Failure.ADDRESS_REFUSED: "The provider's address is not one that we call",
    Failure.BUSY: "The provider asks to wait",
    Failure.SIGN_IN_REFUSED: "The provider refuses our sign-in",
    Failure.MESSAGE_REFUSED: "The provider refuses the message or the number",
    Failure.ODD_ANSWER: "The provider's answer makes no sense",
    Failure.NOT_CONFIGURED: "No provider is set up",
    Failure.NO_ADDRESS: "No address any more",
    Failure.TOKEN_GONE: "The phone is gone",
    Failure.INTERRUPTED: "Interrupted too often",
}
EVENT_TITLES = {event.value: kind.title for event, kind in EVENTS.items()}


@console.app_context_processor
def _names() -> dict[str, Any]:
    return {
        "CHANNELS": _by_value(CHANNELS), "URGENCIES": _by_value(URGENCIES), "SLOTS": _by_value(SLOTS),
        "CARRIER_NAMES": _by_value(CARRIER_NAMES), "DELIVERY_STATES": _by_value(DELIVERY_STATES),
        "FAILURES": _by_value(FAILURES), "EVENT_TITLES": EVENT_TITLES,
    }  # fmt: skip


def _by_value(names: dict[Any, Any]) -> dict[str, Any]:
    return {key.value: name for key, name in names.items()}
