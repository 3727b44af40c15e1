"""Days with a reading in the last seven full local days: both sides of midnight, the week and the clock change."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.triage.adherence import has_begun, reading_days

_ZONE = ZoneInfo("America/New_York")
_NOW = datetime(2026, 11, 5, 9, tzinfo=_ZONE)  # clocks went back on November 1


def _local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=_ZONE)


@pytest.mark.parametrize(
    ("measured", "days"),
    [
        ([], 0),
        (["11-05T00:01"], 0), (["11-04T23:59"], 1),  # today does not count, yesterday does
        (["10-29T00:01"], 1), (["10-28T23:59"], 0),  # seven days back, and eight
        (["11-02T00:01", "11-02T23:59"], 1),  # one local day, two by UTC
        (["11-02T23:59", "11-03T00:01"], 2),  # two local days, one by UTC
        (["11-01T00:01", "11-01T23:59"], 1),  # a day of 25 hours
        (["10-30T08:00", "11-01T08:00", "11-03T08:00"], 3),
        (["10-30T08:00", "11-01T08:00", "11-03T08:00", "11-04T08:00"], 4),
    ],
)  # fmt: skip
def test_local_days_with_a_reading_are_counted_once(measured: list[str], days: int) -> None:
    """Of the seven full days before today."""
    assert reading_days([_local(one) for one in measured], _NOW, _ZONE) == days


@pytest.mark.parametrize(("first", "begun"), [("10-29T23:59", True), ("10-30T00:01", False)])
def test_a_patient_has_begun_seven_local_days_after_the_first_reading(first: str, begun: bool) -> None:
    """Six days are too few to be behind."""
    assert has_begun(_local(first), _NOW, _ZONE) is begun
