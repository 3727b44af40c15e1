"""Taking a reading out of what counts: made void by a person, or by its correction. Nothing is deleted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import NotFound, PermissionDenied, ValidationFailed
from app.domain.roles import Permission
from app.domain.triage.score import ALERT_WINDOW
from app.models import AlertOccurrence, Observation
from app.services.readings.facts import PatientFacts
from app.services.readings.found import find_reading
from app.services.readings.remembering import remember_anew
from app.services.triage import summaries
from app.services.triage.alert_flow import StandingAlert

COUNTED = ("final", "quarantined")  # what can be made void; the others count for nothing already
_CORRECTED = "Corrected by another reading."
_NOTHING_TO_CORRECT = {"corrects_id": ["The patient has no such reading, or it counts no more."]}
_SPOKEN = ("observation_id", "measured_at", "message", "value", "threshold", "threshold_version")


def replace_corrected(session: Session, actor: Actor, known: PatientFacts, corrected_id: UUID, at: datetime) -> None:
    """Make the reading void that a new one of the same patient corrects.

    Raises PermissionDenied, or ValidationFailed when the patient has no such reading or it counts no more. A vendor
    corrects what it sent.
    """
    corrected = _corrected(session, actor, known, corrected_id)
    if corrected.status not in COUNTED:
        raise ValidationFailed(_NOTHING_TO_CORRECT)
    make_void(session, actor, known, corrected, _CORRECTED, at)


def replace_by_known(
    session: Session, actor: Actor, known: PatientFacts, corrected_id: UUID, stored: Observation, at: datetime
) -> bool:
    """Make a reading void whose correction is another that was stored before; say whether it counted until now.

    Raises as `replace_corrected`, and when the other counts no more either: then neither of the two would.
    """
    corrected = _corrected(session, actor, known, corrected_id)
    if corrected.status not in COUNTED:
        return False
    if stored.status not in COUNTED:
        raise ValidationFailed({"corrects_id": ["The right reading is stored already, and counts no more."]})
    make_void(session, actor, known, corrected, _CORRECTED, at)
    return True


def _corrected(session: Session, actor: Actor, known: PatientFacts, corrected_id: UUID) -> Observation:
    if actor.integration_id is None and not actor.may(Permission.VOID_READINGS):
        raise PermissionDenied
    try:
        corrected = find_reading(session, actor, corrected_id)
    except NotFound:
        raise ValidationFailed(_NOTHING_TO_CORRECT) from None
    if corrected.patient_id != known.summary.patient_id:
        raise ValidationFailed(_NOTHING_TO_CORRECT)
    return corrected


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
        remember_anew(session, known, reading, at)


def decide(reading: Observation, actor: Actor, status: str, reason: str | None, at: datetime) -> None:
    """Write down what became of a reading, by whom and why."""
    reading.status, reading.decided_at, reading.decided_by = status, at, actor.author_id
    reading.decision_reason = reason


def _clear_alert(session: Session, actor: Actor, known: PatientFacts, reading: Observation, at: datetime) -> None:
    """Take a reading out of the alert it was counted into; an alert that has no other reading ends."""
    counted = session.scalar(_of_practice(reading).where(AlertOccurrence.observation_id == reading.id))
    if counted is None:
        return
    counted.voided_at = at
    if counted.raised_at > at - ALERT_WINDOW:
        known.recent_alerts[counted.level] -= 1
    alert = next((one for one in known.alerts if one.id == counted.alert_id), None)
    if alert is None:
        return  # it has ended already
    left = _of_practice(reading).where(
        AlertOccurrence.alert_id == alert.id, AlertOccurrence.voided_at.is_(None), AlertOccurrence.id != counted.id
    )
    before = session.scalar(left.order_by(AlertOccurrence.measured_at.desc(), AlertOccurrence.id.desc()).limit(1))
    if before is None:
        _end(actor, known, alert, at)
    else:
        alert.occurrences -= 1
        for name in _SPOKEN:
            setattr(alert, name, getattr(before, name))
        alert.happened.append("change")


def _end(actor: Actor, known: PatientFacts, alert: StandingAlert, at: datetime) -> None:
    """End an alert that should never have been."""
    alert.cleared_at = alert.cleared_at or at
    if alert.acknowledged_at is None:
        alert.acknowledged_at, alert.acknowledged_by = at, actor.author_id
        known.summary.unacknowledged_alerts -= 1
    alert.happened.append("clear")


def _of_practice(reading: Observation) -> Select[AlertOccurrence]:
    return select(AlertOccurrence).where(AlertOccurrence.practice_id == reading.practice_id)
