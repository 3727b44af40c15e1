"""Editing an entry of time, voiding it, and what it said before: nothing is ever written over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.time_logs import LIVE_MODES, Activity, Credential, Mode, TimeSource, Work
from app.domain.enrolment.programs import Program
from app.domain.errors import Conflict, NotFound
from app.domain.paging import Page, PageRequest
from app.domain.roles import Permission, Role
from app.models import TimeLog, TimeLogRevision
from app.models.base import new_id
from app.services.accounts.users import names_of
from app.services.billing.time_entries import (
    ShownTimeLog,
    Span,
    lock_person,
    overlaps_told,
    refuse_overlap,
    refuse_times,
    show_time_log,
    values_of,
)
from app.services.enrolment.checks import require_version
from app.services.transaction import now, transaction

_VOIDED = "The entry is void and stays as it was."
_OF_THE_CALL = "Times, way and live contact are the call's own: correct the call, and its minutes follow."
_SAID_BY_CALL = ("mode", "is_interactive", "started_at", "ended_at")
_KEPT = ("program", "activity", "mode", "is_interactive", "credential", "started_at", "ended_at")


@dataclass(frozen=True, slots=True)
class ShownRevision:
    """What an entry said before, and the name of who changed it."""

    row: TimeLogRevision
    changed_by_name: str


def update_time_log(
    actor: Actor, time_log_id: UUID, changes: dict[str, Any], reason: str, version: int | None
) -> ShownTimeLog:
    """Change the named fields and keep what stood there before, with who, when and why.

    Raises NotFound, StaleVersion, Conflict for a void entry, TimeOverlap and ValidationFailed as a new entry would.
    """
    with transaction() as session:
        log = _lock_for_change(session, actor, time_log_id, version)
        person = lock_person(session, actor, log.user_id)
        former, note = {name: getattr(log, name) for name in _KEPT}, log.note or ""
        values = _values_after(log, changes, Role(person.role))
        if values == former and changes.get("note", note) == note:
            return show_time_log(session, log)
        _refuse_to_belie_the_call(log, values)
        refuse_times(values["started_at"], values["ended_at"], now())
        span = Span(
            log.practice_id, log.user_id, log.patient_id, values["started_at"], values["ended_at"], log.id
        )  # fmt: skip
        refuse_overlap(session, span)
        with overlaps_told(session, span):
            _keep(session, actor, log, former, note, reason)
            for name, value in values.items():
                setattr(log, name, value)
            log.note = changes.get("note", note) or None
            session.flush()
        return show_time_log(session, log)


def void_time_log(actor: Actor, time_log_id: UUID, reason: str, version: int | None) -> ShownTimeLog:
    """Take an entry out of every count; it stays on record. Raises Conflict when it is void already."""
    with transaction() as session:
        log = _lock_for_change(session, actor, time_log_id, version)
        take_out(session, actor, log, reason)
        return show_time_log(session, log)


def take_out(session: Session, actor: Actor, log: TimeLog, reason: str) -> None:
    """Void an entry that is locked, within a use case."""
    log.voided_at, log.voided_by, log.void_reason = now(), actor.user_id, reason
    events.record(session, "time_log:void", "time_log", resource_id=log.id, patient_id=log.patient_id)
    session.flush()


def list_revisions(actor: Actor, time_log_id: UUID, paging: PageRequest) -> Page[ShownRevision]:
    """Return one page of what an entry said before, the latest first."""
    with transaction() as session:
        log = find_time_log(session, actor, time_log_id, Permission.READ_ALL_TIME_LOGS)
        mine = TimeLogRevision.practice_id == log.practice_id, TimeLogRevision.time_log_id == log.id
        count = session.scalar(select(func.count()).select_from(TimeLogRevision).where(*mine)) or 0
        latest = select(TimeLogRevision).where(*mine).order_by(TimeLogRevision.version.desc())
        rows = session.scalars(latest.offset(paging.offset).limit(paging.page_size)).all()
        names = names_of(session, log.practice_id, {row.changed_by for row in rows}) if rows else {}
        events.record(session, "time_log:history", "time_log", resource_id=log.id, patient_id=log.patient_id)
        return Page([ShownRevision(row, names[row.changed_by]) for row in rows], count, paging)


def find_time_log(
    session: Session, actor: Actor, time_log_id: UUID, everybodys: Permission, *, for_change: bool = False
) -> TimeLog:
    """Return an entry of the actor's own, or of anybody's with the permission `everybodys`; raises NotFound."""
    wanted = select(TimeLog).where(TimeLog.practice_id == actor.practice_id, TimeLog.id == time_log_id)
    if not actor.may(everybodys):
        wanted = wanted.where(TimeLog.user_id == actor.user_id)
    log = session.scalar(wanted.with_for_update().execution_options(populate_existing=True) if for_change else wanted)
    if log is None:
        raise NotFound
    return log


def _lock_for_change(session: Session, actor: Actor, time_log_id: UUID, version: int | None) -> TimeLog:
    """Lock whose time it is before the entry, as whoever writes a new one does; then look at the entry again."""
    seen = find_time_log(session, actor, time_log_id, Permission.WRITE_ALL_TIME_LOGS)
    lock_person(session, actor, seen.user_id)
    log = find_time_log(session, actor, time_log_id, Permission.WRITE_ALL_TIME_LOGS, for_change=True)
    require_version(log, version)
    if log.voided_at is not None:
        raise Conflict(_VOIDED)
    return log


def _refuse_to_belie_the_call(log: TimeLog, values: dict[str, Any]) -> None:
    """Raise Conflict when an entry of a call would say of when and how something else than the call does."""
    if log.source == TimeSource.CALL and any(values[name] != getattr(log, name) for name in _SAID_BY_CALL):
        raise Conflict(_OF_THE_CALL)


def _values_after(log: TimeLog, changes: dict[str, Any], role: Role) -> dict[str, Any]:
    """Return the columns as they will be. A contact that is no longer in a live mode is no longer a live one."""
    mode = changes.get("mode") or Mode(log.mode)
    work = Work(
        program=changes.get("program") or Program(log.program),
        activity=changes.get("activity") or Activity(log.activity),
        mode=mode,
        is_interactive=changes.get("is_interactive", log.is_interactive and mode in LIVE_MODES),
        credential=changes.get("credential") or Credential(log.credential),
    )
    times: dict[str, datetime] = {name: changes.get(name, getattr(log, name)) for name in ("started_at", "ended_at")}
    return {**values_of(work, role), **times}


def _keep(session: Session, actor: Actor, log: TimeLog, former: dict[str, Any], note: str, reason: str) -> None:
    row = TimeLogRevision(
        id=new_id(),
        practice_id=log.practice_id,
        time_log_id=log.id,
        version=log.version,
        changed_by=actor.user_id,
        **former,
    )
    row.note, row.reason = note or None, reason
    session.add(row)
