"""Seeing alerts: the queue, one alert, the latest of a patient."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import NotFound
from app.domain.paging import Page
from app.domain.triage.alert_flow import AlertState, state_of
from app.domain.triage.alerts import AlertOrdering, AlertQuery
from app.domain.triage.reaction import is_overdue, reaction_seconds
from app.models import Alert, Patient
from app.services.accounts.users import names_of
from app.services.patients.named import NAMED
from app.services.patients.records import find_visible
from app.services.transaction import now, transaction

RECENT_ALERTS = 50


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert with its patient, the names of the people it concerns, and the moment it was looked at."""

    alert: Alert
    patient: Patient
    names: dict[int, str]
    at: datetime

    @property
    def state(self) -> AlertState:
        """Whether the condition lasts."""
        return state_of(self.alert.cleared_at)

    @property
    def is_overdue(self) -> bool:
        """Whether it waits longer than it may."""
        return is_overdue(self.alert.due_at, self.alert.acknowledged_at, self.at)

    @property
    def reaction_seconds(self) -> int | None:
        """How long it waited until somebody acknowledged it."""
        return reaction_seconds(self.alert.waiting_since, self.alert.acknowledged_at)


def list_alerts(actor: Actor, query: AlertQuery) -> Page[AlertLine]:
    """Return one page of the practice's alerts, the newest first by default."""
    conditions, at = _conditions(actor, query), now()
    with transaction() as session:
        count = session.scalar(select(func.count()).select_from(Alert).where(*conditions)) or 0
        wanted = _with_patient().where(*conditions).order_by(*_ORDER[query.ordering])
        rows = session.execute(wanted.offset(query.paging.offset).limit(query.paging.page_size)).all()
        lines = lines_of(session, actor.practice_id, [(row.Alert, row.Patient) for row in rows], at)
        events.record(
            session, "alert:list", "alert", patient_id=query.patient_id,
            subject_ids={line.patient.id for line in lines},
        )  # fmt: skip
        return Page(lines, count, query.paging)


def get_alert(actor: Actor, alert_id: UUID) -> AlertLine:
    """Return one alert; raises NotFound for ids the actor cannot see."""
    with transaction() as session:
        line = find_line(session, actor, alert_id)
        events.record(session, "alert:read", "alert", resource_id=alert_id, patient_id=line.patient.id)
        return line


def list_recent_alerts(actor: Actor, patient_id: UUID) -> list[Alert]:
    """Return a visible patient's latest alerts: open before seen, critical before warning, newest first."""
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        events.record(session, "alert:list", "alert", patient_id=patient.id)
        return list(
            session.scalars(
                select(Alert)
                .where(Alert.practice_id == actor.practice_id, Alert.patient_id == patient.id)
                .order_by(Alert.acknowledged_at.is_not(None), Alert.level == "warning", Alert.raised_at.desc())
                .limit(RECENT_ALERTS)
            )
        )


def find_line(session: Session, actor: Actor, alert_id: UUID) -> AlertLine:
    """Return an alert of the practice with its patient and names; raises NotFound."""
    wanted = _with_patient().where(Alert.practice_id == actor.practice_id, Alert.id == alert_id)
    row = session.execute(wanted).one_or_none()
    if row is None:
        raise NotFound
    return lines_of(session, actor.practice_id, [(row.Alert, row.Patient)], now())[0]


def lines_of(
    session: Session, practice_id: UUID, rows: Sequence[tuple[Alert, Patient]], at: datetime
) -> list[AlertLine]:
    """Return alerts with the names of everybody they concern, looked up at once."""
    people = {
        user_id
        for alert, _ in rows
        for user_id in (alert.acknowledged_by, alert.assignee_id, alert.resolved_by)
        if user_id is not None
    }
    names = names_of(session, practice_id, people)
    return [AlertLine(alert, patient, names, at) for alert, patient in rows]


def _with_patient() -> Select[Alert, Patient]:
    of = (Patient.practice_id == Alert.practice_id) & (Patient.id == Alert.patient_id)
    return select(Alert, Patient).join(Patient, of).options(NAMED)


def _conditions(actor: Actor, query: AlertQuery) -> Collection[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [Alert.practice_id == actor.practice_id]
    equal: dict[Any, Any] = {
        Alert.patient_id: query.patient_id,
        Alert.level: query.level,
        Alert.assignee_id: query.assignee,
        Alert.alert_class: query.alert_class,
    }
    wanted += [column == value for column, value in equal.items() if value is not None]
    there = (
        (Alert.acknowledged_at, query.acknowledged),
        (Alert.snoozed_until, query.snoozed),
        (Alert.cleared_at, None if query.state is None else query.state is AlertState.CLEARED),
    )
    return wanted + [
        column.is_not(None) if is_there else column.is_(None) for column, is_there in there if is_there is not None
    ]


_CRITICAL_FIRST = case((Alert.level == "critical", 0), else_=1)
_ORDER: dict[AlertOrdering, tuple[ColumnElement[Any], ...]] = {
    "-raised_at": (Alert.raised_at.desc(), Alert.id.desc()),
    "raised_at": (Alert.raised_at.asc(), Alert.id.asc()),
    "-last_raised_at": (Alert.last_raised_at.desc(), Alert.id.desc()),
    "last_raised_at": (Alert.last_raised_at.asc(), Alert.id.asc()),
    "due_at": (Alert.due_at.asc().nulls_last(), Alert.id.asc()),
    "-due_at": (Alert.due_at.desc().nulls_first(), Alert.id.desc()),
    "priority": (_CRITICAL_FIRST, Alert.due_at.asc().nulls_last(), Alert.id.asc()),
}
