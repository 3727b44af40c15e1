"""Who is on call at an instant: a pure function of the practice's schedule and its time zone.

A slot runs from a wall-clock time to another one in the practice's zone; one that ends at or before its start runs past
midnight, and one with equal times lasts the whole day round. A dated shift stands above the weekly slots. Each boundary
is one instant: a time that a clock change skips counts as the instant an hour later by the clock, one that it shows
twice as the first of the two, so that two slots that meet leave no gap and never overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MAX_SLOTS = 200


@dataclass(frozen=True, slots=True)
class OnCallSlot:
    """When somebody is on call: every week on `weekday` (0 Monday to 6 Sunday), or once `on` a date. One of the two."""

    user_id: int
    starts: time
    ends: time
    weekday: int | None = None
    on: date | None = None


def on_call_at(slots: Sequence[OnCallSlot], at: datetime, timezone: str) -> tuple[int, ...]:
    """Return the ids of those on call, the first of the schedule first; nobody is an empty tuple.

    `at` is aware. When any dated shift covers it, weekly slots do not count. The start is inclusive, the end is not.
    """
    zone = ZoneInfo(timezone)
    today = at.astimezone(zone).date()
    days = (today - timedelta(days=1), today)  # a slot of yesterday may run into today
    covering = [slot for slot in slots if any(_covers(slot, day, at, zone) for day in days)]
    dated = [slot for slot in covering if slot.on is not None]
    return tuple(dict.fromkeys(slot.user_id for slot in dated or covering))


def _covers(slot: OnCallSlot, day: date, at: datetime, zone: ZoneInfo) -> bool:
    if slot.on not in (None, day) or slot.weekday not in (None, day.weekday()):
        return False
    last_day = day if slot.ends > slot.starts else day + timedelta(days=1)
    return _instant(day, slot.starts, zone) <= at < _instant(last_day, slot.ends, zone)


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
