"""Taking in a reading: stored once, judged, alerted and on the board, all in one transaction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import DeviceNotHeld, ValidationFailed
from app.domain.triage.alerts import RaisedAlert
from app.domain.vitals.reading import Reading, is_from_the_future, natural_key
from app.models import AlertOccurrence, Observation
from app.services.readings.corrections import replace_by_known, replace_corrected
from app.services.readings.facts import PatientFacts, lock_and_ask
from app.services.readings.judging import RecordedReading, put_on_board, take_in
from app.services.transaction import now, transaction
from app.services.triage.alert_flow import record_alerts

__all__ = ["RecordedReading", "record_reading"]

AHEAD = "Must not lie more than 5 minutes in the future."


def record_reading(
    actor: Actor, patient_id: UUID, reading: Reading, received_at: datetime | None = None
) -> RecordedReading:
    """Store a reading of a visible, active patient; a second delivery of the same reading returns the first.

    One that cannot be true (`domain/vitals/plausibility.py`) is stored apart and waits for a clinician: it alerts
    nobody and counts for nothing. One that corrects an earlier reading makes that one void.
    Raises NotFound, PatientArchived, DeviceNotHeld for a registered device that was somebody else's or nobody's when
    the reading was measured, or ValidationFailed for a time more than five minutes ahead and for a reading to correct
    that there is not; PermissionDenied for who may not correct.
    """
    at, key = received_at or now(), natural_key(patient_id, reading)
    if is_from_the_future(reading.measured_at, at):
        raise ValidationFailed({"measured_at": [AHEAD]})
    with transaction() as session:
        known, device, known_id = lock_and_ask(session, actor, patient_id, reading, key, at)
        if known_id is not None:
            first = _first_delivery(session, actor, known_id, reading.measured_at)
            if reading.corrects_id and reading.corrects_id not in {known_id, first.observation.corrects_id}:
                _correct_by(session, actor, known, reading.corrects_id, first.observation, at)
            return first
        if not device.may_claim:
            raise DeviceNotHeld
        if reading.corrects_id is not None:
            replace_corrected(session, actor, known, reading.corrects_id, at)
        recorded = take_in(session, actor, known, device, reading, key, at)
        if recorded.observation.status == "final" or reading.corrects_id is not None:
            put_on_board(session, known, at)
        _record(session, known, recorded.observation)
        return recorded


def _correct_by(
    session: Session, actor: Actor, known: PatientFacts, corrected_id: UUID, stored: Observation, at: datetime
) -> None:
    """Make the reading void that a reading corrects which was here before; again changes nothing."""
    if replace_by_known(session, actor, known, corrected_id, stored, at):
        put_on_board(session, known, at)
        record_alerts(session, known.alerts)


def _record(session: Session, known: PatientFacts, stored: Observation) -> None:
    events.record(session, "observation:create", "observation", resource_id=stored.id, patient_id=stored.patient_id)
    record_alerts(session, known.alerts)


def _first_delivery(session: Session, actor: Actor, known_id: UUID, measured_at: datetime) -> RecordedReading:
    raised_it = (AlertOccurrence.practice_id == Observation.practice_id) & (
        AlertOccurrence.observation_id == Observation.id
    )
    query = (
        select(Observation, AlertOccurrence)
        .outerjoin(AlertOccurrence, raised_it)
        .where(
            Observation.practice_id == actor.practice_id,
            Observation.id == known_id,
            Observation.measured_at == measured_at,
        )
    )
    observation, told = session.execute(query).one()
    events.record(
        session, "observation:duplicate", "observation",
        resource_id=observation.id, patient_id=observation.patient_id,
    )  # fmt: skip
    alert = RaisedAlert(told.alert_id, told.level, told.rule, told.message) if told else None
    return RecordedReading(observation, alert, is_new=False)
