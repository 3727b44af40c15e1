"""Who is on call: weekly slots, dated shifts, midnight, and the nights on which clocks change."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from app.domain.triage.on_call import OnCallSlot, on_call_at

NEW_YORK = "America/New_York"
MONDAY = 0
DAY = OnCallSlot(1, time(8), time(18), weekday=MONDAY)
NIGHT = OnCallSlot(2, time(18), time(8), weekday=MONDAY)


def _local(text: str, zone_hours: int) -> datetime:
    return datetime.fromisoformat(f"{text}{zone_hours:+03d}:00")


@pytest.mark.parametrize(
    ("clock", "people"),
    [
        ("2026-06-01T07:59:59", ()),
        ("2026-06-01T08:00", (1,)),
        ("2026-06-01T17:59:59", (1,)),
        ("2026-06-01T18:00", (2,)),
        ("2026-06-02T07:59:59", (2,)),
        ("2026-06-02T08:00", ()),
    ],
)
def test_a_slot_holds_from_its_start_to_before_its_end(clock: str, people: tuple[int, ...]) -> None:
    """1 June 2026 is a Monday; a slot that ends before it starts runs past midnight."""
    assert on_call_at([DAY, NIGHT], _local(clock, -4), NEW_YORK) == people


def test_equal_times_are_a_whole_day_round() -> None:
    """From eight to eight."""
    slot = OnCallSlot(1, time(8), time(8), weekday=MONDAY)
    covered = [
        bool(on_call_at([slot], _local(at, -4), NEW_YORK))
        for at in ("2026-06-01T07:59", "2026-06-01T08:00", "2026-06-02T07:59", "2026-06-02T08:00")
    ]
    assert covered == [False, True, True, False]


def test_a_dated_shift_stands_above_the_weekly_slots() -> None:
    """While it lasts, and no longer."""
    shift = OnCallSlot(9, time(10), time(12), on=date(2026, 6, 1))
    at = _local("2026-06-01T10:00", -4)
    assert on_call_at([DAY, shift], at, NEW_YORK) == (9,)
    assert on_call_at([DAY, shift], at + timedelta(hours=2), NEW_YORK) == (1,)
    assert on_call_at([DAY, shift], at + timedelta(days=7), NEW_YORK) == (1,)


def test_where_slots_overlap_the_first_of_the_schedule_is_asked_first() -> None:
    """And nobody twice."""
    second = OnCallSlot(2, time(9), time(10), weekday=MONDAY)
    assert on_call_at([DAY, second, DAY], _local("2026-06-01T09:30", -4), NEW_YORK) == (1, 2)


def test_the_schedule_follows_the_practices_clock_not_utc() -> None:
    """Eight in New York is noon UTC in summer and one in winter."""
    assert on_call_at([DAY], datetime(2026, 6, 1, 12, tzinfo=UTC), NEW_YORK) == (1,)
    assert on_call_at([DAY], datetime(2026, 1, 5, 12, 59, tzinfo=UTC), NEW_YORK) == ()
    assert on_call_at([DAY], datetime(2026, 1, 5, 13, tzinfo=UTC), NEW_YORK) == (1,)


@pytest.mark.parametrize("boundary", [time(1, 30), time(2), time(2, 30), time(3)])
@pytest.mark.parametrize("sunday", [date(2026, 3, 8), date(2026, 11, 1)], ids=["clocks forward", "clocks back"])
def test_two_slots_that_meet_leave_no_gap_and_never_overlap_when_clocks_change(sunday: date, boundary: time) -> None:
    """Looked at every five minutes of the night; there is one handover."""
    before = OnCallSlot(1, time(0), boundary, on=sunday)
    after = OnCallSlot(2, boundary, time(6), on=sunday)
    midnight = datetime(sunday.year, sunday.month, sunday.day, 5 if sunday.month == 3 else 4, tzinfo=UTC)
    hours = 5 if sunday.month == 3 else 7  # the night until six has an hour less or more
    seen = [
        on_call_at([before, after], midnight + timedelta(minutes=minutes), NEW_YORK)
        for minutes in range(0, hours * 60, 5)
    ]
    assert {len(people) for people in seen} == {1}
    assert seen == sorted(seen)


def test_a_slot_within_the_skipped_hour_covers_nothing() -> None:
    """From 02:10 to 02:20 on a night that has no two o'clock … the instants an hour later by the clock."""
    slot = OnCallSlot(1, time(2, 10), time(2, 20), on=date(2026, 3, 8))
    assert on_call_at([slot], datetime(2026, 3, 8, 7, 15, tzinfo=UTC), NEW_YORK) == (1,)  # 03:15 in summer time
    assert on_call_at([slot], datetime(2026, 3, 8, 6, 15, tzinfo=UTC), NEW_YORK) == ()
