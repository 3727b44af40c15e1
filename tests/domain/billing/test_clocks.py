"""The two clocks: edges of periods and months, leap years, changes of the clock."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.billing.clocks import (
    Window,
    bounds,
    may_start,
    midnight,
    month_of,
    months_between,
    period_from,
    plan_periods,
)

ALWAYS = {"is_enrolled": lambda _: True}


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 2, 1), date(2026, 3, 2)), (date(2028, 2, 1), date(2028, 3, 1)),
        (date(2026, 1, 1), date(2026, 1, 30)), (date(2026, 12, 20), date(2027, 1, 18)),
    ],
)  # fmt: skip
def test_a_period_is_its_start_and_29_days_more(start: date, end: date) -> None:
    """04 §1.7, leap February too."""
    assert period_from(start) == Window(start, end)


@pytest.mark.parametrize(
    ("day", "last"),
    [(date(2026, 2, 3), 28), (date(2028, 2, 29), 29), (date(2026, 4, 30), 30), (date(2026, 12, 31), 31)],
)
def test_a_month_ends_where_the_calendar_says(day: date, last: int) -> None:
    """Both ends inclusive."""
    assert (month_of(day).starts_on.day, month_of(day).ends_on.day) == (1, last)


def test_months_between_cross_the_year() -> None:
    """Both included."""
    assert [month.starts_on.month for month in months_between(date(2026, 11, 30), date(2027, 1, 1))] == [11, 12, 1]


@pytest.mark.parametrize(
    ("month", "zone", "hours"),
    [
        (date(2026, 3, 1), "America/New_York", 31 * 24 - 1), (date(2026, 11, 1), "America/New_York", 30 * 24 + 1),
        (date(2026, 3, 1), "America/Phoenix", 31 * 24), (date(2026, 10, 1), "Pacific/Apia", 31 * 24),
        (date(2011, 12, 1), "Pacific/Apia", 30 * 24 + 0),
    ],
)  # fmt: skip
def test_a_month_is_as_long_as_its_zone_makes_it(month: date, zone: str, hours: int) -> None:
    """An hour is skipped in March and repeated in November; Apia skipped a whole day in 2011."""
    start, end = bounds(month_of(month), zone)
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=hours)


def test_a_day_without_midnight_begins_at_its_first_moment() -> None:
    """Beirut skips the hour from 00:00 to 01:00 on 29 March 2026."""
    begins = midnight(date(2026, 3, 29), "Asia/Beirut").astimezone(UTC)
    assert begins == datetime(2026, 3, 28, 22, tzinfo=UTC)


def test_the_first_period_starts_with_the_first_counted_day_and_the_next_behind_it() -> None:
    """Up to today."""
    planned = plan_periods((), [date(2026, 9, 5), date(2026, 9, 9)], date(2026, 10, 6), **ALWAYS)
    assert [one.starts_on for one in planned] == [date(2026, 9, 5), date(2026, 10, 5)]


@pytest.mark.parametrize(("today", "count"), [(date(2026, 10, 4), 1), (date(2026, 10, 5), 2)])
def test_the_next_period_begins_on_the_day_after_the_last(today: date, count: int) -> None:
    """5 September plus 29 days is 4 October."""
    assert len(plan_periods((), [date(2026, 9, 5)], today, **ALWAYS)) == count


def test_after_a_break_the_next_period_waits_for_data() -> None:
    """Nobody is enrolled on the day after the last one."""
    stored = [period_from(date(2026, 9, 1))]
    back = date(2026, 11, 10)
    planned = plan_periods(stored, [back], date(2026, 11, 20), lambda day: day >= back)
    assert planned == [period_from(back)]


def test_whole_periods_are_set_before_the_first_for_data_that_turned_up() -> None:
    """And none that would reach into it."""
    stored = [period_from(date(2026, 9, 1))]
    days = [date(2026, 7, 3), date(2026, 8, 2), date(2026, 8, 4)]
    planned = plan_periods(stored, days, date(2026, 9, 2), **ALWAYS)
    assert planned == [period_from(date(2026, 7, 3)), period_from(date(2026, 8, 2))]
    assert plan_periods([*stored, *planned], days, date(2026, 9, 2), **ALWAYS) == []


@pytest.mark.parametrize(("day", "may"), [(date(2026, 9, 30), False), (date(2026, 10, 1), True)])
def test_a_period_starts_no_earlier_than_the_day_after_the_last_billed(day: date, may: bool) -> None:
    """1 September plus 29 days is 30 September."""
    assert may_start(day, [period_from(date(2026, 9, 1))]) is may
