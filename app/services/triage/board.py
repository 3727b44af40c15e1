"""The triage board: who needs help first, how the levels moved, and bringing scores up to date as time passes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import FromClause, Row, Select, and_, or_, select, true
from sqlalchemy.orm import Session, aliased, join, load_only

from app.audit import context, events
from app.domain.actor import Actor
from app.domain.errors import NotFound
from app.domain.paging import Page
from app.domain.triage.alert_flow import finding_of
from app.domain.triage.board import BoardOrdering, BoardQuery
from app.domain.triage.evaluation import Evaluation
from app.domain.triage.score import ALERT_WINDOW, FORMULA_VERSION, RiskLevel
from app.domain.triage.thresholds import AlertLevel
from app.domain.triage.trend import TREND_WINDOW, Trend, trend
from app.models import Patient, Practice, PracticeThresholds, TriageSummary, User
from app.services.patients.named import NAMED
from app.services.transaction import now, transaction
from app.services.triage import alert_flow
from app.services.triage.board_pages import looked_up, on_page, order_of
from app.services.triage.counts import count_moves_of, counts_then_and_now, current_standing
from app.services.triage.measuring import find_reading_days
from app.services.triage.rules import Rules, in_force, rules_from
from app.services.triage.summaries import alerts_since, let_wait, note_measuring, rescore

REFRESH_AFTER = timedelta(hours=1)
_REFRESH_BATCH = 500


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One patient of the board."""

    summary: TriageSummary
    patient: Patient
    last_reviewed_by: str | None


@dataclass(frozen=True, slots=True)
class LevelCount:
    """How many patients stand at a level, and how many did a day before."""

    count: int
    previous: int
    trend: Trend


def list_board(actor: Actor, query: BoardQuery) -> Page[BoardLine]:
    """Return one page of the board, the patient most at risk first by default."""
    with transaction() as session:
        count = _length(session, actor, query)
        rows = session.execute(_lines_on(on_page(actor.practice_id, query).subquery(), query.ordering))
        lines = [_line(row) for row in rows]
        events.record(session, "triage:list", "triage", subject_ids=[line.patient.id for line in lines])
        return Page(lines, count, query.paging)


def count_levels(actor: Actor) -> dict[RiskLevel, LevelCount]:
    """Return the number of active patients at each level now and 24 hours before, from the stored transitions."""
    with transaction() as session:
        before, current = counts_then_and_now(session, actor.practice_id, now() - TREND_WINDOW)
        events.record(session, "triage:stats", "triage")
    return {
        level: LevelCount(current[level], before[level], trend(current[level], before[level])) for level in RiskLevel
    }


def refresh_due_scores() -> int:
    """Rescore the patients of all practices whose score is older than an hour; return how many. For the job only."""
    return sum(refresh_scores_of(practice_id) for practice_id in _practice_ids())


def refresh_scores_of(practice_id: UUID) -> int:
    """Rescore the patients of one practice whose score is too old; return how many."""
    context.bind(practice_id=practice_id)
    refreshed = 0
    while batch := _refresh_batch(practice_id):
        refreshed += batch
        count_moves_of(practice_id)  # many may have moved at once: nobody's question should have to add them up
    return refreshed


def get_board_line(actor: Actor, patient_id: UUID) -> BoardLine:
    """Return one patient's line with the parts of the score, archived or not; raises NotFound."""
    own = TriageSummary.practice_id == actor.practice_id, TriageSummary.patient_id == patient_id
    with transaction() as session:
        row = session.execute(_with_people(TriageSummary, TriageSummary).where(*own)).one_or_none()
        if row is None:
            raise NotFound
        events.record(session, "triage:read", "triage", resource_id=patient_id, patient_id=patient_id)
        return _line(row)


def _length(session: Session, actor: Actor, query: BoardQuery) -> int:
    """Return how many lines there are on all pages, from the counts."""
    standing = current_standing(session, actor.practice_id)
    return standing.how_many(query.risk_level, is_waiting=query.has_unack_alerts)


def _lines_on(page: FromClause, ordering: BoardOrdering) -> Select[TriageSummary, Patient, User]:
    line = aliased(TriageSummary, looked_up(page, TriageSummary))
    return _with_people(line, join(page, line, true())).order_by(*order_of(line, ordering))


def _with_people(line: type[TriageSummary], source: Any) -> Select[TriageSummary, Patient, User]:
    return (
        select(line, Patient, User)
        .select_from(source)
        .join(Patient, (Patient.practice_id == line.practice_id) & (Patient.id == line.patient_id))
        .outerjoin(User, (User.practice_id == line.practice_id) & (User.id == line.last_reviewed_by))
        .options(NAMED, load_only(User.id, User.practice_id, User.row_key, User.email_enc, raiseload=True))
    )


def _line(row: Row[TriageSummary, Patient, User]) -> BoardLine:
    summary, patient, reviewer = row
    return BoardLine(summary, patient, reviewer.email if reviewer is not None else None)


def _practice_ids() -> list[UUID]:
    with transaction() as session:
        return list(session.scalars(select(Practice.id)))


def _refresh_batch(practice_id: UUID) -> int:
    at = now()
    with transaction() as session:
        due = session.execute(_due(practice_id, at)).all()
        rules = {row.TriageSummary.patient_id: rules_from(row) for row in due}
        days = find_reading_days(session, practice_id, rules, at)
        for row in due:
            summary, of = row.TriageSummary, row.TriageSummary.patient_id
            for found in note_measuring(summary, rules[of], days.get(of), at):
                _tell(session, summary, rules[of], found, at)
            rescore(session, summary, rules[of], {"warning": row.warning, "critical": row.critical}, at)
        return len(due)


def _tell(session: Session, summary: TriageSummary, rules: Rules, found: Evaluation, at: datetime) -> None:
    """Raise a compliance alert for a patient who has just measured too seldom, or end one."""
    source = alert_flow.Source(summary.practice_id, summary.patient_id, rules.version)
    known = alert_flow.find_standing_alerts(session, summary.practice_id, summary.patient_id)
    alert_flow.clear_recovered(source, known, frozenset(found.cleared), at)
    for breach in found.raised:
        raised = alert_flow.raise_or_fold(session, source, finding_of(breach), known, at)
        let_wait(session, summary, raised.is_newly_waiting)
    alert_flow.keep_alerts(session, known)
    alert_flow.record_alerts(session, known)


def _due(practice_id: UUID, at: datetime) -> Select[TriageSummary, int, int, str, str]:
    """Return the lines whose score is older than an hour, the thresholds or an override's end, or of an old formula.

    Thresholds are dated by the database's clock: where that is ahead, they are new when ours has come as far.
    """
    since, line = at - ALERT_WINDOW, TriageSummary
    changed = select(PracticeThresholds.updated_at).where(
        PracticeThresholds.practice_id == practice_id, PracticeThresholds.updated_at <= at
    )
    return (
        select(
            line,
            alerts_since(practice_id, line.patient_id, AlertLevel.WARNING, since).label("warning"),
            alerts_since(practice_id, line.patient_id, AlertLevel.CRITICAL, since).label("critical"),
            *in_force(practice_id, line.patient_id),
        )
        .where(
            line.practice_id == practice_id,
            line.is_active.is_(True),
            or_(
                line.refreshed_at < at - REFRESH_AFTER,
                line.formula_version != FORMULA_VERSION,
                line.refreshed_at < changed.scalar_subquery(),
                and_(line.override_expires_at <= at, line.refreshed_at < line.override_expires_at),
            ),
        )
        .limit(_REFRESH_BATCH)
        .with_for_update(of=line, skip_locked=True)
    )
