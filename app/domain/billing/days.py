"""The local-day truth table: each date of a window in the patient's zone, whether it counts, by which reading, and why
every other reading does not.

A day counts when a reading of a device that is a medical device, held by the patient when it measured, arrived by
itself, stands (final), and the program covered the day (consent, order, enrolment: 04 §1.4, §5). The first such reading
of the day proves it; further ones change nothing. The day is that of `measured_at` in the patient's zone, never of
arrival. What the device's own clock said, and from where its offset is known, is kept beside it and decides nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.billing.clocks import Window
from app.domain.enrolment.coverage import Coverage


class Custody(StrEnum):
    """How a reading's device stood to the patient when it measured."""

    HELD = "held"
    NOT_HELD = "not_held"  # registered, with nobody or somebody else
    UNKNOWN = "unknown"  # not a device of the practice
    NONE = "none"  # the reading names no device


class Exclusion(StrEnum):
    """Why a reading does not make its day count."""

    VOID = "void"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"
    MANUAL = "manual"
    NO_DEVICE = "no_device"
    UNKNOWN_DEVICE = "unknown_device"
    DEVICE_NOT_HELD = "device_not_held"
    NOT_A_MEDICAL_DEVICE = "not_a_medical_device"
    IN_THE_FUTURE = "in_the_future"
    NO_CONSENT = "no_consent"
    NOT_ENROLLED = "not_enrolled"
    NO_ORDER = "no_order"
    NO_DX = "no_dx"
    NOT_ESTABLISHED = "not_established"
    RTM_CONFLICT = "rtm_conflict"
    ALREADY_COUNTED = "already_counted"  # another reading of the day proves it


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading as billing sees it. `day` is the patient's local day of `measured_at`.

    `zone_offset_minutes` and `offset_origin` are the device's own word on its clock; `received_at` is ours.
    """

    id: UUID
    measured_at: datetime
    day: date
    source: str = "auto"
    status: str = "final"
    custody: Custody = Custody.HELD
    is_medical_device: bool = True
    data: str = "physiologic"  # which kind of monitoring it serves
    device_id: str | None = None
    assignment_id: UUID | None = None
    received_at: datetime | None = None
    zone_offset_minutes: int | None = None
    offset_origin: str | None = None
    observation_type: str = ""


@dataclass(frozen=True, slots=True)
class Excluded:
    """A reading that does not count, and why."""

    reading: Reading
    reason: Exclusion


@dataclass(frozen=True, slots=True)
class LocalDay:
    """One date: what proves it, what else was there. `hours` is the day's length in its zone (23 or 25 at changes)."""

    day: date
    counted_by: Reading | None
    excluded: tuple[Excluded, ...] = ()
    hours: float = 24.0
    seen_as: tuple[date, ...] = field(default=())  # other dates that devices' own clocks gave to the day's readings

    @property
    def is_counted(self) -> bool:
        """Say whether the day counts."""
        return self.counted_by is not None


_BY_STATUS = {"void": Exclusion.VOID, "quarantined": Exclusion.QUARANTINED, "rejected": Exclusion.REJECTED}
_BY_CUSTODY = {
    Custody.NONE: Exclusion.NO_DEVICE,
    Custody.UNKNOWN: Exclusion.UNKNOWN_DEVICE,
    Custody.NOT_HELD: Exclusion.DEVICE_NOT_HELD,
}
CoverageOf = Callable[[date], Coverage]


def own_exclusion(reading: Reading, as_of: datetime | None = None) -> Exclusion | None:
    """Return why a reading cannot make a day count, whatever the day; None when it can.

    Therapeutic data (RTM) may be reported by the patient (04 §2), so neither source nor device is asked of it.
    """
    if reading.status != "final":
        return _BY_STATUS.get(reading.status, Exclusion.REJECTED)
    if as_of is not None and reading.measured_at > as_of:
        return Exclusion.IN_THE_FUTURE
    if reading.data != "physiologic":
        return None
    if reading.source != "auto":
        return Exclusion.MANUAL
    if reading.custody is not Custody.HELD:
        return _BY_CUSTODY[reading.custody]
    return None if reading.is_medical_device else Exclusion.NOT_A_MEDICAL_DEVICE


def truth_table(
    window: Window, timezone: str, readings: Iterable[Reading], coverage_of: CoverageOf, as_of: datetime | None = None
) -> list[LocalDay]:
    """Return every date of the window in order."""
    by_day: dict[date, list[Reading]] = {}
    for reading in readings:
        by_day.setdefault(reading.day, []).append(reading)
    zone = ZoneInfo(timezone)
    return [_local_day(day, zone, by_day.get(day, []), coverage_of, as_of) for day in window.days()]


def counted_days(readings: Iterable[Reading], data: str = "physiologic") -> dict[date, Reading]:
    """Return the days on which a reading could count, each with the first that does; coverage is not asked."""
    first: dict[date, Reading] = {}
    for reading in readings:
        known = first.get(reading.day)
        if known is not None and _order(known) <= _order(reading):
            continue
        if reading.data == data and own_exclusion(reading) is None:
            first[reading.day] = reading
    return first


def _local_day(
    day: date, zone: ZoneInfo, readings: list[Reading], coverage_of: CoverageOf, as_of: datetime | None
) -> LocalDay:
    ordered = sorted(readings, key=_order)
    uncovered = _uncovered(coverage_of(day)) if ordered else None
    counted: Reading | None = None
    excluded = []
    for reading in ordered:
        reason = own_exclusion(reading, as_of) or uncovered or (Exclusion.ALREADY_COUNTED if counted else None)
        if reason is None:
            counted = reading
        else:
            excluded.append(Excluded(reading, reason))
    return LocalDay(day, counted, tuple(excluded), _hours(day, zone), _other_dates(day, ordered))


def _uncovered(coverage: Coverage) -> Exclusion | None:
    return Exclusion(coverage.gaps[0].reason.value.lower()) if coverage.gaps else None


def _order(reading: Reading) -> tuple[datetime, UUID]:
    return reading.measured_at, reading.id


def _hours(day: date, zone: ZoneInfo) -> float:
    starts = datetime(day.year, day.month, day.day, tzinfo=zone)
    following = day + timedelta(days=1)
    ends = datetime(following.year, following.month, following.day, tzinfo=zone)
    return (ends.timestamp() - starts.timestamp()) / 3600


def _other_dates(day: date, readings: Iterable[Reading]) -> tuple[date, ...]:
    """Return the dates other than the patient's that the devices' own offsets would give: travel, or a wrong clock."""
    offsets = ((one.measured_at, one.zone_offset_minutes) for one in readings if one.zone_offset_minutes is not None)
    seen = {
        (moment + timedelta(minutes=minutes) - (moment.utcoffset() or timedelta(0))).date()
        for moment, minutes in offsets
    }
    return tuple(sorted(seen - {day}))


def days_by_exclusion(table: Iterable[LocalDay]) -> Mapping[Exclusion, int]:
    """Return how many readings each reason kept from counting."""
    counts: dict[Exclusion, int] = {}
    for one in table:
        for excluded in one.excluded:
            counts[excluded.reason] = counts.get(excluded.reason, 0) + 1
    return counts
