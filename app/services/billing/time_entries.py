"""Writing time down: by hand, from a timer, from a review or a call. Correcting and voiding is in `time_corrections`.

Everybody who writes somebody's time locks that person first. So of two requests for the same minutes the second waits,
looks again and is told which rows are in its way; the database's own constraint stands behind that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.billing.time_logs import (
    LIVE_MODES,
    LONGEST_ENTRY,
    Credential,
    NewTimeLog,
    TimeSource,
    Work,
    default_credential,
    is_live_contact,
    may_work_as,
    time_faults,
)
from app.domain.errors import Conflict, NotFound, PatientMerged, TimeOverlap, ValidationFailed
from app.domain.roles import Permission, Role
from app.models import Patient, TimeLog, Timer, TimerStretch, User
from app.models.base import new_id
from app.services.enrolment.checks import find_staff, lock_patient
from app.services.transaction import now, transaction

_NOT_LIVE = "Only a contact by phone, video or in person is a live one."
_NOT_THAT = "This person's role does not work as that."
_OTHERS = "You can log your own time only."
_OFTEN = "The minutes of this review or call are logged already."


@dataclass(frozen=True, slots=True)
class ShownTimeLog:
    """An entry with the patient it is of and the name of whose time it is."""

    log: TimeLog
    patient: Patient
    user_name: str


@dataclass(frozen=True, slots=True)
class Span:
    """Whose minutes with which patient; `besides` names the entry, or the timer, that may be there already."""

    practice_id: UUID
    user_id: int
    patient_id: UUID
    started_at: datetime
    ended_at: datetime
    besides: UUID | None = None


def create_time_log(actor: Actor, new: NewTimeLog, at: datetime | None = None) -> ShownTimeLog:
    """Write an entry by hand; raises TimeOverlap, and ValidationFailed for what is not right, see `log_time`."""
    with transaction() as session:
        log = log_time(session, actor, new, at or now())
        return show_time_log(session, log)


def record_minutes(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    spent: timedelta,
    work: Work,
    source: TimeSource,
    source_id: UUID,
    ended_at: datetime | None = None,
) -> TimeLog:
    """Log the time that a review or a call took, within the transaction of that use case.

    `spent` ends at `ended_at`, now when it is None. Raises TimeOverlap when the person's time is logged or running in
    these minutes; only the entry is rolled back then, so the caller may go on without it. Raises Conflict when minutes
    of this very review or call are logged, ValidationFailed for times that are not right.
    """
    at = now()
    end = ended_at or at
    return log_time(session, actor, NewTimeLog(patient_id, work, end - spent, end, None, source, source_id), at)


def log_time(session: Session, actor: Actor, new: NewTimeLog, at: datetime) -> TimeLog:
    """Write an entry within a use case.

    Raises TimeOverlap with the rows in its way, PatientMerged, Conflict as `record_minutes`, and ValidationFailed for
    a patient or person that is not the practice's, times that are not right, a credential beyond the person's role.
    """
    patient = lock_named_patient(session, actor, new.patient_id)
    person = lock_person(session, actor, new.user_id or actor.user_id)
    values = values_of(new.work, Role(person.role))
    refuse_times(new.started_at, new.ended_at, at)
    span = Span(actor.practice_id, person.id, patient.id, new.started_at, new.ended_at, new.source_id)
    refuse_overlap(session, span)
    log = TimeLog(
        id=new_id(),
        practice_id=actor.practice_id,
        patient_id=patient.id,
        user_id=person.id,
        started_at=new.started_at,
        ended_at=new.ended_at,
        source=new.source.value,
        source_id=new.source_id,
        **values,
    )
    log.note = new.work.note or None
    with overlaps_told(session, span):
        session.add(log)
        session.flush()
    return log


def lock_person(session: Session, actor: Actor, user_id: int) -> User:
    """Return whose time it is, locked; raises ValidationFailed for others' time unless the actor may write that."""
    if user_id != actor.user_id and not actor.may(Permission.WRITE_ALL_TIME_LOGS):
        raise ValidationFailed({"user_id": [_OTHERS]})
    person = find_staff(session, actor, user_id, "user_id")
    session.execute(select(User.id).where(User.id == person.id).with_for_update(key_share=True))
    return person


