"""Founding a practice."""

from uuid import UUID

from sqlalchemy import select

from app.audit import context
from app.domain.actor import Actor
from app.domain.triage.thresholds import DEFAULT_THRESHOLDS
from app.models import Practice, PracticeThresholds
from app.models.base import new_id
from app.services.keys import make_practice_keys
from app.services.transaction import transaction


def create_practice(name: str, timezone: str = "America/New_York") -> UUID:
    """Create a practice with keys and default thresholds, and act for it from here on."""
    practice_id = new_id()
    context.bind(practice_id=practice_id)
    with transaction() as session:
        session.add(Practice(id=practice_id, name=name, timezone=timezone))
        session.flush()
        make_practice_keys(practice_id)
        session.add(PracticeThresholds(practice_id=practice_id, limits=dict(DEFAULT_THRESHOLDS)))
    return practice_id


def get_timezone(actor: Actor) -> str:
    """Return the practice's time zone, in which its staff write times down."""
    with transaction() as session:
        return session.scalars(select(Practice.timezone).where(Practice.id == actor.practice_id)).one()
