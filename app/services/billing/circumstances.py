"""Circumstances of a patient that billing must know: documented training, visits, surgery, others who bill."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.facts import Circumstance, CircumstanceKind, NewCircumstance
from app.domain.billing.therapy import DATA_OF, LONGEST_REPORT
from app.domain.enrolment.programs import Program
from app.domain.errors import Conflict, NotFound, ValidationFailed
from app.domain.paging import Page, PageRequest
from app.models import BillingCircumstance, User
from app.models.base import new_id
from app.services.enrolment.checks import lock_active_patient, refuse_future, today_of
from app.services.patients.records import find_visible
from app.services.transaction import now, transaction


def circumstance_fact(row: BillingCircumstance) -> Circumstance:
    """Return a row as the engine takes it."""
    program = Program(row.program) if row.program else None
    return Circumstance(row.id, CircumstanceKind(row.kind), row.starts_on, row.ends_on, row.practitioner_id, program)


def list_circumstances(actor: Actor, patient_id: UUID, paging: PageRequest) -> Page[BillingCircumstance]:
    """Return one page of a visible patient's circumstances, the latest first; voided ones say so."""
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        mine = (BillingCircumstance.practice_id == actor.practice_id, BillingCircumstance.patient_id == patient.id)
        count = session.scalar(select(func.count()).select_from(BillingCircumstance).where(*mine)) or 0
        latest = select(BillingCircumstance).where(*mine).order_by(
            BillingCircumstance.starts_on.desc(), BillingCircumstance.id
        )  # fmt: skip
        rows = session.scalars(latest.offset(paging.offset).limit(paging.page_size))
        events.record(session, "billing_circumstance:list", "billing_circumstance", patient_id=patient.id)
        return Page(list(rows), count, paging)


def record_circumstance(actor: Actor, patient_id: UUID, new: NewCircumstance) -> BillingCircumstance:
    """Write one down; raises NotFound, PatientArchived, ValidationFailed for days or people that cannot be."""
    with transaction() as session:
        patient = lock_active_patient(session, actor, patient_id)
        _refuse_impossible(session, actor, new)
        if new.kind in {CircumstanceKind.SETUP_TRAINING, CircumstanceKind.EM_VISIT}:
            refuse_future(new.starts_on, today_of(patient), "starts_on")
        if new.kind in DATA_OF:
            refuse_future(new.ends_on or new.starts_on, today_of(patient), "ends_on")
        row = BillingCircumstance(
            id=new_id(), practice_id=actor.practice_id, patient_id=patient.id, kind=new.kind.value,
            program=new.program.value if new.program else None, starts_on=new.starts_on, ends_on=new.ends_on,
            practitioner_id=new.practitioner_id, recorded_by=actor.user_id,
        )  # fmt: skip
        row.note = new.note or None
        session.add(row)
        session.flush()
        return row


def void_circumstance(actor: Actor, patient_id: UUID, circumstance_id: UUID) -> BillingCircumstance:
    """Say that one was entered in error: it counts for nothing and stays readable; raises NotFound, Conflict."""
    with transaction() as session:
        lock_active_patient(session, actor, patient_id)
        row = session.scalar(
            select(BillingCircumstance).where(
                BillingCircumstance.practice_id == actor.practice_id,
                BillingCircumstance.patient_id == patient_id,
                BillingCircumstance.id == circumstance_id,
            )
        )
        if row is None:
            raise NotFound
        if row.voided_at is not None:
            raise Conflict("It was voided before.")
        row.voided_at, row.voided_by = now(), actor.user_id
        session.flush()
        return row


def _refuse_impossible(session: Session, actor: Actor, new: NewCircumstance) -> None:
    if new.kind in DATA_OF and ((new.ends_on or new.starts_on) - new.starts_on).days >= LONGEST_REPORT:
        raise ValidationFailed({"ends_on": [f"A report tells of at most {LONGEST_REPORT} days."]})
    if new.ends_on is not None and new.ends_on < new.starts_on:
        raise ValidationFailed({"ends_on": ["Must not lie before the start."]})
    if new.practitioner_id is not None:
        known = select(User.id).where(User.practice_id == actor.practice_id, User.id == new.practitioner_id)
        if session.scalar(known) is None:
            raise ValidationFailed({"practitioner_id": ["No such user."]})
