"""The patient record: creating, reading, changing and archiving it."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from app.audit import events
from app.crypto.blind_index import blind_index
from app.domain.actor import Actor
from app.domain.errors import Conflict, NotFound, PatientMerged, PossibleDuplicate, StaleVersion
from app.domain.patients import NewPatient, cleared, format_mrn
from app.domain.roles import Role
from app.domain.search import compact
from app.models import Patient, PatientStatusChange, Practice
from app.models.base import new_id
from app.services.devices.custody import free_devices
from app.services.enrolment.running import discharge_from_all
from app.services.patients.duplicates import find_duplicates, hold_back_others
from app.services.patients.fields import SEARCHED, index_names, require_care_team, values_of, write_fields
from app.services.transaction import now, transaction
from app.services.triage import summaries

_MRN_TAKEN = "A patient with this medical record number exists."


def create_patient(actor: Actor, new: NewPatient) -> Patient:
    """Create a record.

    Raises Conflict when the record number is taken in this practice, PossibleDuplicate when a record looks like one of
    the same person and the caller has not said that it is not, ValidationFailed for a care team that does not fit.
    """
    try:
        with transaction() as session:
            if not new.allow_duplicate:
                _refuse_duplicate(session, actor, new)
            return _create(session, actor, new)
    except IntegrityError as error:
        raise Conflict(_MRN_TAKEN) from error


def get_patient(actor: Actor, patient_id: UUID) -> Patient:
    """Return one record; raises NotFound for ids the actor cannot see."""
    with transaction() as session:
        patient = _find_whole(session, actor, patient_id)
        events.record(session, "patient:read", "patient", resource_id=patient.id, patient_id=patient.id)
        return patient


def update_patient(actor: Actor, patient_id: UUID, changes: dict[str, Any], version: int | None) -> Patient:
    """Change the named fields.

    Raises StaleVersion when `version` is given and no longer current, PatientMerged for a record that is no longer one.
    """
    try:
        with transaction() as session:
            patient = _find_whole(session, actor, patient_id)
            _require_version(patient, version)
            _require_unmerged(patient)
            require_care_team(session, actor.practice_id, changes)
            change_patient(session, patient, changes)
            return patient
    except IntegrityError as error:
        raise Conflict(_MRN_TAKEN) from error


def build_patient(practice_id: UUID, new: NewPatient, mrn: str, practice_timezone: str) -> Patient:
    """Return a new record, which belongs to no session yet."""
    patient = Patient(id=new_id(), practice_id=practice_id, is_active=True, payers=[])
    write_fields(patient, values_of(new, practice_timezone, mrn))
    return patient


def change_patient(session: Session, patient: Patient, changes: dict[str, Any]) -> None:
    """Write changes and keep the terms under which the patient is found in step."""
    write_fields(patient, changes)
    if "payers" in changes:
        patient.updated_at = now()  # so that the record has a new version, though only its payers changed
    session.flush()
    if SEARCHED & changes.keys():
        index_names(session, patient)


def replace_patient(actor: Actor, patient_id: UUID, given: dict[str, Any], version: int | None) -> Patient:
    """Set the whole record: what is left out is emptied, see `cleared`; raises as `update_patient`."""
    return update_patient(actor, patient_id, cleared(given), version)


def archive_patient(actor: Actor, patient_id: UUID, reason: str, version: int | None) -> Patient:
    """Take a patient off the lists and the board; nothing is destroyed. Archiving twice changes nothing.

    Enrolments end on this day and devices become free; bringing the patient back does not undo that.
    """
    return _set_active(actor, patient_id, is_active=False, reason=reason, version=version)


def unarchive_patient(actor: Actor, patient_id: UUID, reason: str, version: int | None) -> Patient:
    """Bring an archived patient back; raises PatientMerged for a merged one. Doing so twice changes nothing."""
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


def note_status_change(session: Session, actor: Actor, patient: Patient, change: str, reason: str) -> None:
    """Keep what became of a record, by whom and why: encrypted here, since whoever writes a reason may name people."""
    row = PatientStatusChange(
        id=new_id(), practice_id=patient.practice_id, patient_id=patient.id, change=change, changed_by=actor.user_id
    )
    row.reason = reason or None
    session.add(row)


def _find_whole(session: Session, actor: Actor, patient_id: UUID) -> Patient:
    whole = visible_to(actor).options(selectinload(Patient.payers)).where(Patient.id == patient_id)
    patient = session.scalar(whole.execution_options(populate_existing=True))
    if patient is None:
        raise NotFound
    return patient


def _refuse_duplicate(session: Session, actor: Actor, new: NewPatient) -> None:
    """Look for the person while nobody else can create them."""
    hold_back_others(session, actor.practice_id)
    candidates = find_duplicates(session, actor.practice_id, new)
    if candidates:
        raise PossibleDuplicate(candidates)


def _create(session: Session, actor: Actor, new: NewPatient) -> Patient:
    timezone, mrn = _timezone_and_mrn(session, actor.practice_id, new.mrn)
    require_care_team(session, actor.practice_id, {"provider_id": new.provider_id, "nurse_id": new.nurse_id})
    patient = build_patient(actor.practice_id, new, mrn, timezone)
    session.add(patient)
    session.flush()
    index_names(session, patient)
    summaries.open_summary(session, patient)
    return patient


def _set_active(actor: Actor, patient_id: UUID, *, is_active: bool, reason: str, version: int | None) -> Patient:
    with transaction() as session:
        _lock(session, actor, patient_id)
        patient = _find_whole(session, actor, patient_id)
        _require_version(patient, version)
        _require_unmerged(patient)
        if patient.is_active != is_active:
            _change_status(session, actor, patient, is_active=is_active, reason=reason)
        return patient


def _change_status(session: Session, actor: Actor, patient: Patient, *, is_active: bool, reason: str) -> None:
    at = now()
    patient.is_active, patient.archived_at = is_active, None if is_active else at
    patient.archive_reason = None if is_active else reason or None
    verb = "unarchive" if is_active else "archive"
    note_status_change(session, actor, patient, f"{verb}d", reason)
    events.record(session, f"patient:{verb}", "patient", resource_id=patient.id, patient_id=patient.id)
    summaries.set_active(session, patient, is_active=is_active)
    if not is_active:
        discharge_from_all(session, actor, patient, at, reason)
        free_devices(session, patient.id, at, reason or "Patient archived")


def _lock(session: Session, actor: Actor, patient_id: UUID) -> None:
    """Let whoever enrols the patient at this moment finish, or find them archived. Readings go on."""
    session.execute(
        visible_to(actor).with_only_columns(Patient.id).where(Patient.id == patient_id).with_for_update(key_share=True)
    )


def _require_version(patient: Patient, version: int | None) -> None:
    if version is not None and patient.version != version:
        raise StaleVersion


def _require_unmerged(patient: Patient) -> None:
    if patient.merged_into is not None:
        raise PatientMerged


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
