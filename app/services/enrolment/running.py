"""Enrolments that still run when a patient goes off the lists: archiving ends them."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.days import local_day
from app.domain.enrolment.programs import DischargeOutcome, DischargeReason
from app.models import Enrollment, Patient
from app.services.enrolment.discharge_duties import do_discharge_duties


def discharge_from_all(session: Session, actor: Actor, patient: Patient, at: datetime, note: str) -> None:
    """End what runs today; what was to begin later never begins. The caller has locked the patient's row.

    Reason and outcome say no more than is known. An episode of care goes on when the patient comes back.
    """
    today = local_day(at, patient.timezone)
    running = select(Enrollment).where(
        Enrollment.practice_id == actor.practice_id,
        Enrollment.patient_id == patient.id,
        Enrollment.discharged_at.is_(None),
        or_(Enrollment.ends_on.is_(None), Enrollment.ends_on >= today),
    )
    for enrollment in session.scalars(running.order_by(Enrollment.id).with_for_update()):
        has_begun = enrollment.starts_on <= today
        reason = DischargeReason.OTHER if has_begun else DischargeReason.ENTERED_IN_ERROR
        enrollment.ends_on = today if has_begun else enrollment.ends_on or enrollment.starts_on
        enrollment.discharged_at, enrollment.discharged_by = at, actor.user_id
        enrollment.discharge_reason, enrollment.discharge_outcome = reason.value, DischargeOutcome.UNKNOWN.value
        enrollment.discharge_note = note or None
        events.record(session, "enrollment:discharge", "enrollment", resource_id=enrollment.id, patient_id=patient.id)
        session.flush()
        do_discharge_duties(session, actor, enrollment)
