"""Finding one reading by its id: in the partition that the id names, and only then everywhere."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.errors import NotFound
from app.domain.roles import Role
from app.models import Observation
from app.models.observation import measured_around


def find_reading(session: Session, actor: Actor, reading_id: UUID) -> Observation:
    """Return a reading of the actor's practice, for a `patient` user one of their own; raises NotFound.

    What is in the session already is read again, so that it is current once its patient's line is locked.
    """
    wanted = select(Observation).where(Observation.practice_id == actor.practice_id, Observation.id == reading_id)
    if actor.role is Role.PATIENT:
        wanted = wanted.where(Observation.patient_id == actor.patient_id)
    wanted = wanted.execution_options(populate_existing=True)
    since, until = measured_around(reading_id)
    near = wanted.where(Observation.measured_at >= since, Observation.measured_at < until)
    found = session.scalar(near) or session.scalar(wanted)
    if found is None:
        raise NotFound
    return found
