"""The practice's enrolments in one list, for the people who chase consents and renewals. Days are the patients' own."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, cast, exists, func, not_, or_, select
from sqlalchemy.orm import aliased

from app.audit import events
from app.domain.actor import Actor
from app.domain.enrolment.programs import DischargeReason
from app.domain.enrolment.records import EnrollmentOrdering, EnrollmentQuery
from app.domain.paging import Page
from app.domain.roles import Role
from app.models import CareOrder, Consent, Enrollment, Patient
from app.services.enrolment.enrollments import ShownEnrollment, shown_enrollment, with_orders
from app.services.transaction import transaction

_TODAY = cast(func.timezone(Patient.timezone, func.now()), Date)


@dataclass(frozen=True, slots=True)
class WorklistLine:
    """An enrolment with its patient, when its newest order wants renewing, and whether consent holds today."""

    shown: ShownEnrollment
    patient: Patient
    renewal_due_on: date | None
    has_consent: bool

    @property
    def patient_name(self) -> str:
        """Whom it is about."""
        return f"{self.patient.first_name} {self.patient.last_name}"


def list_worklist(actor: Actor, query: EnrollmentQuery) -> Page[WorklistLine]:
    """Return one page of the enrolments of the practice's patients who are not archived."""
    conditions = _conditions(actor, query)
    with transaction() as session:
        counted = select(func.count()).select_from(Enrollment).join(Patient, _of_patient()).where(*conditions)
        count = session.scalar(counted) or 0
        rows = session.execute(
            with_orders()
            .add_columns(Patient, _renewal_due().label("renewal_due_on"), _has_consent().label("has_consent"))
            .join(Patient, _of_patient())
            .where(*conditions)
            .order_by(*_order(query.ordering))
            .offset(query.paging.offset)
            .limit(query.paging.page_size)
        )
        lines = [WorklistLine(shown_enrollment(r), r.Patient, r.renewal_due_on, r.has_consent) for r in rows]
        shown = sorted({line.patient.id for line in lines})
        events.record(session, "enrollment:worklist", "enrollment", subject_ids=shown)
        return Page(lines, count, query.paging)


def _of_patient() -> ColumnElement[bool]:
    return (Patient.practice_id == Enrollment.practice_id) & (Patient.id == Enrollment.patient_id)


def _conditions(actor: Actor, query: EnrollmentQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        Enrollment.practice_id == actor.practice_id,
        Patient.is_active.is_(True),
        Enrollment.discharge_reason.is_distinct_from(DischargeReason.ENTERED_IN_ERROR.value),
    ]
    if actor.role is Role.PATIENT:
        conditions.append(Enrollment.patient_id == actor.patient_id)
    if query.program is not None:
        conditions.append(Enrollment.program == query.program.value)
    if query.active is not None:
        conditions.append(_is_active() if query.active else not_(_is_active()))
    if query.renewal_due_before is not None:
        conditions.append(_renewal_due() < query.renewal_due_before)
    if query.missing_consent is not None:
        conditions.append(not_(_has_consent()) if query.missing_consent else _has_consent())
    return conditions


def _is_active() -> ColumnElement[bool]:
    not_over = or_(Enrollment.ends_on.is_(None), Enrollment.ends_on >= _TODAY)
    return (Enrollment.starts_on <= _TODAY) & not_over


def _has_consent() -> ColumnElement[bool]:
    """Ask what the domain's `coverage_on` asks of consent, in SQL; a test holds the two together."""
    return exists().where(
        Consent.practice_id == Enrollment.practice_id,
        Consent.patient_id == Enrollment.patient_id,
        Consent.program == Enrollment.program,
        Consent.cost_share_explained,
        Consent.one_practitioner_explained,
        Consent.obtained_on <= _TODAY,
        or_(Consent.revoked_on.is_(None), Consent.revoked_on > _TODAY),
    )


def _renewal_due() -> ColumnElement[Any]:
    """Return when the newest order that was not stopped wants renewing."""
    newest = aliased(CareOrder)
    return (
        select(newest.renewal_due_on)
        .where(
            newest.practice_id == Enrollment.practice_id,
            newest.patient_id == Enrollment.patient_id,
            newest.program == Enrollment.program,
            newest.stopped_on.is_(None),
        )
        .order_by(newest.starts_on.desc(), newest.id.desc())
        .limit(1)
        .correlate(Enrollment)
        .scalar_subquery()
    )


def _order(ordering: EnrollmentOrdering) -> tuple[ColumnElement[Any], ...]:
    column = _renewal_due() if ordering.endswith("renewal_due_on") else Enrollment.starts_on.expression
    direction = column.desc() if ordering.startswith("-") else column.asc()
    return direction.nulls_last(), Enrollment.id.asc()
