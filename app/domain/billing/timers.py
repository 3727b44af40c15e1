"""A timer that somebody works by: it runs, pauses, goes on and is stopped. Pure: plain facts in.

Only the time between starts and pauses is worked; each such stretch becomes an entry of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.domain.billing.time_logs import Activity, Mode
from app.domain.enrolment.programs import Program


class TimerOutcome(StrEnum):
    """What became of a timer: its time was logged, or thrown away."""

    LOGGED = "logged"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class NewTimer:
    """What somebody begins to do; mode and activity can be told better when the timer is stopped."""

    program: Program
    activity: Activity
    mode: Mode = Mode.NONE


@dataclass(frozen=True, slots=True)
class TimerEnd:
    """How a timer ends: what to write into its entries, or that its time is thrown away.

    `ended_at` when work ended before the timer was stopped; `changes` are fields of `Work` that replace what was said
    at the start.
    """

    changes: dict[str, Any]
    ended_at: datetime | None = None
    discard: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time in which the timer ran; without an end while it runs."""

    started_at: datetime
    ended_at: datetime | None = None


def worked(stretches: Iterable[Stretch], until: datetime) -> list[tuple[datetime, datetime]]:
    """Return when work was done up to a moment; what lies after it is cut off, what has no length is left out."""
    spans = ((one.started_at, min(one.ended_at or until, until)) for one in stretches)
    return [(start, end) for start, end in spans if end > start]


def cut_out(stretch: Stretch, span: tuple[datetime, datetime]) -> tuple[Stretch | None, Stretch | None]:
    """Return what is left of a stretch before and after a span; two None when the span does not touch it.

    What was before the span may have no length; what comes after it is None when nothing does.
    """
    start, end = span
    if end <= stretch.started_at or (stretch.ended_at is not None and stretch.ended_at <= start):
        return None, None
    before = Stretch(stretch.started_at, max(start, stretch.started_at))
    goes_on = stretch.ended_at is None or stretch.ended_at > end
    return before, Stretch(end, stretch.ended_at) if goes_on else None


def elapsed(stretches: Iterable[Stretch], now: datetime) -> timedelta:
    """Return how long the timer has run."""
    return sum((end - start for start, end in worked(stretches, now)), timedelta())
