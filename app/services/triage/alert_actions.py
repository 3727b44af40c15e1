"""What people do with an alert: acknowledge, resolve, put off, assign. The patient's line is always locked first."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.errors import Conflict, ValidationFailed
from app.domain.triage.alert_flow import may_snooze_until
from app.domain.triage.alerts import BulkAnswer, BulkResult, BulkStatus, Resolution, Snooze
from app.domain.triage.decisions import DecisionKind
from app.domain.triage.thresholds import AlertLevel
from app.models import Alert, TriageSummary
from app.services.enrolment.checks import find_staff, require_version
from app.services.transaction import now, transaction
from app.services.triage.alerts import AlertLine, find_line
from app.services.triage.decisions import About, note_decision
from app.services.triage.rescoring import lock_with_summary
from app.services.triage.summaries import let_wait

_RESOLVED = "The alert has been resolved already."
_TOO_FAR = "Must lie in the future: at most 4 hours ahead for a critical alert, 7 days for a warning."


def acknowledge_alert(actor: Actor, alert_id: UUID, version: int | None = None) -> AlertLine:
    """Note that the actor has seen the alert; a second time changes nothing."""
    return _act(actor, alert_id, version, lambda session, summary, alert: _seen(session, actor, summary, alert, now()))


def acknowledge_alerts(actor: Actor, alert_ids: Sequence[UUID]) -> BulkAnswer:
    """Acknowledge many at once, all in one transaction; ids that the actor cannot see are told as not found."""
    with transaction() as session:
        summaries = _lock_lines(session, actor.practice_id, alert_ids)
        wanted = select(Alert).where(Alert.practice_id == actor.practice_id, Alert.id.in_(alert_ids))
        rows = session.scalars(
            wanted.order_by(Alert.id).with_for_update().execution_options(populate_existing=True)
        ).all()
        at, alerts = now(), {row.id: row for row in rows if row.patient_id in summaries}
        each = dict.fromkeys(alert_ids)
        return BulkAnswer([_one_of_many(session, actor, summaries, alerts.get(one), one, at) for one in each])


def resolve_alert(actor: Actor, alert_id: UUID, resolution: Resolution, version: int | None = None) -> AlertLine:
    """End an alert with what came of it: it is cleared and acknowledged. Raises Conflict a second time."""

    def resolve(session: Session, summary: TriageSummary, alert: Alert) -> None:
        at = now()
        _refuse_resolved(alert)
        mark_seen(session, summary, alert, actor.user_id, at)
        alert.cleared_at = alert.cleared_at or at
        alert.resolved_at, alert.resolved_by, alert.snoozed_until = at, actor.user_id, None
        alert.outcome, alert.outcome_note = resolution.outcome.value, resolution.note
        note_decision(
            session, _about(alert), DecisionKind.ALERT_RESOLVED, at,
            user_id=actor.user_id, note=resolution.note, outcome=resolution.outcome.value, **_facts(alert),
        )  # fmt: skip

    return _act(actor, alert_id, version, resolve)


def snooze_alert(actor: Actor, alert_id: UUID, snooze: Snooze, version: int | None = None) -> AlertLine:
    """Put an alert off: it counts as acknowledged until then, and asks again if its condition still lasts.

    Raises ValidationFailed for a time that is past or too far ahead, Conflict for an alert that was resolved.
    """

    def put_off(session: Session, summary: TriageSummary, alert: Alert) -> None:
        at = now()
        _refuse_resolved(alert)
        if not may_snooze_until(AlertLevel(alert.level), snooze.until, at):
            raise ValidationFailed({"until": [_TOO_FAR]})
        mark_seen(session, summary, alert, actor.user_id, at)
        alert.snoozed_until, alert.snooze_reason = snooze.until, snooze.reason
        note_decision(
            session, _about(alert), DecisionKind.ALERT_SNOOZED, at,
            user_id=actor.user_id, note=snooze.reason, until=snooze.until.isoformat(), **_facts(alert),
        )  # fmt: skip

    return _act(actor, alert_id, version, put_off)


def assign_alert(actor: Actor, alert_id: UUID, assignee_id: int | None, version: int | None = None) -> AlertLine:
    """Give an alert to a member of staff, or to nobody; raises Conflict for an alert that was resolved."""

    def assign(session: Session, _: TriageSummary, alert: Alert) -> None:
        _refuse_resolved(alert)
        if assignee_id is not None:
            find_staff(session, actor, assignee_id, "assignee_id")
        if alert.assignee_id != assignee_id:
            alert.assignee_id = assignee_id
            note_decision(
                session, _about(alert), DecisionKind.ALERT_ASSIGNED, now(),
                user_id=actor.user_id, assignee_id=assignee_id, **_facts(alert),
            )  # fmt: skip

    return _act(actor, alert_id, version, assign)


def mark_seen(session: Session, summary: TriageSummary, alert: Alert, user_id: int | None, at: datetime) -> bool:
    """Acknowledge a locked alert and count it off its patient's line; say whether that was news."""
    if alert.acknowledged_at is not None:
        return False
    alert.acknowledged_at, alert.acknowledged_by = at, user_id
    let_wait(session, summary, -1)
    return True


def _act(
    actor: Actor,
    alert_id: UUID,
    version: int | None,
    work: Callable[[Session, TriageSummary, Alert], object],
) -> AlertLine:
    with transaction() as session:
        summary, alert = lock_with_summary(session, Alert, actor.practice_id, alert_id)
        require_version(alert, version)
        work(session, summary, alert)
        session.flush()
        return find_line(session, actor, alert_id)


def _seen(session: Session, actor: Actor, summary: TriageSummary, alert: Alert, at: datetime) -> bool:
    if not mark_seen(session, summary, alert, actor.user_id, at):
        return False
    note_decision(
        session, _about(alert), DecisionKind.ALERT_ACKNOWLEDGED, at, user_id=actor.user_id, **_facts(alert)
    )  # fmt: skip
    return True


def _lock_lines(session: Session, practice_id: UUID, alert_ids: Sequence[UUID]) -> dict[UUID, TriageSummary]:
    patients = select(Alert.patient_id).where(Alert.practice_id == practice_id, Alert.id.in_(alert_ids)).distinct()
    rows = session.scalars(
        select(TriageSummary)
        .where(TriageSummary.practice_id == practice_id, TriageSummary.patient_id.in_(patients))
        .order_by(TriageSummary.patient_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.patient_id: row for row in rows}


def _one_of_many(
    session: Session,
    actor: Actor,
    summaries: dict[UUID, TriageSummary],
    alert: Alert | None,
    alert_id: UUID,
    at: datetime,
) -> BulkResult:
    if alert is None:
        return BulkResult(alert_id, BulkStatus.NOT_FOUND)
    is_news = _seen(session, actor, summaries[alert.patient_id], alert, at)
    return BulkResult(alert_id, BulkStatus.ACKNOWLEDGED if is_news else BulkStatus.ALREADY)


def _refuse_resolved(alert: Alert) -> None:
    if alert.resolved_at is not None:
        raise Conflict(_RESOLVED)


def _about(alert: Alert) -> About:
    return About(alert.practice_id, alert.patient_id, alert.id)


def _facts(alert: Alert) -> dict[str, str]:
    return {"level": alert.level, "rule": alert.rule}
