"""The local-day truth table: what counts, what does not and why, in every zone and through changes of the clock."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.billing.clocks import Window
from app.domain.billing.days import Custody, Exclusion, Reading, counted_days, days_by_exclusion, truth_table
from app.domain.days import local_day
from app.domain.enrolment.coverage import EnrolmentFacts, coverage_on
from app.domain.enrolment.programs import Program
from tests.domain.billing.facts import START, ZONE, a_reading, an_id, paper, readings

DAY = date(2026, 10, 5)
WEEK = Window(DAY, DAY + timedelta(days=6))


def _table(*found: Reading, facts: EnrolmentFacts | None = None, window: Window = WEEK, **more):
    known = facts or paper()
    return truth_table(
        window, more.pop("timezone", ZONE), found, lambda day: coverage_on(Program.RPM, day, known), **more
    )


def _why(reading: Reading, **more) -> Exclusion | None:
    day = next(one for one in _table(reading, **more) if one.day == reading.day)
    return day.excluded[0].reason if day.excluded else None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None), ({"source": "manual"}, Exclusion.MANUAL), ({"status": "void"}, Exclusion.VOID),
        ({"status": "quarantined"}, Exclusion.QUARANTINED), ({"status": "rejected"}, Exclusion.REJECTED),
        ({"custody": Custody.NONE}, Exclusion.NO_DEVICE), ({"custody": Custody.UNKNOWN}, Exclusion.UNKNOWN_DEVICE),
        ({"custody": Custody.NOT_HELD}, Exclusion.DEVICE_NOT_HELD),
        ({"is_medical_device": False}, Exclusion.NOT_A_MEDICAL_DEVICE),
        ({"data": "respiratory", "source": "manual", "custody": Custody.NONE}, None),
    ],
)  # fmt: skip
def test_a_reading_counts_or_says_why_not(fields: dict, reason: Exclusion | None) -> None:
    """04 §5; therapeutic data may be reported by the patient."""
    assert _why(a_reading(DAY, **fields)) is reason


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"consented_on": DAY}, None), ({"consented_on": DAY + timedelta(days=1)}, Exclusion.NO_CONSENT),
        ({"ends_on": DAY}, None), ({"ends_on": DAY - timedelta(days=1)}, Exclusion.NOT_ENROLLED),
        ({"order_ends_on": DAY}, None), ({"order_ends_on": DAY - timedelta(days=1)}, Exclusion.NO_ORDER),
        ({"initiating_visit_on": None}, Exclusion.NOT_ESTABLISHED), ({"diagnoses": ()}, Exclusion.NO_DX),
    ],
)  # fmt: skip
def test_a_day_without_cover_counts_for_nothing(fields: dict, reason: Exclusion | None) -> None:
    """Both sides of each edge."""
    assert _why(a_reading(DAY), facts=paper(**fields)) is reason


def test_every_date_of_the_window_is_told_and_the_first_good_reading_proves_it() -> None:
    """A bad one before it is named, and so is a good one behind it."""
    bad, good, later = a_reading(DAY, hour=7, source="manual"), a_reading(DAY, hour=9), a_reading(DAY, hour=20)
    table = _table(later, good, bad)
    assert [one.is_counted for one in table] == [True] + [False] * 6
    assert table[0].counted_by == good
    assert [one.reason for one in table[0].excluded] == [Exclusion.MANUAL, Exclusion.ALREADY_COUNTED]
    assert days_by_exclusion(table) == {Exclusion.MANUAL: 1, Exclusion.ALREADY_COUNTED: 1}


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Pacific/Kiritimati", date(2026, 10, 6)), ("America/New_York", date(2026, 10, 5)),
        ("Pacific/Honolulu", date(2026, 10, 4)), ("America/Los_Angeles", date(2026, 10, 4)),
        ("Asia/Kolkata", date(2026, 10, 5)),
    ],
)  # fmt: skip
def test_the_day_is_the_patients_own(zone: str, day: date) -> None:
    """05:30 UTC on the fifth: the fourth in Honolulu and Los Angeles, after ten hours the sixth on Kiritimati."""
    moment = datetime(2026, 10, 5, 5 if zone != "Pacific/Kiritimati" else 15, 30, tzinfo=UTC)
    assert local_day(moment, zone) == day


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 1, 3, 59, 59, tzinfo=UTC), date(2026, 10, 31)),
        (datetime(2026, 11, 1, 4, tzinfo=UTC), date(2026, 11, 1)),
        (datetime(2026, 11, 2, 4, 59, 59, tzinfo=UTC), date(2026, 11, 1)),
        (datetime(2026, 11, 2, 5, tzinfo=UTC), date(2026, 11, 2)),
        (datetime(2026, 3, 8, 4, 59, 59, tzinfo=UTC), date(2026, 3, 7)),
        (datetime(2026, 3, 8, 5, tzinfo=UTC), date(2026, 3, 8)),
        (datetime(2026, 3, 9, 3, 59, 59, tzinfo=UTC), date(2026, 3, 8)),
        (datetime(2026, 3, 9, 4, tzinfo=UTC), date(2026, 3, 9)),
    ],
)
def test_the_edges_of_a_day_move_with_daylight_saving(moment: datetime, day: date) -> None:
    """New York is five hours behind until 8 March 2026, four until 1 November, and five again: both ways."""
    assert local_day(moment, ZONE) == day


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (DAY, 24)])
def test_a_day_tells_its_length(day: date, hours: int) -> None:
    """Both readings of a repeated hour are of one day."""
    window = Window(day, day)
    early = replace(a_reading(day), measured_at=datetime(2026, 11, 1, 5, 30, tzinfo=UTC))
    late = replace(a_reading(day, hour=10), measured_at=datetime(2026, 11, 1, 6, 30, tzinfo=UTC))
    table = _table(
        early, late, window=window, facts=paper(start=date(2026, 1, 1), initiating_visit_on=date(2026, 1, 1))
    )
    assert (table[0].hours, table[0].counted_by) == (hours, early)


def test_a_travelling_or_wrong_clock_is_told_and_decides_nothing() -> None:
    """The device thought in Tokyo's time, where it was the next day already; arrival a week later changes nothing."""
    reading = a_reading(DAY, hour=20, zone_offset_minutes=540, offset_origin="device")
    reading = replace(reading, received_at=reading.measured_at + timedelta(days=7))
    table = _table(reading)
    assert (table[0].counted_by, table[0].seen_as) == (reading, (DAY + timedelta(days=1),))


def test_a_clock_that_runs_ahead_counts_nothing() -> None:
    """What was measured after now was not measured."""
    reading = a_reading(DAY)
    before, then = reading.measured_at - timedelta(seconds=1), reading.measured_at
    assert (_why(reading, as_of=before), _why(reading, as_of=then)) == (Exclusion.IN_THE_FUTURE, None)


def test_days_are_the_union_over_devices() -> None:
    """Two devices on one day are one day."""
    found = (*readings(3), *readings(3, hour=12, device_id="SN-2"), a_reading(START, status="void"))
    assert len(counted_days(found)) == 3


def test_of_two_readings_at_one_moment_the_lower_id_proves_the_day() -> None:
    """So that every run says the same."""
    one, other = (a_reading(DAY, id=an_id(name)) for name in ("x", "y"))
    assert counted_days([one, other])[DAY].id == counted_days([other, one])[DAY].id == min(one.id, other.id)
