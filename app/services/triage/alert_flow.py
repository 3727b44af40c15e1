"""Opening alerts and folding repeats into them, in the transaction of what was found, whose patient's line is locked.

The decisions are `app.domain.triage.alert_flow`'s. They are made on alerts in memory, which `keep_alerts` writes once
at the end: so one reading or a thousand in a batch cost the same statements, and these travel with the COMMIT.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, ScalarSelect, Select, bindparam, or_, select
from sqlalchemy.orm import Session

from app.audit import events
from app.database.many import Insert, Update
from app.database.statements import Statement, send, send_later
from app.domain.triage.alert_flow import Decision, Finding, OpenAlert, Step, decide, to_clear
from app.domain.triage.alerts import RaisedAlert
from app.domain.triage.events import AlertRaised
from app.domain.triage.reaction import DEFAULT_WARNING_MINUTES, deadlines
from app.domain.triage.thresholds import AlertLevel
from app.models import Alert, AlertOccurrence, TriageSettings
from app.models.base import new_id
from app.services.triage.telling import tell

_ALERTS, _OCCURRENCES = (
    model.metadata.tables[name] for model, name in ((Alert, "alerts"), (AlertOccurrence, "alert_occurrences"))
)


@dataclass(frozen=True, slots=True)
class Source:
    """Whose alert it is, by which version of the thresholds, and the reading it comes from, if it comes from one."""

    practice_id: UUID
    patient_id: UUID
    threshold_version: str
    observation_id: UUID | None = None
    measured_at: datetime | None = None


@dataclass(slots=True)
class StandingAlert:
    """An alert that has not ended, as it stands in the table or is about to; `happened` is what is to be told of it."""

    id: UUID
    practice_id: UUID
    patient_id: UUID
    observation_id: UUID | None
    measured_at: datetime | None
    alert_class: str
    level: str
    rule: str
    message: str
    value: Decimal
    threshold: Decimal
    threshold_version: str | None
    occurrences: int
    raised_at: datetime
    last_raised_at: datetime
    waiting_since: datetime
    due_at: datetime | None
    escalates_at: datetime | None
    cleared_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: int | None = None
    snoozed_until: datetime | None = None
    snooze_reason_enc: bytes | None = None
    version: int = 1
    is_new: bool = False
    happened: list[str] = field(default_factory=list)
    counted: list[dict[str, Any]] = field(default_factory=list)

    def as_open(self) -> OpenAlert:
        """Return what decisions ask of it."""
        return OpenAlert(
            id=self.id,
            rule=self.rule,
            level=AlertLevel(self.level),
            is_cleared=self.cleared_at is not None,
            is_acknowledged=self.acknowledged_at is not None,
            snoozed_until=self.snoozed_until,
            measured_at=self.measured_at,
        )


@dataclass(frozen=True, slots=True)
class Raised:
    """The alert that a finding opened or was counted into, and whether somebody must acknowledge it who had not to."""

    alert: RaisedAlert
    is_newly_waiting: bool


_COLUMNS = tuple(name for name in StandingAlert.__slots__ if name not in {"is_new", "happened", "counted"})
_FINDING = ("rule", "level", "message", "value", "threshold", "threshold_version")
_COUNTED = ("id", "practice_id", "patient_id", "alert_id", "observation_id", "measured_at", *_FINDING, "raised_at")
_OPEN = Insert(_ALERTS, _COLUMNS)
_COUNT = Insert(_OCCURRENCES, _COUNTED)
_CHANGE = Update(_ALERTS, ("practice_id", "id"), tuple(name for name in _COLUMNS if name not in {"practice_id", "id"}))
_practice: BindParameter[UUID] = bindparam("practice")
_patient: BindParameter[UUID] = bindparam("patient")


def standing_alerts(practice: Any, whose: ColumnElement[bool]) -> Select[Any]:
    """Return the question for the alerts of some patients that have not ended, the newest first."""
    lasts = _ALERTS.c.cleared_at.is_(None), _ALERTS.c.acknowledged_at.is_(None), _ALERTS.c.snoozed_until.is_not(None)
    return (
        select(*(_ALERTS.c[name] for name in _COLUMNS))
        .where(_ALERTS.c.practice_id == practice, whose, or_(*lasts))
        .order_by(_ALERTS.c.raised_at.desc(), _ALERTS.c.id.desc())
    )


STANDING_ALERTS = Statement(standing_alerts(_practice, _ALERTS.c.patient_id == _patient))


def alerts_from(rows: Iterable[Any]) -> list[StandingAlert]:
    """Return the answers to `standing_alerts`."""
    return [StandingAlert(**row._asdict()) for row in rows]


def find_standing_alerts(session: Session, practice_id: UUID, patient_id: UUID) -> list[StandingAlert]:
    """Return a patient's alerts that have not ended, the newest first; the patient's line must be locked."""
    return alerts_from(send(session, (STANDING_ALERTS, {"practice": practice_id, "patient": patient_id}))[0])


def find_unresolved(session: Session, practice_id: UUID, alert_id: UUID) -> StandingAlert | None:
    """Return an alert, ended or not, unless somebody resolved it; its patient's line must be locked."""
    query = select(*(_ALERTS.c[name] for name in _COLUMNS)).where(
        _ALERTS.c.practice_id == practice_id, _ALERTS.c.id == alert_id, _ALERTS.c.resolved_at.is_(None)
    )
    return next(iter(alerts_from(session.execute(query))), None)


