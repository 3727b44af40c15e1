"""A patient's month on the way to its close: days with data in the 30-day period, minutes in the month, live contact.

The marks are those of the program's ladder: remote monitoring wants 2 and 16 days in a period, and 10, 20 and 40
minutes in a calendar month with a live contact (04 §1.1, §1.6), chronic care 20 and 40 minutes, principal care 30 and
60. A mark is lost once not even data on every day left would reach it, or once the month is over.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal
from uuid import UUID

from app.domain.billing.case import Case
from app.domain.billing.clocks import DAY, Window
from app.domain.billing.facts import Period
from app.domain.billing.ladders import LADDERS, Ladder
from app.domain.billing.local_months import Month
from app.domain.billing.time_spent import Spent
from app.domain.enrolment.programs import Program
from app.domain.paging import PageRequest

_MINUTE = 60


class MarkState(StrEnum):
    """Where a mark stands."""

    REACHED = "reached"
    OPEN = "open"
    LOST = "lost"


class CloseFilter(StrEnum):
    """Which patients of the month are wanted."""

    DAYS_OPEN = "days_open"  # 16 days can still be reached
    DAYS_LOST = "days_lost"  # they cannot
    MINUTES_SHORT = "minutes_short"  # fewer than the first full block wants
    NO_CONTACT = "no_contact"  # no live contact in the month, where one is needed
    PAPERS = "papers"  # consent, order, enrolment or diagnoses do not cover the last day looked at


CloseOrdering = Literal["ends", "days", "minutes"]
CLOSE_ORDERINGS: tuple[CloseOrdering, ...] = ("ends", "days", "minutes")


@dataclass(frozen=True, slots=True)
class CloseQuery:
    """Which month of which program, whom of it, in which order: period ends soonest, fewest days or minutes missing."""

    paging: PageRequest
    month: Month | None = None
    only: CloseFilter | None = None
    ordering: CloseOrdering = "ends"
    program: Program = Program.RPM


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a patient is. `days_left` are days on which data could still be added; `seconds` are whole.

    `day_marks` and `minute_marks` are the program's, none where it counts no days or minutes; `base_minutes` is the
    mark of its first full block.
    """

    patient_id: UUID
    month: Window
    month_is_over: bool
    period: Window | None
    days: int
    days_left: int
    seconds: int
    live_contacts: int
    is_covered: bool
    program: Program = Program.RPM
    day_marks: tuple[int, ...] = (2, 16)
    minute_marks: tuple[int, ...] = (10, 20, 40)
    base_minutes: int = 20
    needs_contact: bool = True

    def day_mark(self, mark: int) -> MarkState:
        """Say where a number of days with data stands."""
        if self.days >= mark:
            return MarkState.REACHED
        return MarkState.OPEN if self.days + self.days_left >= mark else MarkState.LOST

    def minute_mark(self, mark: int) -> MarkState:
        """Say where a number of minutes stands: 19:59 is not 20."""
        if self.seconds >= mark * _MINUTE:
            return MarkState.REACHED
        return MarkState.LOST if self.month_is_over else MarkState.OPEN

    @property
    def act_by(self) -> date | None:
        """The last day from which data on every day still makes the long mark; None when it is reached, or lost."""
        if self.period is None or not self.day_marks:
            return None
        long = self.day_marks[-1]
        if self.day_mark(long) is not MarkState.OPEN:
            return None
        return self.period.ends_on - DAY * (long - self.days - 1)

    def passes(self, only: CloseFilter | None) -> bool:
        """Say whether the patient is among those wanted."""
        long = self.day_mark(self.day_marks[-1]) if self.day_marks else None
        return {
            None: True,
            CloseFilter.DAYS_OPEN: long is MarkState.OPEN,
            CloseFilter.DAYS_LOST: self.period is not None and long is MarkState.LOST,
            CloseFilter.MINUTES_SHORT: self.minute_mark(self.base_minutes) is not MarkState.REACHED,
            CloseFilter.NO_CONTACT: self.needs_contact and not self.live_contacts,
            CloseFilter.PAPERS: not self.is_covered,
        }[only]

    def rank(self, ordering: CloseOrdering) -> tuple[object, ...]:
        """Return what sorts the patient into the list."""
        ends = self.period.ends_on if self.period else date.max
        days = (not self.day_marks or self.day_mark(self.day_marks[-1]) is not MarkState.OPEN, -self.days)
        has_all = not self.minute_marks or self.seconds >= self.minute_marks[-1] * _MINUTE
        minutes = (has_all, -self.seconds)
        first = {"ends": (ends, *days), "days": days, "minutes": minutes}[ordering]
        return (*first, str(self.patient_id))


def progress_of(case: Case, planned: list[Period], month: Window) -> Progress:
    """Return a patient's progress in a month; `planned` are periods that data asks for and nobody stored yet.

    In a month that lasts, the period is the one that holds today; in one that is over, the last that ends in it.
    """
    ladder, rules = LADDERS[case.program], case.book.rules
    window = _period_of(case, [*(one.window for one in [*case.periods, *planned])], month)
    counted, time = _counted(case, ladder, window), _time(case, ladder, month)
    span = case.covering(max(case.window.starts_on, min(case.today, month.ends_on)))
    rule = ladder.rule(rules)
    return Progress(
        case.facts.patient_id, month, case.today > month.ends_on, window, len(counted),
        _days_left(case, window, counted), time.seconds, len(time.contact_ids),
        span is not None and span.coverage.is_covered, case.program, ladder.day_marks(rules),
        ladder.minute_marks(rules), rule.min_seconds // _MINUTE if rule else 0, bool(rule and rule.live_contact),
    )  # fmt: skip


def _counted(case: Case, ladder: Ladder, window: Window | None) -> list[date]:
    """Return the days with data in the period, of the kind of data that has most of them."""
    by_kind = ([day for day in case.split_days(one.data)[0] if window and window.contains(day)]
               for one in ladder.supplies)  # fmt: skip
    return max(by_kind, key=len, default=[])


def _time(case: Case, ladder: Ladder, month: Window) -> Spent:
    if ladder.base is None:
        return Spent()
    rule = case.book.rules.known(ladder.base, month.ends_on)
    return case.time_in(month, rule, case.policy_on(min(month.ends_on, case.today)))


def _period_of(case: Case, windows: list[Window], month: Window) -> Window | None:
    if case.today <= month.ends_on:
        return next((one for one in windows if one.contains(case.today)), None)
    return max((one for one in windows if month.contains(one.ends_on)), default=None)


def _days_left(case: Case, window: Window | None, counted: list[date]) -> int:
    """Return the days of the period on which data may still come: today too, unless it has some already."""
    if window is None:
        return 0
    first = case.today + DAY if case.today in counted else case.today
    return max(0, (case.last_day_in(window) - max(first, window.starts_on)).days + 1)
