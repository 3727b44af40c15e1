"""From a patient's facts to forecasts: the open 30-day period and the running month of RPM, and what is to do in them.

Only what was measured or logged up to `as_of` is used, so the same facts and moment give the same forecast.
"""

from collections.abc import Iterable, Iterator, Sequence
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
from app.domain.days import local_day
from app.domain.enrolment.programs import Program

DATA, TREATMENT = "physiologic", "99457"
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


def outlooks(facts: PatientFacts, book: Book, as_of: datetime) -> tuple[Outlook, ...]:
    """Return the forecasts of a patient who is in RPM on their day of the moment; none of anybody else."""
    case = planned_case(until(facts, as_of), Program.RPM, book, horizon_of(as_of))
    if not case.is_enrolled(case.today):
        return ()
    span = case.covering(case.today)
    gaps = tuple(gap.reason.value for gap in span.coverage.gaps) if span else ()
    minutes = _minutes(case, month_of(case.today))
    return (
        Outlook(facts.patient_id, "days", forecast_days(_days(case), case.today), None, gaps),
        Outlook(facts.patient_id, "minutes", forecast_minutes(minutes, case.today), minutes.has_live_contact, gaps),
    )


def until(facts: PatientFacts, as_of: datetime) -> PatientFacts:
    """Return what was known of measuring and work at a moment: readings taken and time spent up to it."""
    return replace(
        facts,
        readings=tuple(one for one in facts.readings if one.measured_at <= as_of),
        time_entries=tuple(one for one in facts.time_entries if one.ended_at <= as_of),
    )


def scored(facts: PatientFacts, book: Book, horizon: Horizon) -> Iterator[tuple[str, Scored]]:
    """Yield forecasts that would have been made in windows that are over, each with what became of it, by threshold.

    Asked on the 5th, 10th, 15th, 20th and 25th day of every stored period and every month within the horizon.
    """
    case = planned_case(facts, Program.RPM, book, horizon)
    past = [one.window for one in case.periods if horizon.window.starts_on <= one.window.starts_on]
    for window in past:
        if window.ends_on < case.today:
            yield from _scored_days(case, window)
    for month in months_between(horizon.window.starts_on, horizon.window.ends_on):
        if month.ends_on < case.today and case.is_enrolled(month.starts_on):
            yield from _scored_minutes(case, month)


def _scored_days(case: Case, window: Window) -> Iterator[tuple[str, Scored]]:
    covered = case.split_days(DATA)[0]
    reached = sum(1 for day in covered if window.contains(day))
    for number in ASKED_ON:
        asked = window.starts_on + DAY * (number - 1)
        known = frozenset(day for day in covered if day <= asked)
        outlook = DayOutlook(window, known, _watched_from(case, asked), None, None)
        for one in forecast_days(outlook, asked).chances:
            yield one.threshold, Scored(one.probability, reached >= one.target)


def _scored_minutes(case: Case, month: Window) -> Iterator[tuple[str, Scored]]:
    reached = _minutes(case, month).seconds
    for number in ASKED_ON:
        asked = month.starts_on + DAY * (number - 1)
        moment = datetime.combine(asked, _NOON, ZoneInfo(case.facts.timezone))
        then = replace(case, facts=until(case.facts, moment), as_of=moment, _spent={})
        for one in forecast_minutes(_minutes(then, month), asked).chances:
            yield one.threshold, Scored(one.probability, reached >= one.target)


def _days(case: Case) -> DayOutlook:
    """Return the period that is open, or one that would begin with data today."""
    open_ = (one.window for one in case.periods if one.window.contains(case.today))
    window = next(open_, period_from(case.today))
    amounts = [_amount(case, code, window.ends_on) for code in ("99445", "99454")]
    return DayOutlook(window, frozenset(case.split_days(DATA)[0]), _watched_from(case, case.today), *amounts)


def _minutes(case: Case, month: Window) -> MinuteOutlook:
    settings = case.policy_on(month.ends_on)
    rule = case.book.rules.known(TREATMENT, month.ends_on)
    spent = case.time_in(month, rule, settings)
    worked = [one for one in case.entries if one.credential in rule.credentials]
    contacts: dict[date, int] = {}
    for one in worked:
        day = local_day(one.started_at, case.facts.timezone)
        contacts[day] = contacts.get(day, 0) + 1
    seconds = int(sum((one.ended_at - one.started_at for one in worked), timedelta()).total_seconds())
    days = (case.today - _watched_from(case, case.today)).days + 1
    return MinuteOutlook(
        month, spent.seconds, bool(spent.contact_ids), contacts, seconds, days, _minute_amounts(case, month)
    )


def _minute_amounts(case: Case, month: Window) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    short, full, more = (_amount(case, code, month.ends_on) for code in ("99470", TREATMENT, "99458"))
    return short, full, None if full is None or more is None else full + more


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


def ranked(found: Iterable[Outlook], ordering: str) -> Sequence[Outlook]:
    """Return outlooks by dollars at stake or by the last day to act, ties by patient and clock."""
    by_id = sorted(found, key=lambda one: (one.patient_id, one.clock))
    if ordering == "act_by":
        return sorted(by_id, key=lambda one: _act_by(one) or date.max)
    return sorted(by_id, key=lambda one: one.forecast.at_stake, reverse=ordering.startswith("-"))


def _act_by(one: Outlook) -> date | None:
    return one.next_step.act_by if one.next_step else None
