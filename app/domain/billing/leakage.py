"""What a month came to, patient by patient: days with data and minutes, and what was almost billable and why not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from app.domain.billing.answers import Answer
from app.domain.billing.case import Case
from app.domain.billing.clocks import Clock, Window
from app.domain.billing.codes import Reason
from app.domain.billing.days import LocalDay
from app.domain.billing.engine import evaluate, planned_case
from app.domain.billing.facts import Book, Horizon, PatientFacts
from app.domain.billing.ladders import LADDERS, Ladder
from app.domain.billing.time_spent import Spent
from app.domain.days import local_day
from app.domain.enrolment.programs import Program

# Of two codes in one time one is billed: that the other is not is no loss.
_NO_LOSS = frozenset({
    Reason.DAYS_GE_16, Reason.TIME_GE_20, Reason.CODE_NOT_EFFECTIVE, Reason.SETUP_ALREADY_BILLED, Reason.DUPLICATE,
    Reason.EXCL_99091_99457, Reason.APCM_BUNDLE, Reason.EXCLUDED_BY_CODE, Reason.BASE_NOT_BILLED, Reason.LEVEL_NOT_MET,
    Reason.COMPLEXITY_NOT_DOCUMENTED, Reason.PERIOD_OPEN,
})  # fmt: skip
# How near is almost: this share of the days or of the time. Ours.
_NEAR_DAYS = {Reason.DAYS_LT_2: 1, Reason.DAYS_LT_16: 12}
_NEAR_SECONDS = {
    Reason.TIME_LT_10: 300, Reason.TIME_LT_20: 900, Reason.TIME_LT_40: 2100, Reason.QHP_TIME_LT_30: 1350,
    Reason.TIME_LT_30: 1350, Reason.TIME_LT_60: 2700, Reason.TIME_LT_90: 4500,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ComplianceRow:
    """One patient's month in a program: its minutes, and the 30-day period that ends in it or is open at its end."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "month", "period_start", "period_end", "days_with_data", "seconds", "live_contacts", "billable_codes",
        "program",
    )  # fmt: skip
    patient_id: UUID
    month: Window
    period: Window | None
    days: int
    seconds: int
    live_contacts: int
    billable: tuple[str, ...]
    program: Program = Program.RPM

    @property
    def period_start(self) -> date | None:
        """The period's first day; None where there is no period."""
        return self.period.starts_on if self.period else None

    @property
    def period_end(self) -> date | None:
        """The period's last day; None where there is no period."""
        return self.period.ends_on if self.period else None

    def cells(self) -> list[object]:
        """Return the row as a file writes it."""
        month = f"{self.month.starts_on:%Y-%m}"
        starts, ends = self.period_start or "", self.period_end or ""
        billable = " ".join(self.billable)
        return [month, starts, ends, self.days, self.seconds, self.live_contacts, billable, self.program.value]


@dataclass(frozen=True, slots=True)
class LeakRow:
    """One line that was almost billable: what it would have paid, how far it was, and why it is not."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "code", "window_start", "window_end", "days_with_data", "seconds", "amount", "reasons", "is_recoverable",
        "lost_days", "program",
    )  # fmt: skip
    patient_id: UUID
    code: str
    window: Window
    days: int
    seconds: int
    amount: Decimal | None
    reasons: tuple[str, ...]
    is_recoverable: bool
    program: Program
    is_of_days: bool
    lost_days: tuple[tuple[str, int], ...] = ()  # days with readings none of which counts, by the first one's reason

    def cells(self) -> list[object]:
        """Return the row as a file writes it."""
        window = [self.window.starts_on, self.window.ends_on]
        is_open = str(self.is_recoverable).lower()
        lost = " ".join(f"{reason}:{days}" for reason, days in self.lost_days)
        reasons = " ".join(self.reasons)
        return [
            self.code, *window, self.days, self.seconds, self.amount, reasons, is_open, lost, self.program.value,
        ]  # fmt: skip


def compliance_row(
    facts: PatientFacts, program: Program, book: Book, horizon: Horizon, month: Window
) -> ComplianceRow:  # fmt: skip
    """Return a patient's month in a program; days are those of the kind of data that has most of them."""
    case, ladder = planned_case(facts, program, book, horizon), LADDERS[program]
    spent = _spent(case, ladder, month)
    period = next((one.window for one in case.periods if one.window.overlaps(month)), None)
    by_kind = ([day for day in case.split_days(one.data)[0] if period and period.contains(day)]
               for one in ladder.supplies)  # fmt: skip
    counted = max((len(days) for days in by_kind), default=0)
    answers = evaluate(facts, book, horizon).billable()
    billable = tuple(one.code for one in answers if one.program is program and _ends_in(one, month))
    contacts = len(spent.contact_ids)
    return ComplianceRow(facts.patient_id, month, period, counted, spent.seconds, contacts, billable, program)


