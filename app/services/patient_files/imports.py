"""Importing patients from a file: taking it in, checking it, starting, watching and cancelling the work."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain import imports
from app.domain.actor import Actor
from app.domain.errors import Conflict, NotFound
from app.domain.imports import CANCELLABLE, CHECKED, ImportOptions, ReadRow, RowOfFile, Tally
from app.domain.paging import Page, PageRequest
from app.domain.patient_csv import csv_line
from app.models import PatientImport, PatientImportError
from app.models.base import new_id
from app.services.outbox import leave_job
from app.services.patient_files import files
from app.services.patient_files.judging import Seen, judge
from app.services.patients.changes import changes_of
from app.services.transaction import now, transaction

IMPORT_PATIENTS = "import_patients"
BATCH = 500
_REPORT_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class ImportReport:
    """An import with the first of its errors and, while the file is there, the first rows as they were read."""

    about: PatientImport
    errors: list[PatientImportError]
    error_count: int
    preview: list[RowOfFile]


def check_import(
    actor: Actor, chunks: Iterable[bytes], file_name: str, options: ImportOptions, read: ReadRow
) -> ImportReport:
    """Take a file in and say what importing it would do; `start_import` then does it. Raises ValidationFailed."""
    with transaction() as session:
        one = _take_in(session, actor, chunks, file_name, options)
        one.state = CHECKED
        _survey(session, one, read)
        events.record(session, "patient_import:check", "patient_import", resource_id=one.id)
        return _report(session, one, read)


def check_again(actor: Actor, import_id: UUID, options: ImportOptions, read: ReadRow) -> ImportReport:
    """Check a file that was taken in, with other options. Raises Conflict once it was started."""
    with transaction() as session:
        one = _locked(session, actor, import_id, CHECKED)
        _set_options(one, options)
        session.execute(delete(PatientImportError).where(PatientImportError.import_id == one.id))
        _survey(session, one, read)
        return _report(session, one, read)


def begin_import(
    actor: Actor, chunks: Iterable[bytes], file_name: str, options: ImportOptions, read: ReadRow
) -> ImportReport:
    """Take a file in and have it imported by a job. Raises ValidationFailed when the file as a whole does not do."""
    with transaction() as session:
        one = _take_in(session, actor, chunks, file_name, options)
        _enqueue(session, one)
        return _report(session, one, read)


def start_import(actor: Actor, import_id: UUID, read: ReadRow) -> ImportReport:
    """Have a checked file imported. Raises Conflict when it was started or cancelled before."""
    with transaction() as session:
        one = _locked(session, actor, import_id, CHECKED)
        session.execute(delete(PatientImportError).where(PatientImportError.import_id == one.id))
        _enqueue(session, one)
        return _report(session, one, read)


def cancel_import(actor: Actor, import_id: UUID, read: ReadRow) -> ImportReport:
    """Stop an import after the batch at hand; what was imported stays. Raises Conflict when it is over already."""
    with transaction() as session:
        one = _locked(session, actor, import_id, *CANCELLABLE)
        one.state, one.finished_at = imports.CANCELLED, now()
        files.drop_file(session, one)
        return _report(session, one, read)


def get_import(actor: Actor, import_id: UUID, read: ReadRow) -> ImportReport:
    """Return how far an import is; raises NotFound. Only a checked one shows anything of its patients."""
    with transaction() as session:
        one = _found(session, actor, import_id)
        if one.state == CHECKED:
            events.record(session, "patient_import:read", "patient_import", resource_id=one.id)
        return _report(session, one, read)


def list_imports(actor: Actor, paging: PageRequest) -> Page[PatientImport]:
    """Return the practice's imports, newest first."""
    with transaction() as session:
        ours = PatientImport.practice_id == actor.practice_id
        newest = select(PatientImport).where(ours).order_by(PatientImport.created_at.desc(), PatientImport.id.desc())
        rows = list(session.scalars(newest.offset(paging.offset).limit(paging.page_size)))
        count = session.scalar(select(func.count()).select_from(PatientImport).where(ours)) or 0
        events.record(session, "patient_import:list", "patient_import")
        return Page(rows, count, paging)


def error_report(actor: Actor, import_id: UUID) -> Iterator[str]:
    """Return all errors of an import as lines of a CSV file, without any value of the rows; raises NotFound."""
    with transaction() as session:
        one = _found(session, actor, import_id)
        events.record(session, "patient_import:read_errors", "patient_import", resource_id=one.id)
        errors = _errors(session, one, imports.KEPT_ERRORS)
    header = csv_line(["row", "column", "message"])
    return iter([header, *(csv_line([error.row, error.column, error.message]) for error in errors)])


