"""From a patient's facts to forecasts: the open 30-day period and the running month of each program, and what to do.

Only what was measured or logged up to `as_of` is used, so the same facts and moment give the same forecast.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.billing.backtest import Case as Scored
from app.domain.billing.case import Case
from app.domain.billing.clocks import DAY, Window, month_of, months_between, period_from
from app.domain.billing.engine import planned_case
from app.domain.billing.facts import Book, Horizon, PatientFacts
from app.domain.billing.forecast import (
    Chance,
    DayOutlook,
    Forecast,
    MinuteOutlook,
    Standing,
    forecast_days,
    forecast_minutes,
)
from app.domain.billing.ladders import LADDERS, Ladder, Supply
from app.domain.billing.rules import CodeRule
from app.domain.days import local_day
from app.domain.enrolment.programs import Program

ASKED_ON = (5, 10, 15, 20, 25)  # days of a period or month on which the backtest asks
_NOON = time(12)


@dataclass(frozen=True, slots=True)
class Outlook:
    """One window of one patient: `clock` is `days` or `minutes`; `gaps` keep the program from covering today."""

    patient_id: UUID
    clock: str
    forecast: Forecast
    has_live_contact: bool | None
    gaps: tuple[str, ...]
    program: Program = Program.RPM

    @property
    def key(self) -> tuple[UUID, str, str]:
        """What tells it from every other window of the moment."""
        return self.patient_id, self.program.value, self.clock

    @property
    def next_step(self) -> Chance | None:
        """Return the first threshold that is not reached; None when all are."""
        return next((one for one in self.forecast.chances if one.standing is not Standing.SECURED), None)

    @property
    def is_settled(self) -> bool:
        """Say whether nothing is left to do: all is reached, with a live contact where one is needed."""
        return self.next_step is None and self.has_live_contact is not False

    @property
    def is_lost(self) -> bool:
        """Say whether the next threshold can no longer be reached."""
        return self.next_step is not None and self.next_step.standing is Standing.IMPOSSIBLE

    @property
    def needed(self) -> str:
        """Say in words what is needed for the next threshold."""
        parts = [_missing(self.clock, self.next_step)] if self.next_step else []
        if self.has_live_contact is False:
            parts.append("a live contact")
        return " and ".join(parts) or "nothing more"


def horizon_of(as_of: datetime) -> Horizon:
    """Return which facts forecasts of a moment need, whatever the time zone: the months around it."""
    first, last = month_of(as_of.date() - DAY).starts_on, month_of(as_of.date() + DAY).ends_on
    return Horizon(Window(first, last), as_of)


def outlooks(
    facts: PatientFacts, book: Book, as_of: datetime, programs: Collection[Program] = tuple(Program)
) -> tuple[Outlook, ...]:
    """Return the forecasts of a patient in the programs that they are in on their day of the moment."""
    known, horizon = until(facts, as_of), horizon_of(as_of)
    enrolled = {one.program for one in facts.enrolment.enrolments}
    wanted = [one for one in Program if one in programs and one in enrolled]
    cases = [planned_case(known, program, book, horizon) for program in wanted]
    return tuple(found for case in cases if case.is_enrolled(case.today) for found in _of_program(case))


def _of_program(case: Case) -> Iterator[Outlook]:
    ladder, of = LADDERS[case.program], case.facts.patient_id
    span = case.covering(case.today)
    gaps = tuple(gap.reason.value for gap in span.coverage.gaps) if span else ()
    window = _open_period(case)
    supply = _supply_of(case, ladder, window)
    if supply is not None:
        days = forecast_days(_days(case, supply, window), case.today)
        yield Outlook(of, "days", days, None, gaps, case.program)
    rule = ladder.rule(case.book.rules)
    if rule is not None:
        minutes = _minutes(case, ladder, rule, month_of(case.today))
        forecast = forecast_minutes(minutes, case.today)
        yield Outlook(of, "minutes", forecast, minutes.has_live_contact, gaps, case.program)


def until(facts: PatientFacts, as_of: datetime) -> PatientFacts:
    """Return what was known of measuring and work at a moment: readings taken and time spent up to it."""
    return replace(
        facts,
        readings=tuple(one for one in facts.readings if one.measured_at <= as_of),
        time_entries=tuple(one for one in facts.time_entries if one.ended_at <= as_of),
    )


def scored(
    facts: PatientFacts, book: Book, horizon: Horizon, program: Program = Program.RPM
) -> Iterator[tuple[str, Scored]]:
    """Yield forecasts that would have been made in windows that are over, each with what became of it, by threshold.

    Asked on the 5th, 10th, 15th, 20th and 25th day of every stored period and every month within the horizon.
    """
    case = planned_case(facts, program, book, horizon)
    ladder = LADDERS[program]
    rule = ladder.rule(book.rules)
    past = [one.window for one in case.periods if horizon.window.starts_on <= one.window.starts_on]
    for window in past:
        supply = _supply_of(case, ladder, window)
        if window.ends_on < case.today and supply is not None:
            yield from _scored_days(case, supply, window)
    for month in months_between(horizon.window.starts_on, horizon.window.ends_on):
        if month.ends_on < case.today and case.is_enrolled(month.starts_on) and rule is not None:
            yield from _scored_minutes(case, ladder, rule, month)


def _scored_days(case: Case, supply: Supply, window: Window) -> Iterator[tuple[str, Scored]]:
    covered = case.split_days(supply.data)[0]
    reached = sum(1 for day in covered if window.contains(day))
    for number in ASKED_ON:
        asked = window.starts_on + DAY * (number - 1)
        known = frozenset(day for day in covered if day <= asked)
        outlook = DayOutlook(window, known, _watched_from(case, asked), None, None)
        for one in forecast_days(outlook, asked).chances:
            yield one.threshold, Scored(one.probability, reached >= one.target)


def _scored_minutes(case: Case, ladder: Ladder, rule: CodeRule, month: Window) -> Iterator[tuple[str, Scored]]:
    reached = _minutes(case, ladder, rule, month).seconds
    for number in ASKED_ON:
        asked = month.starts_on + DAY * (number - 1)
        moment = datetime.combine(asked, _NOON, ZoneInfo(case.facts.timezone))
        then = replace(case, facts=until(case.facts, moment), as_of=moment, _spent={})
        for one in forecast_minutes(_minutes(then, ladder, rule, month), asked).chances:
            yield one.threshold, Scored(one.probability, reached >= one.target)


def _open_period(case: Case) -> Window:
    """Return the period that is open, or one that would begin with data today."""
    open_ = (one.window for one in case.periods if one.window.contains(case.today))
    return next(open_, period_from(case.today))


def _supply_of(case: Case, ladder: Ladder, window: Window) -> Supply | None:
    """Return the codes of the kind of data that a window has most days of; of several kinds none without any."""
    if len(ladder.supplies) == 1:
        return ladder.supplies[0]
    days = [(sum(1 for day in case.split_days(one.data)[0] if window.contains(day)), one) for one in ladder.supplies]
    most, supply = max(days, key=lambda one: one[0], default=(0, None))
    return supply if most else None


def _days(case: Case, supply: Supply, window: Window) -> DayOutlook:
    amounts = [_amount(case, code, window.ends_on) for code in (supply.short, supply.long)]
    return DayOutlook(window, frozenset(case.split_days(supply.data)[0]), _watched_from(case, case.today), *amounts)


def _minutes(case: Case, ladder: Ladder, newest: CodeRule, month: Window) -> MinuteOutlook:
    rules = case.book.rules
    rule = rules.known(newest.code, month.ends_on)
    spent = case.time_in(month, rule, case.policy_on(month.ends_on))
    worked = [one for one in case.entries if one.credential in rule.credentials]
    contacts: dict[date, int] = {}
    for one in worked:
        day = local_day(one.started_at, case.facts.timezone)
        contacts[day] = contacts.get(day, 0) + 1
    seconds = int(sum((one.ended_at - one.started_at for one in worked), timedelta()).total_seconds())
    days = (case.today - _watched_from(case, case.today)).days + 1
    amounts = tuple(_paid(case, step.codes, month) for step in ladder.steps(rules))
    contact = bool(spent.contact_ids) if rule.live_contact else None
    return MinuteOutlook(
        month, spent.seconds, contact, contacts, seconds, days, amounts, ladder.minute_marks(rules)
    )  # fmt: skip


def _paid(case: Case, codes: Iterable[str], month: Window) -> Decimal | None:
    """Return what codes pay together; None when one of them is not to be had."""
    total = Decimal(0)
    for code in codes:
        amount = _amount(case, code, month.ends_on)
        if amount is None:
            return None
        total += amount
    return total


def _amount(case: Case, code: str, day: date) -> Decimal | None:
    rules = case.book.rules.on(day)
    if rules is None or code not in rules.by_code:
        return None
    return case.book.fees.amount(code, day, case.facts.payer_on(day))


def _watched_from(case: Case, day: date) -> date:
    """Return since when the patient is watched: enrolled, and within the facts."""
    starts = [one.starts_on for one in case.facts.enrolment.enrolments if one.program is case.program]
    held = [start for start in starts if start <= day]
    return max(min(held, default=day), case.window.starts_on)


def _missing(clock: str, step: Chance) -> str:
    if clock == "days":
        return f"{step.missing} more day{'' if step.missing == 1 else 's'} with data"
    minutes = -(-step.missing // 60)
    return f"{minutes} more minute{'' if minutes == 1 else 's'}"


Rank = tuple[Decimal | date, UUID, str, str]


def rank(one: Outlook, ordering: str) -> Rank:
    """Return what sorts an outlook by dollars at stake or by the last day to act, ties by patient and window."""
    if ordering == "act_by":
        step = one.next_step
        return ((step.act_by if step else None) or date.max, *one.key)
    at_stake = one.forecast.at_stake
    return (-at_stake if ordering.startswith("-") else at_stake, *one.key)


def ranked(found: Iterable[Outlook], ordering: str) -> Sequence[Outlook]:
    """Return outlooks in order."""
    return sorted(found, key=lambda one: rank(one, ordering))
