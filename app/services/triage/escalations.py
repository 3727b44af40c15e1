"""Seeing escalations, and raising one: by a person, or by itself from an alert that nobody acknowledged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import Conflict, NotFound, ValidationFailed
from app.domain.paging import Page
from app.domain.roles import Role
from app.domain.triage.decisions import DecisionKind
from app.domain.triage.escalation import (
    DEFAULT_CHAINS,
    ChainStep,
    EscalationQuery,
    EscalationState,
    NewEscalation,
    can_answer,
    wait_at,
)
from app.domain.triage.events import EscalationWaiting
from app.models import Alert, Escalation, Patient, TriageSummary
from app.models.base import new_id
from app.services.accounts.users import names_of
from app.services.enrolment.checks import find_staff, lock_active_patient
from app.services.patients.named import NAMED
from app.services.transaction import now, transaction
from app.services.triage.alert_actions import mark_seen
from app.services.triage.decisions import About, note_decision
from app.services.triage.on_call import find_on_call
from app.services.triage.rescoring import lock_summary, recount_escalations
from app.services.triage.telling import tell

_CANNOT_ANSWER = "No such member of staff who can acknowledge an escalation."
_NO_ALERT = "No such alert of this patient."
_SAME = "This alert has an escalation of this level already."


@dataclass(frozen=True, slots=True)
class EscalationLine:
    """An escalation with its patient, the names of the people it concerns, and the moment it was looked at."""

    escalation: Escalation
    patient: Patient
    names: dict[int, str]
    at: datetime

    @property
    def is_overdue(self) -> bool:
        """Whether whoever is asked has let the time pass."""
        return self.escalation.state == EscalationState.OPEN.value and self.at > self.escalation.due_at


def list_escalations(actor: Actor, query: EscalationQuery) -> Page[EscalationLine]:
    """Return one page of the practice's escalations, the newest first by default."""
    conditions = _conditions(actor, query)
    with transaction() as session:
        count = session.scalar(select(func.count()).select_from(Escalation).where(*conditions)) or 0
        wanted = _with_patient().where(*conditions).order_by(*_ORDER[query.ordering])
        rows = session.execute(wanted.offset(query.paging.offset).limit(query.paging.page_size)).all()
        lines = _lines(session, actor.practice_id, [(row.Escalation, row.Patient) for row in rows])
        events.record(
            session, "escalation:list", "escalation", patient_id=query.patient_id,
            subject_ids={line.patient.id for line in lines},
        )  # fmt: skip
        return Page(lines, count, query.paging)


def get_escalation(actor: Actor, escalation_id: UUID) -> EscalationLine:
    """Return one escalation; raises NotFound for ids the actor cannot see."""
    with transaction() as session:
        line = find_escalation(session, actor.practice_id, escalation_id)
        events.record(session, "escalation:read", "escalation", resource_id=escalation_id, patient_id=line.patient.id)
        return line


def raise_escalation(actor: Actor, new: NewEscalation) -> EscalationLine:
    """Call for help with an active patient. An alert that it names counts as acknowledged by the caller.

    Raises NotFound for the patient, ValidationFailed for people who cannot answer or an alert of somebody else,
    Conflict when the alert has an escalation of the same level that is not resolved.
    """
    with transaction() as session:
        patient = lock_active_patient(session, actor, new.patient_id)
        _require_answerable(session, actor, new.steps)
        summary, at = lock_summary(session, actor.practice_id, patient.id), now()
        if new.alert_id is not None:
            alert = _alert_of(session, summary, new.alert_id)
            _refuse_same(session, alert, new)
            mark_seen(session, summary, alert, actor.user_id, at)
        escalation = open_escalation(session, summary, new, at, raised_by=actor.user_id)
        return find_escalation(session, actor.practice_id, escalation.id)


def open_escalation(
    session: Session, summary: TriageSummary, new: NewEscalation, at: datetime, *, raised_by: int | None
) -> Escalation:
    """Open an escalation of a patient whose line is locked, and ask the first step."""
    chain = new.steps or DEFAULT_CHAINS[new.level]
    escalation = Escalation(
        id=new_id(),
        practice_id=summary.practice_id,
        patient_id=summary.patient_id,
        alert_id=new.alert_id,
        level=new.level.value,
        state=EscalationState.OPEN.value,
        chain=[{"minutes": step.minutes, "user_id": step.user_id, "role": step.role} for step in chain],
        times_asked=0,
        raised_at=at,
        raised_by=raised_by,
    )
    escalation.reason = new.reason
    ask(session, escalation, 0, at)
    session.add(escalation)
    note_decision(
        session, about(escalation), DecisionKind.ESCALATION_RAISED, at,
        user_id=raised_by, note=new.reason, level=new.level.value, **asked(escalation),
    )  # fmt: skip
    recount_escalations(session, summary, at)
    return escalation


