"""The timer that somebody works by. It lives in the database: it survives restarts, reloads and other devices.

Every change locks the person first, then their timer; that only one is open, and only one stretch of it, is the
database's own rule.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.time_logs import Activity, Mode, NewTimeLog, TimeSource, Work
from app.domain.billing.timers import NewTimer, Stretch, TimerEnd, TimerOutcome, cut_out, elapsed, worked
from app.domain.enrolment.programs import Program
from app.domain.errors import PatientArchived, TimerNotRunning, TimerRunning, ValidationFailed
from app.models import Patient, Timer, TimerStretch
from app.models.base import new_id
from app.services.billing.time_entries import ShownTimeLog, lock_named_patient, lock_person, log_time, show_time_log
from app.services.transaction import now, transaction

_ARCHIVED = "The patient is archived. Bring the record back first."


@dataclass(frozen=True, slots=True)
class ShownTimer:
    """An open timer, whose care it is for, how long it has run by now, and whether it runs."""

    timer: Timer
    patient: Patient
    elapsed: timedelta
    is_running: bool
    as_of: datetime


def find_timer(actor: Actor, at: datetime | None = None) -> ShownTimer | None:
    """Return the actor's open timer, if there is one."""
    with transaction() as session:
        timer = _open_timer(session, actor)
        if timer is None:
            return None
        events.record(session, "timer:read", "timer", resource_id=timer.id, patient_id=timer.patient_id)
        return _shown(session, timer, at or now())


def start_timer(actor: Actor, patient_id: UUID, new: NewTimer, at: datetime | None = None) -> ShownTimer:
    """Start to work on a patient; raises TimerRunning, PatientArchived, ValidationFailed for no such patient."""
    at = at or now()
    with transaction() as session:
        if not lock_named_patient(session, actor, patient_id).is_active:
            raise PatientArchived(_ARCHIVED)
        lock_person(session, actor, actor.user_id)
        running = _open_timer(session, actor)
        if running is not None:
            raise TimerRunning([running.id])
        timer = Timer(
            id=new_id(), practice_id=actor.practice_id, patient_id=patient_id, user_id=actor.user_id,
            program=new.program.value, activity=new.activity.value, mode=new.mode.value, started_at=at,
        )  # fmt: skip
        session.add(timer)
        session.flush()
        _go_on(session, timer, at)
        return _shown(session, timer, at)


def pause_timer(actor: Actor, at: datetime | None = None) -> ShownTimer:
    """Hold the timer; one that is held already stays so. Raises TimerNotRunning when none is open."""
    at = at or now()
    with transaction() as session:
        timer = _lock_open(session, actor)
        _hold(session, timer, at)
        return _shown(session, timer, at)


def resume_timer(actor: Actor, at: datetime | None = None) -> ShownTimer:
    """Let the timer run on; one that runs stays so. Raises TimerNotRunning when none is open."""
    at = at or now()
    with transaction() as session:
        timer = _lock_open(session, actor)
        if _running(session, timer) is None:
            _go_on(session, timer, at)
        return _shown(session, timer, at)


def stop_timer(actor: Actor, end: TimerEnd, at: datetime | None = None) -> list[ShownTimeLog]:
    """Stop the timer and write each stretch of it down as an entry, or throw its time away.

    Raises TimerNotRunning, and what a new entry raises: the timer stays open then, so nothing is lost.
    """
    at = at or now()
    with transaction() as session:
        timer = _lock_open(session, actor)
        if end.ended_at is not None and end.ended_at > at:
            raise ValidationFailed({"ended_at": ["Must not lie in the future."]})
        spans = [] if end.discard else worked(_stretches(session, timer), end.ended_at or at)
        if not end.discard and not spans:
            raise ValidationFailed({"ended_at": ["No time was spent by then. Throw the timer away instead."]})
        _hold(session, timer, at)
        work = replace(Work(Program(timer.program), Activity(timer.activity), Mode(timer.mode)), **end.changes)
        logs = [log_time(session, actor, _entry_of(timer, work, span), at) for span in spans]
        outcome = TimerOutcome.DISCARDED if end.discard else TimerOutcome.LOGGED
        timer.stopped_at, timer.outcome = at, outcome.value
        session.flush()
        return [show_time_log(session, log) for log in logs]


