"""When a message goes out: quiet hours, the hour of the digest, and how long to wait after a failure.

All wall-clock times are in the person's own IANA zone; moments are aware.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.days import local_day
from app.domain.notifications.events import Level

# Waits after each failure, nine tries in about 18 hours. The first are short, because what is critical cannot wait; the
# last are long, because a provider may be away for a night. Compare the schedule of Standard Webhooks.
RETRY_WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 7200, 18000, 36000)
)  # fmt: skip
MAX_TRIES = len(RETRY_WAITS) + 1
LEASE = timedelta(seconds=60)  # how long a worker has a delivery to itself; longer than a provider may take to answer
_LONGEST_ASKED_FOR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when (included) to when (excluded) somebody is left alone; past midnight when the end is the earlier."""

    start: time
    end: time


def quiet_until(moment: datetime, hours: QuietHours | None, timezone: str) -> datetime | None:
    """Return when the quiet hours end in which a moment lies; None when it lies in none.

    When clocks change within them they are rather longer than shorter: of a wall-clock time that comes twice they begin
    at the first and end at the second, and one that is skipped is read as whichever makes them longer.
    """
    if hours is None:
        return None
    zone, today = ZoneInfo(timezone), local_day(moment, timezone)
    runs_past_midnight = hours.end <= hours.start
    for day in (today - _DAY, today):
        begin = min(_at(day, hours.start, zone))
        end = max(_at(day + _DAY if runs_past_midnight else day, hours.end, zone))
        if begin <= moment < end:
            return end
    return None


def next_digest(moment: datetime, hour: int, timezone: str) -> datetime:
    """Return the next full hour of that number, 0 to 23, after a moment; at the hour itself the next day's."""
    zone, today = ZoneInfo(timezone), local_day(moment, timezone)
    candidates = (max(_at(today + ahead * _DAY, time(hour), zone)) for ahead in (0, 1))
    return next(at for at in candidates if at > moment)


def due_at(
    moment: datetime, level: Level, hours: QuietHours | None, digest_hour: int | None, timezone: str
) -> datetime:
    """Return when a message of a level may go out: critical now, urgent after quiet hours, routine with the digest.

    Without an hour for digests what is routine goes out like what is urgent.
    """
    if level is Level.CRITICAL:
        return moment
    if level is Level.ROUTINE and digest_hour is not None:
        return next_digest(moment, digest_hour, timezone)
    return quiet_until(moment, hours, timezone) or moment


def next_try(tries: int, moment: datetime, jitter: float, asked_for: float | None = None) -> datetime | None:
    """Return when to try again after so many tries (1 …); None when there is no other try.

    The wait is three quarters to five quarters of the table's, by `jitter` in [0, 1), so that many failures at once do
    not all come back at once. A provider that asks for a longer wait (seconds) gets it, up to an hour.
    """
    if tries >= MAX_TRIES:
        return None
    wait = RETRY_WAITS[tries - 1] * (0.75 + 0.5 * jitter)
    patience = min(timedelta(seconds=asked_for or 0), _LONGEST_ASKED_FOR)
    return moment + max(wait, patience)


def _at(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return both moments that a wall-clock time can mean, which are one on all days but two a year."""
    local = datetime.combine(day, clock, tzinfo=zone)
    utc = ZoneInfo("UTC")
    return local.replace(fold=0).astimezone(utc), local.replace(fold=1).astimezone(utc)