def forget_files(before: datetime) -> None:
    """Drop the files of the current practice's imports that were checked before then and never started."""
    with transaction() as session:
        old = select(PatientImport).where(PatientImport.state == CHECKED, PatientImport.created_at < before)
        for one in session.scalars(old):
            one.state, one.finished_at = imports.CANCELLED, now()
            files.drop_file(session, one)


def _take_in(
    session: Session, actor: Actor, chunks: Iterable[bytes], file_name: str, options: ImportOptions
) -> PatientImport:
    one = PatientImport(id=new_id(), practice_id=actor.practice_id, created_by=actor.user_id, state=CHECKED, size=0)
    one.on_error, one.on_existing = options.on_error, options.on_existing
    one.described = {"file_name": file_name}
    session.add(one)
    session.flush()
    one.size = files.keep_file(session, actor.practice_id, one.id, chunks)
    _set_options(one, options)
    one.rows_total = files.count_rows(one)
    return one


def _set_options(one: PatientImport, options: ImportOptions) -> None:
    columns = files.read_headers(one, options.mapping)
    one.on_error, one.on_existing = options.on_error, options.on_existing
    one.described = {
        "file_name": one.file_name,
        "allow_duplicates": options.allow_duplicates,
        "headers": list(columns.headers),
        "wanted": dict(options.mapping),
        "mapping": columns.as_dict,
        "ignored": list(columns.ignored),
    }


def _survey(session: Session, one: PatientImport, read: ReadRow) -> None:
    """Look at every row without writing one, and note what would happen."""
    tally, seen = Tally(), Seen(one.practice_id)
    for batch in files.batches(files.rows_of(one, read), BATCH):
        judged = judge(session, one.practice_id, batch, seen, options_of(one))
        seen.note(batch)
        would_change = [bool(changes_of(patient, row.body, row.new)) for row, patient in judged.known if row.new]
        judged.tally.created, judged.tally.updated = len(judged.arrivals), sum(would_change)
        judged.tally.unchanged = len(would_change) - sum(would_change)
        tally.add(judged.tally)
    keep_tally(session, one, tally)


def keep_tally(session: Session, one: PatientImport, tally: Tally) -> None:
    """Write down what became of rows."""
    for name in imports.COUNTED:
        setattr(one, name, getattr(tally, name))
    one.described = {**(one.described or {}), "possible_duplicates": tally.possible_duplicates}
    session.add_all(
        PatientImportError(
            practice_id=one.practice_id, import_id=one.id, row=error.row, column=error.column, message=error.message
        )
        for error in tally.errors
    )


def _enqueue(session: Session, one: PatientImport) -> None:
    keep_tally(session, one, Tally())
    one.state = imports.QUEUED
    session.flush()
    leave_job(session, IMPORT_PATIENTS, lock=f"import:{one.id}", practice_id=one.practice_id, import_id=one.id)


def _report(session: Session, one: PatientImport, read: ReadRow) -> ImportReport:
    session.flush()
    shown = _errors(session, one, imports.SHOWN_ERRORS)
    of_import = PatientImportError.import_id == one.id
    count = session.scalar(select(func.count()).select_from(PatientImportError).where(of_import)) or 0
    preview = list(islice(files.rows_of(one, read), imports.SHOWN_ROWS)) if one.state == CHECKED else []
    return ImportReport(one, shown, count, preview)


def _errors(session: Session, one: PatientImport, limit: int) -> list[PatientImportError]:
    of_import = (PatientImportError.practice_id == one.practice_id, PatientImportError.import_id == one.id)
    ordered = select(PatientImportError).where(*of_import).order_by(PatientImportError.row, PatientImportError.id)
    return list(session.scalars(ordered.limit(limit)))


def _found(session: Session, actor: Actor, import_id: UUID) -> PatientImport:
    one = session.scalar(_ours(actor, import_id))
    if one is None:
        raise NotFound
    return one


def _locked(session: Session, actor: Actor, import_id: UUID, *states: str) -> PatientImport:
    fresh = {"populate_existing": True}
    one = session.scalar(_ours(actor, import_id).with_for_update(), execution_options=fresh)
    if one is None:
        raise NotFound
    if one.state not in states:
        raise Conflict(f"The import is {one.state}.")
    return one


def _ours(actor: Actor, import_id: UUID) -> Select[PatientImport]:
    return select(PatientImport).where(PatientImport.practice_id == actor.practice_id, PatientImport.id == import_id)


def options_of(one: PatientImport) -> ImportOptions:
    """Return how an import was asked for."""
    on_existing = next(choice for choice in imports.ON_EXISTING if choice == one.on_existing)
    return ImportOptions(on_existing=on_existing, allow_duplicates=one.allow_duplicates)
