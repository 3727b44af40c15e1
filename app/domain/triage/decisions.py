"""Clinical decisions: what people (or a clock) decided about alerts, escalations and patients, in order."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.paging import PageRequest


class DecisionKind(StrEnum):
    """What was decided."""

    ALERT_ACKNOWLEDGED = "alert_acknowledged"
    ALERT_RESOLVED = "alert_resolved"
    ALERT_SNOOZED = "alert_snoozed"
    ALERT_WOKEN = "alert_woken"
    ALERT_ASSIGNED = "alert_assigned"
    ESCALATION_RAISED = "escalation_raised"
    ESCALATION_MOVED_ON = "escalation_moved_on"
    ESCALATION_ACKNOWLEDGED = "escalation_acknowledged"
    ESCALATION_REASSIGNED = "escalation_reassigned"
    ESCALATION_RESOLVED = "escalation_resolved"
    PATIENT_REVIEWED = "patient_reviewed"
    THRESHOLDS_CONFIRMED = "thresholds_confirmed"
    THRESHOLDS_CHANGED = "thresholds_changed"
    SCORE_OVERRIDDEN = "score_overridden"


DECISION_ORDERINGS = ("-at", "at")


@dataclass(frozen=True, slots=True)
class DecisionQuery:
    """Which decisions are wanted; `until` is not included."""

    paging: PageRequest
    patient_id: UUID | None = None
    user_id: int | None = None
    kind: DecisionKind | None = None
    since: datetime | None = None
    until: datetime | None = None
    ordering: str = "-at"
