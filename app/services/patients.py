"""The patient record: creating, reading, changing and archiving it."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import events
from app.crypto.blind_index import blind_index, search_tokens
from app.domain.actor import Actor
from app.domain.errors import Conflict, NotFound, StaleVersion
from app.domain.patients import Address, NewPatient, format_mrn
from app.domain.roles import Role
from app.domain.search import compact, index_terms
from app.models import Patient, PatientSearchToken, Practice
from app.models.base import new_id
from app.services import triage_summaries
from app.services.transaction import now, transaction

_SEARCHED = {"first_name", "last_name", "mrn"}


def create_patient(actor: Actor, new: NewPatient) -> Patient:
    """Create a record; raises Conflict when the record number is taken in this practice."""
    try:
        with transaction() as session:
            practice_timezone, mrn = _timezone_and_mrn(session, actor.practice_id, new.mrn)
            patient = build_patient(actor.practice_id, new, mrn, practice_timezone)
            session.add(patient)
            session.flush()
            _index_names(session, patient)
            triage_summaries.open_summary(session, patient)
            return patient
    except IntegrityError as error:
        raise Conflict("A patient with this medical record number exists.") from error


def build_patient(practice_id: UUID, new: NewPatient, mrn: str, practice_timezone: str) -> Patient:
    """Return a new record, which belongs to no session yet."""
    patient = Patient(
        id=new_id(),
        practice_id=practice_id,
        gender=new.gender,
        external_id=new.external_id,
        timezone=new.timezone or practice_timezone,
        is_active=True,
    )
    _write(patient, _identity(new, mrn))
    return patient


def get_patient(actor: Actor, patient_id: UUID) -> Patient:
    """Return one record; raises NotFound for ids the actor cannot see."""
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        events.record(session, "patient:read", "patient", resource_id=patient.id, patient_id=patient.id)
        return patient


def update_patient(actor: Actor, patient_id: UUID, changes: dict[str, Any], version: int | None) -> Patient:
    """Change the named fields; raises StaleVersion when `version` is given and no longer current."""
    try:
        with transaction() as session:
            patient = find_visible(session, actor, patient_id)
            _require_version(patient, version)
            change_patient(session, patient, changes)
            return patient
    except IntegrityError as error:
        raise Conflict("A patient with this medical record number exists.") from error


def change_patient(session: Session, patient: Patient, changes: dict[str, Any]) -> None:
    """Write changes and keep the terms under which the patient is found in step."""
    _write(patient, changes)
    session.flush()
    if _SEARCHED & changes.keys():
        _index_names(session, patient)


def archive_patient(actor: Actor, patient_id: UUID, reason: str, version: int | None) -> Patient:
    """Take a patient off the lists and the board; nothing is destroyed. Archiving twice changes nothing."""
    return _set_active(actor, patient_id, is_active=False, reason=reason, version=version)


def unarchive_patient(actor: Actor, patient_id: UUID, reason: str, version: int | None) -> Patient:
    """Bring an archived patient back. Doing so twice changes nothing."""
    return _set_active(actor, patient_id, is_active=True, reason=reason, version=version)


def find_visible(session: Session, actor: Actor, patient_id: UUID) -> Patient:
    """Return the record if it is of the actor's practice, and for a `patient` user only their own; else NotFound."""
    patient = session.scalar(visible_to(actor).where(Patient.id == patient_id))
    if patient is None:
        raise NotFound
    return patient


def visible_to(actor: Actor) -> Select[Patient]:
    """Return the query of all records the actor may see."""
    query = select(Patient).where(Patient.practice_id == actor.practice_id)
    return query.where(Patient.id == actor.patient_id) if actor.role is Role.PATIENT else query


def _set_active(actor: Actor, patient_id: UUID, *, is_active: bool, reason: str, version: int | None) -> Patient:
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        _require_version(patient, version)
        if patient.is_active != is_active:
            patient.is_active, patient.archived_at = is_active, None if is_active else now()
            verb = "unarchive" if is_active else "archive"
            events.record(
                session, f"patient:{verb}", "patient",
                resource_id=patient.id, patient_id=patient.id, reason=reason,
            )  # fmt: skip
            triage_summaries.set_active(session, patient, is_active=is_active)
        return patient


def _require_version(patient: Patient, version: int | None) -> None:
    if version is not None and patient.version != version:
        raise StaleVersion


def _identity(new: NewPatient, mrn: str) -> dict[str, Any]:
    return {
        "first_name": new.first_name,
        "last_name": new.last_name,
        "date_of_birth": new.date_of_birth,
        "mrn": mrn,
        "phone": new.phone,
        "email": new.email,
        "address": new.address,
    }


def _write(patient: Patient, values: dict[str, Any]) -> None:
    """Set fields under their own names, keeping the keyed indexes in step with the encrypted values."""
    for name, value in values.items():
        if name == "address":
            _write_address(patient, value)
            continue
        setattr(patient, name, value)
        if name in {"mrn", "phone", "email"}:
            index = None if value is None else blind_index(patient.practice_id, name, compact_for_index(name, value))
            setattr(patient, f"{name}_index", index)


def _write_address(patient: Patient, address: Address | None) -> None:
    patient.address_state = address.state or None if address else None
    patient.address_lines = (
        {"line1": address.line1, "line2": address.line2, "city": address.city, "zip": address.zip} if address else None
    )


def compact_for_index(field: str, value: str) -> str:
    """Return the form in which a value is compared: record numbers without signs, addresses without case."""
    return compact(value) if field == "mrn" else value.strip().casefold()


def _timezone_and_mrn(session: Session, practice_id: UUID, wanted: str | None) -> tuple[str, str]:
    """Return the practice's time zone and the record number: the wanted one, or the next free one."""
    if wanted:
        return session.scalars(select(Practice.timezone).where(Practice.id == practice_id)).one(), wanted
    while True:
        counted = session.execute(
            update(Practice)
            .where(Practice.id == practice_id)
            .values(last_mrn=Practice.last_mrn + 1)
            .returning(Practice.last_mrn, Practice.timezone)
            .execution_options(recorded=True)
        ).one()
        mrn = format_mrn(counted.last_mrn)
        index = blind_index(practice_id, "mrn", compact(mrn))
        taken = select(Patient.id).where(Patient.practice_id == practice_id, Patient.mrn_index == index)
        if session.scalar(taken) is None:
            return counted.timezone, mrn


def _index_names(session: Session, patient: Patient) -> None:
    """Replace the terms under which the patient is found."""
    session.execute(
        delete(PatientSearchToken).where(
            PatientSearchToken.practice_id == patient.practice_id, PatientSearchToken.patient_id == patient.id
        )
    )
    terms = index_terms(patient.first_name, patient.last_name, patient.mrn)
    tokens = search_tokens(patient.practice_id, terms)
    rows = [{"practice_id": patient.practice_id, "token": token, "patient_id": patient.id} for token in set(tokens)]
    session.execute(insert(PatientSearchToken), rows)
