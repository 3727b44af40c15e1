"""How people want to be told."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import StaleVersion
from app.domain.notifications.events import CHOOSABLE, EVENTS, channels_for
from app.domain.notifications.settings import Preferences
from app.domain.notifications.timing import QuietHours
from app.models import NotificationPreferences, Practice
from app.models.base import new_id
from app.services.transaction import transaction

_PLAIN = ("digest_hour", "timezone", "phone", "quiet_start", "quiet_end")


@dataclass(frozen=True, slots=True)
class OwnPreferences:
    """What somebody chose, and the zone in force: the practice's unless they have one of their own."""

    chosen: Preferences
    zone: str

    @property
    def channels(self) -> dict[str, list[str]]:
        """The channels in force for each event."""
        in_force = {event: channels_for(event, EVENTS[event].level, self.chosen.channels) for event in CHOOSABLE}
        return {event.value: [one.value for one in channels] for event, channels in in_force.items()}


def get_preferences(actor: Actor) -> OwnPreferences:
    """Return the actor's own preferences; the defaults when they never chose."""
    with transaction() as session:
        events.record(session, "notification_preferences:read", "notification_preferences", resource_id=actor.user_id)
        return _own(session, actor, _find(session, actor))


def change_preferences(actor: Actor, changes: dict[str, Any], version: int | None) -> OwnPreferences:
    """Change some of them; raises StaleVersion when `version` is given and no longer current.

    `channels` has the events to change only; an event left out keeps its channels.
    """
    try:
        with transaction() as session:
            row = _find(session, actor)
            if version is not None and version != (row.version if row else 0):
                raise StaleVersion
            row = row or _new(actor)
            row.channels = {**row.channels, **changes.get("channels", {})}
            for name in _PLAIN:
                if name in changes:
                    setattr(row, name, changes[name])
            session.add(row)
            session.flush()
            return _own(session, actor, row)
    except IntegrityError as error:  # two first changes at once
        raise StaleVersion from error


def as_chosen(row: NotificationPreferences | None) -> Preferences:
    """Return what a row says; the defaults for no row."""
    if row is None:
        return Preferences()
    quiet = QuietHours(row.quiet_start, row.quiet_end) if row.quiet_start and row.quiet_end else None
    return Preferences(row.channels, quiet, row.digest_hour, row.timezone, row.phone, row.version)


def zone_of(session: Session, practice_id: UUID, chosen: Preferences) -> str:
    """Return the zone in which somebody's hours are meant."""
    return chosen.timezone or session.get_one(Practice, practice_id).timezone


def _new(actor: Actor) -> NotificationPreferences:
    usual = Preferences()
    return NotificationPreferences(
        id=new_id(), practice_id=actor.practice_id, user_id=actor.user_id, channels={}, digest_hour=usual.digest_hour
    )


def _find(session: Session, actor: Actor) -> NotificationPreferences | None:
    return session.scalar(
        select(NotificationPreferences).where(
            NotificationPreferences.practice_id == actor.practice_id, NotificationPreferences.user_id == actor.user_id
        )
    )


def _own(session: Session, actor: Actor, row: NotificationPreferences | None) -> OwnPreferences:
    chosen = as_chosen(row)
    return OwnPreferences(chosen, zone_of(session, actor.practice_id, chosen))