def _spent(case: Case, ladder: Ladder, month: Window) -> Spent:
    if ladder.base is None:
        return Spent()
    rule = case.book.rules.known(ladder.base, month.ends_on)
    return case.time_in(month, rule, case.policy_on(month.ends_on))


def leak_rows(facts: PatientFacts, book: Book, horizon: Horizon, month: Window) -> Iterator[LeakRow]:
    """Yield what was near to its threshold, or had it, and is refused; nothing of lines that gave way to a better one.

    Almost: 12 of 16 days, 1 of 2; half of 10 minutes, three quarters of 20 or 30, 35 of 40; or every threshold reached
    and a paper, a live contact or the like missing. Of the codes of one time only the best is told.
    """
    answers = evaluate(facts, book, horizon).answers
    today = local_day(horizon.as_of, facts.timezone)
    near = [one for one in answers if _ends_in(one, month) and _is_near(one)]
    for one in _best_of_each(near):
        reasons = tuple(finding.reason.value for finding in one.findings)
        yield LeakRow(
            facts.patient_id, one.code, one.window, one.days, one.seconds, one.amount, reasons, _is_open(one, today),
            one.program, one.clock is Clock.PERIOD and one.days > 0,
        )  # fmt: skip


def lost_days(table: Iterable[LocalDay]) -> tuple[tuple[str, int], ...]:
    """Return how many days had readings and did not count, by the reason of their first reading."""
    lost: dict[str, int] = {}
    for day in table:
        if day.excluded and not day.is_counted:
            reason = day.excluded[0].reason.value
            lost[reason] = lost.get(reason, 0) + 1
    return tuple(sorted(lost.items()))


def _ends_in(answer: Answer, month: Window) -> bool:
    return month.contains(answer.service_date or answer.window.ends_on)


def _is_near(answer: Answer) -> bool:
    """Say whether a refused line was almost billable."""
    if answer.is_billable or answer.reasons & (_NO_LOSS - {Reason.PERIOD_OPEN}) or answer.reasons == {
        Reason.PERIOD_OPEN
    }:  # fmt: skip
        return False
    if answer.days == 0 and answer.seconds == 0:
        return False
    is_near_days = all(answer.days >= _NEAR_DAYS.get(reason, 0) for reason in answer.reasons)
    return is_near_days and all(answer.seconds >= _NEAR_SECONDS.get(reason, 0) for reason in answer.reasons)


def _best_of_each(near: Iterable[Answer]) -> list[Answer]:
    best: dict[tuple[Program, Clock, Window], Answer] = {}
    for one in near:
        key = (one.program, one.clock, one.window)
        known = best.get(key)
        if known is None or (one.amount or Decimal(0)) > (known.amount or Decimal(0)):
            best[key] = one
    return list(best.values())


def _is_open(answer: Answer, today: date) -> bool:
    """Say whether the window is still open, or only papers are missing."""
    thresholds = _NEAR_DAYS.keys() | _NEAR_SECONDS.keys()
    return today <= answer.window.ends_on or not answer.reasons & thresholds
