"""Chances: how many more days with data, how many more minutes, from what a patient did before. Pure arithmetic.

Days: each coming day has data with a probability about which past days tell, recent ones more (half as much a week
back). That is a beta distribution, so the number of coming days with data is beta-binomial. A day with data more makes
larger numbers likelier, always. Minutes: contacts come at a rate (Poisson), each takes an exponential time.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

HALF_LIFE_DAYS = 7.0  # ours
LOOK_BACK_DAYS = 30  # ours
PRIOR_YES, PRIOR_NO = 1.4, 0.6  # ours: before anything is known, seven days in ten
PRIOR_CONTACTS, PRIOR_CONTACT_DAYS, PRIOR_CONTACT_SECONDS = 1.0, 15.0, 480.0  # ours: a call of 8 minutes in 15 days
_LEAST, _MOST, _DECIMALS = 0.000001, 0.999999, 6  # only what is impossible is 0, only what is met is 1
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Habit:
    """How the patient measured lately, as weights of a beta distribution, and the plain counts behind them."""

    yes: float
    no: float
    days_with_data: int
    days_observed: int


def habit_of(days: Collection[date], observed_from: date, until: date) -> Habit:
    """Return the habit from up to 30 days before `until` (exclusive), none before `observed_from`."""
    yes, no, seen, with_data = PRIOR_YES, PRIOR_NO, 0, 0
    day = until - _DAY
    while day >= max(observed_from, until - _DAY * LOOK_BACK_DAYS):
        weight = 0.5 ** ((until - day).days / HALF_LIFE_DAYS)
        seen += 1
        if day in days:
            yes, with_data = yes + weight, with_data + 1
        else:
            no += weight
        day -= _DAY
    return Habit(yes, no, with_data, seen)


def chance_of_days(needed: int, left: int, habit: Habit) -> float:
    """Return the probability that at least `needed` of `left` coming days have data; 1 and 0 exactly at the ends."""
    if needed <= 0:
        return 1.0
    if needed > left:
        return 0.0
    return _inside(sum(_beta_binomial(hits, left, habit.yes, habit.no) for hits in range(needed, left + 1)))


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the patient is talked to, and how long it takes."""

    contacts_a_day: float
    seconds_each: float
    contacts: int
    days: int


def pace_of(contacts: Mapping[date, int], seconds: int, days: int) -> Pace:
    """Return the pace from contacts by day, their whole time, and the days they were spread over."""
    count = sum(contacts.values())
    a_day = (count + PRIOR_CONTACTS) / (days + PRIOR_CONTACT_DAYS)
    return Pace(a_day, (seconds + PRIOR_CONTACT_SECONDS) / (count + 1), count, days)


def chance_of_seconds(needed: int, days_left: int, pace: Pace) -> float:
    """Return the probability that the coming days bring `needed` seconds; 1 and 0 exactly at the ends."""
    if needed <= 0:
        return 1.0
    if days_left <= 0 or needed > days_left * 86_400:
        return 0.0
    expected = pace.contacts_a_day * days_left
    share = needed / pace.seconds_each
    chance, poisson, erlang, term = 0.0, math.exp(-expected), 0.0, math.exp(-share)
    for count in range(1, _TERMS):
        poisson *= expected / count
        erlang += term  # the chance that `count` contacts together take as long
        term *= share / count
        chance += poisson * erlang
    return _inside(chance)


def _beta_binomial(hits: int, tries: int, yes: float, no: float) -> float:
    logarithm = (
        math.lgamma(tries + 1) - math.lgamma(hits + 1) - math.lgamma(tries - hits + 1)
        + _log_beta(hits + yes, tries - hits + no) - _log_beta(yes, no)
    )  # fmt: skip
    return math.exp(logarithm)


def _log_beta(one: float, other: float) -> float:
    return math.lgamma(one) + math.lgamma(other) - math.lgamma(one + other)


def _inside(chance: float) -> float:
    return round(min(max(chance, _LEAST), _MOST), _DECIMALS)


_TERMS = 120
