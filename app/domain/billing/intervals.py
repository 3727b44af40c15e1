"""Stretches of time as whole microseconds: joined, cut, summed. Half-open, so that two that meet share nothing."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
Interval = tuple[int, int]


def ticks(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(tick: int) -> datetime:
    """Return the moment of a tick."""
    return _EPOCH + timedelta(microseconds=tick)


def joined(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the union: in order, without overlap, empty ones left out."""
    result: list[Interval] = []
    for start, end in sorted(one for one in intervals if one[0] < one[1]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def common(first: Iterable[Interval], second: Iterable[Interval]) -> list[Interval]:
    """Return what lies in both; each of the two is a union."""
    parts = list(second)
    return joined((max(a, c), min(b, d)) for a, b in first for c, d in parts if a < d and c < b)


def without(first: Iterable[Interval], second: Iterable[Interval]) -> list[Interval]:
    """Return what lies in the first union and not in the second."""
    rest = list(first)
    for cut_start, cut_end in second:
        rest = [
            piece
            for start, end in rest
            for piece in ((start, min(end, cut_start)), (max(start, cut_end), end))
            if piece[0] < piece[1]
        ]
    return rest


def total(intervals: Iterable[Interval]) -> int:
    """Return the length of a union, in ticks."""
    return sum(end - start for start, end in intervals)


def reached_at(intervals: Iterable[Interval], length: int) -> int | None:
    """Return the tick at which a union has come to a length; None when it never does."""
    for start, end in intervals:
        if end - start >= length:
            return start + length
        length -= end - start
    return None