def make_room(
    session: Session, practice_id: UUID, user_id: int, patient_id: UUID, span: tuple[datetime, datetime]
) -> None:
    """Cut what is logged by itself, such as a call, out of the person's open timer on the same patient.

    The timer runs on around it, so no minute is lost and none counts twice. Whoever asks has locked the person.
    """
    timer = _timer_of(session, practice_id, user_id)
    if timer is None or timer.patient_id != patient_id:
        return
    rows = session.scalars(
        select(TimerStretch)
        .where(TimerStretch.practice_id == practice_id, TimerStretch.timer_id == timer.id)
        .order_by(TimerStretch.started_at)
    ).all()
    for row in rows:
        before, after = cut_out(Stretch(row.started_at, row.ended_at), span)
        if before is not None:
            row.ended_at = before.ended_at
            session.flush()
        if after is not None:
            _go_on(session, timer, after.started_at, after.ended_at)


def _entry_of(timer: Timer, work: Work, span: tuple[datetime, datetime]) -> NewTimeLog:
    return NewTimeLog(timer.patient_id, work, *span, None, TimeSource.TIMER, timer.id)


def _open_timer(session: Session, actor: Actor) -> Timer | None:
    return _timer_of(session, actor.practice_id, actor.user_id)


def _timer_of(session: Session, practice_id: UUID, user_id: int) -> Timer | None:
    return session.scalar(
        select(Timer).where(Timer.practice_id == practice_id, Timer.user_id == user_id, Timer.stopped_at.is_(None))
    )


def _lock_open(session: Session, actor: Actor) -> Timer:
    """Return the open timer with its person locked, and the patient before them, as whoever logs time locks."""
    seen = _open_timer(session, actor)
    if seen is None:
        raise TimerNotRunning
    session.execute(
        select(Patient.id)
        .where(Patient.practice_id == actor.practice_id, Patient.id == seen.patient_id)
        .with_for_update(key_share=True)
    )
    lock_person(session, actor, actor.user_id)
    session.refresh(seen)
    if seen.stopped_at is not None:
        raise TimerNotRunning
    return seen


def _running(session: Session, timer: Timer) -> TimerStretch | None:
    mine = TimerStretch.practice_id == timer.practice_id, TimerStretch.timer_id == timer.id
    return session.scalar(select(TimerStretch).where(*mine, TimerStretch.ended_at.is_(None)))


def _hold(session: Session, timer: Timer, at: datetime) -> None:
    stretch = _running(session, timer)
    if stretch is not None:
        stretch.ended_at = max(at, stretch.started_at)
        session.flush()


def _go_on(session: Session, timer: Timer, at: datetime, until: datetime | None = None) -> None:
    whose = {"practice_id": timer.practice_id, "timer_id": timer.id}
    session.add(TimerStretch(id=new_id(), **whose, started_at=at, ended_at=until))
    session.flush()


def _stretches(session: Session, timer: Timer) -> list[Stretch]:
    mine = TimerStretch.practice_id == timer.practice_id, TimerStretch.timer_id == timer.id
    rows = session.scalars(select(TimerStretch).where(*mine).order_by(TimerStretch.started_at))
    return [Stretch(row.started_at, row.ended_at) for row in rows]


def _shown(session: Session, timer: Timer, at: datetime) -> ShownTimer:
    patient = session.scalars(
        select(Patient).where(Patient.practice_id == timer.practice_id, Patient.id == timer.patient_id)
    ).one()
    stretches = _stretches(session, timer)
    is_running = any(stretch.ended_at is None for stretch in stretches)
    return ShownTimer(timer, patient, elapsed(stretches, at), is_running, at)
