"""What time does to alerts and escalations: snoozes end, overdue alerts escalate, unanswered escalations move on.

For the job only, every minute. Each step is a transaction of its own that looks again once it holds the locks, so it
may be stopped anywhere, run again, and run twice at once.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.audit import context
from app.domain.triage.decisions import DecisionKind
from app.domain.triage.escalation import EscalationState, NewEscalation, level_for_overdue
from app.domain.triage.events import AlertOverdue, AlertRaised
from app.domain.triage.reaction import DEFAULT_WARNING_MINUTES, TOO_LATE, deadlines, escalates
from app.domain.triage.thresholds import AlertLevel
from app.models import Alert, Escalation, Practice, TriageSettings, TriageSummary
from app.services.transaction import now, transaction
from app.services.triage.decisions import About, note_decision
from app.services.triage.escalations import about, ask, asked, open_escalation
from app.services.triage.rescoring import lock_with_summary
from app.services.triage.summaries import let_wait
from app.services.triage.telling import tell

_BATCH = 200
_OVERDUE = "Nobody acknowledged the alert in time: {message}"
_OVERDUE_CLEARED = "Nobody acknowledged the alert in time, though it has cleared since: {message}"
_IS_IN_TIME = func.coalesce(Alert.measured_at, Alert.raised_at) > Alert.waiting_since - TOO_LATE
# `reaction.escalates` as a condition, so that what has cleared is not looked at every minute.
_MAY_ESCALATE = or_(Alert.cleared_at.is_(None), and_(Alert.level == AlertLevel.CRITICAL.value, _IS_IN_TIME))


def keep_reaction_times() -> int:
    """Do what is due in all practices; return how many alerts and escalations were touched."""
    moment = now()
    with transaction() as session:
        practices = list(session.scalars(select(Practice.id)))
    return sum(keep_times_of(practice_id, moment) for practice_id in practices)


def keep_times_of(practice_id: UUID, at: datetime) -> int:
    """Do what is due in one practice at this moment; return how many alerts and escalations were touched."""
    context.bind(practice_id=practice_id)
    work: Sequence[tuple[Any, tuple[ColumnElement[bool], ...], Callable[[Session, UUID, UUID, datetime], bool]]] = (
        (Alert, (Alert.snoozed_until <= at,), _wake),
        (Alert, (Alert.escalates_at <= at, Alert.acknowledged_at.is_(None), _MAY_ESCALATE), _escalate),
        (Escalation, (Escalation.due_at <= at, Escalation.state == EscalationState.OPEN.value), _move_on),
    )
    return sum(_each(practice_id, at, *one) for one in work)


def _each(
    practice_id: UUID,
    at: datetime,
    model: Any,
    conditions: tuple[ColumnElement[bool], ...],
    step: Callable[[Session, UUID, UUID, datetime], bool],
) -> int:
    with transaction() as session:
        wanted = select(model.id).where(model.practice_id == practice_id, *conditions).order_by(model.id)
        due = list(session.scalars(wanted.limit(_BATCH)))
    touched = 0
    for one in due:
        with transaction() as session:
            touched += step(session, practice_id, one, at)
    return touched


def _wake(session: Session, practice_id: UUID, alert_id: UUID, at: datetime) -> bool:
    """End a snooze; an alert whose condition lasts asks again."""
    summary, alert = lock_with_summary(session, Alert, practice_id, alert_id)
    if alert.snoozed_until is None or alert.snoozed_until > at:
        return False
    alert.snoozed_until = alert.snooze_reason_enc = None
    if alert.cleared_at is None and alert.acknowledged_at is not None:
        _ask_again(session, summary, alert, at)
    return True


def _ask_again(session: Session, summary: TriageSummary, alert: Alert, at: datetime) -> None:
    minutes = session.scalar(
        select(TriageSettings.warning_minutes).where(TriageSettings.practice_id == alert.practice_id)
    )
    due = deadlines(AlertLevel(alert.level), at, minutes or DEFAULT_WARNING_MINUTES)
    alert.acknowledged_at = alert.acknowledged_by = None
    alert.waiting_since, alert.due_at, alert.escalates_at = at, due.due_at, due.escalates_at
    let_wait(session, summary, 1)
    whose = About(alert.practice_id, alert.patient_id, alert.id)
    note_decision(session, whose, DecisionKind.ALERT_WOKEN, at, user_id=None, level=alert.level, rule=alert.rule)
    if alert.level == AlertLevel.CRITICAL.value:
        tell(session, AlertRaised(*_ids(alert), alert.level, alert.alert_class, is_repeat=True))


def _escalate(session: Session, practice_id: UUID, alert_id: UUID, at: datetime) -> bool:
    """Escalate an alert that nobody acknowledged in time, once; a warning that has cleared only stays in the queue."""
    summary, alert = lock_with_summary(session, Alert, practice_id, alert_id)
    if alert.acknowledged_at is not None or alert.escalates_at is None or alert.escalates_at > at:
        return False
    is_cleared, measured_at = alert.cleared_at is not None, alert.measured_at or alert.raised_at
    if not escalates(AlertLevel(alert.level), measured_at, alert.waiting_since, is_cleared=is_cleared):
        return False
    alert.escalates_at = None
    if summary.is_active:
        level = level_for_overdue(alert.level)
        reason = (_OVERDUE_CLEARED if is_cleared else _OVERDUE).format(message=alert.message)
        new = NewEscalation(alert.patient_id, level, reason, alert.id)
        escalation = open_escalation(session, summary, new, at, raised_by=None)
        tell(session, AlertOverdue(*_ids(alert), alert.level, escalation.id))
    return True


def _move_on(session: Session, practice_id: UUID, escalation_id: UUID, at: datetime) -> bool:
    """Ask the next step of an escalation that nobody acknowledged in time."""
    _, escalation = lock_with_summary(session, Escalation, practice_id, escalation_id)
    if escalation.state != EscalationState.OPEN.value or escalation.due_at > at:
        return False
    ask(session, escalation, escalation.step + 1, at)
    note_decision(
        session, about(escalation), DecisionKind.ESCALATION_MOVED_ON, at,
        user_id=None, level=escalation.level, **asked(escalation),
    )  # fmt: skip
    return True


def _ids(alert: Alert) -> tuple[UUID, UUID, UUID]:
    return alert.practice_id, alert.patient_id, alert.id
