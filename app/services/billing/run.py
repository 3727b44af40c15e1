"""Engine runs: patients in batches, each batch one transaction with a fixed number of statements (ADR 0023).

Runs of one practice wait for each other at every batch (an advisory lock), and a line's key is unique besides, so that
parallel runs enter nothing twice. A run that is stopped anywhere is simply run again.
"""

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.audit import context, events
from app.database.many import KEEP_PLANS, fold_waiting
from app.domain.actor import Actor
from app.domain.billing.clocks import Window, month_of
from app.domain.billing.engine import evaluate
from app.domain.billing.facts import Book, Horizon, PatientFacts
from app.domain.billing.reconcile import Impact, reconcile
from app.domain.billing.runs import RunRequest, RunResult
from app.domain.errors import NotFound
from app.models import BillingEntry, Enrollment, Patient, Practice
from app.services.billing.books import load_book
from app.services.billing.facts import load_patients
from app.services.billing.ledger import carry_out, engine_rows, own_lines, raise_impacts, store_periods
from app.services.transaction import now, transaction

BATCH = 250
RECENT = timedelta(days=62)  # a period over two months, and time to hear of late readings
FAR_BACK = timedelta(days=366)  # claims are timely for a year (42 CFR 424.44): once a night
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


def generate_entries(actor: Actor, request: RunRequest) -> RunResult:
    """Run the engine for the actor's practice; raises NotFound for a patient that it does not have."""
    window = month_of(request.month) if request.month else recent_window(RECENT)
    with transaction() as session:
        if request.patient_id is not None:
            _require_patient(session, actor.practice_id, request.patient_id)
        events.record(session, "billing:generate", "billing_entry", patient_id=request.patient_id)
    return run(actor.practice_id, window, [request.patient_id] if request.patient_id else None)


def generate_everywhere() -> None:
    """Run the engine for what is recent, practice by practice. For the job only."""
    _everywhere(RECENT)


def generate_far_back() -> None:
    """Run the engine for a year back: for facts that came very late. For the nightly job only."""
    _everywhere(FAR_BACK)


def recent_window(back: timedelta) -> Window:
    """Return the days from so long ago up to the end of the month after tomorrow, whatever the time zone."""
    today = now().astimezone(UTC).date()
    return Window(month_of(today - back).starts_on, month_of(today + timedelta(days=1)).ends_on)


def run(practice_id: UUID, window: Window, patient_ids: Sequence[UUID] | None = None) -> RunResult:
    """Judge patients, all who are or were in a program when none are named, and write what follows."""
    horizon = Horizon(window, now())
    with transaction() as session:
        chosen = patient_ids if patient_ids is not None else candidates(session, practice_id, horizon)
    result = RunResult()
    for first in range(0, len(chosen), BATCH):
        result = result.plus(_run_batch(practice_id, horizon, chosen[first : first + BATCH]))
    return result


def _everywhere(back: timedelta) -> None:
    with transaction() as session:
        practices = list(session.scalars(select(Practice.id)))
    for practice_id in practices:
        context.bind(practice_id=practice_id)
        run(practice_id, recent_window(back))


def _run_batch(practice_id: UUID, horizon: Horizon, patient_ids: Sequence[UUID]) -> RunResult:
    with transaction() as session:
        session.execute(_LOCK, {"name": f"billing:{practice_id}"})
        book = load_book(session, practice_id)
        rows = engine_rows(session, practice_id, patient_ids)
        found = load_patients(session, practice_id, patient_ids, horizon)
        result, impacts = RunResult(), list[tuple[UUID, Impact]]()
        for facts in found.values():
            done, raised = _run_patient(session, practice_id, facts, book, horizon, rows.get(facts.patient_id, []))
            result, impacts = result.plus(done), impacts + raised
        fold_waiting(session, KEEP_PLANS)
        session.flush()
        raised_now = raise_impacts(session, practice_id, impacts)
        events.store_recorded(session)
        return result.plus(RunResult(impacts=raised_now))


def _run_patient(
    session: Session, practice_id: UUID, facts: PatientFacts, book: Book, horizon: Horizon, rows: list[BillingEntry]
) -> tuple[RunResult, list[tuple[UUID, Impact]]]:
    judged = evaluate(facts, book, horizon, frozenset(row.line_key for row in rows if row.line_key))
    plan = reconcile(judged.answers, own_lines(rows))
    store_periods(session, practice_id, facts.patient_id, judged.new_periods)
    carry_out(session, practice_id, facts.patient_id, plan, {row.id: row for row in rows})
    counts = RunResult(1, len(plan.enter), len(plan.refresh), len(plan.reinstate), len(plan.take_back))
    return counts, [(facts.patient_id, impact) for impact in plan.impacts]


def candidates(session: Session, practice_id: UUID, horizon: Horizon) -> list[UUID]:
    """Return who was in a program in the time, or has a line of the engine's in it; sorted."""
    enrolled = select(Enrollment.patient_id).where(
        Enrollment.practice_id == practice_id,
        Enrollment.starts_on <= horizon.window.ends_on,
        func.coalesce(Enrollment.ends_on, date.max) >= horizon.facts_from,
    )
    billed = select(BillingEntry.patient_id).where(
        BillingEntry.practice_id == practice_id,
        BillingEntry.line_key.is_not(None),
        BillingEntry.period_end >= horizon.window.starts_on,
        BillingEntry.period_start <= horizon.window.ends_on,
    )
    return sorted(session.scalars(enrolled.union(billed)))


def _require_patient(session: Session, practice_id: UUID, patient_id: UUID) -> None:
    mine = select(Patient.id).where(Patient.practice_id == practice_id, Patient.id == patient_id)
    if session.scalar(mine) is None:
        raise NotFound
