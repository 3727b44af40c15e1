"""What a body from elsewhere, a row of a file or another system's patient, would change of a record."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from app.domain.patients import Address, EmergencyContact, NewPatient
from app.models import Patient
from app.services.patients.fields import index_of


def changes_of(patient: Patient, body: Iterable[str], new: NewPatient) -> dict[str, Any]:
    """Return the fields that a body gives and that differ from the record; what it leaves out stays as it is."""
    given = {name: getattr(new, name) for name in body if name != "address"}
    changes = {name: value for name, value in given.items() if not _holds(patient, name, value)}
    if new.address is not None:
        before = patient.address or {}
        address = {**before, **{name: value for name, value in asdict(new.address).items() if value}}
        if address != before:
            changes["address"] = Address(**address)
    return changes


def _holds(patient: Patient, name: str, value: Any) -> bool:
    compare = _COMPARISONS.get(name)
    return bool(compare(patient, value)) if compare else getattr(patient, name) == value


def _same_number(patient: Patient, number: str | None) -> bool:
    """Compare the keyed indexes: a Social Security number is not decrypted to be compared."""
    return patient.ssn_index == index_of(patient.practice_id, "ssn", number)


def _same_contact(patient: Patient, contact: EmergencyContact | None) -> bool:
    return patient.emergency_contact == (asdict(contact) if contact else None)


def _same_conditions(patient: Patient, codes: Iterable[str]) -> bool:
    return patient.conditions == list(codes)


_COMPARISONS: dict[str, Callable[[Patient, Any], bool]] = {
    "ssn": _same_number,
    "emergency_contact": _same_contact,
    "conditions": _same_conditions,
}
