"""Doing an import: killed, raced, cancelled, given up; no row twice."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.domain.errors import ValidationFailed
from app.domain.imports import ImportOptions
from app.domain.patients import NewPatient
from app.extensions import db
from app.models import AuditEvent, Patient, PatientImport, PatientImportPiece, PatientSearchToken, TriageSummary
from app.schemas.patient_rows import read_patient
from app.services.patient_files import import_runs
from app.services.patient_files.imports import begin_import, cancel_import
from config import ROOT, Settings
from tests.builders import Person, a_patient, a_user, in_house

HEADER = "first,last,dob,sex,mrn\n"


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    """Somebody who imports in batches of two."""
    monkeypatch.setattr(import_runs, "BATCH", 2)
    return a_user()


def _file(rows: int, number: str = "N-{}") -> bytes:
    """Return rows of one name and number each, born one day after the other."""
    born = [date(1960, 1, 1) + timedelta(days=row) for row in range(rows)]
    return (HEADER + "".join(f"Ann,Lee,{born[row]},F,{number.format(row)}\n" for row in range(rows))).encode()


def _begin(person: Person, file: bytes, on_error: Any = "skip") -> UUID:
    with in_house(person.actor):
        return begin_import(person.actor, [file], "x.csv", ImportOptions(on_error), read_patient).about.id


def _run(person: Person, import_id: UUID, read: Any = read_patient) -> None:
    with in_house():
        import_runs.run_import(person.actor.practice_id, import_id, read)


def _one(person: Person, import_id: UUID) -> PatientImport:
    with in_house(person.actor):
        return db.session.scalars(select(PatientImport).where(PatientImport.id == import_id)).one()


def _count(person: Person, model: Any) -> int:
    with in_house(person.actor):
        return db.session.scalar(select(func.count()).select_from(model)) or 0


class _Failing:
    """Reads rows until one, and fails there as a broken machine would."""

    def __init__(self, last: int) -> None:
        self.left = last

    def __call__(self, body: Any) -> NewPatient:
        self.left -= 1
        if self.left < 0:
            raise ConnectionError
        return read_patient(body)


def test_an_import_that_broke_off_goes_on_where_it_was(person: Person) -> None:
    """What was done stays done and is not done again."""
    import_id = _begin(person, _file(7))
    with pytest.raises(ConnectionError):
        _run(person, import_id, _Failing(5))
    assert (_one(person, import_id).rows_done, _count(person, Patient)) == (4, 4)
    _run(person, import_id)
    _run(person, import_id)
    assert (_one(person, import_id).state, _one(person, import_id).created, _count(person, Patient)) == ("done", 7, 7)


def test_all_or_nothing_that_broke_off_leaves_nothing(person: Person) -> None:
    """And is done as a whole the next time."""
    import_id = _begin(person, _file(7), "abort")
    with pytest.raises(ConnectionError):
        _run(person, import_id, _Failing(12))
    assert _count(person, Patient) == 0
    _run(person, import_id)
    assert (_one(person, import_id).state, _count(person, Patient)) == ("done", 7)


def test_a_number_repeated_after_a_break_is_still_an_error(person: Person) -> None:
    """What was seen before the break is seen again."""
    import_id = _begin(person, _file(4) + b"Bob,Ray,1960-01-01,M,N-0\n")
    with pytest.raises(ConnectionError):
        _run(person, import_id, _Failing(4))
    _run(person, import_id)
    assert (_one(person, import_id).created, _one(person, import_id).failed) == (4, 1)


def test_each_imported_patient_has_terms_a_line_on_the_board_and_an_event(person: Person) -> None:
    """As one created by hand; and the file is gone."""
    import_id = _begin(person, _file(3))
    _run(person, import_id)
    single = a_user()
    a_patient(single.actor, first_name="Ann", last_name="Lee", mrn="N-0")
    with in_house(person.actor):
        events = select(AuditEvent.patient_id).where(AuditEvent.action == "patient:create")
        assert len(set(db.session.scalars(events))) == 3
    assert _count(person, PatientSearchToken) == 3 * _count(single, PatientSearchToken)
    assert (_count(person, TriageSummary), _count(person, PatientImportPiece)) == (3, 0)


def test_a_patient_created_meanwhile_is_an_error_of_that_row(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch is judged once more, and the others get in."""
    import_id = _begin(person, _file(2))
    real = import_runs.judge
    rivals = iter([lambda: a_patient(person.actor, mrn="N-1")])

    def judge(*given: Any) -> Any:
        judged = real(*given)
        next(rivals, lambda: None)()
        return judged

    monkeypatch.setattr(import_runs, "judge", judge)
    _run(person, import_id)
    assert (_one(person, import_id).created, _one(person, import_id).failed, _count(person, Patient)) == (1, 1, 2)


