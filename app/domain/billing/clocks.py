"""The two clocks: 30-day periods with explicit starts, and calendar months in the patient's time zone.

Device codes run on periods, time codes on months; the two never meet (04 §0.4, §1.7, §1.9). Both ends of a window are
inclusive local dates. As instants a window is half-open: from the local midnight that begins its first day up to, and
without, the one that begins the day after its last.
"""

from calendar import monthrange
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

PERIOD_DAYS = 30
DAY = timedelta(days=1)


class Clock(StrEnum):
    """By what a code recurs."""

    EPISODE = "episode"
    PERIOD = "period"
    MONTH = "month"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A stretch of local days, both ends inclusive."""

    starts_on: date
    ends_on: date

    def contains(self, day: date) -> bool:
        """Say whether the day lies within."""
        return self.starts_on <= day <= self.ends_on

    def overlaps(self, other: "Window") -> bool:
        """Say whether the two share a day."""
        return self.starts_on <= other.ends_on and other.starts_on <= self.ends_on

    def days(self) -> Iterator[date]:
        """Return every day of it, in order."""
        return (self.starts_on + DAY * number for number in range((self.ends_on - self.starts_on).days + 1))


def period_from(start: date) -> Window:
    """Return the 30-day period that starts on a day: that day and the 29 after it. 1 Feb 2026 runs to 2 March."""
    return Window(start, start + DAY * (PERIOD_DAYS - 1))


def month_of(day: date) -> Window:
    """Return the calendar month of a day."""
    return Window(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))


def months_between(first: date, last: date) -> list[Window]:
    """Return the months from the one of `first` to the one of `last`, both included."""
    months = [month_of(first)]
    while months[-1].ends_on < last:
        months.append(month_of(months[-1].ends_on + DAY))
    return months


def midnight(day: date, timezone: str) -> datetime:
    """Return the instant at which a local day begins; where the clock skips midnight, the first one there is."""
    return datetime.combine(day, time.min, ZoneInfo(timezone))


def bounds(window: Window, timezone: str) -> tuple[datetime, datetime]:
    """Return a window as instants: the first inclusive, the second exclusive."""
    return midnight(window.starts_on, timezone), midnight(window.ends_on + DAY, timezone)


def plan_periods(
    stored: Collection[Window], counted_days: Collection[date], today: date, is_enrolled: Callable[[date], bool]
) -> list[Window]:
    """Return the periods to be stored beside those that are, up to today.

    The first starts on the first day with data that counts. Each next one starts on the day after the last, while the
    patient is enrolled on it; after a break, on the first such day behind it. Periods that are stored are never moved;
    where data lies before the first of them, whole periods are set before it.
    """
    days = sorted(counted_days)
    planned = _before(min((period.starts_on for period in stored), default=None), days)
    ends = max((period.ends_on for period in stored), default=None)
    while (start := _next_start(ends, days, is_enrolled)) is not None and start <= today:
        planned.append(period_from(start))
        ends = planned[-1].ends_on
    return planned


def _before(first_stored: date | None, days: list[date]) -> list[Window]:
    """Return whole periods before the first that is stored, for data that turned up later."""
    planned: list[Window] = []
    while first_stored is not None:
        behind = planned[-1].ends_on if planned else date.min
        period = next((period_from(day) for day in days if day > behind), None)
        if period is None or period.ends_on >= first_stored:
            break
        planned.append(period)
    return planned


def _next_start(ends: date | None, days: list[date], is_enrolled: Callable[[date], bool]) -> date | None:
    if ends is not None and is_enrolled(ends + DAY):
        return ends + DAY
    return next((day for day in days if ends is None or day > ends), None)


def may_start(start: date, billed: Collection[Window]) -> bool:
    """Say whether a period may start on a day: no earlier than the day after the last billed one."""
    return all(start > period.ends_on for period in billed)
