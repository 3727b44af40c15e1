"""Taking a reading back because its vendor did, or because a corrected one takes its place: void, never deleted."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.models import InboxItem, Observation
from app.services.readings.corrections import make_void
from app.services.readings.facts import lock_patient
from app.services.readings.judging import put_on_board
from app.services.transaction import now
from app.services.triage.alert_flow import record_alerts

ENDED = frozenset({"void", "rejected"})


def void(session: Session, actor: Actor, item: InboxItem, reason: str) -> bool:
    """Void the reading of an item, within the caller's transaction; False when it counted for nothing already.

    Board, score and alerts are as if it had never been.
    """
    wanted = (
        select(Observation)
        .where(
            Observation.practice_id == actor.practice_id,
            Observation.id == item.observation_id,
            Observation.measured_at == item.measured_at,
        )
        .execution_options(populate_existing=True)
    )
    reading, at = session.scalar(wanted), now()
    if reading is None or reading.status in ENDED:
        return False
    known = lock_patient(session, actor.practice_id, reading.patient_id, reading.measured_at, at)
    reading = session.scalars(wanted).one()
    if reading.status in ENDED:
        return False  # somebody else was faster
    make_void(session, actor, known, reading, reason, at)
    put_on_board(session, known, at)
    record_alerts(session, known.alerts)
    return True


def find_subject(session: Session, practice_id: UUID, item: InboxItem) -> UUID | None:
    """Return whose the reading of an item is while it stands: final, or waiting for a clinician; else None."""
    return session.scalar(
        select(Observation.patient_id).where(
            Observation.practice_id == practice_id,
            Observation.id == item.observation_id,
            Observation.measured_at == item.measured_at,
            Observation.status.not_in(ENDED),
        )
    )
