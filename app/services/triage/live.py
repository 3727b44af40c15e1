"""Whether anything on a page has changed: a mark that is cheap to ask for, so that open pages can ask often.

The mark is made of the counts of the board and of the transactions that last wrote the lines of the board that are on
the page (`xmin`). Every reading, alert, review and decision writes its patient's line; a mark is never the same again
after that, whatever the order in which transactions began and committed. Who sees another mark than their own reads the
page anew and so misses nothing of what it shows. Lines of other pages are not looked at.
"""

from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Label, bindparam, func, literal_column, select, text, true

from app.audit.hook import end_with
from app.database.statements import Statement
from app.domain.actor import Actor
from app.domain.errors import NotFound
from app.domain.triage.board import BoardQuery
from app.models import TriageSummary
from app.services.transaction import transaction
from app.services.triage.board_pages import looked_up, on_page
from app.services.triage.counts import STANDING

_PATIENT = Statement(text(
    "SELECT xmin::text AS line,"
    " (SELECT count(*) || '-' || coalesce(extract(epoch FROM max(created_at)), 0) FROM observations"
    " WHERE practice_id = :practice AND status = 'quarantined' AND patient_id = :patient) AS quarantined"
    " FROM triage_summaries WHERE practice_id = :practice AND patient_id = :patient"
))  # fmt: skip


def get_board_mark(actor: Actor, query: BoardQuery) -> str:
    """Return the mark of one page of the board. It tells nothing of anybody, so no event is recorded."""
    return "-".join(str(part) for part in _ask(_mark_of(query), practice=actor.practice_id) or ())


def get_patient_mark(actor: Actor, patient_id: UUID) -> str:
    """Return the mark of a patient's readings, those in quarantine included, and alerts; raises NotFound."""
    row = _ask(_PATIENT, practice=actor.practice_id, patient=patient_id)
    if row is None:
        raise NotFound
    return "-".join(str(part) for part in row)


@lru_cache(maxsize=64)
def _mark_of(query: BoardQuery) -> Statement:
    practice: BindParameter[UUID] = bindparam("practice")
    last_written: Label[Any] = literal_column("triage_summaries.xmin").label("last_written")
    page = on_page(practice, query).subquery()
    line = looked_up(page, TriageSummary.patient_id, last_written)
    written = func.string_agg(func.concat(line.c.patient_id, line.c.last_written), ",")
    lines = select(func.md5(written)).select_from(page.join(line, true()))
    return Statement(select(STANDING.subquery(), lines.scalar_subquery().label("lines")))


def _ask(statement: Statement, **asked: UUID) -> Any:
    with transaction() as session:
        rows = end_with(session, statement, asked)
        return rows[0] if rows else None
