"""Enrolments in programs: entering, changing, discharging. A lock on the patient makes parallel attempts queue up.

Whoever gets past the lock still meets the database's exclusion constraints (ADR 0018).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.enrolment.programs import NEEDS, DischargeReason, Program, ends_episode
from app.domain.enrolment.records import Discharge, NewEnrollment, NewOrder, OrderingProvider
from app.domain.errors import Conflict, EnrollmentOverlap, NotFound, ValidationFailed
from app.domain.paging import Page, PageRequest
from app.models import CareOrder, Enrollment, Patient, User
from app.models.base import new_id
from app.services.enrolment.checks import lock_active_patient, lock_patient, require_version, today_of
from app.services.enrolment.discharge_duties import do_discharge_duties
from app.services.enrolment.orders import ShownOrder, add_order
from app.services.patients.records import find_visible
from app.services.transaction import now, transaction

_EXCLUSION_VIOLATION = "23P01"
_IN_ERROR = DischargeReason.ENTERED_IN_ERROR


@dataclass(frozen=True, slots=True)
class ShownEnrollment:
    """An enrolment with the order it stands on."""

    enrollment: Enrollment
    order: ShownOrder | None

    @property
    def ordering_provider(self) -> OrderingProvider | None:
        """Who ordered."""
        return self.order.ordering_provider if self.order else None

    @property
    def ordered_on(self) -> date | None:
        """When it was ordered."""
        return self.order.order.ordered_on if self.order else None


def list_enrollments(actor: Actor, patient_id: UUID, paging: PageRequest) -> Page[ShownEnrollment]:
    """Return one page of a visible patient's enrolments, the latest first."""
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        mine = (Enrollment.practice_id == actor.practice_id, Enrollment.patient_id == patient.id)
        count = session.scalar(select(func.count()).select_from(Enrollment).where(*mine)) or 0
        latest_first = with_orders().where(*mine).order_by(Enrollment.starts_on.desc(), Enrollment.id.desc())
        rows = session.execute(latest_first.offset(paging.offset).limit(paging.page_size))
        events.record(session, "enrollment:list", "enrollment", patient_id=patient.id)
        return Page([shown_enrollment(row) for row in rows], count, paging)


def get_enrollment(actor: Actor, patient_id: UUID, enrollment_id: UUID) -> ShownEnrollment:
    """Return one enrolment; raises NotFound for ids the actor cannot see."""
    with transaction() as session:
        find_visible(session, actor, patient_id)
        shown = _find(session, actor, patient_id, enrollment_id)
        events.record(session, "enrollment:read", "enrollment", resource_id=enrollment_id, patient_id=patient_id)
        return shown


def enroll_patient(actor: Actor, patient_id: UUID, new: NewEnrollment) -> ShownEnrollment:
    """Enrol a patient; raises EnrollmentOverlap when they are in the program, or in its rival, at that time."""
    try:
        with transaction() as session:
            patient = lock_active_patient(session, actor, patient_id)
            _refuse_reversed(new.starts_on, new.ends_on)
            _refuse_overlap(session, patient, new.program, new.starts_on, new.ends_on)
            order = _order_of(session, actor, patient, new)
            enrollment = Enrollment(
                id=new_id(),
                practice_id=actor.practice_id,
                patient_id=patient.id,
                program=new.program.value,
                episode_id=_episode(session, patient, new),
                order_id=order.order.id if order else None,
                starts_on=new.starts_on,
                ends_on=new.ends_on,
                diagnoses=list(new.diagnoses or (order.order.diagnoses if order else ())),
                initiating_visit_on=new.initiating_visit_on,
            )
            session.add(enrollment)
            session.flush()
            return ShownEnrollment(enrollment, order)
    except IntegrityError as error:
        raise _meant_by(error) from error


def update_enrollment(
    actor: Actor, patient_id: UUID, enrollment_id: UUID, changes: dict[str, Any], version: int | None
) -> ShownEnrollment:
    """Change the named fields of an enrolment that was not discharged."""
    try:
        with transaction() as session:
            patient = lock_patient(session, actor, patient_id)
            enrollment = _find(session, actor, patient_id, enrollment_id).enrollment
            require_version(enrollment, version)
            _refuse_discharged(enrollment)
            program = Program(enrollment.program)
            if changes.get("order_id"):
                _find_order(session, actor, patient, program, changes["order_id"])
            for name, value in changes.items():
                setattr(enrollment, name, value)
            _refuse_reversed(enrollment.starts_on, enrollment.ends_on)
            with session.no_autoflush:
                _refuse_overlap(session, patient, program, enrollment.starts_on, enrollment.ends_on, enrollment.id)
            session.flush()
            return _find(session, actor, patient_id, enrollment_id)
    except IntegrityError as error:
        raise _meant_by(error) from error


def discharge_patient(
    actor: Actor, patient_id: UUID, enrollment_id: UUID, discharge: Discharge, version: int | None
) -> ShownEnrollment:
    """End an enrolment with reason and outcome; the day of discharge is the last that counts. Frees the devices."""
    with transaction() as session:
        patient = lock_patient(session, actor, patient_id)
        shown = _find(session, actor, patient_id, enrollment_id)
        enrollment = shown.enrollment
        require_version(enrollment, version)
        _refuse_discharged(enrollment)
        enrollment.ends_on = _last_day(enrollment, discharge, today_of(patient))
        enrollment.discharged_at, enrollment.discharged_by = now(), actor.user_id
        enrollment.discharge_reason, enrollment.discharge_outcome = discharge.reason.value, discharge.outcome.value
        enrollment.discharge_note = discharge.note or None
        events.record(session, "enrollment:discharge", "enrollment", resource_id=enrollment_id, patient_id=patient_id)
        session.flush()
        do_discharge_duties(session, actor, enrollment)
        return shown


