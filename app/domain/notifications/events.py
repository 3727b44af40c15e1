"""What people are told of, as data: how urgent it is, by which channels, and the fixed words.

The words are the same for every patient: nothing but the practice's name may stand in them (`{practice}`), and in a
digest how many there are (`{count}`). Mail, text messages and push leave our house, so they must not say whom they are
about (45 CFR 164.502(b), the minimum necessary); who it is about is seen after signing in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    """A way to reach somebody."""

    IN_APP = "in_app"
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"


class Level(StrEnum):
    """How soon it must be seen: critical ignores quiet hours, urgent waits for their end, routine for the digest."""

    CRITICAL = "critical"
    URGENT = "urgent"
    ROUTINE = "routine"


class Event(StrEnum):
    """Something that people are told of."""

    CRITICAL_ALERT = "critical_alert"
    WARNING_ALERT = "warning_alert"
    ALERT_OVERDUE = "alert_overdue"
    ESCALATION_RAISED = "escalation_raised"
    ESCALATION_ASSIGNED = "escalation_assigned"
    ESCALATION_TIMED_OUT = "escalation_timed_out"
    PATIENT_SILENT = "patient_silent"
    ACCOUNT_LOCKED = "account_locked"
    EMERGENCY_ACCESS = "emergency_access"
    DELIVERY_FAILED = "delivery_failed"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class EventKind:
    """What is fixed of an event: `offered` are the channels one may choose, `default` those of who has not chosen."""

    level: Level
    title: str
    text: str
    label: str
    offered: tuple[Channel, ...]
    default: tuple[Channel, ...]


_ALL = (Channel.IN_APP, Channel.EMAIL, Channel.SMS, Channel.PUSH)
_NO_MAIL = (Channel.IN_APP, Channel.SMS, Channel.PUSH)  # a fuller letter goes out in any case
_SEEN_ON_SCREEN = (Channel.IN_APP,)

EVENTS: Mapping[Event, EventKind] = {
    Event.CRITICAL_ALERT: EventKind(
        Level.CRITICAL, "Critical alert", "A critical alert at {practice} needs attention now.",
        "Critical alerts", _ALL, _ALL,
    ),
    Event.WARNING_ALERT: EventKind(
        Level.ROUTINE, "New alert", "A new alert at {practice} waits to be looked at.",
        "Warnings", _ALL, _SEEN_ON_SCREEN,
    ),
    Event.ALERT_OVERDUE: EventKind(
        Level.URGENT, "Alert overdue", "An alert at {practice} was not acknowledged in time.",
        "Alerts not acknowledged in time", _ALL, (Channel.IN_APP, Channel.EMAIL, Channel.PUSH),
    ),
    Event.ESCALATION_RAISED: EventKind(
        Level.URGENT, "Escalation", "An escalation at {practice} was raised to you.",
        "Escalations raised to you", _ALL, _ALL,
    ),
    Event.ESCALATION_ASSIGNED: EventKind(
        Level.URGENT, "Escalation assigned", "An escalation at {practice} was assigned to you.",
        "Escalations assigned to you", _ALL, (Channel.IN_APP, Channel.EMAIL, Channel.PUSH),
    ),
    Event.ESCALATION_TIMED_OUT: EventKind(
        Level.CRITICAL, "Escalation not answered", "An escalation at {practice} was not answered in time.",
        "Escalations that nobody answered", _ALL, _ALL,
    ),
    Event.PATIENT_SILENT: EventKind(
        Level.ROUTINE, "No readings", "Readings that were expected at {practice} did not come.",
        "Patients without readings", _ALL, (Channel.IN_APP, Channel.EMAIL),
    ),
    Event.ACCOUNT_LOCKED: EventKind(
        Level.URGENT, "Account locked", "An account at {practice} was locked after failed attempts to sign in.",
        "Locked accounts", _NO_MAIL, _SEEN_ON_SCREEN,
    ),
    Event.EMERGENCY_ACCESS: EventKind(
        Level.URGENT, "Emergency access", "Somebody at {practice} took emergency access. Please review it.",
        "Emergency access", _NO_MAIL, _SEEN_ON_SCREEN,
    ),
    Event.DELIVERY_FAILED: EventKind(
        Level.URGENT, "Notification not delivered", "A notification at {practice} could not be delivered.",
        "Notifications that could not be delivered", _SEEN_ON_SCREEN, _SEEN_ON_SCREEN,
    ),
    Event.DIGEST: EventKind(
        Level.URGENT, "Your notifications", "{count} notifications at {practice} wait for you.",
        "Digest", (Channel.EMAIL, Channel.SMS, Channel.PUSH), (),
    ),
}  # fmt: skip

# What one can choose channels for: a digest goes where the notifications in it would have gone.
CHOOSABLE = tuple(event for event in Event if event is not Event.DIGEST)


def channels_for(event: Event, level: Level, chosen: Mapping[str, list[str]]) -> tuple[Channel, ...]:
    """Return the channels by which somebody hears of an event.

    `chosen` has the channels somebody chose by the event's name, the table's defaults hold for what is not in it. What
    is critical is always shown in the app, whatever was chosen.
    """
    kind = EVENTS[event]
    wanted = chosen.get(event.value)
    found = kind.default if wanted is None else tuple(one for one in kind.offered if one.value in wanted)
    if level is Level.CRITICAL and Channel.IN_APP not in found:
        return (Channel.IN_APP, *found)
    return found
