"""When a message goes out: both sides of each boundary, over midnight and over changes of the clocks."""

from datetime import UTC, datetime, time, timedelta

import pytest

from app.domain.notifications.events import Level
from app.domain.notifications.timing import (
    MAX_TRIES,
    RETRY_WAITS,
    QuietHours,
    due_at,
    next_digest,
    next_try,
    quiet_until,
)

NEW_YORK = "America/New_York"
NIGHT = QuietHours(time(22), time(7))
NOON = QuietHours(time(12), time(13, 30))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "moment", "end"),
    [
        (NIGHT, "2026-01-10T21:59:59-05:00", None),
        (NIGHT, "2026-01-10T22:00:00-05:00", "2026-01-11T07:00:00-05:00"),
        (NIGHT, "2026-01-11T00:00:00-05:00", "2026-01-11T07:00:00-05:00"),
        (NIGHT, "2026-01-11T06:59:59-05:00", "2026-01-11T07:00:00-05:00"),
        (NIGHT, "2026-01-11T07:00:00-05:00", None),
        (NOON, "2026-01-10T11:59:59-05:00", None),
        (NOON, "2026-01-10T12:00:00-05:00", "2026-01-10T13:30:00-05:00"),
        (NOON, "2026-01-10T13:30:00-05:00", None),
        (None, "2026-01-10T23:00:00-05:00", None),
    ],
)
def test_quiet_hours_begin_at_their_start_and_are_over_at_their_end(
    hours: QuietHours | None, moment: str, end: str | None
) -> None:
    """Past midnight too; the zone is the person's, whatever the moment is written in."""
    assert quiet_until(_at(moment), hours, NEW_YORK) == (end and _at(end))


@pytest.mark.parametrize(
    ("hours", "moment", "end"),
    [
        # 8 March 2026: 02:00 EST becomes 03:00 EDT; the night is an hour shorter.
        (NIGHT, "2026-03-08T06:59:59-04:00", "2026-03-08T07:00:00-04:00"),
        (NIGHT, "2026-03-08T07:00:00-04:00", None),
        # An end at 02:30, which does not exist that night, is not before the clocks change.
        (QuietHours(time(22), time(2, 30)), "2026-03-08T03:29:59-04:00", "2026-03-08T03:30:00-04:00"),
        (QuietHours(time(22), time(2, 30)), "2026-03-08T03:30:00-04:00", None),
        # 1 November 2026: 02:00 EDT becomes 01:00 EST; 01:30 comes twice.
        (QuietHours(time(22), time(1, 30)), "2026-11-01T01:40:00-04:00", "2026-11-01T01:30:00-05:00"),
        (QuietHours(time(22), time(1, 30)), "2026-11-01T01:29:59-05:00", "2026-11-01T01:30:00-05:00"),
        (QuietHours(time(22), time(1, 30)), "2026-11-01T01:30:00-05:00", None),
        (QuietHours(time(1, 30), time(7)), "2026-11-01T01:30:00-04:00", "2026-11-01T07:00:00-05:00"),
        (QuietHours(time(1, 30), time(7)), "2026-11-01T01:00:00-05:00", "2026-11-01T07:00:00-05:00"),
        (QuietHours(time(1, 30), time(7)), "2026-11-01T01:29:59-04:00", None),
    ],
)
def test_quiet_hours_are_one_piece_when_clocks_change(hours: QuietHours, moment: str, end: str | None) -> None:
    """Rather longer than shorter, and never interrupted."""
    assert quiet_until(_at(moment), hours, NEW_YORK) == (end and _at(end))


@pytest.mark.parametrize(
    ("moment", "hour", "expected"),
    [
        ("2026-01-10T07:59:59-05:00", 8, "2026-01-10T08:00:00-05:00"),
        ("2026-01-10T08:00:00-05:00", 8, "2026-01-11T08:00:00-05:00"),
        ("2026-01-10T23:30:00-05:00", 0, "2026-01-11T00:00:00-05:00"),
        ("2026-03-07T09:00:00-05:00", 8, "2026-03-08T08:00:00-04:00"),
        ("2026-10-31T09:00:00-04:00", 8, "2026-11-01T08:00:00-05:00"),
    ],
)
def test_a_digest_comes_at_the_next_such_hour(moment: str, hour: int, expected: str) -> None:
    """At the hour itself it is the next day's; the wall clock counts, not twenty-four hours."""
    assert next_digest(_at(moment), hour, NEW_YORK) == _at(expected)


@pytest.mark.parametrize(
    ("level", "digest_hour", "expected"),
    [
        (Level.CRITICAL, 8, "2026-01-10T23:00:00-05:00"),
        (Level.URGENT, 8, "2026-01-11T07:00:00-05:00"),
        (Level.ROUTINE, 8, "2026-01-11T08:00:00-05:00"),
        (Level.ROUTINE, None, "2026-01-11T07:00:00-05:00"),
    ],
)
def test_in_a_quiet_night_only_the_critical_goes_out(level: Level, digest_hour: int | None, expected: str) -> None:
    """Urgent waits for its end, routine for the digest, or for the end where there is none."""
    assert due_at(_at("2026-01-10T23:00:00-05:00"), level, NIGHT, digest_hour, NEW_YORK) == _at(expected)


def test_outside_of_quiet_hours_the_urgent_goes_out_at_once() -> None:
    """Not later by a second."""
    moment = _at("2026-01-10T12:00:00-05:00")
    assert due_at(moment, Level.URGENT, NIGHT, 8, NEW_YORK) == moment


def test_waits_grow_and_end() -> None:
    """Nine tries in all, the last some eighteen hours after the first."""
    moment = _at("2026-01-10T12:00:00Z")
    waits = [next_try(tries, moment, 0.5) for tries in range(1, MAX_TRIES + 1)]
    assert waits == [*(moment + wait for wait in RETRY_WAITS), None]
    assert timedelta(hours=17) < sum(RETRY_WAITS, timedelta()) < timedelta(hours=19)


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 90), (0.5, 120), (0.999, 149.94)])
def test_jitter_spreads_a_wait_by_a_quarter_to_both_sides(jitter: float, seconds: float) -> None:
    """Of two minutes, the third wait."""
    moment = _at("2026-01-10T12:00:00Z")
    again = next_try(3, moment, jitter)
    assert again is not None
    assert (again - moment).total_seconds() == pytest.approx(seconds)


@pytest.mark.parametrize(("asked_for", "seconds"), [(None, 5), (1, 5), (60, 60), (10**9, 3600)])
def test_a_provider_that_asks_for_more_patience_gets_it_up_to_an_hour(asked_for: float | None, seconds: int) -> None:
    """And never less than our own wait."""
    moment = _at("2026-01-10T12:00:00Z")
    assert next_try(1, moment, 0.5, asked_for) == moment + timedelta(seconds=seconds)
