"""Finding records that may be of the same person, through keyed indexes: nothing is decrypted but what is shown."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.audit import context, events
from app.crypto.columns import open_ahead
from app.domain.duplicates import Candidate, Likeness, person_key
from app.domain.patients import NewPatient
from app.models import Patient, Practice
from app.services.patients.fields import index_of, person_index
from app.services.transaction import transaction

MAX_CANDIDATES = 10
_BATCH = 500
_SHOWN = ("first_name_enc", "last_name_enc", "date_of_birth_enc", "mrn_enc")
_COLUMNS: dict[Likeness, InstrumentedAttribute[Any]] = {
    "name_and_birth_date": Patient.person_index,
    "phone": Patient.phone_index,
    "ssn": Patient.ssn_index,
}


def find_duplicates(session: Session, practice_id: UUID, new: NewPatient) -> list[Candidate]:
    """Return the records, archived ones too, with the same name and birth date, the same phone or the same number.

    Those alike in most come first. Records that were merged into others are left out. Whoever shows them says so
    with `record_shown`.
    """
    wanted = indexes_of(practice_id, new)
    alike = or_(*(_COLUMNS[likeness] == index for likeness, index in wanted.items()))
    query = select(Patient).where(Patient.practice_id == practice_id, Patient.merged_into.is_(None), alike)
    found = list(session.scalars(query.order_by(Patient.created_at, Patient.id).limit(MAX_CANDIDATES)))
    if not found:
        return []
    open_ahead(found, _SHOWN)
    candidates = [_candidate(patient, wanted) for patient in found]
    return sorted(candidates, key=lambda candidate: -len(candidate.why))


def indexes_of(practice_id: UUID, new: NewPatient) -> dict[Likeness, bytes]:
    """Return the keyed indexes by which the person is recognised."""
    key = person_key(new.first_name, new.last_name, new.date_of_birth)
    indexes: dict[Likeness, bytes | None] = {
        "name_and_birth_date": person_index(practice_id, key),
        "phone": index_of(practice_id, "phone", new.phone),
        "ssn": index_of(practice_id, "ssn", new.ssn),
    }
    return {likeness: index for likeness, index in indexes.items() if index is not None}


def find_alike(
    session: Session, practice_id: UUID, wanted: Iterable[Mapping[Likeness, bytes]]
) -> dict[tuple[Likeness, bytes], list[Patient]]:
    """Return the records with any of these indexes, by what is alike; one question however many people are looked for.

    As `find_duplicates`: archived records too, merged ones not.
    """
    sought: dict[Likeness, set[bytes]] = {}
    for indexes in wanted:
        for likeness, index in indexes.items():
            sought.setdefault(likeness, set()).add(index)
    if not sought:
        return {}
    alike = or_(*(_COLUMNS[likeness].in_(known) for likeness, known in sought.items()))
    query = select(Patient).where(Patient.practice_id == practice_id, Patient.merged_into.is_(None), alike)
    found: dict[tuple[Likeness, bytes], list[Patient]] = {}
    for patient in session.scalars(query.order_by(Patient.created_at, Patient.id)):
        for likeness, known in sought.items():
            if (index := getattr(patient, _COLUMNS[likeness].key)) in known:
                found.setdefault((likeness, index), []).append(patient)
    return found


def hold_back_others(session: Session, practice_id: UUID) -> None:
    """Let nobody else create records of the practice until this work is done: two at once make one of a person."""
    session.execute(select(Practice.id).where(Practice.id == practice_id).with_for_update(key_share=True))


def was_overtaken(session: Session, practice_id: UUID) -> bool:
    """Say whether others created a record like one that this transaction created; call `hold_back_others` before."""
    theirs, began = aliased(Patient), func.transaction_timestamp()
    for column in _COLUMNS.values():  # one after the other: a join on either of three looks at every pair
        same = (theirs.practice_id == Patient.practice_id) & (getattr(theirs, column.key) == column)
        ours = Patient.practice_id == practice_id, Patient.created_at == began
        other = theirs.created_at != began, theirs.merged_into.is_(None)
        if session.scalar(select(Patient.id).join(theirs, same).where(*ours, *other).limit(1)) is not None:
            return True
    return False


def record_shown(candidates: Iterable[Candidate]) -> None:
    """Store that the candidates were shown to whoever wanted to create a record; the refused work is rolled back."""
    with transaction() as session:
        shown = [candidate.id for candidate in candidates]
        events.record(session, "patient:possible_duplicate", "patient", subject_ids=shown)


def index_people() -> int:
    """Index the names and birth dates of records that an older release left without; return how many there were."""
    with transaction() as session:
        practices = list(session.scalars(select(Practice.id)))
    indexed = 0
    for practice_id in practices:
        context.bind(practice_id=practice_id)
        while batch := _index_batch(practice_id):
            indexed += batch
    return indexed


def _index_batch(practice_id: UUID) -> int:
    without = select(Patient).where(Patient.practice_id == practice_id, Patient.person_index.is_(None))
    with transaction() as session:
        found = session.scalars(without.order_by(Patient.id).limit(_BATCH).with_for_update(key_share=True)).all()
        for patient in found:
            key = person_key(patient.first_name, patient.last_name, patient.date_of_birth)
            patient.person_index = person_index(practice_id, key)
        return len(found)


def _candidate(patient: Patient, wanted: dict[Likeness, bytes]) -> Candidate:
    return Candidate(
        id=patient.id,
        name=f"{patient.first_name} {patient.last_name}",
        date_of_birth=patient.date_of_birth,
        mrn=patient.mrn,
        active=patient.is_active,
        why=tuple(likeness for likeness, index in wanted.items() if getattr(patient, _COLUMNS[likeness].key) == index),
    )
