"""Saying what is to be done with the rows of a file: create, update, leave, refuse. Nothing is written here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.crypto.blind_index import blind_index
from app.domain.duplicates import Likeness
from app.domain.imports import ImportOptions, RowError, RowOfFile, Tally
from app.domain.patients import NewPatient
from app.domain.search import compact
from app.models import Patient
from app.services.patients.duplicates import find_alike, indexes_of

_TWICE = "This {} stands in an earlier row as well."
_EXISTS = "A patient with this {} exists."
_OTHER_NUMBER = "A patient with this external id has another record number."
_MERGED = "The patient with this {} was merged into another record: give the number of that one."
_NAMES = {"mrn": "record number", "external_id": "external id"}
# What people are alike in, for a sentence, and the column that it stands in when it is one.
_LIKENESSES: dict[Likeness, tuple[str, str | None]] = {
    "name_and_birth_date": ("name and birth date", None),
    "phone": ("phone", "phone"),
    "ssn": ("Social Security number", "ssn"),
}
_LIKE_KNOWN = "A patient with the same {} exists."
_LIKE_EARLIER = "An earlier row has the same {}."
_UNCLEAR = "A patient with the same {} exists, but it is not certain to be the same person: give their record number."
_LEFT_OUT = "Left out: "


@dataclass(slots=True)
class Seen:
    """What the rows before said of whom they mean: record numbers, external ids, and what people are alike in."""

    practice_id: UUID
    keys: set[tuple[str, str]] = field(default_factory=set)
    people: set[tuple[Likeness, bytes]] = field(default_factory=set)

    def repeats(self, row: RowOfFile) -> list[RowError]:
        """Return what the row has in common with an earlier one, though nobody else can have it."""
        return [
            RowError(row.number, column, _TWICE.format(_NAMES[column]))
            for column, value in _keys_of(row)
            if (column, value) in self.keys
        ]

    def likeness(self, row: RowOfFile) -> Likeness | None:
        """Return in what the row's person is like one of an earlier row."""
        marks = indexes_of(self.practice_id, row.new).items() if row.new else ()
        return next((likeness for likeness, index in marks if (likeness, index) in self.people), None)

    def note(self, rows: Iterable[RowOfFile]) -> None:
        """Remember rows."""
        for row in rows:
            self.keys.update(_keys_of(row))
            self.people.update(indexes_of(self.practice_id, row.new).items() if row.new else ())


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


@dataclass(frozen=True, slots=True)
class _Found:
    """The record that a row means, if it is clear which; what is said of it; and why it must not be updated."""

    patient: Patient | None
    column: str | None
    message: str
    obstacle: str | None = None
    is_likeness: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    """The records that the rows of a batch may mean."""

    practice_id: UUID
    by_mrn: Mapping[bytes, Patient]
    by_external_id: Mapping[str, Patient]
    alike: Mapping[tuple[Likeness, bytes], Sequence[Patient]]

    def by_key(self, new: NewPatient) -> tuple[str, Patient] | None:
        """Return the column by which a record is known, and that record."""
        if new.mrn and (found := self.by_mrn.get(_mrn_index(self.practice_id, new.mrn))):
            return "mrn", found
        found = self.by_external_id.get(new.external_id or "")
        return ("external_id", found) if found else None

    def by_likeness(self, new: NewPatient) -> tuple[Likeness, Sequence[Patient]] | None:
        """Return in what the person is like which records."""
        for mark in indexes_of(self.practice_id, new).items():
            if mark in self.alike:
                return mark[0], self.alike[mark]
        return None


def judge(session: Session, practice_id: UUID, rows: Sequence[RowOfFile], seen: Seen, options: ImportOptions) -> Judged:
    """Say what is to be done with rows, three questions to the database however many they are."""
    judged, local = Judged(Tally(rows=len(rows))), Seen(practice_id)
    known = _known(session, practice_id, rows, options)
    for row in rows:
        errors = [*row.errors, *seen.repeats(row), *local.repeats(row)]
        earlier = None if options.allow_duplicates else seen.likeness(row) or local.likeness(row)
        local.note([row])
        if errors or row.new is None:
            judged.tally.fail(errors)
        else:
            _sort(judged, row, _find(known, row.new, earlier), options)
    return judged


