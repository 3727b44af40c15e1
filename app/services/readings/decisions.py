"""What people decide on readings: void, and for those that wait in quarantine accepted or rejected."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import Conflict, StaleVersion
from app.models import Observation
from app.models.observation import reading_of
from app.services.readings.corrections import COUNTED, decide, make_void
from app.services.readings.facts import PatientFacts, lock_patient
from app.services.readings.found import find_reading
from app.services.readings.judging import count_in, judge, put_on_board
from app.services.transaction import now, transaction
from app.services.triage.alert_flow import record_alerts

_Decision = Callable[[Session, Actor, PatientFacts, Observation, str | None, datetime], None]


def void_reading(actor: Actor, reading_id: UUID, reason: str, version: int | None) -> Observation:
    """Let a reading count for nothing: board, score, alert and days are as if it had not been. Twice changes nothing.

    Raises NotFound, StaleVersion, or Conflict for a rejected one.
    """
    return _decide(actor, reading_id, "void", reason, version, COUNTED, make_void)


def accept_reading(actor: Actor, reading_id: UUID, reason: str | None, version: int | None) -> Observation:
    """Let a reading out of quarantine: it counts and alarms as if it were new, by the time it was measured.

    Raises NotFound, StaleVersion, or Conflict when it did not wait. Accepting twice changes nothing.
    """
    return _decide(actor, reading_id, "final", reason, version, ("quarantined",), _accept)


def reject_reading(actor: Actor, reading_id: UUID, reason: str | None, version: int | None) -> Observation:
    """Keep a reading out for good; raises as `accept_reading`."""
    return _decide(actor, reading_id, "rejected", reason, version, ("quarantined",), _reject)


def _decide(
    actor: Actor,
    reading_id: UUID,
    status: str,
    reason: str | None,
    version: int | None,
    decidable: tuple[str, ...],
    decision: _Decision,
) -> Observation:
    """Decide while the patient's line of the board is locked, so that nothing else does at the same time."""
    at = now()
    with transaction() as session:
        seen = find_reading(session, actor, reading_id)
        of = seen.patient_id
        known = lock_patient(session, actor.practice_id, of, seen.measured_at, at)
        reading = find_reading(session, actor, reading_id)
        if reading.patient_id != of or version not in (None, reading.version):
            raise StaleVersion
        if reading.status == status and reading.decided_at is not None:
            return reading
        if reading.status not in decidable:
            raise Conflict(f"The reading is {reading.status}.")
        decision(session, actor, known, reading, reason, at)
        put_on_board(session, known, at)
        record_alerts(session, known.alerts)
        return reading


def _accept(
    session: Session, actor: Actor, known: PatientFacts, reading: Observation, reason: str | None, at: datetime
) -> None:
    found = judge(known, reading_of(reading))
    decide(reading, actor, "final", reason, at)
    reading.alert_level = found.raised[0].level.value if found.raised else None
    _note(session, "observation:accept", reading)
    count_in(session, known, reading, reading_of(reading), found, at)


def _reject(
    session: Session, actor: Actor, _known: PatientFacts, reading: Observation, reason: str | None, at: datetime
) -> None:
    decide(reading, actor, "rejected", reason, at)
    _note(session, "observation:reject", reading)


def _note(session: Session, action: str, reading: Observation) -> None:
    events.record(session, action, "observation", resource_id=reading.id, patient_id=reading.patient_id)
