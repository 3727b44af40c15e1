"""Taking a reading back because its vendor did, or because a corrected one takes its place: void, never deleted."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.models import InboxItem, Observation
from app.services.transaction import now

_ENDED = frozenset({"void", "rejected"})


def void(session: Session, actor: Actor, item: InboxItem, reason: str) -> bool:
    """Void the reading of an item, within the caller's transaction; False when it counted for nothing already."""
    reading = session.scalar(
        select(Observation)
        .where(
            Observation.practice_id == actor.practice_id,
            Observation.id == item.observation_id,
            Observation.measured_at == item.measured_at,
        )
        .with_for_update()
    )
    if reading is None or reading.status in _ENDED:
        return False
    reading.status, reading.decided_at, reading.decided_by = "void", now(), actor.author_id
    reading.decision_reason = reason
    session.flush()
    return True


def counts(session: Session, practice_id: UUID, item: InboxItem) -> bool:
    """Say whether the reading of an item still stands: final, or waiting for a clinician."""
    status = session.scalar(
        select(Observation.status).where(
            Observation.practice_id == practice_id,
            Observation.id == item.observation_id,
            Observation.measured_at == item.measured_at,
        )
    )
    return status is not None and status not in _ENDED
