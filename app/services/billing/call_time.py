"""The minutes of a call as an entry of the time log, and what becomes of them when the call is voided."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.billing.time_logs import NewTimeLog, TimeSource, Work
from app.domain.errors import TimeOverlap
from app.models import PatientCall, TimeLog
from app.services.billing.time_corrections import take_out
from app.services.billing.time_entries import lock_person, log_time
from app.services.billing.timers import make_room
from app.services.transaction import now


@dataclass(frozen=True, slots=True)
class NotLogged:
    """Why a call's minutes are not in the time log of their own: the rule, and the rows they are in already."""

    rule: str
    conflicting_ids: tuple[UUID, ...]


def log_call(session: Session, actor: Actor, call: PatientCall, work: Work) -> NotLogged | None:
    """Log the minutes of a call in which somebody was reached, as a live contact; the person's own timer makes room.

    Minutes that are logged already are not logged twice: the call stands without them, and what is in the way is told.
    """
    new = NewTimeLog(
        call.patient_id, work, call.started_at, call.ended_at, call.user_id, TimeSource.CALL, call.id
    )  # fmt: skip
    lock_person(session, actor, call.user_id)
    try:
        with session.begin_nested():
            make_room(session, call.practice_id, call.user_id, call.patient_id, (call.started_at, call.ended_at))
            log_time(session, actor, new, now())
    except TimeOverlap as overlap:
        return NotLogged(overlap.rule, overlap.conflicting_ids)
    return None


def take_back(session: Session, actor: Actor, call: PatientCall, reason: str) -> None:
    """Void the entry of a call that is void; lines that are billed with it hear of it from the engine."""
    lock_person(session, actor, call.user_id)
    entry = session.scalar(
        select(TimeLog)
        .where(
            TimeLog.practice_id == call.practice_id,
            TimeLog.user_id == call.user_id,
            TimeLog.source == TimeSource.CALL.value,
            TimeLog.source_id == call.id,
            TimeLog.voided_at.is_(None),
        )
        .with_for_update()
    )
    if entry is not None:
        take_out(session, actor, entry, reason)