def ask(session: Session, escalation: Escalation, step: int, at: datetime) -> None:
    """Have an escalation wait for whom a step of its chain names, and tell them."""
    chain = [ChainStep(one["minutes"], one["user_id"], _role(one["role"])) for one in escalation.chain]
    waiting = wait_at(chain, step, find_on_call(session, escalation.practice_id, at))
    escalation.step, escalation.due_at = waiting.step, at + waiting.timeout
    escalation.user_id, escalation.role = waiting.user_id, waiting.role.value if waiting.role else None
    tell_asked(session, escalation)


def tell_asked(session: Session, escalation: Escalation) -> None:
    """Tell whom an escalation waits for, once more."""
    escalation.times_asked += 1
    tell(
        session,
        EscalationWaiting(
            escalation.practice_id, escalation.patient_id, escalation.id, escalation.level,
            escalation.user_id, _role(escalation.role),
        ),
    )  # fmt: skip


def find_escalation(session: Session, practice_id: UUID, escalation_id: UUID) -> EscalationLine:
    """Return an escalation of the practice with its patient and names; raises NotFound."""
    wanted = _with_patient().where(Escalation.practice_id == practice_id, Escalation.id == escalation_id)
    row = session.execute(wanted).one_or_none()
    if row is None:
        raise NotFound
    return _lines(session, practice_id, [(row.Escalation, row.Patient)])[0]


def about(escalation: Escalation) -> About:
    """Return what a decision about the escalation is about."""
    return About(escalation.practice_id, escalation.patient_id, escalation.id)


def asked(escalation: Escalation) -> dict[str, Any]:
    """Return whom it waits for, as the facts of a decision."""
    return {"to_user": escalation.user_id, "to_role": escalation.role, "step": escalation.step}


def _role(name: str | None) -> Role | None:
    return None if name is None else Role(name)


def _with_patient() -> Select[Escalation, Patient]:
    of = (Patient.practice_id == Escalation.practice_id) & (Patient.id == Escalation.patient_id)
    return select(Escalation, Patient).join(Patient, of).options(NAMED)


def _lines(session: Session, practice_id: UUID, rows: Sequence[tuple[Escalation, Patient]]) -> list[EscalationLine]:
    people = {
        user_id
        for one, _ in rows
        for user_id in (one.user_id, one.raised_by, one.acknowledged_by, one.resolved_by)
        if user_id is not None
    }
    names, at = names_of(session, practice_id, people), now()
    return [EscalationLine(escalation, patient, names, at) for escalation, patient in rows]


def _conditions(actor: Actor, query: EscalationQuery) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [Escalation.practice_id == actor.practice_id]
    equal: dict[Any, Any] = {
        Escalation.patient_id: query.patient_id,
        Escalation.level: query.level,
        Escalation.state: query.state,
        Escalation.user_id: query.user_id,
    }
    wanted += [column == value for column, value in equal.items() if value is not None]
    if query.is_open is not None:
        done = Escalation.state == EscalationState.RESOLVED.value
        wanted.append(~done if query.is_open else done)
    return wanted


def _alert_of(session: Session, summary: TriageSummary, alert_id: UUID) -> Alert:
    alert = session.scalar(
        select(Alert)
        .where(
            Alert.practice_id == summary.practice_id, Alert.patient_id == summary.patient_id, Alert.id == alert_id
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )  # fmt: skip
    if alert is None:
        raise ValidationFailed({"alert_id": [_NO_ALERT]})
    return alert


def _refuse_same(session: Session, alert: Alert, new: NewEscalation) -> None:
    same = select(Escalation.id).where(
        Escalation.practice_id == alert.practice_id,
        Escalation.alert_id == alert.id,
        Escalation.level == new.level.value,
        Escalation.state != EscalationState.RESOLVED.value,
    )
    if session.scalar(same.limit(1)) is not None:
        raise Conflict(_SAME)


def _require_answerable(session: Session, actor: Actor, steps: Sequence[ChainStep]) -> None:
    for number, step in enumerate(steps):
        field = f"steps.{number}.user_id"
        if step.user_id is None:
            continue
        user = find_staff(session, actor, step.user_id, field)
        if user.disabled_at is not None or not can_answer(Role(user.role)):
            raise ValidationFailed({field: [_CANNOT_ANSWER]})


_ORDER: dict[str, tuple[ColumnElement[Any], ...]] = {
    "-raised_at": (Escalation.raised_at.desc(), Escalation.id.desc()),
    "raised_at": (Escalation.raised_at.asc(), Escalation.id.asc()),
    "due_at": (Escalation.due_at.asc(), Escalation.id.asc()),
    "-due_at": (Escalation.due_at.desc(), Escalation.id.desc()),
}
