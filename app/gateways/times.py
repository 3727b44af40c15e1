"""Vendors' times into aware UTC, and what they say of the zone.

An offset's unit need not be told: real offsets are at most 14 hours and multiples of 15 minutes (IANA time zone
database, since 1972), so up to 14 it is hours, from 15 to 840 minutes, from 900 seconds. The three never overlap.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.domain.vitals.reading import OffsetOrigin
from app.gateways.messages import Unreadable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_MOST_HOURS, _QUARTER, _HOUR = 14, 15, 60
_MOST_MINUTES = _MOST_HOURS * _HOUR
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d|[+-]\d\d)?", re.IGNORECASE
)
_SIGNED = re.compile(r"([+-])(\d\d):?(\d\d)")
_TIME_UNIT = {"s": Decimal(1), "ms": Decimal(1000)}


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant, with the offset its own text carried."""

    at: datetime
    offset_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Zone:
    """An offset from UTC in minutes, and whose word it is."""

    offset_minutes: int | None = None
    origin: OffsetOrigin | None = None


def from_epoch(number: Decimal, unit: str = "s") -> datetime:
    """Return the instant that many seconds ("s") or milliseconds ("ms") after 1970; raises Unreadable."""
    microseconds = number * 1_000_000 / _TIME_UNIT[unit]
    try:
        return _plausible(_EPOCH + timedelta(microseconds=int(microseconds)))
    except OverflowError as error:
        raise Unreadable("A time lies outside of the calendar.") from error


def from_text(text: str, naive_offset: int | None) -> Moment:
    """Return the instant that ISO 8601 text names; raises Unreadable.

    Text without a zone is local time at `naive_offset` minutes from UTC (0 where the vendor says that it is UTC); when
    that is None, nobody knows which instant is meant.
    """
    found = _ISO.fullmatch(text.strip())
    if not found:
        raise Unreadable("A time is not in ISO 8601.")
    day, clock, fraction, zone = found.groups()
    try:
        naive = datetime.fromisoformat(f"{day}T{clock}").replace(microsecond=int((fraction or "0").ljust(6, "0")[:6]))
    except ValueError as error:
        raise Unreadable("A time lies outside of the calendar.") from error
    own = _own_offset(zone)
    offset = naive_offset if own is None else own
    if offset is None:
        raise Unreadable("A local time comes without its offset from UTC.")
    at = _plausible(naive.replace(tzinfo=UTC)) - timedelta(minutes=offset)
    return Moment(at, own if zone and zone.upper() != "Z" else None)


def offset_minutes(number: Decimal | None) -> int | None:
    """Return an offset from UTC in minutes, whether it was told in hours, minutes or seconds; raises Unreadable."""
    if number is None:
        return None
    size = abs(number)
    minutes = number
    if size <= _MOST_HOURS:
        minutes = number * _HOUR
    elif size > _MOST_MINUTES:
        minutes = number / _HOUR
    if minutes != minutes.to_integral_value() or int(minutes) % _QUARTER or abs(minutes) > _MOST_MINUTES:
        raise Unreadable("An offset from UTC is no offset of any place.")
    return int(minutes)


def signed_offset(text: str) -> int:
    """Return the minutes of an offset written `+0530` or `-05:00`; raises Unreadable."""
    found = _SIGNED.fullmatch(text.strip())
    minutes = int(found[2]) * _HOUR + int(found[3]) if found else _MOST_MINUTES + 1
    if not found or minutes > _MOST_MINUTES:
        raise Unreadable("An offset from UTC is no offset of any place.")
    return -minutes if found[1] == "-" else minutes


def zone_of(moment: Moment, told: int | None, origin: OffsetOrigin) -> Zone:
    """Return the offset told beside the time, else the one that the time's text carried."""
    if told is not None:
        return Zone(told, origin)
    return Zone(moment.offset_minutes, "posted") if moment.offset_minutes is not None else Zone()


def _own_offset(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone.upper() == "Z":
        return 0
    return signed_offset(zone if len(zone) > len("+00") else f"{zone}00")


def _plausible(at: datetime) -> datetime:
    if not _EARLIEST <= at < _LATEST:
        raise Unreadable("A time lies outside of the years 2000 to 2099.")
    return at
