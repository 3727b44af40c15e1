"""All patients as a CSV file: read, recorded and handed on a few hundred at a time, in constant memory.

Each part is a transaction of its own: its audit event, which names the patients in it, is stored before a byte of it
leaves, and no transaction stays open while a slow reader reads.
"""

from collections.abc import Iterator
from itertools import chain
from uuid import UUID

from sqlalchemy import tuple_
from sqlalchemy.orm import Session

from app.audit import events
from app.crypto.columns import open_ahead
from app.domain.actor import Actor
from app.domain.patient_csv import csv_line
from app.domain.patients import PatientSelection
from app.models import Patient
from app.services.parts import handed_on
from app.services.patients.directory import ids_by_name
from app.services.patients.records import visible_to
from app.services.transaction import transaction

_PART = 500
_HEADER = (
    "id", "first_name", "last_name", "date_of_birth", "gender", "mrn", "phone", "email", "line1", "line2", "city",
    "state", "zip", "external_id", "timezone", "active", "created_at", "updated_at",
)  # fmt: skip
_ADDRESS = ("line1", "line2", "city", "state", "zip")


def export_patients(actor: Actor, selection: PatientSelection) -> Iterator[str]:
    """Return the lines of the file; the first part is read, and recorded, before this returns."""
    return handed_on(chain([csv_line(_HEADER) + next(parts := _parts(actor, selection), "")], parts))


def _parts(actor: Actor, selection: PatientSelection) -> Iterator[str]:
    if selection.search.strip() or selection.ordering.endswith("last_name"):
        return _by_name(actor, selection)
    return _by_creation(actor, selection)


def _by_creation(actor: Actor, selection: PatientSelection) -> Iterator[str]:
    """Go on after the last of the part before, whatever was added meanwhile."""
    is_downward = selection.ordering.startswith("-")
    place = tuple_(Patient.created_at, Patient.id)
    order = [part.desc() if is_downward else part.asc() for part in (Patient.created_at, Patient.id)]
    wanted = visible_to(actor).where(Patient.is_active == selection.active).order_by(*order).limit(_PART)
    after = None
    while True:
        with transaction() as session:
            rest = wanted if after is None else wanted.where(place < after if is_downward else place > after)
            patients = list(session.scalars(rest))
            part = _written(session, patients)
        yield part
        if len(patients) < _PART:
            return
        after = (patients[-1].created_at, patients[-1].id)


_OPENED = (
    "first_name_enc", "last_name_enc", "date_of_birth_enc", "mrn_enc", "phone_enc", "email_enc", "address_enc",
)  # fmt: skip


def _by_name(actor: Actor, selection: PatientSelection) -> Iterator[str]:
    with transaction() as session:
        ids = ids_by_name(session, actor, selection)
    for start in range(0, max(1, len(ids)), _PART):  # an empty export is recorded as well
        with transaction() as session:
            part = _written(session, _load(session, actor, ids[start : start + _PART]))
        yield part


def _load(session: Session, actor: Actor, ids: list[UUID]) -> list[Patient]:
    found = {one.id: one for one in session.scalars(visible_to(actor).where(Patient.id.in_(ids)))}
    return [found[one] for one in ids if one in found]


def _written(session: Session, patients: list[Patient]) -> str:
    open_ahead(patients, _OPENED)
    events.record(session, "patient:export", "patient", subject_ids=[patient.id for patient in patients])
    text = "".join(csv_line(_cells(patient)) for patient in patients)
    for patient in patients:
        session.expunge(patient)
    return text


def _cells(patient: Patient) -> list[object]:
    address = patient.address or {}
    plain = [getattr(patient, name) for name in ("id", "first_name", "last_name", "date_of_birth", "gender", "mrn",
                                                 "phone", "email")]  # fmt: skip
    stamps = [patient.created_at.isoformat(), patient.updated_at.isoformat()]
    lines = [address.get(name) for name in _ADDRESS]
    return [*plain, *lines, patient.external_id, patient.timezone, str(patient.active).lower(), *stamps]
