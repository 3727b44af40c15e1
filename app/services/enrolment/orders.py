"""Orders for a program of care: giving, renewing, stopping. None is rewritten; a renewal is an order of its own."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.enrolment.programs import NEEDS, Program, renewal_due
from app.domain.enrolment.records import Ending, NewOrder, OrderingProvider, OrderRenewal
from app.domain.errors import Conflict, NotFound, ValidationFailed
from app.domain.paging import Page, PageRequest
from app.models import CareOrder, Patient, User
from app.models.base import new_id
from app.services.enrolment.checks import (
    find_staff,
    lock_active_patient,
    lock_patient,
    refuse_future,
    require_version,
    today_of,
)
from app.services.patients.records import find_visible
from app.services.transaction import transaction


@dataclass(frozen=True, slots=True)
class ShownOrder:
    """An order with who gave it."""

    order: CareOrder
    user: User | None

    @property
    def ordering_provider(self) -> OrderingProvider:
        """The provider, of the practice or from outside."""
        name = f"{self.user.first_name} {self.user.last_name}" if self.user else self.order.practitioner_name
        return OrderingProvider(self.order.ordering_user_id, name, self.order.practitioner_npi)


def list_orders(actor: Actor, patient_id: UUID, paging: PageRequest) -> Page[ShownOrder]:
    """Return one page of a visible patient's orders, the latest first."""
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        mine = (CareOrder.practice_id == actor.practice_id, CareOrder.patient_id == patient.id)
        count = session.scalar(select(func.count()).select_from(CareOrder).where(*mine)) or 0
        latest_first = _with_providers().where(*mine).order_by(CareOrder.starts_on.desc(), CareOrder.id.desc())
        rows = session.execute(latest_first.offset(paging.offset).limit(paging.page_size))
        events.record(session, "care_order:list", "care_order", patient_id=patient.id)
        return Page([ShownOrder(row.CareOrder, row.User) for row in rows], count, paging)


def get_order(actor: Actor, patient_id: UUID, order_id: UUID) -> ShownOrder:
    """Return one order; raises NotFound for ids the actor cannot see."""
    with transaction() as session:
        find_visible(session, actor, patient_id)
        shown = find_order(session, actor, patient_id, order_id)
        events.record(session, "care_order:read", "care_order", resource_id=order_id, patient_id=patient_id)
        return shown


def record_order(actor: Actor, patient_id: UUID, new: NewOrder) -> ShownOrder:
    """Record an order that was given today or before; it may begin later."""
    with transaction() as session:
        return add_order(session, actor, lock_active_patient(session, actor, patient_id), new)


def renew_order(
    actor: Actor, patient_id: UUID, order_id: UUID, renewal: OrderRenewal, version: int | None
) -> ShownOrder:
    """Record the order that follows another; what it does not say is as before. Raises Conflict if one follows."""
    try:
        with transaction() as session:
            patient = lock_active_patient(session, actor, patient_id)
            old = find_order(session, actor, patient_id, order_id).order
            require_version(old, version)
            return add_order(session, actor, patient, _renewed(old, renewal), follows=old)
    except IntegrityError as error:
        raise Conflict("The order has been renewed already.") from error


def stop_order(actor: Actor, patient_id: UUID, order_id: UUID, ending: Ending, version: int | None) -> ShownOrder:
    """Stop an order before its end: on the day it is stopped it no longer holds."""
    with transaction() as session:
        patient = lock_patient(session, actor, patient_id)
        shown = find_order(session, actor, patient_id, order_id)
        require_version(shown.order, version)
        if shown.order.stopped_on is not None:
            raise Conflict("The order has been stopped already.")
        stopped_on = ending.on or max(today_of(patient), shown.order.starts_on)
        if stopped_on < shown.order.starts_on:
            raise ValidationFailed({"stopped_on": ["Must not lie before the order's start."]})
        shown.order.stopped_on, shown.order.stopped_by = stopped_on, actor.user_id
        shown.order.stop_reason = ending.reason
        events.record(session, "care_order:stop", "care_order", resource_id=order_id, patient_id=patient_id)
        session.flush()
        return shown