def values_of(work: Work, role: Role) -> dict[str, Any]:
    """Return an entry's columns for work of somebody of that role; raises ValidationFailed for what cannot be."""
    credential = work.credential or default_credential(role)
    live = is_live_contact(work.activity, work.mode) if work.is_interactive is None else work.is_interactive
    if live and work.mode not in LIVE_MODES:
        raise ValidationFailed({"is_interactive": [_NOT_LIVE]})
    require_credential(role, credential)
    return {
        "program": work.program.value,
        "activity": work.activity.value,
        "mode": work.mode.value,
        "is_interactive": live,
        "credential": credential.value,
    }


def require_credential(role: Role, credential: Credential) -> None:
    """Raise ValidationFailed for a credential that somebody of the role does not work under."""
    if not may_work_as(role, credential):
        raise ValidationFailed({"credential": [_NOT_THAT]})


def refuse_times(started_at: datetime, ended_at: datetime, at: datetime) -> None:
    """Raise ValidationFailed for times that no entry can have."""
    faults = time_faults(started_at, ended_at, at)
    if faults:
        raise ValidationFailed({name: [text] for name, text in faults.items()})


def refuse_overlap(session: Session, span: Span) -> None:
    """Raise TimeOverlap when the person's time is logged, or running, in these minutes."""
    rows = [*session.execute(_logged(span)), *session.execute(_running(span))]
    if rows:
        same = all(patient_id == span.patient_id for _, patient_id in rows)
        raise TimeOverlap("TIME_DOUBLE_COUNTED" if same else "ONE_PLACE_AT_A_TIME", [row_id for row_id, _ in rows])


@contextmanager
def overlaps_told(session: Session, span: Span) -> Iterator[None]:
    """Turn the database's refusal of an overlap into TimeOverlap; only what is done within is rolled back."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        refuse_overlap(session, span)
        raise Conflict(_OFTEN) from error


def show_time_log(session: Session, log: TimeLog) -> ShownTimeLog:
    """Return an entry with the names that belong to it."""
    patient, person = session.execute(
        select(Patient, User)
        .join(User, User.practice_id == Patient.practice_id)
        .where(
            Patient.practice_id == log.practice_id, Patient.id == log.patient_id,
            User.practice_id == log.practice_id, User.id == log.user_id,
        )
    ).one()  # fmt: skip
    return ShownTimeLog(log, patient, f"{person.first_name} {person.last_name}")


def lock_named_patient(session: Session, actor: Actor, patient_id: UUID) -> Patient:
    """Hold the record against a merge; work on an archived one may still be written down."""
    try:
        patient = lock_patient(session, actor, patient_id)
    except NotFound as error:
        raise ValidationFailed({"patient_id": ["No such patient."]}) from error
    if patient.merged_into is not None:
        raise PatientMerged
    return patient


def _logged(span: Span) -> Any:
    query = select(TimeLog.id, TimeLog.patient_id).where(
        TimeLog.practice_id == span.practice_id,
        TimeLog.user_id == span.user_id,
        TimeLog.voided_at.is_(None),
        TimeLog.started_at.between(span.started_at - LONGEST_ENTRY, span.ended_at),
        TimeLog.started_at < span.ended_at,
        TimeLog.ended_at > span.started_at,
    )
    return query.where(TimeLog.id != span.besides) if span.besides else query


def _running(span: Span) -> Any:
    same = (TimerStretch.practice_id == Timer.practice_id) & (TimerStretch.timer_id == Timer.id)
    query = (
        select(Timer.id, Timer.patient_id)
        .distinct()
        .join(TimerStretch, same)
        .where(
            Timer.practice_id == span.practice_id,
            Timer.user_id == span.user_id,
            Timer.stopped_at.is_(None),
            TimerStretch.started_at < span.ended_at,
            or_(TimerStretch.ended_at.is_(None), TimerStretch.ended_at > span.started_at),
        )
    )
    return query.where(Timer.id != span.besides) if span.besides else query
