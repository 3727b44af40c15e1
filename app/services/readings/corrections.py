"""Taking a reading out of what counts: made void by a person, or by its correction. Nothing is deleted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import NotFound, PermissionDenied, ValidationFailed
from app.domain.roles import Permission
from app.domain.triage.score import ALERT_WINDOW
from app.models import Alert, Observation
from app.services.readings.facts import PatientFacts
from app.services.readings.found import find_reading
from app.services.triage import summaries

COUNTED = ("final", "quarantined")  # what can be made void; the others count for nothing already
_CORRECTED = "Corrected by another reading."
_CLEARED = "The reading that raised it was made void."


def replace_corrected(session: Session, actor: Actor, known: PatientFacts, corrected_id: UUID, at: datetime) -> None:
    """Make the reading void that a new one of the same patient corrects.

    Raises PermissionDenied, or ValidationFailed when the patient has no such reading or it counts no more.
    """
    if not actor.may(Permission.VOID_READINGS):
        raise PermissionDenied
    try:
        corrected = find_reading(session, actor, corrected_id)
    except NotFound:
        corrected = None
    if corrected is None or corrected.patient_id != known.summary.patient_id or corrected.status not in COUNTED:
        raise ValidationFailed({"corrects_id": ["The patient has no such reading, or it counts no more."]})
    make_void(session, actor, known, corrected, _CORRECTED, at)


def make_void(
    session: Session, actor: Actor, known: PatientFacts, reading: Observation, reason: str | None, at: datetime
) -> None:
    """Let a reading, and the alert it raised, count for nothing; the board is to be told."""
    counted = reading.status == "final"
    decide(reading, actor, "void", reason, at)
    events.record(session, "observation:void", "observation", resource_id=reading.id, patient_id=reading.patient_id)
    _clear_alert(session, actor, known, reading, at)
    session.flush()
    if counted:
        summaries.forget(session, known.summary, reading)


def decide(reading: Observation, actor: Actor, status: str, reason: str | None, at: datetime) -> None:
    """Write down what became of a reading, by whom and why."""
    reading.status, reading.decided_at, reading.decided_by = status, at, actor.user_id
    reading.decision_reason = reason


def _clear_alert(session: Session, actor: Actor, known: PatientFacts, reading: Observation, at: datetime) -> None:
    alert = session.scalar(
        select(Alert).where(Alert.practice_id == reading.practice_id, Alert.observation_id == reading.id)
    )
    if alert is None:
        return
    alert.voided_at = at
    if alert.acknowledged_at is None:
        alert.acknowledged_at, alert.acknowledged_by = at, actor.user_id
        known.summary.unacknowledged_alerts -= 1
    if alert.raised_at > at - ALERT_WINDOW:
        known.recent_alerts[alert.level] -= 1
    events.record(session, "alert:clear", "alert", resource_id=alert.id, patient_id=alert.patient_id, reason=_CLEARED)
