"""Opening alerts and folding repeats into them, in the transaction of what was found, whose patient's line is locked.

The decisions are `app.domain.triage.alert_flow`'s. Writes travel with the COMMIT: a reading costs no more round trips.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ScalarSelect, bindparam, insert, null, or_, select, update
from sqlalchemy.orm import Session

from app.audit import events
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
_practice: BindParameter[UUID] = bindparam("practice")
_patient: BindParameter[UUID] = bindparam("patient")

OPEN_ALERTS = Statement(  # of `practice` and `patient`: those that have not ended
    select(
        *(
            _ALERTS.c[name]
            for name in ("id", "rule", "level", "cleared_at", "acknowledged_at", "snoozed_until", "measured_at")
        )
    )
    .where(
        _ALERTS.c.practice_id == _practice,
        _ALERTS.c.patient_id == _patient,
        or_(_ALERTS.c.cleared_at.is_(None), _ALERTS.c.acknowledged_at.is_(None), _ALERTS.c.snoozed_until.is_not(None)),
    )
    .order_by(_ALERTS.c.raised_at.desc(), _ALERTS.c.id.desc())
)
_FINDING = ("rule", "level", "message", "value", "threshold", "threshold_version")
_OPENED = (
    "id", "practice_id", "patient_id", "observation_id", "measured_at", "alert_class", *_FINDING, "occurrences",
    "raised_at", "last_raised_at", "waiting_since", "due_at", "escalates_at", "version",
)  # fmt: skip
_COUNTED = ("id", "practice_id", "patient_id", "alert_id", "observation_id", "measured_at", *_FINDING, "raised_at")
_OPEN = Statement(insert(_ALERTS), _OPENED)
_COUNT = Statement(insert(_OCCURRENCES), _COUNTED)
_NEWEST = ("observation_id", "measured_at", "message", "value", "threshold", "threshold_version")
_AGAIN = ("waiting_since", "due_at", "escalates_at")


def _fold(names: Iterable[str], *emptied: str) -> Statement:
    own = (_ALERTS.c.practice_id == bindparam("of_practice")) & (_ALERTS.c.id == bindparam("of_alert"))
    counted = {"occurrences": _ALERTS.c.occurrences + 1, "version": _ALERTS.c.version + 1}
    new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("last_raised_at", *names)}
    return Statement(update(_ALERTS).where(own).values({**counted, **new, **dict.fromkeys(emptied, null())}))


_FOLD_OLDER = _fold(())
_FOLD = _fold(_NEWEST, "cleared_at")
_RAISE_AGAIN = _fold(
    (*_NEWEST, *_AGAIN), "cleared_at", "acknowledged_at", "acknowledged_by", "snoozed_until", "snooze_reason_enc"
)
_CLEAR = Statement(
    update(_ALERTS)
    .where(_ALERTS.c.practice_id == bindparam("of_practice"), _ALERTS.c.id == bindparam("of_alert"))
    .values(cleared_at=bindparam("new_cleared_at"), version=_ALERTS.c.version + 1)
)


@dataclass(frozen=True, slots=True)
class Source:
    """Whose alert it is, by which version of the thresholds, and the reading it comes from, if it comes from one."""

    practice_id: UUID
    patient_id: UUID
    threshold_version: str
    observation_id: UUID | None = None
    measured_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Raised:
    """The alert that a finding opened or was counted into, and whether somebody must acknowledge it who had not to."""

    alert: RaisedAlert
    is_newly_waiting: bool


def open_alerts_from(rows: Iterable[Any]) -> list[OpenAlert]:
    """Return the answer to `OPEN_ALERTS` as the decisions take it."""
    return [
        OpenAlert(
            id=row.id,
            rule=row.rule,
            level=AlertLevel(row.level),
            is_cleared=row.cleared_at is not None,
            is_acknowledged=row.acknowledged_at is not None,
            snoozed_until=row.snoozed_until,
            measured_at=row.measured_at,
        )
        for row in rows
    ]


def find_open_alerts(session: Session, practice_id: UUID, patient_id: UUID) -> list[OpenAlert]:
    """Return a patient's alerts that have not ended, the newest first; the patient's line must be locked."""
    return open_alerts_from(send(session, (OPEN_ALERTS, {"practice": practice_id, "patient": patient_id}))[0])


def warning_minutes_of(practice_id: Any) -> ScalarSelect[int]:
    """Return the subquery of the practice's time to react to a warning; NULL is the default."""
    return select(TriageSettings.warning_minutes).where(TriageSettings.practice_id == practice_id).scalar_subquery()