def add_order(
    session: Session, actor: Actor, patient: Patient, new: NewOrder, follows: CareOrder | None = None
) -> ShownOrder:
    """Add an order within a use case; raises ValidationFailed when it lacks what its program asks for."""
    refuse_future(new.ordered_on, today_of(patient), "ordered_on")
    _check(new)
    user = _find_provider(session, actor, new.provider)
    order = CareOrder(
        id=new_id(),
        practice_id=actor.practice_id,
        patient_id=patient.id,
        program=new.program.value,
        follows_id=follows.id if follows else None,
        ordering_user_id=user.id if user else None,
        practitioner_npi=new.provider.npi,
        ordered_on=new.ordered_on,
        starts_on=new.starts_on,
        ends_on=new.ends_on,
        renewal_due_on=new.renewal_due_on or renewal_due(new.starts_on, new.ends_on),
        parameters=list(new.parameters),
        diagnoses=list(new.diagnoses),
    )
    order.practitioner_name = None if user else new.provider.name
    session.add(order)
    session.flush()
    return ShownOrder(order, user)


def find_order(session: Session, actor: Actor, patient_id: UUID, order_id: UUID) -> ShownOrder:
    """Return an order of the patient; raises NotFound. The patient must have been found visible before."""
    mine = (CareOrder.practice_id == actor.practice_id, CareOrder.patient_id == patient_id, CareOrder.id == order_id)
    row = session.execute(_with_providers().where(*mine)).one_or_none()
    if row is None:
        raise NotFound
    return ShownOrder(row.CareOrder, row.User)


def _with_providers() -> Select[CareOrder, User]:
    given_by = (User.practice_id == CareOrder.practice_id) & (User.id == CareOrder.ordering_user_id)
    return select(CareOrder, User).outerjoin(User, given_by)


def _check(new: NewOrder) -> None:
    """Refuse an order whose days are out of order, or without the condition and parameter its program asks for."""
    needs, wrong = NEEDS[new.program], {}
    last = new.ends_on or date.max
    if new.starts_on < new.ordered_on:
        wrong["starts_on"] = ["Must not lie before the day on which it was ordered."]
    if last < new.starts_on:
        wrong["ends_on"] = ["Must not lie before the start."]
    if new.renewal_due_on is not None and not new.starts_on <= new.renewal_due_on <= last:
        wrong["renewal_due_on"] = ["Must lie between the start and the end."]
    if needs.order and not new.diagnoses:
        wrong["diagnosis_codes"] = [f"{new.program} needs a diagnosis."]
    if needs.parameters and not new.parameters:
        wrong["parameters"] = [f"{new.program} needs at least one of: {', '.join(needs.parameters)}."]
    elif not set(new.parameters) <= set(needs.parameters):
        wrong["parameters"] = [f"Not a parameter of {new.program}."]
    if wrong:
        raise ValidationFailed(wrong)


def _find_provider(session: Session, actor: Actor, provider: OrderingProvider) -> User | None:
    if provider.user_id is None:
        return None
    return find_staff(session, actor, provider.user_id, "ordering_provider.user_id", provider=True)


def _renewed(old: CareOrder, renewal: OrderRenewal) -> NewOrder:
    as_before = OrderingProvider(old.ordering_user_id, old.practitioner_name, old.practitioner_npi)
    starts_on = renewal.starts_on or (old.ends_on + timedelta(days=1) if old.ends_on else renewal.ordered_on)
    return NewOrder(
        program=Program(old.program),
        provider=renewal.provider or as_before,
        ordered_on=renewal.ordered_on,
        starts_on=starts_on,
        ends_on=renewal.ends_on,
        renewal_due_on=renewal.renewal_due_on,
        parameters=tuple(old.parameters) if renewal.parameters is None else renewal.parameters,
        diagnoses=tuple(old.diagnoses) if renewal.diagnoses is None else renewal.diagnoses,
    )
