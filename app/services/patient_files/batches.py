"""Writing many patients at once: the same records, terms, lines of the board and audit events as one by one.

Everything here joins the caller's transaction.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.crypto.blind_index import blind_index, search_tokens
from app.database.statements import Statement, send
from app.domain.imports import Tally
from app.domain.patients import NewPatient, format_mrn
from app.domain.search import compact, index_terms
from app.models import Patient, Practice
from app.services.patient_files.judging import Judged
from app.services.patients.changes import changes_of
from app.services.patients.records import build_patient, change_patient
from app.services.triage import summaries

_INDEXED_AT_ONCE = 100  # patients: some 5,000 terms, far from the time that a statement may take
_INDEX = Statement(
    text(
        "INSERT INTO patient_search_tokens (practice_id, token, patient_id)"
        " SELECT :practice, * FROM unnest(CAST(:tokens AS bigint[]), CAST(:patients AS uuid[])) AS one (token, patient)"
        " ORDER BY token ON CONFLICT DO NOTHING"
    )
)


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
        summaries.open_summary(session, patient)
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


def _mrn_index(practice_id: UUID, mrn: str) -> bytes:
    return blind_index(practice_id, "mrn", compact(mrn))


def _index_names(session: Session, practice_id: UUID, patients: Sequence[Patient]) -> None:
    """Write the terms under which new patients are found, those of a hundred in one statement."""
    for start in range(0, len(patients), _INDEXED_AT_ONCE):
        tokens: list[int] = []
        owners: list[UUID] = []
        for patient in patients[start : start + _INDEXED_AT_ONCE]:
            terms = set(search_tokens(practice_id, index_terms(patient.first_name, patient.last_name, patient.mrn)))
            tokens.extend(terms)
            owners.extend([patient.id] * len(terms))
        send(session, (_INDEX, {"practice": practice_id, "tokens": tokens, "patients": owners}))
