"""The minutes of a review as an entry of the time log."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.billing.time_logs import Activity, TimeSource, Work
from app.domain.enrolment.programs import Program
from app.domain.errors import TimeOverlap
from app.services.billing.time_entries import record_minutes


def offer_minutes(session: Session, actor: Actor, patient_id: UUID, review_id: UUID, minutes: int) -> None:
    """Have the minutes of a review logged as time spent on the patient's data; a review without minutes logs none.

    Minutes that are logged already, or that a timer is counting, are not logged twice: the review stands without them.
    """
    if not minutes:
        return
    work = Work(Program.RPM, Activity.DATA_REVIEW)
    try:
        record_minutes(session, actor, patient_id, timedelta(minutes=minutes), work, TimeSource.REVIEW, review_id)
    except TimeOverlap:
        return