def warning_minutes_of(practice_id: Any) -> ScalarSelect[int]:
    """Return the subquery of the practice's time to react to a warning; NULL is the default."""
    return select(TriageSettings.warning_minutes).where(TriageSettings.practice_id == practice_id).scalar_subquery()


def raise_or_fold(
    session: Session,
    source: Source,
    finding: Finding,
    alerts: list[StandingAlert],
    at: datetime,
    warning_minutes: int | None = None,
) -> Raised:
    """Open an alert or count the finding into the one there is; the patient's line must be locked.

    `alerts` are the patient's that have not ended, found after that lock; a new one joins them. `keep_alerts` writes.
    """
    of_its_rule = [alert.as_open() for alert in alerts if alert.rule == finding.rule]
    decision = decide(finding, of_its_rule, source.measured_at, at)
    due = deadlines(finding.level, at, warning_minutes or DEFAULT_WARNING_MINUTES)
    if decision.alert is None:
        alert = _opened(source, finding, at, due.due_at, due.escalates_at)
        alerts.insert(0, alert)
    else:
        alert = next(one for one in alerts if one.id == decision.alert.id)
        _fold(alert, source, finding, decision, at)
        if decision.step is Step.RAISE_AGAIN and decision.is_newest:
            alert.waiting_since, alert.due_at, alert.escalates_at = at, due.due_at, due.escalates_at
    alert.happened.append("create" if decision.step is Step.OPEN else "repeat")
    alert.counted.append(_occurrence(alert.id, source, finding, at))
    is_newly_waiting = decision.step is not Step.FOLD
    if is_newly_waiting and finding.level is AlertLevel.CRITICAL:
        _tell(session, source, finding, alert.id, is_repeat=decision.step is Step.RAISE_AGAIN)
    return Raised(RaisedAlert(alert.id, finding.level.value, finding.rule, finding.message), is_newly_waiting)


def clear_recovered(source: Source, alerts: Sequence[StandingAlert], recovered: frozenset[str], at: datetime) -> None:
    """Clear the alerts whose rule the source's reading, or the clock, no longer finds broken."""
    if not recovered:
        return
    cleared = {alert.id for alert in to_clear([one.as_open() for one in alerts], recovered, source.measured_at)}
    for alert in alerts:
        if alert.id in cleared:
            alert.cleared_at = at
            alert.happened.append("clear")


def keep_alerts(session: Session, alerts: Iterable[StandingAlert]) -> None:
    """Write down what happened to alerts, with what they counted; it travels with the COMMIT."""
    changed = [alert for alert in alerts if alert.happened]
    for alert in changed:
        if alert.is_new:
            send_later(session, (_OPEN, {name: getattr(alert, name) for name in _COLUMNS}))
        else:
            alert.version += 1
            send_later(session, (_CHANGE, _CHANGE.values(alert)))
    for alert in changed:
        send_later(session, *((_COUNT, row) for row in alert.counted))


def record_alerts(session: Session, alerts: Iterable[StandingAlert]) -> None:
    """Leave an audit event for everything that happened to alerts."""
    for alert in alerts:
        for verb in alert.happened:
            events.record(session, f"alert:{verb}", "alert", resource_id=alert.id, patient_id=alert.patient_id)


def _opened(
    source: Source, finding: Finding, at: datetime, due_at: datetime | None, escalates_at: datetime | None
) -> StandingAlert:
    return StandingAlert(
        id=new_id(),
        practice_id=source.practice_id,
        patient_id=source.patient_id,
        observation_id=source.observation_id,
        measured_at=source.measured_at,
        alert_class=finding.alert_class.value,
        level=finding.level.value,
        rule=finding.rule,
        message=finding.message,
        value=finding.value,
        threshold=finding.threshold,
        threshold_version=source.threshold_version,
        occurrences=1,
        raised_at=at,
        last_raised_at=at,
        waiting_since=at,
        due_at=due_at,
        escalates_at=escalates_at,
        is_new=True,
    )


def _fold(alert: StandingAlert, source: Source, finding: Finding, decision: Decision, at: datetime) -> None:
    """Count a repeat in; the newest reading speaks for the alert, and one that was seen may have to be seen again."""
    alert.occurrences, alert.last_raised_at = alert.occurrences + 1, at
    if not decision.is_newest:
        return
    alert.observation_id, alert.measured_at = source.observation_id, source.measured_at
    alert.message, alert.value, alert.threshold = finding.message, finding.value, finding.threshold
    alert.threshold_version, alert.cleared_at = source.threshold_version, None
    if decision.step is Step.RAISE_AGAIN:
        alert.acknowledged_at = alert.acknowledged_by = alert.snoozed_until = alert.snooze_reason_enc = None


def _occurrence(alert_id: UUID, source: Source, finding: Finding, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "practice_id": source.practice_id,
        "patient_id": source.patient_id,
        "alert_id": alert_id,
        "observation_id": source.observation_id,
        "measured_at": source.measured_at,
        "rule": finding.rule,
        "level": finding.level.value,
        "message": finding.message,
        "value": finding.value,
        "threshold": finding.threshold,
        "threshold_version": source.threshold_version,
        "raised_at": at,
    }


def _tell(session: Session, source: Source, finding: Finding, alert_id: UUID, *, is_repeat: bool) -> None:
    level, kind = finding.level.value, finding.alert_class.value
    tell(session, AlertRaised(source.practice_id, source.patient_id, alert_id, level, kind, is_repeat))
