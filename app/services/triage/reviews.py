"""Marking a patient as reviewed, and reading the reviews."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from app.audit import events
from app.domain.actor import Actor
from app.domain.paging import Page, PageRequest
from app.domain.triage.decisions import DecisionKind
from app.domain.triage.reviews import NewReview
from app.models import TriageReview
from app.models.base import new_id
from app.services.accounts.users import names_of
from app.services.enrolment.checks import lock_active_patient
from app.services.patients.records import find_visible
from app.services.transaction import now, transaction
from app.services.triage.decisions import About, note_decision
from app.services.triage.rescoring import lock_summary, rescore_now
from app.services.triage.review_time import offer_minutes


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """A review, and the name of who made it."""

    review: TriageReview
    reviewer_name: str


def review_patient(actor: Actor, patient_id: UUID, new: NewReview) -> ReviewLine:
    """Note that the actor reviewed an active patient; the score counts the days from now on anew."""
    with transaction() as session:
        patient = lock_active_patient(session, actor, patient_id)
        summary, at = lock_summary(session, actor.practice_id, patient.id), now()
        review = TriageReview(
            id=new_id(), practice_id=actor.practice_id, patient_id=patient.id,
            reviewed_by=actor.user_id, reviewed_at=at, minutes=new.minutes,
        )  # fmt: skip
        review.note = new.note
        session.add(review)
        session.flush()
        summary.last_reviewed_at, summary.last_reviewed_by = at, actor.user_id
        rescore_now(session, summary, at)
        note_decision(
            session, About(actor.practice_id, patient.id, review.id), DecisionKind.PATIENT_REVIEWED, at,
            user_id=actor.user_id, note=new.note, minutes=new.minutes,
        )  # fmt: skip
        offer_minutes(session, actor, patient.id, review.id, new.minutes)
        return ReviewLine(review, names_of(session, actor.practice_id, {actor.user_id})[actor.user_id])


def list_reviews(actor: Actor, patient_id: UUID, paging: PageRequest) -> Page[ReviewLine]:
    """Return one page of a visible patient's reviews, the newest first."""
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        own = TriageReview.practice_id == actor.practice_id, TriageReview.patient_id == patient.id
        count = session.scalar(select(func.count()).select_from(TriageReview).where(*own)) or 0
        newest = select(TriageReview).where(*own).order_by(TriageReview.reviewed_at.desc(), TriageReview.id.desc())
        rows = session.scalars(newest.offset(paging.offset).limit(paging.page_size)).all()
        names = names_of(session, actor.practice_id, {row.reviewed_by for row in rows})
        events.record(session, "triage_review:list", "triage_review", patient_id=patient.id)
        return Page([ReviewLine(row, names[row.reviewed_by]) for row in rows], count, paging)
