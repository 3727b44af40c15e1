"""The life of an alert, as pure decisions: when one opens, when a repeat folds into it, when it clears and wakes.

An alert is active or cleared, and acknowledged or not: four states, of which only cleared-and-acknowledged is the end,
unless it is put off, which keeps it to the agreed time. Of one patient and rule at most one alert has not ended. A
repeat of the rule folds into it: the count rises, the newest reading speaks for it, and if it had been acknowledged it
must be acknowledged again, unless somebody has put it off. A reading measured before the newest one is counted but
changes nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from app.domain.triage.assessment import Breach
from app.domain.triage.parameters import AlertClass
from app.domain.triage.thresholds import AlertLevel

MAX_SNOOZE = {AlertLevel.CRITICAL: timedelta(hours=4), AlertLevel.WARNING: timedelta(days=7)}  # ours; inclusive


class AlertState(StrEnum):
    """Whether the condition lasts."""

    ACTIVE = "active"
    CLEARED = "cleared"


class Step(StrEnum):
    """What a finding does to the alerts that a patient has."""

    OPEN = "open"  # there was none of its rule
    FOLD = "fold"  # counted in, nobody is asked again
    RAISE_AGAIN = "raise_again"  # counted in, and to be acknowledged again


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """What a decision asks of an alert that has not ended. `measured_at` is of its newest reading, if it has any."""

    id: UUID
    rule: str
    level: AlertLevel
    is_cleared: bool
    is_acknowledged: bool
    snoozed_until: datetime | None
    measured_at: datetime | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that raises an alert: a breach, or a condition found by looking at the clock."""

    rule: str
    level: AlertLevel
    message: str
    value: Decimal
    threshold: Decimal
    alert_class: AlertClass = AlertClass.MEDICAL


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a finding; `alert` is what it folds into. `is_newest` says whether it speaks for the alert."""

    step: Step
    alert: OpenAlert | None = None
    is_newest: bool = True


def finding_of(breach: Breach) -> Finding:
    """Return the finding of what a reading, or silence, raised."""
    return Finding(breach.rule, breach.level, breach.message, breach.value, breach.limit, breach.alert_class)


def decide(finding: Finding, alerts: Sequence[OpenAlert], measured_at: datetime | None, at: datetime) -> Decision:
    """Return whether a finding opens an alert or folds into one of those that have not ended.

    `measured_at` is of the reading, None for a finding without one; `at` is now.
    """
    known = next((alert for alert in alerts if alert.rule == finding.rule), None)
    if known is None:
        return Decision(Step.OPEN)
    if _is_older(measured_at, known):
        return Decision(Step.FOLD, known, is_newest=False)
    is_put_off = known.snoozed_until is not None and known.snoozed_until > at
    if known.is_acknowledged and not is_put_off:
        return Decision(Step.RAISE_AGAIN, known)
    return Decision(Step.FOLD, known)


def to_clear(alerts: Iterable[OpenAlert], recovered: frozenset[str], measured_at: datetime | None) -> list[OpenAlert]:
    """Return the active alerts whose rule no longer holds, by a reading no older than theirs or by the clock."""
    return [
        alert
        for alert in alerts
        if alert.rule in recovered and not alert.is_cleared and not _is_older(measured_at, alert)
    ]


def state_of(cleared_at: datetime | None) -> AlertState:
    """Return whether the condition lasts."""
    return AlertState.ACTIVE if cleared_at is None else AlertState.CLEARED


def may_snooze_until(level: AlertLevel, until: datetime, at: datetime) -> bool:
    """Say whether an alert may be put off so far: into the future, a critical one 4 hours and a warning 7 days."""
    return at < until <= at + MAX_SNOOZE[level]


def _is_older(measured_at: datetime | None, alert: OpenAlert) -> bool:
    return measured_at is not None and alert.measured_at is not None and measured_at < alert.measured_at
