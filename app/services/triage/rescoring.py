"""Locking a patient's line of the board, and scoring it anew after a decision rather than a reading."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.triage.escalation import EscalationLevel, EscalationState
from app.domain.triage.score import ALERT_WINDOW
from app.domain.triage.thresholds import AlertLevel
from app.models import Alert, Escalation, TriageSummary
from app.services.triage.rules import in_force, rules_from
from app.services.triage.summaries import alerts_since, rescore

_OnTheBoard = TypeVar("_OnTheBoard", Alert, Escalation)


def lock_summary(session: Session, practice_id: UUID, patient_id: UUID) -> TriageSummary:
    """Return a patient's line, locked: readings and decisions about the patient wait. Always locked before an alert."""
    summary = session.scalar(
        select(TriageSummary)
        .where(TriageSummary.practice_id == practice_id, TriageSummary.patient_id == patient_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if summary is None:
        raise NotFound
    return summary


def lock_with_summary(
    session: Session, kind: type[_OnTheBoard], practice_id: UUID, row_id: UUID
) -> tuple[TriageSummary, _OnTheBoard]:
    """Return an alert or escalation and its patient's line, both locked, the line first as readings do.

    Raises NotFound.
    """
    own = kind.practice_id == practice_id, kind.id == row_id
    patient_id = session.scalar(select(kind.patient_id).where(*own))
    while patient_id is not None:
        summary = lock_summary(session, practice_id, patient_id)
        wanted = select(kind).where(*own).with_for_update().execution_options(populate_existing=True)
        row = session.scalars(wanted).one()
        if row.patient_id == patient_id:
            return summary, row
        patient_id = row.patient_id  # the record was merged into another one meanwhile
    raise NotFound


def rescore_now(session: Session, summary: TriageSummary, at: datetime) -> None:
    """Score a locked line from what is stored."""
    practice_id, since = summary.practice_id, at - ALERT_WINDOW
    counts = {level.value: alerts_since(practice_id, summary.patient_id, level, since) for level in AlertLevel}
    row = session.execute(
        select(*in_force(practice_id, summary.patient_id), *(count.label(name) for name, count in counts.items()))
    ).one()
    rescore(session, summary, rules_from(row), {name: getattr(row, name) for name in counts}, at)


def recount_escalations(session: Session, summary: TriageSummary, at: datetime) -> None:
    """Bring a locked line's escalations up to date, and its score with them: an open STAT keeps a patient critical."""
    session.flush()
    counted = session.execute(
        select(func.count(), func.bool_or(Escalation.level == EscalationLevel.STAT.value)).where(
            Escalation.practice_id == summary.practice_id,
            Escalation.patient_id == summary.patient_id,
            Escalation.state != EscalationState.RESOLVED.value,
        )
    ).one()
    summary.active_escalations, summary.has_active_stat = counted[0], bool(counted[1])
    rescore_now(session, summary, at)
