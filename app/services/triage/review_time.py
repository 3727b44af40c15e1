"""Offering the minutes of a review as an entry of the time log."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.actor import Actor


def offer_minutes(session: Session, actor: Actor, patient_id: UUID, review_id: UUID, minutes: int) -> None:
    """Have the minutes of a review recorded as time spent on the patient; a review without minutes offers none."""
