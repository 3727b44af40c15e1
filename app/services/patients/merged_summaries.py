"""The board's lines of two records that become one."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.triage.score import ALERT_WINDOW
from app.domain.triage.thresholds import AlertLevel
from app.models import Alert, Patient, TriageSummary
from app.services.patients.merge_moves import Merging
from app.services.triage import summaries
from app.services.triage.rules import find_rules
from app.services.triage.summaries import alerts_since


def locked(session: Session, merging: Merging) -> tuple[TriageSummary, TriageSummary]:
    """Lock both lines, which readings wait for, in the order of their patients; the survivor's comes first."""
    both = [merging.survivor_id, merging.duplicate_id]
    lines = session.scalars(
        select(TriageSummary)
        .where(TriageSummary.practice_id == merging.practice_id, TriageSummary.patient_id.in_(both))
        .order_by(TriageSummary.patient_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {line.patient_id: line for line in lines}
    return found[merging.survivor_id], found[merging.duplicate_id]


def recompute(session: Session, merging: Merging, lines: tuple[TriageSummary, TriageSummary], at: datetime) -> None:
    """Reckon the survivor's line from both, and take the duplicate's off the board."""
    kept, gone = lines
    kept.latest_vitals = _latest(gone.latest_vitals, kept.latest_vitals)
    kept.first_reading_at = min(_known(kept.first_reading_at, gone.first_reading_at), default=None)
    kept.last_reading_at = max(_known(kept.last_reading_at, gone.last_reading_at), default=None)
    kept.active_escalations += gone.active_escalations
    kept.has_active_stat = kept.has_active_stat or gone.has_active_stat
    if gone.last_reviewed_at in _known(kept.last_reviewed_at, gone.last_reviewed_at)[-1:]:
        kept.last_reviewed_at, kept.last_reviewed_by = gone.last_reviewed_at, gone.last_reviewed_by
    if gone.is_active:
        summaries.set_active(session, session.get_one(Patient, gone.patient_id), is_active=False)
    gone.latest_vitals, gone.first_reading_at, gone.last_reading_at, gone.active_escalations = {}, None, None, 0
    gone.has_active_stat = False
    for line in lines:
        _rescore(session, line, at)


def _latest(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return the later measured value of each kind; of two measured at once, the second's."""
    later = dict(one)
    for kind, value in other.items():
        if kind not in later or _measured(value) >= _measured(later[kind]):
            later[kind] = value
    return later


def _measured(value: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(value["measured_at"])


def _known(*moments: datetime | None) -> list[datetime]:
    return sorted(moment for moment in moments if moment is not None)


def _rescore(session: Session, line: TriageSummary, at: datetime) -> None:
    of = Alert.practice_id == line.practice_id, Alert.patient_id == line.patient_id
    open_alerts = select(func.count()).select_from(Alert).where(*of, Alert.acknowledged_at.is_(None))
    since = at - ALERT_WINDOW
    counts = {
        level.value: session.scalar(select(alerts_since(line.practice_id, line.patient_id, level, since))) or 0
        for level in AlertLevel
    }
    summaries.let_wait(session, line, (session.scalar(open_alerts) or 0) - line.unacknowledged_alerts)
    rules = find_rules(session, line.practice_id, line.patient_id)
    summaries.rescore(session, line, rules, counts, at)
