"""Whether anything on a page has changed: a mark that is cheap to ask for, so that open pages can ask often.

The mark is made of the transactions that last wrote the lines of the board (`xmin`). Every reading, alert, review and
decision writes its patient's line; a mark is never the same again after that, whatever the order in which
transactions began and committed. Who sees another mark than their own reads the page anew and so misses nothing.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.audit.hook import begin_with
from app.database.statements import Statement
from app.domain.actor import Actor
from app.domain.errors import NotFound
from app.services.transaction import transaction

_BOARD = Statement(text(
    "SELECT count(*) AS lines, coalesce(sum(xmin::text::bigint), 0) AS total FROM triage_summaries"
    " WHERE practice_id = :practice AND is_active"
))  # fmt: skip
_PATIENT = Statement(text(
    "SELECT xmin::text AS line,"
    " (SELECT count(*) || '-' || coalesce(extract(epoch FROM max(created_at)), 0) FROM observations"
    " WHERE practice_id = :practice AND status = 'quarantined' AND patient_id = :patient) AS quarantined"
    " FROM triage_summaries WHERE practice_id = :practice AND patient_id = :patient"
))  # fmt: skip


def get_board_mark(actor: Actor) -> str:
    """Return the mark of the practice's board. It tells nothing of anybody, so no event is recorded."""
    return "-".join(str(part) for part in _ask(_BOARD, practice=actor.practice_id) or ())


def get_patient_mark(actor: Actor, patient_id: UUID) -> str:
    """Return the mark of a patient's readings, those in quarantine included, and alerts; raises NotFound."""
    row = _ask(_PATIENT, practice=actor.practice_id, patient=patient_id)
    if row is None:
        raise NotFound
    return "-".join(str(part) for part in row)


def _ask(statement: Statement, **asked: UUID) -> Any:
    with transaction() as session:
        rows = begin_with(session, statement, asked)
        return rows[0] if rows else None
