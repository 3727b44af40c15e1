"""What happened to a patient's consents, orders and enrolments, in time order: one source of the patient's timeline."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.days import local_day
from app.domain.enrolment.programs import Program
from app.domain.enrolment.records import EnrolmentEvent
from app.models import CareOrder, Consent, ConsentDocument, Enrollment, Patient


def list_enrolment_events(session: Session, patient: Patient) -> list[EnrolmentEvent]:
    """Return a patient's events, the earliest first. The caller has found the patient visible, and records the read."""
    found = [*_consent_events(session, patient), *_order_events(session, patient), *_enrolments(session, patient)]
    return sorted(found, key=lambda event: (event.on, event.resource_id, event.kind))


def _consent_events(session: Session, patient: Patient) -> Iterator[EnrolmentEvent]:
    mine = (Consent.practice_id == patient.practice_id, Consent.patient_id == patient.id)
    programs = {}
    for row in session.scalars(select(Consent).where(*mine)):
        programs[row.id] = row.program
        yield from _happened("consent", row.id, row.program, obtained=row.obtained_on, revoked=row.revoked_on)
    documents = select(ConsentDocument).where(
        ConsentDocument.practice_id == patient.practice_id, ConsentDocument.patient_id == patient.id
    )
    for document in session.scalars(documents):
        uploaded = local_day(document.uploaded_at, patient.timezone)
        yield from _happened("consent_document", document.id, programs[document.consent_id], uploaded=uploaded)


def _order_events(session: Session, patient: Patient) -> Iterator[EnrolmentEvent]:
    mine = (CareOrder.practice_id == patient.practice_id, CareOrder.patient_id == patient.id)
    for row in session.scalars(select(CareOrder).where(*mine)):
        given = {"renewed" if row.follows_id else "ordered": row.ordered_on}
        yield from _happened("care_order", row.id, row.program, **given, stopped=row.stopped_on)


def _enrolments(session: Session, patient: Patient) -> Iterator[EnrolmentEvent]:
    mine = (Enrollment.practice_id == patient.practice_id, Enrollment.patient_id == patient.id)
    for row in session.scalars(select(Enrollment).where(*mine)):
        discharged = row.ends_on if row.discharged_at else None
        yield from _happened("enrollment", row.id, row.program, started=row.starts_on, discharged=discharged)


def _happened(resource: str, resource_id: UUID, program: str, **days: date | None) -> Iterator[EnrolmentEvent]:
    for verb, on in days.items():
        if on is not None:
            yield EnrolmentEvent(on, f"{resource}:{verb}", Program(program), resource, resource_id)
