"""The threshold forecast (07 N1): for every window that is open, what is sure, what is lost, what can still be done.

What is met has probability 1 and what cannot be met any more 0, exactly; everything between is strictly between. The
same facts and the same `as_of` give the same forecast. A reading day more never lowers a probability.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from app.domain.billing.clocks import DAY, Window
from app.domain.billing.fees import CENT
from app.domain.billing.likelihood import Habit, Pace, chance_of_days, chance_of_seconds, habit_of, pace_of

SHORT_DAYS, LONG_DAYS = 2, 16
MINUTE_MARKS = (10, 20, 40)
AT_RISK_BELOW = 0.8  # ours
_MINUTE = 60


class Standing(StrEnum):
    """Where a threshold stands."""

    SECURED = "secured"
    LIKELY = "likely"
    AT_RISK = "at_risk"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Chance:
    """One threshold: how far, how much is missing, how likely, and the last day on which something helps.

    `so_far`, `target` and `missing` are days with data, or seconds. `act_by` is None when nothing is left to do.
    """

    threshold: str
    so_far: int
    target: int
    missing: int
    probability: float
    standing: Standing
    act_by: date | None


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence of why, and the numbers it is made of."""

    text: str
    inputs: Mapping[str, int | float | str]


@dataclass(frozen=True, slots=True)
class Forecast:
    """A window's outlook. Dollars: sure already, expected, at best; `at_stake` is the best less what is sure.

    `expected_gain` is what is expected beyond what is sure: of a period the way from 99445 to 99454.
    """

    window: Window
    as_of: date
    days_left: int
    chances: tuple[Chance, ...]
    reasons: tuple[Reason, ...]
    secured: Decimal
    expected: Decimal
    best: Decimal

    @property
    def at_stake(self) -> Decimal:
        """What may still be won or lost."""
        return self.best - self.secured

    @property
    def expected_gain(self) -> Decimal:
        """What is expected beyond what is sure."""
        return self.expected - self.secured

    def chance(self, threshold: str) -> Chance:
        """Return one threshold's chance by its name."""
        return next(one for one in self.chances if one.threshold == threshold)


@dataclass(frozen=True, slots=True)
class DayOutlook:
    """A 30-day period to look ahead in: days with data known so far (earlier ones tell the habit), since when the
    patient is watched, and what the short and the long code pay; None for a code that is not to be had."""

    window: Window
    days: frozenset[date]
    observed_from: date
    short_amount: Decimal | None
    long_amount: Decimal | None


@dataclass(frozen=True, slots=True)
class MinuteOutlook:
    """A month to look ahead in: seconds that count so far, earlier contacts by day with their whole time and over how
    many days, whether there was a live contact (None where none is needed), the marks in minutes, and what each pays
    altogether."""

    month: Window
    seconds: int
    has_live_contact: bool | None
    contacts: Mapping[date, int]
    contact_seconds: int
    contact_days: int
    amounts: tuple[Decimal | None, ...]
    marks: tuple[int, ...] = MINUTE_MARKS


def forecast_days(outlook: DayOutlook, as_of: date) -> Forecast:
    """Look ahead in a period: P(2 days) and P(16 days). Today still counts as to come unless it has data already."""
    so_far = sum(1 for day in outlook.days if outlook.window.contains(day) and day <= as_of)
    first_open = as_of + DAY if as_of in outlook.days else as_of
    left = max(0, (outlook.window.ends_on - max(first_open, outlook.window.starts_on)).days + 1)
    habit = habit_of(outlook.days, outlook.observed_from, first_open)
    chances = tuple(_of_days(needed, so_far, left, habit, outlook.window) for needed in (SHORT_DAYS, LONG_DAYS))
    money = _of_two([one.probability for one in chances], [outlook.short_amount, outlook.long_amount])
    return Forecast(outlook.window, as_of, left, chances, _day_reasons(so_far, left, habit, chances[1]), *money)


def forecast_minutes(outlook: MinuteOutlook, as_of: date) -> Forecast:
    """Look ahead in a month: of remote monitoring P(10), P(20) and P(40 minutes); today counts as to come."""
    left = max(0, (outlook.month.ends_on - max(as_of, outlook.month.starts_on)).days + 1)
    pace = pace_of(outlook.contacts, outlook.contact_seconds, outlook.contact_days)
    chances = tuple(_of_minutes(mark, outlook, left, pace) for mark in outlook.marks)
    sure, expected, best = _of_two([one.probability for one in chances], list(outlook.amounts))
    money = (Decimal(0) if outlook.has_live_contact is False else sure, expected, best)  # no contact: nothing is sure
    return Forecast(outlook.month, as_of, left, chances, _minute_reasons(outlook, left, pace, chances), *money)


