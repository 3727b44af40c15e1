"""Was a patient consented, ordered and enrolled on a day: the facts from the database, the answer from the domain."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.enrolment.coverage import Consent as ConsentFact
from app.domain.enrolment.coverage import Coverage, Enrolment, EnrolmentFacts, Order, coverage_on
from app.domain.enrolment.programs import DischargeReason, Program
from app.models import CareOrder, Consent, Enrollment
from app.services.enrolment.checks import today_of
from app.services.patients.records import find_visible
from app.services.transaction import transaction


@dataclass(frozen=True, slots=True)
class PatientCoverage:
    """The answer for every program on one local day."""

    patient_id: UUID
    on: date
    programs: list[Coverage]


def get_coverage(actor: Actor, patient_id: UUID, on: date | None) -> PatientCoverage:
    """Answer for a visible patient and a local day, today when none is given."""
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        day = on or today_of(patient)
        facts = load_facts(session, actor.practice_id, [patient.id])[patient.id]
        events.record(session, "coverage:read", "enrollment", patient_id=patient.id)
        return PatientCoverage(patient.id, day, [coverage_on(program, day, facts) for program in Program])


def load_facts(session: Session, practice_id: UUID, patient_ids: Collection[UUID]) -> dict[UUID, EnrolmentFacts]:
    """Return what is on record of each patient, in three statements however many they are; for billing as well."""
    consents, orders, enrolments = defaultdict(list), defaultdict(list), defaultdict(list)
    for consent in session.scalars(_rows_of(Consent, practice_id, patient_ids)):
        consents[consent.patient_id].append(_consent_fact(consent))
    for order in session.scalars(_rows_of(CareOrder, practice_id, patient_ids)):
        orders[order.patient_id].append(_order_fact(order))
    for row in session.scalars(_rows_of(Enrollment, practice_id, patient_ids)):
        if row.discharge_reason != DischargeReason.ENTERED_IN_ERROR.value:
            enrolments[row.patient_id].append(_enrolment_fact(row))
    return {
        patient_id: EnrolmentFacts(
            tuple(consents[patient_id]), tuple(orders[patient_id]), tuple(enrolments[patient_id])
        )
        for patient_id in patient_ids
    }


def _rows_of(model, practice_id: UUID, patient_ids: Collection[UUID]):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - three models, one query
    return select(model).where(model.practice_id == practice_id, model.patient_id.in_(patient_ids))


def _consent_fact(row: Consent) -> ConsentFact:
    has_notices = row.cost_share_explained and row.one_practitioner_explained
    return ConsentFact(row.id, Program(row.program), row.obtained_on, row.revoked_on, has_notices)


def _order_fact(row: CareOrder) -> Order:
    codes = frozenset(row.diagnoses)
    return Order(row.id, Program(row.program), row.starts_on, row.ends_on, row.stopped_on, codes)


def _enrolment_fact(row: Enrollment) -> Enrolment:
    codes = frozenset(row.diagnoses)
    return Enrolment(
        row.id, Program(row.program), row.episode_id, row.starts_on, row.ends_on, codes, row.initiating_visit_on
    )
