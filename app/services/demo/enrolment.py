"""The demo's consents, orders and enrolments: most patients are in remote monitoring, and some want somebody's care."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from app.domain.actor import Actor
from app.domain.enrolment.programs import ConsentMethod, DischargeOutcome, DischargeReason, Program
from app.domain.enrolment.records import Discharge, Ending, NewConsent, NewEnrollment, NewOrder, OrderingProvider
from app.services.enrolment.consents import record_consent, revoke_consent
from app.services.enrolment.enrollments import discharge_patient, enroll_patient
from app.services.enrolment.orders import record_order
from app.services.transaction import now

_METHODS = tuple(ConsentMethod)
_OUTSIDE = OrderingProvider(name="Dr. Avery Example", npi="1234567893")  # made up; the number is CMS's own example
_CONDITIONS = (("I10",), ("I10", "E11.9"), ("I50.9",), ("I10", "E78.5"))


@dataclass(frozen=True, slots=True)
class _Story:
    """How a patient came into the program: days from today on which things happened, forward or back."""

    enrolled: int = -50
    order_ends: int = 315
    consented: int | None = -52
    revoked: int | None = None
    discharged: int | None = None


_ORDINARY = _Story()
_STORIES = {
    3: _Story(consented=None),  # enrolled, but nobody has asked for consent
    7: _Story(order_ends=12),  # the order wants renewing
    10: _Story(revoked=-6),
    12: _Story(discharged=-4),
    14: _Story(order_ends=-3),  # the order has expired
}
_OUTSIDE_THE_PROGRAM = 11  # every patient of this number is seen in the practice only


def enrol_demo_patients(actor: Actor, patients: Sequence[UUID]) -> None:
    """Enrol most patients in RPM, and some in CCM as well."""
    for number, patient_id in enumerate(patients):
        if number % _OUTSIDE_THE_PROGRAM == _OUTSIDE_THE_PROGRAM - 1 and number not in _STORIES:
            continue
        _monitor(actor, patient_id, number, _STORIES.get(number, _ORDINARY))
        if number % 8 == 1:
            _care_for(actor, patient_id)


def _monitor(actor: Actor, patient_id: UUID, number: int, story: _Story) -> None:
    provider = _OUTSIDE if number % 6 == 5 else OrderingProvider(user_id=actor.user_id)  # noqa: PLR2004 - every sixth
    if story.consented is not None:
        _consent(actor, patient_id, Program.RPM, _METHODS[number % len(_METHODS)], story)
    order = NewOrder(
        program=Program.RPM,
        provider=provider,
        ordered_on=_day(story.enrolled - 1),
        starts_on=_day(story.enrolled),
        ends_on=_day(story.order_ends),
        parameters=("blood_pressure",),
        diagnoses=_CONDITIONS[number % len(_CONDITIONS)],
    )
    order_id = record_order(actor, patient_id, order).order.id
    seen = _day(story.enrolled - 14)
    new = NewEnrollment(Program.RPM, _day(story.enrolled), order_id=order_id, initiating_visit_on=seen)
    enrolled = enroll_patient(actor, patient_id, new).enrollment
    if story.discharged is not None:
        leaves = Discharge(DischargeReason.GOALS_MET, DischargeOutcome.IMPROVED, _day(story.discharged))
        discharge_patient(actor, patient_id, enrolled.id, leaves, None)


def _consent(actor: Actor, patient_id: UUID, program: Program, method: ConsentMethod, story: _Story) -> None:
    given = NewConsent(
        program, method, _day(story.consented or 0), True, True, note="Explained in the patient's words."
    )
    consent = record_consent(actor, patient_id, given).consent
    if story.revoked is not None:
        revoke_consent(actor, patient_id, consent.id, Ending("Does not want to be called.", _day(story.revoked)), None)


def _care_for(actor: Actor, patient_id: UUID) -> None:
    """Enrol in chronic care management, which needs two conditions and no order."""
    _consent(actor, patient_id, Program.CCM, ConsentMethod.WRITTEN, _ORDINARY)
    new = NewEnrollment(Program.CCM, _day(-40), diagnoses=("I10", "E11.9"), initiating_visit_on=_day(-64))
    enroll_patient(actor, patient_id, new)


def _day(offset: int) -> date:
    """Return a day counted from today; those of the past have begun in every zone of the demo."""
    return now().date() + timedelta(days=offset)
