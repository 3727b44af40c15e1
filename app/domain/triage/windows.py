"""Looking back over a patient's readings: the last few, the change within days, the line through them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from statistics import linear_regression

from app.domain.triage.parameters import Parameter

_TREND_READINGS = 5  # fewer make no line
_TENTH = Decimal("0.1")
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """What rules see of a reading: its measures in canonical units, None where the device had no value."""

    measured_at: datetime
    values: Mapping[str, Decimal | None]
    source_id: str = ""


def latest_values(sample: Sample, history: Sequence[Sample], measure: str, count: int) -> list[Decimal]:
    """Return the newest values of a measure up to and with the sample's own, at most `count`."""
    found = [value for value in (sample.values.get(measure),) if value is not None]
    for earlier in reversed(history):
        if len(found) >= count:
            break
        value = earlier.values.get(measure)
        if value is not None:
            found.append(value)
    return found


def change_in(sample: Sample, history: Sequence[Sample], of: Parameter, zone: tzinfo) -> Decimal | None:
    """Return how far a measure rose (or fell) against the lowest (highest) reading of the window, never below 0.

    Local calendar days, so that morning weights a little over 24 hours apart count as one day; None without a reading
    to compare with.
    """
    value = sample.values.get(of.measure)
    start = _start_of_day(sample.measured_at.astimezone(zone).date() - timedelta(days=of.days), zone)
    earlier = [
        known
        for one in history
        if start <= one.measured_at <= sample.measured_at and (known := one.values.get(of.measure)) is not None
    ]
    if value is None or not earlier:
        return None
    moved = value - min(earlier) if of.is_upper else max(earlier) - value
    return max(moved, Decimal(0))


def _start_of_day(day: date, zone: tzinfo) -> datetime:
    """Return the instant at which a local day begins, in UTC: reckoned once, since comparing with it is cheap."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def trend_in(sample: Sample, history: Sequence[Sample], of: Parameter, zone: tzinfo) -> Decimal | None:
    """Return how far the least-squares line through a window's readings rose (fell) over the whole window, in tenths.

    None with fewer than five readings, or when they span less than half the window.
    """
    start = sample.measured_at - timedelta(days=of.days)
    points = [
        ((one.measured_at - start) / _A_DAY, float(value))
        for one in (*history, sample)
        if (value := one.values.get(of.measure)) is not None and start <= one.measured_at <= sample.measured_at
    ]
    days = [day for day, _ in points]
    if len(points) < _TREND_READINGS or max(days) - min(days) < of.days / 2:
        return None
    slope = linear_regression(days, [value for _, value in points]).slope
    moved = Decimal(slope * of.days).quantize(_TENTH, ROUND_HALF_UP)
    return moved if of.is_upper else -moved
