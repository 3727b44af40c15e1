"""Writing the fields of a record: encrypted values, the keyed indexes beside them, payers, and who cares for whom."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.crypto.blind_index import blind_index, search_tokens
from app.domain.duplicates import person_key
from app.domain.errors import ValidationFailed
from app.domain.patients import CARE_TEAM, Address, EmergencyContact, NewPatient, Payer
from app.domain.search import compact, index_terms
from app.domain.ssn import last_four
from app.models import Patient, PatientPayer, PatientSearchToken, User
from app.models.base import new_id

SEARCHED = {"first_name", "last_name", "mrn"}
_INDEXED = ("mrn", "phone", "email", "ssn")
_PERSON = {"first_name", "last_name", "date_of_birth"}
_NOT_FIELDS = {"allow_duplicate", "timezone", "mrn"}


def values_of(new: NewPatient, timezone: str, mrn: str) -> dict[str, Any]:
    """Return the fields of a record to create, under their own names."""
    given = {field.name: getattr(new, field.name) for field in fields(new) if field.name not in _NOT_FIELDS}
    return {**given, "timezone": new.timezone or timezone, "mrn": mrn}


def write_fields(patient: Patient, values: Mapping[str, Any]) -> None:
    """Set fields under their own names, keeping the keyed indexes in step with the encrypted values."""
    for name, value in values.items():
        write = _WRITERS.get(name)
        if write is not None:
            write(patient, value)
        else:
            setattr(patient, name, value)
        if name in _INDEXED:
            setattr(patient, f"{name}_index", index_of(patient.practice_id, name, value))
    if _PERSON & values.keys():
        patient.person_index = person_index(
            patient.practice_id, person_key(patient.first_name, patient.last_name, patient.date_of_birth)
        )


def index_of(practice_id: UUID, field: str, value: str | None) -> bytes | None:
    """Return the keyed index by which a value of this field is found in the practice."""
    return None if value is None else blind_index(practice_id, field, compact_for_index(field, value))


def person_index(practice_id: UUID, key: str) -> bytes:
    """Return the keyed index of a name and birth date."""
    return blind_index(practice_id, "person", key)


def compact_for_index(field: str, value: str) -> str:
    """Return the form in which a value is compared: record numbers without signs, addresses without case."""
    return compact(value) if field == "mrn" else value.strip().casefold()


def index_names(session: Session, patient: Patient) -> None:
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


def require_care_team(session: Session, practice_id: UUID, values: Mapping[str, Any]) -> None:
    """Raise ValidationFailed unless those who shall care are people of the practice with a fitting role, and active."""
    wanted = {name: values[name] for name in CARE_TEAM if values.get(name) is not None}
    if not wanted:
        return
    of_practice = User.practice_id == practice_id, User.id.in_(set(wanted.values())), User.disabled_at.is_(None)
    roles = {user.id: user.role for user in session.execute(select(User.id, User.role).where(*of_practice))}
    wrong = [name for name, user_id in wanted.items() if roles.get(user_id) != CARE_TEAM[name].value]
    if wrong:
        raise ValidationFailed({name: [f"No {CARE_TEAM[name]} of this practice has this id."] for name in wrong})


def _write_address(patient: Patient, address: Address | None) -> None:
    patient.address_state = address.state or None if address else None
    patient.address_lines = (
        {"line1": address.line1, "line2": address.line2, "city": address.city, "zip": address.zip} if address else None
    )


def _write_ssn(patient: Patient, number: str | None) -> None:
    patient.ssn = number
    patient.ssn_last_four = None if number is None else last_four(number)


def _write_emergency_contact(patient: Patient, contact: EmergencyContact | None) -> None:
    patient.emergency_contact = None if contact is None else asdict(contact)


def _write_conditions(patient: Patient, codes: Sequence[str]) -> None:
    patient.conditions = list(codes)


def _write_payers(patient: Patient, payers: Sequence[Payer]) -> None:
    """Replace the list; a payer that stays with the same member number keeps its row."""
    known = {(row.payer, row.member_id): row for row in patient.payers}
    rows = []
    for position, payer in enumerate(payers, start=1):
        which = payer.payer, payer.member_id
        row = known.pop(which) if which in known else _new_row(patient, payer)
        row.position, row.starts_on, row.ends_on = position, payer.starts_on, payer.ends_on
        rows.append(row)
    patient.payers = rows


def _new_row(patient: Patient, payer: Payer) -> PatientPayer:
    row = PatientPayer(id=new_id(), practice_id=patient.practice_id, patient_id=patient.id, payer=payer.payer)
    row.member_id = payer.member_id
    return row


_WRITERS: dict[str, Callable[[Patient, Any], None]] = {
    "address": _write_address,
    "ssn": _write_ssn,
    "emergency_contact": _write_emergency_contact,
    "conditions": _write_conditions,
    "payers": _write_payers,
}