def last_start(window: Window, missing: int) -> date:
    """Return the last day from which data on every day still reaches the threshold."""
    return window.ends_on - DAY * (missing - 1)


def _of_days(target: int, so_far: int, left: int, habit: Habit, window: Window) -> Chance:
    missing = max(0, target - so_far)
    probability = chance_of_days(missing, left, habit)
    act_by = last_start(window, missing) if 0 < missing <= left else None
    return Chance(f"days_{target}", so_far, target, missing, probability, _standing(probability), act_by)


def _of_minutes(mark: int, outlook: MinuteOutlook, left: int, pace: Pace) -> Chance:
    target = mark * _MINUTE
    missing = max(0, target - outlook.seconds)
    probability = chance_of_seconds(missing, left, pace)
    act_by = outlook.month.ends_on if 0 < probability < 1 else None
    return Chance(f"minutes_{mark}", outlook.seconds, target, missing, probability, _standing(probability), act_by)


def _standing(probability: float) -> Standing:
    if probability == 1:
        return Standing.SECURED
    if probability == 0:
        return Standing.IMPOSSIBLE
    return Standing.AT_RISK if probability < AT_RISK_BELOW else Standing.LIKELY


def _of_two(probabilities: list[float], amounts: list[Decimal | None]) -> tuple[Decimal, Decimal, Decimal]:
    """Return dollars that are sure, expected, and to be had at best, of thresholds that build on each other.

    Each threshold pays instead of those before it; one that pays nothing leaves what was.
    """
    sure, expected, best, paid = Decimal(0), Decimal(0), Decimal(0), Decimal(0)
    for probability, amount in zip(probabilities, amounts, strict=True):
        more = Decimal(0) if amount is None else amount - paid
        paid += more
        expected += more * Decimal(str(probability))
        sure += more if probability == 1 else 0
        best += more if probability > 0 else 0
    return sure, expected.quantize(CENT), best


def _day_reasons(so_far: int, left: int, habit: Habit, long: Chance) -> tuple[Reason, ...]:
    return (
        Reason(
            f"{so_far} of {LONG_DAYS} days with data are there, {long.missing} are missing.",
            {"days_so_far": so_far, "days_needed": LONG_DAYS, "days_missing": long.missing},
        ),
        Reason(f"{left} days are left in the period.", {"days_left": left}),
        Reason(
            f"On {habit.days_with_data} of the last {habit.days_observed} days there was data; recent days weigh more.",
            {
                "days_with_data": habit.days_with_data, "days_observed": habit.days_observed,
                "daily_chance": round(habit.yes / (habit.yes + habit.no), 3),
            },
        ),
        Reason(_act_by_words(long), {"act_by": long.act_by.isoformat() if long.act_by else ""}),
    )  # fmt: skip


def _act_by_words(chance: Chance) -> str:
    if chance.standing is Standing.SECURED:
        return "The threshold is reached."
    if chance.act_by is None:
        return "Even data on every day left would not suffice."
    return f"From {chance.act_by.isoformat()} on no day may be missed."


def _minute_reasons(outlook: MinuteOutlook, left: int, pace: Pace, chances: Collection[Chance]) -> tuple[Reason, ...]:
    following = next((one for one in chances if one.missing), None)
    minutes = outlook.seconds // _MINUTE
    missing = following.missing if following else 0
    return (
        Reason(
            f"{minutes} full minutes count in this month.",
            {"seconds": outlook.seconds, "minutes": minutes, "seconds_missing": missing},
        ),
        Reason(f"{left} days are left in the month.", {"days_left": left}),
        Reason(
            f"{pace.contacts} contacts in {pace.days} days before, about {round(pace.seconds_each / _MINUTE)} minutes"
            " each.",
            {"contacts": pace.contacts, "days": pace.days, "seconds_each": round(pace.seconds_each, 1)},
        ),
        *_contact_reasons(outlook.has_live_contact, missing),
    )  # fmt: skip


def _contact_reasons(has_live_contact: bool | None, missing: int) -> tuple[Reason, ...]:
    if has_live_contact is None:
        return ()
    words = "There was a live contact." if has_live_contact else "A live contact is still missing."
    return (Reason(words, {"has_live_contact": int(has_live_contact), "seconds_missing": missing}),)
