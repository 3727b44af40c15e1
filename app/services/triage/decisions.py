"""Writing clinical decisions down, and reading them in order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.paging import Page
from app.domain.triage.decisions import DecisionKind, DecisionQuery
from app.models import Patient, TriageDecision
from app.models.base import new_id
from app.services.accounts.users import names_of
from app.services.patients.named import NAMED
from app.services.transaction import transaction


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """A decision, the patient it is about (None: the practice), and who made it; nobody's is the clock's."""

    decision: TriageDecision
    patient: Patient | None
    user_name: str | None


@dataclass(frozen=True, slots=True)
class About:
    """What a decision is about: which patient (None: the whole practice), and which alert, escalation, review …"""

    practice_id: UUID
    patient_id: UUID | None
    subject_id: UUID


def note_decision(
    session: Session,
    about: About,
    kind: DecisionKind,
    at: datetime,
    *,
    user_id: int | None,
    note: str | None = None,
    **facts: Any,
) -> None:
    """Write a decision down, within the use case that carries it out. `facts` hold ids and words of lists only."""
    decision = TriageDecision(
        id=new_id(),
        practice_id=about.practice_id,
        patient_id=about.patient_id,
        subject_id=about.subject_id,
        kind=kind.value,
        user_id=user_id,
        at=at,
        facts={name: value for name, value in facts.items() if value is not None},
    )
    decision.note = note
    session.add(decision)


def list_decisions(actor: Actor, query: DecisionQuery) -> Page[DecisionLine]:
    """Return one page of the practice's clinical decisions in order, the newest first by default."""
    conditions = _conditions(actor, query)
    with transaction() as session:
        count = session.scalar(select(func.count()).select_from(TriageDecision).where(*conditions)) or 0
        in_order = (TriageDecision.at.desc(), TriageDecision.id.desc())
        if query.ordering == "at":
            in_order = (TriageDecision.at.asc(), TriageDecision.id.asc())
        wanted = select(TriageDecision, Patient).outerjoin(Patient, _IS_OF).where(*conditions).order_by(*in_order)
        rows = session.execute(wanted.options(NAMED).offset(query.paging.offset).limit(query.paging.page_size)).all()
        names = names_of(session, actor.practice_id, {row.user_id for row, _ in rows if row.user_id is not None})
        events.record(
            session, "triage_decision:list", "triage", patient_id=query.patient_id,
            subject_ids={row.patient_id for row, _ in rows if row.patient_id is not None},
        )  # fmt: skip
        lines = [DecisionLine(row, patient, names.get(row.user_id) if row.user_id else None) for row, patient in rows]
        return Page(lines, count, query.paging)


_IS_OF = (Patient.practice_id == TriageDecision.practice_id) & (Patient.id == TriageDecision.patient_id)


def _conditions(actor: Actor, query: DecisionQuery) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [TriageDecision.practice_id == actor.practice_id]
    if query.patient_id is not None:
        wanted.append(TriageDecision.patient_id == query.patient_id)
    if query.user_id is not None:
        wanted.append(TriageDecision.user_id == query.user_id)
    if query.kind is not None:
        wanted.append(TriageDecision.kind == query.kind.value)
    if query.since is not None:
        wanted.append(TriageDecision.at >= query.since)
    if query.until is not None:
        wanted.append(TriageDecision.at < query.until)
    return wanted
