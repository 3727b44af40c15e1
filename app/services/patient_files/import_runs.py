"""Doing an import, as a job. It may be killed anywhere and run again: no row is imported twice.

`skip`: a batch, its errors and the count of rows done are one transaction. `abort`: all rows are looked at first, then
all are written in one transaction.
"""

from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import context, events
from app.domain import imports
from app.domain.imports import ReadRow, RowOfFile, Tally
from app.domain.patient_csv import CsvRefused
from app.models import PatientImport, PatientImportError
from app.services.patient_files import files
from app.services.patient_files.batches import take_mrns, write_judged
from app.services.patient_files.imports import BATCH, keep_tally, options_of
from app.services.patient_files.judging import Judged, Seen, judge
from app.services.patients.duplicates import hold_back_others, was_overtaken
from app.services.transaction import now, transaction

_ROWS_WRONG = "Nothing was imported: some rows are wrong."
_BROKEN = "The import stopped on an error of ours. What was imported stays; the operator finds more in the log."
_CHANGED = "Nothing was imported: the practice's patients changed meanwhile. Try again."


class Stopped(Exception):
    """The import was cancelled, or another worker has it."""


class _Refused(Exception):
    """A row turned out wrong while all were being written."""


def run_import(practice_id: UUID, import_id: UUID, read: ReadRow) -> None:
    """Import a file, or go on where it was left; does nothing when the import is over."""
    context.bind(practice_id=practice_id)
    one = _begin(import_id)
    if one is None:
        return
    context.bind(user_id=one.created_by)
    try:
        if one.on_error == "abort":
            _run_whole(one, read)
        else:
            _run_in_batches(one, read)
    except CsvRefused as refusal:
        _finish(one, imports.FAILED, f"Row {refusal.row}: {refusal.problem}")
    except Stopped:
        return


def give_up(practice_id: UUID, import_id: UUID) -> None:
    """End an import whose job failed for the last time, unless it ended otherwise."""
    context.bind(practice_id=practice_id)
    with transaction() as session:
        one = _lock(session, import_id, *imports.OPEN)
        if one is not None:
            _end(session, one, imports.FAILED, _BROKEN)


def _begin(import_id: UUID) -> PatientImport | None:
    with transaction() as session:
        one = _lock(session, import_id, *imports.OPEN)
        if one is None:
            return None
        one.state, one.started_at = imports.RUNNING, one.started_at or now()
        if one.on_error == "abort":  # nothing of an earlier try was kept
            session.execute(delete(PatientImportError).where(PatientImportError.import_id == one.id))
            one.rows_done = 0
            keep_tally(session, one, Tally())
        return one


def _run_in_batches(one: PatientImport, read: ReadRow) -> None:
    rows, seen = files.rows_of(one, read), Seen(one.practice_id)
    done = one.rows_done
    for _ in range(done):
        seen.note([next(rows)])
    for batch in files.batches(rows, BATCH):
        try:
            _take_batch(one, batch, seen, done)
        except IntegrityError:  # somebody created one of these patients meanwhile; now that is seen
            _take_batch(one, batch, seen, done)
        seen.note(batch)
        done += len(batch)
    _finish(one, imports.DONE)


def _take_batch(one: PatientImport, batch: list[RowOfFile], seen: Seen, done: int) -> None:
    with transaction() as session:
        locked = _lock(session, one.id, imports.RUNNING)
        if locked is None or locked.rows_done != done:
            raise Stopped
        hold_back_others(session, one.practice_id)
        judged = judge(session, one.practice_id, batch, seen, options_of(one))
        tally = write_judged(session, one.practice_id, judged)
        locked.rows_done = done + len(batch)
        so_far = Tally(possible_duplicates=locked.possible_duplicates)
        for name in imports.COUNTED:
            setattr(so_far, name, getattr(locked, name))
        so_far.add(tally)
        keep_tally(session, locked, so_far)


def _run_whole(one: PatientImport, read: ReadRow) -> None:
    tally, missing = _look_at_all(one, read)
    if tally.failed:
        return _refuse(one, tally)
    with transaction() as session:
        numbers = take_mrns(session, one.practice_id, missing)
    try:
        _write_all(one, read, numbers)
    except (_Refused, IntegrityError):
        _finish(one, imports.FAILED, _CHANGED)
    return None


def _look_at_all(one: PatientImport, read: ReadRow) -> tuple[Tally, int]:
    """Return what is wrong, and how many record numbers will be needed."""
    tally, seen, missing, done = Tally(), Seen(one.practice_id), 0, 0
    for batch in files.batches(files.rows_of(one, read), BATCH):
        with transaction() as session:
            judged = judge(session, one.practice_id, batch, seen, options_of(one))
            done += len(batch)
            _tell_progress(session, one, done)
        seen.note(batch)
        missing += judged.needing_numbers
        tally.add(judged.tally)
    return tally, missing


def _write_all(one: PatientImport, read: ReadRow, numbers: list[str]) -> None:
    tally, seen = Tally(), Seen(one.practice_id)
    with transaction() as session:
        for batch in files.batches(files.rows_of(one, read), BATCH):
            judged: Judged = judge(session, one.practice_id, batch, seen, options_of(one))
            if judged.tally.failed:
                raise _Refused
            tally.add(write_judged(session, one.practice_id, judged, numbers))
            seen.note(batch)
            events.store_recorded(session)
            if session.scalar(select(PatientImport.state).where(PatientImport.id == one.id)) != imports.RUNNING:
                raise Stopped
        hold_back_others(session, one.practice_id)
        if not one.allow_duplicates and was_overtaken(session, one.practice_id):
            raise _Refused
        locked = _lock(session, one.id, imports.RUNNING)
        if locked is None:
            raise Stopped
        keep_tally(session, locked, tally)
        locked.rows_done = locked.rows_total
        _end(session, locked, imports.DONE)


def _refuse(one: PatientImport, tally: Tally) -> None:
    with transaction() as session:
        locked = _lock(session, one.id, imports.RUNNING)
        if locked is not None:
            kept = Tally(failed=tally.failed, possible_duplicates=tally.possible_duplicates, errors=tally.errors)
            keep_tally(session, locked, kept)
            _end(session, locked, imports.FAILED, _ROWS_WRONG)


def _finish(one: PatientImport, state: str, problem: str | None = None) -> None:
    with transaction() as session:
        locked = _lock(session, one.id, imports.RUNNING)
        if locked is not None:
            _end(session, locked, state, problem)


def _end(session: Session, one: PatientImport, state: str, problem: str | None = None) -> None:
    one.state, one.problem, one.finished_at = state, problem, now()
    files.drop_file(session, one)
    events.record(session, f"patient_import:{state}", "patient_import", resource_id=one.id)


def _tell_progress(session: Session, one: PatientImport, done: int) -> None:
    """Say how many rows were looked at; raises Stopped when the import was cancelled."""
    running = (PatientImport.id == one.id, PatientImport.state == imports.RUNNING)
    told = session.execute(
        update(PatientImport).where(*running).values(rows_done=done).returning(PatientImport.id),
        execution_options={"recorded": True, "synchronize_session": False},
    ).first()
    if told is None:
        raise Stopped


def _lock(session: Session, import_id: UUID, *states: str) -> PatientImport | None:
    one = session.scalar(
        select(PatientImport).where(PatientImport.id == import_id).with_for_update(),
        execution_options={"populate_existing": True},
    )
    return one if one is not None and one.state in states else None
