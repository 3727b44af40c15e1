"""The month's close, patient by patient: how far each is, what is billable, and what is missing."""

from collections.abc import Iterator, Sequence
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
from app.domain.paging import Page, sorted_page
from app.models import Enrollment, Patient, Practice
from app.services.billing.books import load_book
from app.services.billing.facts import load_patients
from app.services.billing.outlooks import shown_patients
from app.services.billing.run import BATCH
from app.services.transaction import now, transaction


@dataclass(frozen=True, slots=True)
class MonthLine:
    """A patient's line: progress, and what the engine says of the program's codes in that month and period."""

    patient: Patient
    progress: Progress
    answers: tuple[Answer, ...]


def list_month(actor: Actor, query: CloseQuery) -> Page[MonthLine]:
    """Return one page of the patients who are in a program in a month, the practice's present one by default.

    Everybody's progress is reckoned, batch by batch, because it sorts the list; only the places of the page and of
    those before it are kept, and the codes are judged of the page alone.
    """
    with transaction() as session:
        horizon = _horizon(session, actor, query)
        book = load_book(session, actor.practice_id)
        page = sorted_page(_ranks(session, actor, query, horizon, book), query.paging)
        chosen = [patient_id for *_, patient_id in page.items]
        facts = load_patients(session, actor.practice_id, chosen, horizon) if chosen else {}
        patients = shown_patients(session, actor, set(facts))
        events.record(session, "billing_month:list", "billing_entry", subject_ids=sorted(patients))
        lines = [_line(patients[one], facts[one], query.program, book, horizon) for one in chosen if one in facts]
        return Page(lines, page.count, query.paging)


def _ranks(
    session: Session, actor: Actor, query: CloseQuery, horizon: Horizon, book: Book
) -> Iterator[tuple[tuple[object, ...], UUID]]:
    """Yield the place of everybody who is wanted, with their id, in no order."""
    enrolled = _enrolled(session, actor, query.program, horizon.window)
    for first in range(0, len(enrolled), BATCH):
        found = load_patients(session, actor.practice_id, enrolled[first : first + BATCH], horizon)
        for facts in found.values():
            progress = _progress(facts, query.program, book, horizon)
            if progress.passes(query.only):
                yield progress.rank(query.ordering), facts.patient_id


def _horizon(session: Session, actor: Actor, query: CloseQuery) -> Horizon:
    zone = session.scalar(select(Practice.timezone).where(Practice.id == actor.practice_id)) or "UTC"
    day = query.month.first_day if query.month else local_day(now(), zone)
    return Horizon(month_of(day), now())


def _enrolled(session: Session, actor: Actor, program: Program, month: Window) -> Sequence[UUID]:
    rows = select(Enrollment.patient_id).where(
        Enrollment.practice_id == actor.practice_id,
        Enrollment.program == program.value,
        Enrollment.starts_on <= month.ends_on,
        func.coalesce(Enrollment.ends_on, date.max) >= month.starts_on,
    )
    return session.scalars(rows.distinct()).all()


def _progress(facts: PatientFacts, program: Program, book: Book, horizon: Horizon) -> Progress:
    known = Window(horizon.facts_from, max(horizon.window.ends_on, horizon.facts_from))
    case = Case(facts, program, book, known, horizon.as_of)
    return progress_of(case, plan_new_periods(case), horizon.window)


def _line(patient: Patient, facts: PatientFacts, program: Program, book: Book, horizon: Horizon) -> MonthLine:
    progress, answers = _progress(facts, program, book, horizon), evaluate(facts, book, horizon).answers
    return MonthLine(patient, progress, tuple(one for one in answers if _belongs(one, progress)))


def _belongs(answer: Answer, progress: Progress) -> bool:
    """Say whether an answer is of the program's month or period; set-up that lacks something is of the present one."""
    if answer.program is not progress.program:
        return False
    if answer.clock is Clock.EPISODE:
        is_lacking = not answer.is_billable and not progress.month_is_over
        return is_lacking or progress.month.overlaps(answer.window)
    return answer.window in {progress.month, progress.period}