def _find(known: _Known, new: NewPatient, earlier: Likeness | None) -> _Found | None:
    by_key = known.by_key(new)
    if by_key is not None:
        return _found_by_key(new, *by_key)
    if earlier is not None:
        what, column = _LIKENESSES[earlier]
        message = _LIKE_EARLIER.format(what)
        return _Found(None, column, message, message, is_likeness=True)
    by_likeness = known.by_likeness(new)
    return _found_by_likeness(new, *by_likeness) if by_likeness is not None else None


def _found_by_key(new: NewPatient, column: str, patient: Patient) -> _Found:
    if column == "external_id" and new.mrn and patient.merged_into is None:
        return _Found(None, column, _OTHER_NUMBER, _OTHER_NUMBER)
    merged = _MERGED.format(_NAMES[column]) if patient.merged_into is not None else None
    return _Found(patient, column, merged or _EXISTS.format(_NAMES[column]), merged)


def _found_by_likeness(new: NewPatient, likeness: Likeness, patients: Sequence[Patient]) -> _Found:
    """Take for the same person only the one of that name and birth date whose numbers do not say otherwise."""
    what, column = _LIKENESSES[likeness]
    is_clear = likeness == "name_and_birth_date" and len(patients) == 1 and not new.mrn
    is_other = bool(new.external_id) and patients[0].external_id not in {None, new.external_id}
    obstacle = None if is_clear and not is_other else _UNCLEAR.format(what)
    return _Found(patients[0], column, _LIKE_KNOWN.format(what), obstacle, is_likeness=True)


def _sort(judged: Judged, row: RowOfFile, found: _Found | None, options: ImportOptions) -> None:
    if found is None:
        judged.arrivals.append(row)
        return
    judged.tally.possible_duplicates += found.is_likeness
    if options.on_existing == "skip" and (found.patient or found.is_likeness):
        notes = [RowError(row.number, found.column, _LEFT_OUT + found.message)] if found.is_likeness else []
        judged.tally.skip(notes)
    elif options.on_existing == "update" and found.patient is not None and found.obstacle is None:
        judged.known.append((row, found.patient))
    else:
        message = found.message if options.on_existing == "error" else found.obstacle or found.message
        judged.tally.fail([RowError(row.number, found.column, message)])


def _keys_of(row: RowOfFile) -> list[tuple[str, str]]:
    """Return what identifies a row's patient."""
    if row.new is None:
        return []
    keys = [("mrn", compact(row.new.mrn))] if row.new.mrn else []
    return keys + ([("external_id", row.new.external_id)] if row.new.external_id else [])


def _known(session: Session, practice_id: UUID, rows: Sequence[RowOfFile], options: ImportOptions) -> _Known:
    fit = [row.new for row in rows if row.new]
    numbers = {_mrn_index(practice_id, new.mrn) for new in fit if new.mrn}
    ids = {new.external_id for new in fit if new.external_id}
    ours = select(Patient).where(Patient.practice_id == practice_id)
    newest_last = Patient.merged_into.is_not(None).desc(), Patient.created_at.desc()
    by_mrn = session.scalars(ours.where(Patient.mrn_index.in_(numbers))).all() if numbers else []
    by_id = session.scalars(ours.where(Patient.external_id.in_(ids)).order_by(*newest_last)).all() if ids else []
    people = [] if options.allow_duplicates else [indexes_of(practice_id, new) for new in fit]
    return _Known(
        practice_id,
        {one.mrn_index: one for one in by_mrn},
        {one.external_id or "": one for one in by_id},  # of several the oldest that is not merged away
        find_alike(session, practice_id, people),
    )


def _mrn_index(practice_id: UUID, mrn: str) -> bytes:
    return blind_index(practice_id, "mrn", compact(mrn))