def test_a_cancelled_import_stops_at_the_next_batch(person: Person) -> None:
    """All-or-nothing leaves nothing."""
    import_id = _begin(person, _file(6), "abort")

    def read(body: Any) -> NewPatient:
        if body["mrn"] == "N-5":
            cancel_import(person.actor, import_id, read_patient)
        return read_patient(body)

    _run(person, import_id, read)
    assert (_one(person, import_id).state, _count(person, Patient)) == ("cancelled", 0)


def test_an_import_that_failed_for_the_last_time_says_so(person: Person) -> None:
    """It does not run for ever."""
    import_id = _begin(person, _file(1))
    with in_house():
        import_runs.give_up(person.actor.practice_id, import_id)
    assert (_one(person, import_id).state, "operator" in (_one(person, import_id).problem or "")) == ("failed", True)


def test_generated_numbers_step_over_those_that_are_taken(person: Person) -> None:
    """By hand or by the file itself."""
    a_patient(person.actor, mrn="MRN-00002")
    import_id = _begin(person, _file(3, number=""))
    _run(person, import_id)
    with in_house(person.actor):
        numbers = sorted(patient.mrn for patient in db.session.scalars(select(Patient)))
    assert numbers == ["MRN-00001", "MRN-00002", "MRN-00003", "MRN-00004"]


def test_s58_neither_file_nor_name_lies_in_the_clear(person: Person) -> None:
    """In no row of the import's tables, nor among the arguments of its job."""
    _begin(person, _file(2).replace(b"Lee", b"Canaryname"))
    with in_house(person.actor):
        raw = (
            db.session.connection()
            .exec_driver_sql(
                "SELECT string_agg(t::text, ' ') FROM (SELECT i::text t FROM patient_imports i UNION ALL"
                " SELECT p::text FROM patient_import_pieces p UNION ALL SELECT args::text FROM procrastinate_jobs) x"
            )
            .scalar_one()
        )
    assert "Canaryname" not in raw
    assert b"Canaryname".hex() not in raw


def test_a_row_that_no_schema_takes_is_not_a_crash(person: Person) -> None:
    """NUL, lone surrogates cannot come in UTF-8, far too long names."""
    import_id = _begin(
        person, HEADER.encode() + b"A\x00n,Lee,1960-01-01,F,1\n" + b"A" * 5000 + b",Lee,1960-01-01,F,2\n"
    )
    _run(person, import_id)
    assert (_one(person, import_id).state, _one(person, import_id).failed) == ("done", 2)


def test_a_wrong_file_leaves_no_piece_behind(person: Person) -> None:
    """It is refused as a whole."""
    with pytest.raises(ValidationFailed):
        _begin(person, b"a,b\n1,2\n")
    assert (_count(person, PatientImport), _count(person, PatientImportPiece)) == (0, 0)


@pytest.mark.slow
def test_s77_a_worker_killed_in_the_middle_leaves_an_import_that_another_finishes(settings: Settings) -> None:
    """kill -9 of the process; every row is there once."""
    person = a_user()
    import_id = _begin(person, _file(4_000))
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    worker = subprocess.Popen(command, env=_environment(settings), cwd=ROOT, start_new_session=True)
    deadline = time.monotonic() + 60
    while not _one(person, import_id).rows_done and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    assert 0 < _one(person, import_id).rows_done < 4_000
    _run(person, import_id)
    assert (_one(person, import_id).created, _count(person, Patient)) == (4_000, 4_000)


def _environment(settings: Settings) -> dict[str, str]:
    ours = {"APP_ENV": "development", "DATABASE_URL": settings.database_url, "VAR_DIR": str(settings.var_dir)}
    return {**os.environ, **ours, "MIGRATION_DATABASE_URL": settings.migration_database_url}


def test_all_or_nothing_imports_nobody_whom_others_created_meanwhile(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at their row and the end: the person is not created twice."""
    import_id = _begin(person, _file(2, number=""), "abort")
    real = import_runs.hold_back_others

    def overtaken(*given: Any) -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(_created_elsewhere, person).result()
        real(*given)

    monkeypatch.setattr(import_runs, "hold_back_others", overtaken)
    _run(person, import_id)
    assert (_one(person, import_id).state, _count(person, Patient)) == ("failed", 1)


def _created_elsewhere(person: Person) -> None:
    a_patient(person.actor, first_name="Ann", last_name="Lee", date_of_birth=date(1960, 1, 1), mrn="X-1")
