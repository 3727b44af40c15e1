"""Consents: recording them, showing them, revoking them. Nothing is changed or destroyed afterwards."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.enrolment.records import Ending, NewConsent
from app.domain.errors import Conflict, NotFound, ValidationFailed
from app.domain.paging import Page, PageRequest
from app.models import Consent, ConsentDocument, User
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
class ShownConsent:
    """A consent with the name of who obtained it and its latest document."""

    consent: Consent
    obtained_by_name: str
    document: ConsentDocument | None


def list_consents(actor: Actor, patient_id: UUID, paging: PageRequest) -> Page[ShownConsent]:
    """Return one page of a visible patient's consents, the latest first."""
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        mine = (Consent.practice_id == actor.practice_id, Consent.patient_id == patient.id)
        count = session.scalar(select(func.count()).select_from(Consent).where(*mine)) or 0
        latest_first = _with_names().where(*mine).order_by(Consent.obtained_on.desc(), Consent.id.desc())
        rows = session.execute(latest_first.offset(paging.offset).limit(paging.page_size)).all()
        documents = _latest_documents(session, actor, [row.Consent.id for row in rows])
        events.record(session, "consent:list", "consent", patient_id=patient.id)
        shown = [_shown(row.Consent, row.User, documents.get(row.Consent.id)) for row in rows]
        return Page(shown, count, paging)


def get_consent(actor: Actor, patient_id: UUID, consent_id: UUID) -> ShownConsent:
    """Return one consent; raises NotFound for ids the actor cannot see."""
    with transaction() as session:
        find_visible(session, actor, patient_id)
        shown = show_consent(session, actor, find_consent(session, actor, patient_id, consent_id))
        events.record(session, "consent:read", "consent", resource_id=consent_id, patient_id=patient_id)
        return shown


def record_consent(actor: Actor, patient_id: UUID, new: NewConsent) -> ShownConsent:
    """Record a consent that was obtained today or before."""
    with transaction() as session:
        patient = lock_active_patient(session, actor, patient_id)
        refuse_future(new.obtained_on, today_of(patient), "obtained_on")
        obtained_by = find_staff(session, actor, new.obtained_by or actor.user_id, "obtained_by")
        consent = Consent(
            id=new_id(),
            practice_id=actor.practice_id,
            patient_id=patient.id,
            program=new.program.value,
            method=new.method.value,
            obtained_on=new.obtained_on,
            obtained_by=obtained_by.id,
            cost_share_explained=new.cost_share_explained,
            one_practitioner_explained=new.one_practitioner_explained,
        )
        consent.note = new.note
        session.add(consent)
        session.flush()
        return _shown(consent, obtained_by, None)


def revoke_consent(
    actor: Actor, patient_id: UUID, consent_id: UUID, ending: Ending, version: int | None
) -> ShownConsent:
    """Note that the patient took a consent back: from the day of revocation on it no longer holds."""
    with transaction() as session:
        patient = lock_patient(session, actor, patient_id)
        consent = find_consent(session, actor, patient_id, consent_id)
        require_version(consent, version)
        if consent.revoked_on is not None:
            raise Conflict("The consent has been revoked already.")
        today = today_of(patient)
        revoked_on = ending.on or today
        refuse_future(revoked_on, today, "revoked_on")
        if revoked_on < consent.obtained_on:
            raise ValidationFailed({"revoked_on": ["Must not lie before the day on which it was obtained."]})
        consent.revoked_on, consent.revoked_by, consent.revoke_reason = revoked_on, actor.user_id, ending.reason
        events.record(session, "consent:revoke", "consent", resource_id=consent.id, patient_id=patient.id)
        session.flush()
        return show_consent(session, actor, consent)


def find_consent(session: Session, actor: Actor, patient_id: UUID, consent_id: UUID) -> Consent:
    """Return a consent of the patient; raises NotFound. The patient must have been found visible before."""
    consent = session.scalar(
        select(Consent).where(
            Consent.practice_id == actor.practice_id, Consent.patient_id == patient_id, Consent.id == consent_id
        )
    )
    if consent is None:
        raise NotFound
    return consent


def show_consent(session: Session, actor: Actor, consent: Consent) -> ShownConsent:
    """Return a consent with the name and the document that belong to it."""
    row = session.execute(_with_names().where(Consent.id == consent.id)).one()
    return _shown(consent, row.User, _latest_documents(session, actor, [consent.id]).get(consent.id))


def _with_names() -> Select[Consent, User]:
    obtained_by = (User.practice_id == Consent.practice_id) & (User.id == Consent.obtained_by)
    return select(Consent, User).join(User, obtained_by)


def _latest_documents(session: Session, actor: Actor, consent_ids: Iterable[UUID]) -> dict[UUID, ConsentDocument]:
    latest = (
        select(ConsentDocument)
        .ext(distinct_on(ConsentDocument.consent_id))
        .where(ConsentDocument.practice_id == actor.practice_id, ConsentDocument.consent_id.in_(consent_ids))
        .order_by(ConsentDocument.consent_id, ConsentDocument.uploaded_at.desc(), ConsentDocument.id.desc())
    )
    return {document.consent_id: document for document in session.scalars(latest)}


def _shown(consent: Consent, obtained_by: User, document: ConsentDocument | None) -> ShownConsent:
    return ShownConsent(consent, f"{obtained_by.first_name} {obtained_by.last_name}", document)
