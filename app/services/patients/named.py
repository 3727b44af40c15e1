"""Patients of whom a page only says who they are: the columns that takes, and no other is opened."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from app.models import Patient

NAMED = load_only(
    Patient.id, Patient.practice_id, Patient.first_name_enc, Patient.last_name_enc, Patient.mrn_enc, raiseload=True
)


def find_named(session: Session, practice_id: UUID, patient_ids: Collection[UUID]) -> dict[UUID, Patient]:
    """Return those patients of the practice by id. That they were named is for the caller's event to record."""
    wanted = select(Patient).where(Patient.practice_id == practice_id, Patient.id.in_(patient_ids)).options(NAMED)
    return {patient.id: patient for patient in session.scalars(wanted)}
