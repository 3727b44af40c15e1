"""Who is told of alerts and escalations: whoever is on call, or else the patient's own care team, or else everybody."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.audit import context
from app.domain.notifications.events import Event, Level
from app.domain.notifications.settings import Recipients
from app.domain.roles import Role
from app.domain.triage.escalation import EscalationLevel
from app.domain.triage.thresholds import AlertLevel
from app.models import Alert, Escalation, Patient
from app.services.notifications.telling import notify
from app.services.transaction import now, transaction
from app.services.triage.on_call import find_on_call

_CARE = Recipients(roles=(Role.CLINICAL_MANAGER.value, Role.PROVIDER.value, Role.NURSE.value))


def tell_of_alert(practice_id: UUID, alert_id: UUID) -> None:
    """Tell of an alert that opened or was raised again, unless somebody has acknowledged it meanwhile."""
    _tell_of(practice_id, alert_id, None)


def tell_of_overdue(practice_id: UUID, alert_id: UUID) -> None:
    """Tell of an alert that nobody acknowledged in time, unless somebody has meanwhile."""
    _tell_of(practice_id, alert_id, Event.ALERT_OVERDUE)


def tell_of_escalation(practice_id: UUID, escalation_id: UUID) -> None:
    """Tell the person, or the role, that an escalation waits for, unless somebody has taken it meanwhile."""
    context.bind(practice_id=practice_id)
    with transaction() as session:
        found = session.get_one(Escalation, escalation_id)
        if found.acknowledged_at is not None or found.resolved_at is not None:
            return
        told = Recipients((found.user_id,)) if found.user_id else Recipients(roles=(found.role,) if found.role else ())
        event = Event.ESCALATION_RAISED if found.times_asked <= 1 else Event.ESCALATION_TIMED_OUT
        notify(
            session, practice_id, event, told, patient_id=found.patient_id, subject_id=found.id,
            key=f"{event.value}:{found.id}:{found.step}:{found.times_asked}",
            level=Level.CRITICAL if found.level == EscalationLevel.STAT.value else None,
        )  # fmt: skip


def _tell_of(practice_id: UUID, alert_id: UUID, event: Event | None) -> None:
    context.bind(practice_id=practice_id)
    with transaction() as session:
        alert = session.get_one(Alert, alert_id)
        if alert.acknowledged_at is not None:
            return
        is_critical = alert.level == AlertLevel.CRITICAL.value
        event = event or (Event.CRITICAL_ALERT if is_critical else Event.WARNING_ALERT)
        notify(
            session, practice_id, event, _whoever_looks(session, practice_id, alert.patient_id),
            patient_id=alert.patient_id, subject_id=alert.id,
            key=f"{event.value}:{alert.id}:{alert.waiting_since.timestamp()}",
        )  # fmt: skip


def _whoever_looks(session: Session, practice_id: UUID, patient_id: UUID) -> Recipients:
    on_call = find_on_call(session, practice_id, now())
    if on_call:
        return Recipients(on_call)
    patient = session.get_one(Patient, patient_id)
    own = tuple(user_id for user_id in (patient.nurse_id, patient.provider_id) if user_id is not None)
    return Recipients(own) if own else _CARE
