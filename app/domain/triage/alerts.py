"""What can be asked of alerts, and what people say when they end one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from app.domain.paging import PageRequest
from app.domain.triage.alert_flow import AlertState
from app.domain.triage.parameters import AlertClass
from app.domain.triage.thresholds import AlertLevel

AlertOrdering = Literal["-raised_at", "raised_at", "-last_raised_at", "last_raised_at", "due_at", "-due_at", "priority"]
ALERT_ORDERINGS: tuple[AlertOrdering, ...] = (
    "-raised_at", "raised_at", "-last_raised_at", "last_raised_at", "due_at", "-due_at", "priority",
)  # fmt: skip
MAX_BULK = 200
MAX_NOTE = 2000


class AlertOutcome(StrEnum):
    """What came of an alert."""

    CONTACTED = "contacted_patient"
    TREATMENT_CHANGED = "treatment_changed"
    SENT_TO_CARE = "sent_to_care"
    MEASURED_AGAIN = "measured_again"
    DEVICE_PROBLEM = "device_problem"
    NO_ACTION = "no_action_needed"


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """Which alerts are wanted; None does not narrow."""

    paging: PageRequest
    patient_id: UUID | None = None
    level: AlertLevel | None = None
    state: AlertState | None = None
    acknowledged: bool | None = None
    snoozed: bool | None = None
    assignee: int | None = None
    alert_class: AlertClass | None = None
    ordering: AlertOrdering = "-raised_at"


@dataclass(frozen=True, slots=True)
class Resolution:
    """How an alert ended, in a word of the list and in the person's own."""

    outcome: AlertOutcome
    note: str


@dataclass(frozen=True, slots=True)
class Snooze:
    """Until when an alert is put off, and why."""

    until: datetime
    reason: str


class BulkStatus(StrEnum):
    """What became of one alert of many."""

    ACKNOWLEDGED = "acknowledged"
    ALREADY = "already_acknowledged"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class BulkResult:
    """One alert of many, and what became of it."""

    id: UUID
    status: BulkStatus


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """What became of each."""

    results: list[BulkResult]

    @property
    def acknowledged(self) -> int:
        """How many were acknowledged now."""
        return sum(one.status is BulkStatus.ACKNOWLEDGED for one in self.results)


@dataclass(frozen=True, slots=True)
class RaisedAlert:
    """The alert that one reading raised or was counted into, in the reading's own words."""

    id: UUID
    level: str
    rule: str
    message: str