def raise_or_fold(
    session: Session,
    source: Source,
    finding: Finding,
    alerts: Sequence[OpenAlert],
    at: datetime,
    warning_minutes: int | None = None,
) -> Raised:
    """Open an alert or count the finding into the one there is; the patient's line must be locked.

    `alerts` are the patient's that have not ended, as `OPEN_ALERTS` found them after that lock.
    """
    decision = decide(finding, alerts, source.measured_at, at)
    alert_id = decision.alert.id if decision.alert else new_id()
    written = _written(source, finding, at, alert_id, warning_minutes or DEFAULT_WARNING_MINUTES)
    if decision.alert is None:
        send_later(session, (_OPEN, written))
    else:
        send_later(session, (_statement(decision), {f"new_{name}": value for name, value in written.items()} | {
            "of_practice": source.practice_id, "of_alert": alert_id}))  # fmt: skip
    send_later(session, (_COUNT, {**written, "id": new_id(), "alert_id": alert_id}))
    verb = "create" if decision.step is Step.OPEN else "repeat"
    events.record(session, f"alert:{verb}", "alert", resource_id=alert_id, patient_id=source.patient_id)
    is_newly_waiting = decision.step is not Step.FOLD
    if is_newly_waiting and finding.level is AlertLevel.CRITICAL:
        _tell(session, source, finding, alert_id, is_repeat=decision.step is Step.RAISE_AGAIN)
    return Raised(RaisedAlert(alert_id, finding.level.value, finding.rule, finding.message), is_newly_waiting)


def clear_recovered(
    session: Session, source: Source, alerts: Sequence[OpenAlert], recovered: frozenset[str], at: datetime
) -> list[UUID]:
    """Clear the alerts whose rule the source's reading no longer breaks; return their ids."""
    if source.measured_at is None:
        return []
    cleared = to_clear(alerts, recovered, source.measured_at)
    for alert in cleared:
        of = {"of_practice": source.practice_id, "of_alert": alert.id}
        send_later(session, (_CLEAR, {**of, "new_cleared_at": at}))
        events.record(session, "alert:clear", "alert", resource_id=alert.id, patient_id=source.patient_id)
    return [alert.id for alert in cleared]


def _statement(decision: Decision) -> Statement:
    if not decision.is_newest:
        return _FOLD_OLDER
    return _RAISE_AGAIN if decision.step is Step.RAISE_AGAIN else _FOLD


def _written(source: Source, finding: Finding, at: datetime, alert_id: UUID, warning_minutes: int) -> dict[str, Any]:
    due = deadlines(finding.level, at, warning_minutes)
    return {
        "id": alert_id,
        "practice_id": source.practice_id,
        "patient_id": source.patient_id,
        "observation_id": source.observation_id,
        "threshold_version": source.threshold_version,
        "measured_at": source.measured_at,
        "alert_class": finding.alert_class.value,
        "rule": finding.rule,
        "level": finding.level.value,
        "message": finding.message,
        "value": finding.value,
        "threshold": finding.threshold,
        "occurrences": 1,
        "raised_at": at,
        "last_raised_at": at,
        "waiting_since": at,
        "due_at": due.due_at,
        "escalates_at": due.escalates_at,
        "version": 1,
    }


def _tell(session: Session, source: Source, finding: Finding, alert_id: UUID, *, is_repeat: bool) -> None:
    level, kind = finding.level.value, finding.alert_class.value
    tell(session, AlertRaised(source.practice_id, source.patient_id, alert_id, level, kind, is_repeat))
