"""How soon somebody must have acknowledged an alert.

A critical alert is due at once; when nobody has reacted for five minutes it escalates by itself. A warning is due
within the practice's own time, an hour unless it says otherwise, and escalates when that has passed. The five minutes
and the hour are ours. A critical alert escalates even when a later value is back within the limit: the value that
nobody has seen may have been the true one; only what came more than a day late calls nobody once it has cleared, for
it came with what was measured since. A warning that has cleared waits in the queue, unless it comes back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.triage.thresholds import AlertLevel

DEFAULT_WARNING_MINUTES = 60
WARNING_MINUTES = (5, 1440)  # what a practice may choose, both inclusive
CRITICAL_GRACE = timedelta(minutes=5)
TOO_LATE = timedelta(days=1)  # ours


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When an alert is due, and when it escalates by itself if nobody has acknowledged it."""

    due_at: datetime
    escalates_at: datetime


def deadlines(level: AlertLevel, since: datetime, warning_minutes: int = DEFAULT_WARNING_MINUTES) -> Deadlines:
    """Return the deadlines of an alert that waits since then."""
    if level is AlertLevel.CRITICAL:
        return Deadlines(since, since + CRITICAL_GRACE)
    due_at = since + timedelta(minutes=warning_minutes)
    return Deadlines(due_at, due_at)


def is_overdue(due_at: datetime | None, acknowledged_at: datetime | None, at: datetime) -> bool:
    """Say whether an alert waits longer than it may; on the very moment it is due it is not late yet."""
    return acknowledged_at is None and due_at is not None and at > due_at


def escalates(level: AlertLevel, measured_at: datetime, waiting_since: datetime, *, is_cleared: bool) -> bool:
    """Say whether an alert that nobody acknowledged in time escalates. `measured_at` is of its newest value."""
    return not is_cleared or (level is AlertLevel.CRITICAL and measured_at > waiting_since - TOO_LATE)


def reaction_seconds(waiting_since: datetime, acknowledged_at: datetime | None) -> int | None:
    """Return how long an alert waited until it was acknowledged; None while it waits."""
    return None if acknowledged_at is None else max(int((acknowledged_at - waiting_since).total_seconds()), 0)