def with_orders() -> Select[Enrollment, CareOrder, User]:
    """Return the query of enrolments with their orders and who gave them."""
    ordered = (CareOrder.practice_id == Enrollment.practice_id) & (CareOrder.id == Enrollment.order_id)
    given_by = (User.practice_id == CareOrder.practice_id) & (User.id == CareOrder.ordering_user_id)
    return select(Enrollment, CareOrder, User).outerjoin(CareOrder, ordered).outerjoin(User, given_by)


def shown_enrollment(row: Any) -> ShownEnrollment:
    """Return a row of that query as it is shown."""
    return ShownEnrollment(row.Enrollment, ShownOrder(row.CareOrder, row.User) if row.CareOrder else None)


def _find(session: Session, actor: Actor, patient_id: UUID, enrollment_id: UUID) -> ShownEnrollment:
    row = session.execute(
        with_orders().where(
            Enrollment.practice_id == actor.practice_id,
            Enrollment.patient_id == patient_id,
            Enrollment.id == enrollment_id,
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return shown_enrollment(row)


def _refuse_overlap(
    session: Session, patient: Patient, program: Program, first: date, last: date | None, but: UUID | None = None
) -> None:
    """Name what stands in the way, which the database's constraint could not."""
    rivals = [other for other in (program, NEEDS[program].excludes) if other]
    taken = session.scalar(
        select(Enrollment)
        .where(
            Enrollment.practice_id == patient.practice_id,
            Enrollment.patient_id == patient.id,
            Enrollment.program.in_([rival.value for rival in rivals]),
            Enrollment.discharge_reason.is_distinct_from(_IN_ERROR.value),
            Enrollment.id.is_distinct_from(but),
            or_(Enrollment.ends_on.is_(None), Enrollment.ends_on >= first),
            Enrollment.starts_on <= (last or date.max),
        )
        .limit(1)
    )
    if taken:
        until = f"to {taken.ends_on}" if taken.ends_on else "on"
        raise EnrollmentOverlap(f"The patient is in {taken.program} from {taken.starts_on} {until}.")


def _meant_by(error: IntegrityError) -> Exception:
    """Return the refusal that a broken exclusion constraint means; anything else is a bug, and stays one."""
    return EnrollmentOverlap() if getattr(error.orig, "sqlstate", "") == _EXCLUSION_VIOLATION else error


def _refuse_reversed(starts_on: date, ends_on: date | None) -> None:
    if ends_on is not None and ends_on < starts_on:
        raise ValidationFailed({"ends_on": ["Must not lie before the start."]})


def _refuse_discharged(enrollment: Enrollment) -> None:
    if enrollment.discharged_at is not None:
        raise Conflict("The patient has been discharged from this enrolment already.")


def _order_of(session: Session, actor: Actor, patient: Patient, new: NewEnrollment) -> ShownOrder | None:
    """Return the order on record that is named, or record the one that comes along; None when there is neither."""
    if new.order_id is not None:
        return _find_order(session, actor, patient, new.program, new.order_id)
    if new.provider is None or new.ordered_on is None:
        return None
    order = NewOrder(
        program=new.program,
        provider=new.provider,
        ordered_on=new.ordered_on,
        starts_on=max(new.starts_on, new.ordered_on),
        ends_on=new.ends_on,
        parameters=new.parameters,
        diagnoses=new.diagnoses,
    )
    return add_order(session, actor, patient, order)


def _find_order(session: Session, actor: Actor, patient: Patient, program: Program, order_id: UUID) -> ShownOrder:
    given_by = (User.practice_id == CareOrder.practice_id) & (User.id == CareOrder.ordering_user_id)
    row = session.execute(
        select(CareOrder, User)
        .outerjoin(User, given_by)
        .where(
            CareOrder.practice_id == actor.practice_id,
            CareOrder.patient_id == patient.id,
            CareOrder.program == program.value,
            CareOrder.id == order_id,
        )
    ).one_or_none()
    if row is None:
        raise ValidationFailed({"order_id": [f"No such order of this patient for {program}."]})
    return ShownOrder(row.CareOrder, row.User)


def _episode(session: Session, patient: Patient, new: NewEnrollment) -> UUID:
    """Return the episode of care: the former enrolment's, unless its goals were met or a new one is asked for."""
    former = session.scalar(
        select(Enrollment)
        .where(
            Enrollment.practice_id == patient.practice_id,
            Enrollment.patient_id == patient.id,
            Enrollment.program == new.program.value,
            Enrollment.starts_on < new.starts_on,
            Enrollment.discharge_reason.is_distinct_from(_IN_ERROR.value),
        )
        .order_by(Enrollment.starts_on.desc())
        .limit(1)
    )
    reason = DischargeReason(former.discharge_reason) if former and former.discharge_reason else None
    begins_anew = ends_episode(reason) if new.starts_new_episode is None else new.starts_new_episode
    return new_id() if former is None or begins_anew else former.episode_id


def _last_day(enrollment: Enrollment, discharge: Discharge, today: date) -> date:
    """Return the last day that counts. What was entered in error never counted: its days are left as they were."""
    first, planned = enrollment.starts_on, enrollment.ends_on
    if discharge.reason is _IN_ERROR:
        return planned or first
    last = discharge.discharged_on or min(today, planned or today)
    if not first <= last <= min(today, planned or today):
        raise ValidationFailed({"discharged_on": ["Must lie between the enrolment's start and today or its end."]})
    return last
