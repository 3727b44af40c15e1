"""What consents, orders and enrolments ask before they write: the patient, the people named, the days."""

from datetime import date
from typing import Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.days import local_day
from app.domain.errors import NotFound, PatientArchived, StaleVersion, ValidationFailed
from app.domain.roles import Role
from app.models import Patient, User
from app.services.patients.records import visible_to
from app.services.transaction import now


class HasVersion(Protocol):
    """A row that counts its changes."""

    @property
    def version(self) -> int:
        """The number of the newest change."""


def lock_patient(session: Session, actor: Actor, patient_id: UUID) -> Patient:
    """Return a visible patient, locked until the end: whoever writes on the same record waits. Readings go on."""
    wanted = visible_to(actor).where(Patient.id == patient_id).with_for_update(key_share=True)
    patient = session.scalar(wanted)
    if patient is None:
        raise NotFound
    return patient


def lock_active_patient(session: Session, actor: Actor, patient_id: UUID) -> Patient:
    """Return a patient, locked; raises PatientArchived when the record is off the lists."""
    patient = lock_patient(session, actor, patient_id)
    if not patient.is_active:
        raise PatientArchived("The patient is archived. Bring the record back first.")
    return patient


def today_of(patient: Patient) -> date:
    """Return today's date where the patient lives."""
    return local_day(now(), patient.timezone)


def refuse_future(day: date, today: date, field: str) -> None:
    """Raise ValidationFailed for a day that has not come yet."""
    if day > today:
        raise ValidationFailed({field: ["Must not lie in the future."]})


def require_version(row: HasVersion, version: int | None) -> None:
    """Raise StaleVersion when a version is asked for that is not the newest."""
    if version is not None and row.version != version:
        raise StaleVersion


def find_staff(session: Session, actor: Actor, user_id: int, field: str, *, provider: bool = False) -> User:
    """Return an account of the practice's staff (of a provider, when asked); raises ValidationFailed otherwise."""
    user = session.scalar(select(User).where(User.practice_id == actor.practice_id, User.id == user_id))
    allowed = {Role.PROVIDER.value} if provider else {role.value for role in Role} - {Role.PATIENT.value}
    if user is None or user.role not in allowed:
        raise ValidationFailed({field: [f"No such {'provider' if provider else 'member of staff'} of the practice."]})
    return user
