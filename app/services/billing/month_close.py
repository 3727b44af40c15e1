"""The month's close, patient by patient: how far each is, what is billable, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.answers import Answer
from app.domain.billing.case import Case
from app.domain.billing.clocks import Clock, Window, month_of
from app.domain.billing.engine import evaluate, plan_new_periods
from app.domain.billing.facts import Book, Horizon, PatientFacts
from app.domain.billing.month_close import CloseQuery, Progress, progress_of
from app.domain.days import local_day
from app.domain.enrolment.programs import Program
from app.domain.paging import Page
from app.models import Enrollment, Patient, Practice
from app.services.billing.books import load_book
from app.services.billing.facts import load_patients
from app.services.transaction import now, transaction


@dataclass(frozen=True, slots=True)
class MonthLine:
    """A patient's line: progress, and what the engine says of their RPM codes in that month and period."""

    patient: Patient
    progress: Progress
    answers: tuple[Answer, ...]


def list_month(actor: Actor, query: CloseQuery) -> Page[MonthLine]:
    """Return one page of the patients who are in RPM in a month, the practice's present one by default.

    A fixed number of statements: the progress of all is reckoned, so that it can be sorted, the codes of the page only.
    """
    with transaction() as session:
        horizon = _horizon(session, actor, query)
        book = load_book(session, actor.practice_id)
        facts = load_patients(session, actor.practice_id, _enrolled(session, actor, horizon.window), horizon)
        progress = [_progress(one, book, horizon) for one in facts.values()]
        wanted = sorted((one for one in progress if one.passes(query.only)), key=lambda one: one.rank(query.ordering))
        page = wanted[query.paging.offset :][: query.paging.page_size]
        patients = _patients(session, actor, [one.patient_id for one in page])
        events.record(session, "billing_month:list", "billing_entry", subject_ids=sorted(patients))
        lines = [_line(patients[one.patient_id], one, facts[one.patient_id], book, horizon) for one in page]
        return Page(lines, len(wanted), query.paging)


def _horizon(session: Session, actor: Actor, query: CloseQuery) -> Horizon:
    zone = session.scalar(select(Practice.timezone).where(Practice.id == actor.practice_id)) or "UTC"
    day = query.month.first_day if query.month else local_day(now(), zone)
    return Horizon(month_of(day), now())


def _enrolled(session: Session, actor: Actor, month: Window) -> Sequence[UUID]:
    rows = select(Enrollment.patient_id).where(
        Enrollment.practice_id == actor.practice_id,
        Enrollment.program == Program.RPM.value,
        Enrollment.starts_on <= month.ends_on,
        func.coalesce(Enrollment.ends_on, date.max) >= month.starts_on,
    )
    return session.scalars(rows.distinct()).all()


def _progress(facts: PatientFacts, book: Book, horizon: Horizon) -> Progress:
    known = Window(horizon.facts_from, max(horizon.window.ends_on, horizon.facts_from))
    case = Case(facts, Program.RPM, book, known, horizon.as_of)
    return progress_of(case, plan_new_periods(case), horizon.window)


def _line(patient: Patient, progress: Progress, facts: PatientFacts, book: Book, horizon: Horizon) -> MonthLine:
    answers = evaluate(facts, book, horizon).answers
    return MonthLine(patient, progress, tuple(one for one in answers if _belongs(one, progress)))


def _belongs(answer: Answer, progress: Progress) -> bool:
    """Say whether an RPM answer is of the month or its period; set-up that lacks something is of the present one."""
    if answer.program is not Program.RPM:
        return False
    if answer.clock is Clock.EPISODE:
        is_lacking = not answer.is_billable and not progress.month_is_over
        return is_lacking or progress.month.overlaps(answer.window)
    return answer.window in {progress.month, progress.period}


def _patients(session: Session, actor: Actor, ids: Sequence[UUID]) -> dict[UUID, Patient]:
    wanted = select(Patient).where(Patient.practice_id == actor.practice_id, Patient.id.in_(ids))
    return {patient.id: patient for patient in session.scalars(wanted)}
