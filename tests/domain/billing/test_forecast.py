"""The threshold forecast: exact at its ends, steady between them, and never worse for a reading more."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.billing.backtest import Case, backtest
from app.domain.billing.clocks import month_of, period_from
from app.domain.billing.forecast import (
    DayOutlook,
    Forecast,
    MinuteOutlook,
    Standing,
    forecast_days,
    forecast_minutes,
    last_start,
)
from app.domain.billing.likelihood import chance_of_days, chance_of_seconds, habit_of, pace_of

START = date(2026, 10, 1)
PERIOD = period_from(START)
FEES = (Decimal("47.43"), Decimal("52.11"))


def _days(count: int, as_of: date, first: date = START) -> Forecast:
    days = frozenset(first + timedelta(days=number) for number in range(count))
    return forecast_days(DayOutlook(PERIOD, days, START - timedelta(days=30), *FEES), as_of)


@pytest.mark.parametrize(
    ("count", "as_of", "standing"),
    [
        (16, date(2026, 10, 16), Standing.SECURED), (15, date(2026, 10, 30), Standing.AT_RISK),
        (14, date(2026, 10, 30), Standing.IMPOSSIBLE), (14, date(2026, 10, 29), Standing.AT_RISK),
        (13, date(2026, 10, 29), Standing.IMPOSSIBLE), (15, date(2026, 10, 31), Standing.IMPOSSIBLE),
        (15, date(2026, 10, 16), Standing.LIKELY),
    ],
)  # fmt: skip
def test_sixteen_days_are_secured_possible_or_lost(count: int, as_of: date, standing: Standing) -> None:
    """The last day still helps on itself; met is 1, impossible is 0, exactly, and nothing else is."""
    chance = _days(count, as_of).chance("days_16")
    assert chance.standing is standing
    assert (chance.probability == 1) is (standing is Standing.SECURED)
    assert (chance.probability == 0) is (standing is Standing.IMPOSSIBLE)


@pytest.mark.parametrize(
    ("as_of", "missing", "act_by"),
    [
        (date(2026, 10, 20), 2, date(2026, 10, 29)),
        (date(2026, 10, 29), 2, date(2026, 10, 29)),
        (date(2026, 10, 30), 2, None),
    ],
)
def test_the_last_day_to_act(as_of: date, missing: int, act_by: date | None) -> None:
    """14 of 16: from 29 October on no day may be missed; on the 30th it is too late."""
    chance = _days(14, as_of).chance("days_16")
    assert (chance.missing, chance.act_by) == (missing, act_by)
    assert last_start(PERIOD, 1) == PERIOD.ends_on


def test_money_at_stake() -> None:
    """Two days are sure, sixteen are open: the difference is at stake, and expected in part."""
    open_, lost, won = _days(10, date(2026, 10, 15)), _days(2, date(2026, 10, 30)), _days(16, date(2026, 10, 20))
    assert (open_.secured, open_.best, open_.at_stake) == (FEES[0], FEES[1], Decimal("4.68"))
    assert 0 < open_.expected_gain < Decimal("4.68")
    assert (lost.at_stake, lost.expected_gain, won.secured, won.at_stake) == (0, 0, FEES[1], 0)


def test_there_are_reasons_with_their_inputs() -> None:
    """At least three, each with the numbers it speaks of; the same question has the same answer."""
    found = _days(10, date(2026, 10, 15))
    assert len(found.reasons) >= 3
    assert all(reason.inputs for reason in found.reasons)
    assert found.reasons[0].inputs == {"days_so_far": 10, "days_needed": 16, "days_missing": 6}
    assert found == _days(10, date(2026, 10, 15))


@given(st.sets(st.integers(-30, 29)), st.integers(-30, 29), st.integers(0, 31), st.integers(0, 40))
def test_a_reading_day_more_never_lowers_a_chance(offsets: set[int], added: int, now: int, watched: int) -> None:
    """Whatever the days, the day added (no later than today), today, and since when the patient is watched."""
    as_of = START + timedelta(days=now)
    known = {START + timedelta(days=offset) for offset in offsets if offset <= now}
    more = known | {START + timedelta(days=min(added, now))}
    before, after = (
        forecast_days(DayOutlook(PERIOD, frozenset(days), as_of - timedelta(days=watched), *FEES), as_of)
        for days in (known, more)
    )
    for one, other in zip(before.chances, after.chances, strict=True):
        assert other.probability >= one.probability
    assert after.expected >= before.expected


@given(st.integers(0, 30), st.integers(0, 30), st.sets(st.integers(1, 30)))
def test_chances_lie_between_nothing_and_certainty_only_when_open(needed: int, left: int, past: set[int]) -> None:
    """And more needed is never likelier."""
    until = date(2026, 10, 31)
    habit = habit_of({until - timedelta(days=one) for one in past}, until - timedelta(days=30), until)
    chance = chance_of_days(needed, left, habit)
    assert (chance == 1, chance == 0) == (needed <= 0, needed > left > -1 and needed > 0)
    assert chance_of_days(needed + 1, left, habit) <= chance


def test_habit_forgets_slowly_and_only_what_it_saw() -> None:
    """Recent days weigh more; days before the patient was watched are not held against them."""
    until = date(2026, 10, 31)
    recent = habit_of({until - timedelta(days=1)}, until - timedelta(days=30), until)
    old = habit_of({until - timedelta(days=30)}, until - timedelta(days=30), until)
    assert recent.yes > old.yes
    assert habit_of(set(), until, until).days_observed == 0


def _minutes(seconds: int, as_of: date = date(2026, 10, 20), live: bool = True) -> Forecast:
    contacts = {date(2026, 9, day): 1 for day in (3, 10, 17, 24)}
    amounts = (Decimal("26.05"), Decimal("51.77"), Decimal("93.19"))
    return forecast_minutes(MinuteOutlook(month_of(START), seconds, live, contacts, 4 * 480, 30, amounts), as_of)


@pytest.mark.parametrize(
    ("seconds", "secured"),
    [(599, []), (600, [10]), (1199, [10]), (1200, [10, 20]), (2399, [10, 20]), (2400, [10, 20, 40])],
)
def test_minutes_that_are_there_are_sure(seconds: int, secured: list) -> None:
    """Both sides of 10, 20, 40."""
    found = _minutes(seconds)
    assert [mark for mark in (10, 20, 40) if found.chance(f"minutes_{mark}").standing is Standing.SECURED] == secured


def test_minutes_are_open_until_the_month_is_over() -> None:
    """On its last day something helps; on the next nothing does."""
    last, over = _minutes(1000, date(2026, 10, 31)), _minutes(1000, date(2026, 11, 1))
    assert last.chance("minutes_20").act_by == date(2026, 10, 31)
    assert 0 < last.chance("minutes_20").probability < 1
    assert (over.chance("minutes_20").probability, over.chance("minutes_20").standing) == (0, Standing.IMPOSSIBLE)


def test_minutes_have_money_and_reasons() -> None:
    """17 minutes: the short code is sure once there was a live contact (04 §1.6), the rest is at stake."""
    found = _minutes(17 * 60, live=False)
    assert (found.secured, found.best) == (Decimal(0), Decimal("93.19"))
    assert _minutes(17 * 60, live=True).secured == Decimal("26.05")
    assert len(found.reasons) >= 3
    assert found.reasons[-1].inputs == {"has_live_contact": 0, "seconds_missing": 180}


@given(st.integers(0, 3000), st.integers(0, 600), st.integers(0, 31))
def test_a_minute_more_never_lowers_a_chance(seconds: int, more: int, left: int) -> None:
    """And a day more neither."""
    pace = pace_of({date(2026, 9, 3): 2}, 900, 30)
    assert chance_of_seconds(seconds, left, pace) >= chance_of_seconds(seconds + more, left, pace)
    assert chance_of_seconds(seconds, left + 1, pace) >= chance_of_seconds(seconds, left, pace)


def test_what_a_month_cannot_hold_is_impossible() -> None:
    """More seconds than a day has."""
    pace = pace_of({}, 0, 0)
    assert (chance_of_seconds(86_401, 1, pace), chance_of_seconds(86_400, 1, pace) > 0) == (0, True)


def test_a_backtest_scores_and_bins() -> None:
    """Ten bins, the last with its upper end; Brier by hand: (0.01 + 0.04 + 0 + 0.49) / 4."""
    cases = [Case(0.9, True), Case(0.2, False), Case(1.0, True), Case(0.7, False)]
    found = backtest(cases)
    assert found.brier == pytest.approx((0.01 + 0.04 + 0.0 + 0.49) / 4)
    assert (found.base_rate, found.base_rate_brier, found.beats_base_rate) == (0.5, 0.25, True)
    assert [one.count for one in found.bins] == [0, 0, 1, 0, 0, 0, 0, 1, 0, 2]
    assert (found.bins[9].mean_forecast, found.bins[9].share_happened) == (pytest.approx(0.95), 1)


def test_a_backtest_of_nothing_says_nothing() -> None:
    """No number without cases."""
    assert (backtest([]).brier, backtest([]).beats_base_rate, len(backtest([]).bins)) == (None, False, 10)


def _outcomes(rate_of) -> list[Case]:
    """Play patients who each measure with a rate of their own, by a fixed sequence that looks like chance."""
    cases, state = [], 12345
    for patient in range(60):
        rolls = []
        for _ in range(60):
            state = (1103515245 * state + 12345) % 2**31
            rolls.append(state / 2**31)
        days = {
            START - timedelta(days=30) + timedelta(days=n) for n, roll in enumerate(rolls) if roll < rate_of(patient)
        }
        as_of = START + timedelta(days=9)
        known = frozenset(day for day in days if day < as_of)
        chance = forecast_days(DayOutlook(PERIOD, known, START - timedelta(days=30), *FEES), as_of).chance("days_16")
        cases.append(Case(chance.probability, sum(1 for day in days if PERIOD.contains(day)) >= 16))
    return cases


def test_the_forecast_beats_the_base_rate_on_patients_who_differ() -> None:
    """Rates from 20 to 95 percent."""
    found = backtest(_outcomes(lambda patient: 0.2 + 0.75 * patient / 60))
    assert found.beats_base_rate
    assert found.brier < 0.12
