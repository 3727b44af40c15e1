"""What happened that people must hear of. Ids and levels only: who tells them reads the rest anew."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.roles import Role


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """An alert opened, or was raised again after somebody had acknowledged it."""

    practice_id: UUID
    patient_id: UUID
    alert_id: UUID
    level: str
    alert_class: str
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class AlertOverdue:
    """Nobody acknowledged an alert in time; `escalation_id` names what came of it."""

    practice_id: UUID
    patient_id: UUID
    alert_id: UUID
    level: str
    escalation_id: UUID


@dataclass(frozen=True, slots=True)
class EscalationWaiting:
    """An escalation waits for a person, or for whoever of a role comes first."""

    practice_id: UUID
    patient_id: UUID
    escalation_id: UUID
    level: str
    user_id: int | None
    role: Role | None


TriageEvent = AlertRaised | AlertOverdue | EscalationWaiting
