"""Writing many patients at once: the same records, terms, lines of the board and audit events as one by one.

Everything here joins the caller's transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.crypto.blind_index import blind_index, search_tokens
from app.database.statements import Statement, send
from app.domain.imports import OnExisting, RowError, RowOfFile, Tally
from app.domain.patients import Address, NewPatient, format_mrn
from app.domain.search import compact, index_terms
from app.models import Patient, Practice
from app.services import triage_summaries
from app.services.patients import build_patient, change_patient

_EXISTS = "A patient with this {} exists."
_TWICE = "This {} stands in an earlier row as well."
_OTHER_NUMBER = "A patient with this external id has another record number."
_INDEX = Statement(
    text(
        "INSERT INTO patient_search_tokens (practice_id, token, patient_id)"
        " SELECT :practice, * FROM unnest(:tokens, :patients) AS one (token, patient) ORDER BY token"
        " ON CONFLICT DO NOTHING"
    )
)


@dataclass(slots=True)
class Seen:
    """What identified the rows before: record numbers and external ids."""

    keys: set[tuple[str, str]] = field(default_factory=set)

    def repeats(self, row: RowOfFile) -> list[RowError]:
        """Return what the row has in common with an earlier one."""
        names = {"mrn": "record number", "external_id": "external id"}
        return [
            RowError(row.number, column, _TWICE.format(names[column]))
            for column, value in keys_of(row)
            if (column, value) in self.keys
        ]

    def note(self, rows: Iterable[RowOfFile]) -> None:
        """Remember rows."""
        for row in rows:
            self.keys.update(keys_of(row))


@dataclass(slots=True)
class Judged:
    """Rows sorted by what is to be done with them."""

    tally: Tally
    arrivals: list[RowOfFile] = field(default_factory=list)
    known: list[tuple[RowOfFile, Patient]] = field(default_factory=list)

    @property
    def needing_numbers(self) -> int:
        """How many arrivals have no record number of their own."""
        return sum(1 for row in self.arrivals if row.new and not row.new.mrn)


def keys_of(row: RowOfFile) -> list[tuple[str, str]]:
    """Return what identifies a row's patient."""
    if row.new is None:
        return []
    keys = [("mrn", compact(row.new.mrn))] if row.new.mrn else []
    return keys + ([("external_id", row.new.external_id)] if row.new.external_id else [])


def judge(
    session: Session, practice_id: UUID, rows: Sequence[RowOfFile], seen: Seen, on_existing: OnExisting
) -> Judged:
    """Say what is to be done with rows, two questions to the database however many they are; writes nothing."""
    judged, local = Judged(Tally(rows=len(rows))), Seen(set())
    by_mrn, by_external_id = _existing(session, practice_id, rows)
    for row in rows:
        errors = [*row.errors, *seen.repeats(row), *local.repeats(row)]
        local.note([row])
        if errors or row.new is None:
            judged.tally.fail(errors)
            continue
        found = by_mrn.get(_mrn_index(practice_id, row.new.mrn)) if row.new.mrn else None
        other = by_external_id.get(row.new.external_id or "")
        if found is None and other is not None and row.new.mrn:
            judged.tally.fail([RowError(row.number, "external_id", _OTHER_NUMBER)])
        else:
            _sort(judged, row, found or other, on_existing)
    return judged


def _sort(judged: Judged, row: RowOfFile, found: Patient | None, on_existing: OnExisting) -> None:
    if found is None:
        judged.arrivals.append(row)
    elif on_existing == "update":
        judged.known.append((row, found))
    elif on_existing == "skip":
        judged.tally.skipped += 1
    else:
        by_number = row.new is not None and bool(row.new.mrn)
        column, name = ("mrn", "record number") if by_number else ("external_id", "external id")
        judged.tally.fail([RowError(row.number, column, _EXISTS.format(name))])


def write_judged(session: Session, practice_id: UUID, judged: Judged, mrns: list[str] | None = None) -> Tally:
    """Do what was judged; `mrns` are record numbers set aside before, otherwise the next ones are taken."""
    create_many(session, practice_id, [row.new for row in judged.arrivals if row.new], mrns)
    judged.tally.created = len(judged.arrivals)
    for row, patient in judged.known:
        changes = changes_of(patient, row.body, row.new) if row.new else {}
        if changes:
            change_patient(session, patient, changes)
            judged.tally.updated += 1
        else:
            judged.tally.unchanged += 1
    return judged.tally


