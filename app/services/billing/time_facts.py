"""Time entries as the engine takes them, from the time logs, in one statement."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.billing.facts import TimeEntry
from app.domain.enrolment.programs import Program

_STANDING = text(
    """
    SELECT patient_id, id, program, started_at, ended_at, mode, is_interactive, credential, user_id, activity
    FROM time_logs
    WHERE practice_id = :practice_id AND patient_id = ANY(:patient_ids) AND voided_at IS NULL
        AND ended_at > :since AND started_at < :until
    ORDER BY patient_id, started_at, id
    """
)


def load_time_entries(
    session: Session, practice_id: UUID, patient_ids: Collection[UUID], since: datetime, until: datetime
) -> dict[UUID, tuple[TimeEntry, ...]]:
    """Return each patient's entries that stand and touch the time between two instants."""
    asked = {"practice_id": practice_id, "patient_ids": list(patient_ids), "since": since, "until": until}
    found: dict[UUID, list[TimeEntry]] = defaultdict(list)
    for patient_id, entry_id, program, *rest in session.execute(_STANDING, asked):
        found[patient_id].append(TimeEntry(entry_id, Program(program), *rest))
    return {patient_id: tuple(entries) for patient_id, entries in found.items()}