def changes_of(patient: Patient, body: Iterable[str], new: NewPatient) -> dict[str, Any]:
    """Return the fields that a body gives and that differ from the record; what it leaves out stays as it is."""
    given = {name: getattr(new, name) for name in body if name != "address"}
    changes = {name: value for name, value in given.items() if getattr(patient, name) != value}
    if new.address is not None:
        before = patient.address or {}
        address = {**before, **{name: value for name, value in _parts(new.address).items() if value}}
        if address != before:
            changes["address"] = Address(**address)
    return changes


def _parts(address: Address) -> dict[str, str]:
    return {name: getattr(address, name) for name in ("line1", "line2", "city", "state", "zip")}


def create_many(
    session: Session, practice_id: UUID, arrivals: Sequence[NewPatient], mrns: list[str] | None = None
) -> list[Patient]:
    """Create records; those without a record number get one of `mrns`, or the next ones."""
    if not arrivals:
        return []
    missing = sum(1 for new in arrivals if not new.mrn)
    numbers = mrns if mrns is not None else take_mrns(session, practice_id, missing)
    timezone = session.scalars(select(Practice.timezone).where(Practice.id == practice_id)).one()
    patients = [build_patient(practice_id, new, new.mrn or numbers.pop(0), timezone) for new in arrivals]
    session.add_all(patients)
    session.flush()
    _index_names(session, practice_id, patients)
    for patient in patients:
        triage_summaries.open_summary(session, patient)
    session.flush()
    return patients


def take_mrns(session: Session, practice_id: UUID, count: int) -> list[str]:
    """Return record numbers that nobody has, taken in one go."""
    found: list[str] = []
    while len(found) < count:
        wanted = count - len(found)
        last = session.scalars(
            update(Practice)
            .where(Practice.id == practice_id)
            .values(last_mrn=Practice.last_mrn + wanted)
            .returning(Practice.last_mrn)
            .execution_options(recorded=True, synchronize_session=False)
        ).one()
        numbers = {_mrn_index(practice_id, mrn): mrn for mrn in map(format_mrn, range(last - wanted + 1, last + 1))}
        taken = session.scalars(
            select(Patient.mrn_index).where(Patient.practice_id == practice_id, Patient.mrn_index.in_(numbers))
        )
        for index in taken:
            numbers.pop(index)
        found.extend(numbers.values())
    return found


def _existing(
    session: Session, practice_id: UUID, rows: Sequence[RowOfFile]
) -> tuple[dict[bytes, Patient], dict[str, Patient]]:
    """Return the records that rows may mean: by the index of their record number, and by external id."""
    fit = [row.new for row in rows if row.new]
    numbers = {_mrn_index(practice_id, new.mrn) for new in fit if new.mrn}
    ids = {new.external_id for new in fit if new.external_id}
    ours = select(Patient).where(Patient.practice_id == practice_id)
    by_mrn = session.scalars(ours.where(Patient.mrn_index.in_(numbers))).all() if numbers else []
    by_id = session.scalars(ours.where(Patient.external_id.in_(ids))).all() if ids else []
    return {one.mrn_index: one for one in by_mrn}, {one.external_id or "": one for one in by_id}


def _mrn_index(practice_id: UUID, mrn: str) -> bytes:
    return blind_index(practice_id, "mrn", compact(mrn))


def _index_names(session: Session, practice_id: UUID, patients: Sequence[Patient]) -> None:
    """Write the terms under which new patients are found, in one statement."""
    tokens: list[int] = []
    owners: list[UUID] = []
    for patient in patients:
        terms = set(search_tokens(practice_id, index_terms(patient.first_name, patient.last_name, patient.mrn)))
        tokens.extend(terms)
        owners.extend([patient.id] * len(terms))
    send(session, (_INDEX, {"practice": practice_id, "tokens": tokens, "patients": owners}))
