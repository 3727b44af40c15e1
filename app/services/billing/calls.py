"""Recording calls with patients, voiding and correcting them, and reading them.

A call is written once. What was wrong is voided, or corrected by a new call that names it; the minutes in the time log
go with it in the same transaction, so a call and its minutes never say different things.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.time_logs import TimeSource
from app.domain.calls import CallOutcome, NewCall, call_faults, call_span
from app.domain.errors import Conflict, NotFound, PatientMerged, PermissionDenied, ValidationFailed
from app.domain.paging import Page, PageRequest
from app.domain.roles import Permission
from app.models import PatientCall, TimeLog
from app.models.base import new_id
from app.services.accounts.users import names_of
from app.services.billing.call_time import NotLogged, log_call, take_back
from app.services.enrolment.checks import lock_patient, require_version
from app.services.patients.records import find_visible
from app.services.transaction import now, transaction

_NO_SUCH = "No such call of this patient."
_VOIDED = "The call is void and stays as it was."


@dataclass(frozen=True, slots=True)
class ShownCall:
    """A call, who made it, its entry of the time log, and why it has none when its minutes are logged elsewhere."""

    call: PatientCall
    user_name: str
    time_log_id: UUID | None = None
    not_logged: NotLogged | None = None


def record_call(actor: Actor, patient_id: UUID, new: NewCall) -> ShownCall:
    """Write a call down and log its minutes when somebody was reached.

    Raises NotFound, PatientMerged, and ValidationFailed for times that are not right or no call to correct.
    """
    with transaction() as session:
        patient = lock_patient(session, actor, patient_id)
        if patient.merged_into is not None:
            raise PatientMerged
        at = now()
        _refuse_faults(call_faults(new, at))
        former = _void_former(session, actor, patient.id, new)
        started_at, ended_at = call_span(new, at)
        call = PatientCall(
            id=new_id(), practice_id=actor.practice_id, patient_id=patient.id,
            user_id=former.user_id if former else actor.user_id, mode=new.mode.value, direction=new.direction.value,
            outcome=new.outcome.value, program=new.program.value, started_at=started_at, ended_at=ended_at,
            corrects_id=new.corrects,
        )  # fmt: skip
        call.note = new.note
        session.add(call)
        session.flush()
        refusal = log_call(session, actor, call, new.work) if new.outcome is CallOutcome.REACHED else None
        return _shown(session, call, refusal)


def void_call(actor: Actor, patient_id: UUID, call_id: UUID, reason: str, version: int | None) -> ShownCall:
    """Take a call and its minutes out of every count; both stay on record. Raises Conflict when it is void already."""
    with transaction() as session:
        lock_patient(session, actor, patient_id)
        call = _find(session, actor, patient_id, call_id, for_change=True)
        require_version(call, version)
        _void(session, actor, call, reason)
        session.flush()
        return _shown(session, call)


def get_call(actor: Actor, patient_id: UUID, call_id: UUID) -> ShownCall:
    """Return one call; raises NotFound."""
    with transaction() as session:
        find_visible(session, actor, patient_id)
        call = _find(session, actor, patient_id, call_id)
        events.record(session, "patient_call:read", "patient_call", resource_id=call.id, patient_id=patient_id)
        return _shown(session, call)


def list_calls(actor: Actor, patient_id: UUID, paging: PageRequest) -> Page[ShownCall]:
    """Return one page of a visible patient's calls, the latest first, those that are void among them."""
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        own = PatientCall.practice_id == actor.practice_id, PatientCall.patient_id == patient.id
        count = session.scalar(select(func.count()).select_from(PatientCall).where(*own)) or 0
        latest = select(PatientCall).where(*own).order_by(PatientCall.started_at.desc(), PatientCall.id.desc())
        rows = session.scalars(latest.offset(paging.offset).limit(paging.page_size)).all()
        names = names_of(session, actor.practice_id, {row.user_id for row in rows}) if rows else {}
        logged = _entries_of(session, actor.practice_id, rows)
        events.record(session, "patient_call:list", "patient_call", patient_id=patient.id)
        return Page([ShownCall(row, names[row.user_id], logged.get(row.id)) for row in rows], count, paging)


def _refuse_faults(faults: dict[str, str]) -> None:
    if faults:
        raise ValidationFailed({name: [text] for name, text in faults.items()})


def _void_former(session: Session, actor: Actor, patient_id: UUID, new: NewCall) -> PatientCall | None:
    """Void the call that the new one corrects, if it corrects one."""
    if new.corrects is None:
        return None
    try:
        former = _find(session, actor, patient_id, new.corrects, for_change=True)
    except NotFound as error:
        raise ValidationFailed({"corrects": [_NO_SUCH]}) from error
    _void(session, actor, former, new.reason or "")
    return former


def _void(session: Session, actor: Actor, call: PatientCall, reason: str) -> None:
    if call.user_id != actor.user_id and not actor.may(Permission.WRITE_ALL_TIME_LOGS):
        raise PermissionDenied("Only who made a call, or a clinical manager, can void or correct it.")
    if call.voided_at is not None:
        raise Conflict(_VOIDED)
    call.voided_at, call.voided_by, call.void_reason = now(), actor.user_id, reason
    events.record(session, "patient_call:void", "patient_call", resource_id=call.id, patient_id=call.patient_id)
    take_back(session, actor, call, reason)


def _find(session: Session, actor: Actor, patient_id: UUID, call_id: UUID, *, for_change: bool = False) -> PatientCall:
    wanted = select(PatientCall).where(
        PatientCall.practice_id == actor.practice_id,
        PatientCall.patient_id == patient_id,
        PatientCall.id == call_id,
    )
    call = session.scalar(wanted.with_for_update().execution_options(populate_existing=True) if for_change else wanted)
    if call is None:
        raise NotFound
    return call


def _shown(session: Session, call: PatientCall, refusal: NotLogged | None = None) -> ShownCall:
    names = names_of(session, call.practice_id, {call.user_id})
    return ShownCall(call, names[call.user_id], _entries_of(session, call.practice_id, [call]).get(call.id), refusal)


def _entries_of(session: Session, practice_id: UUID, calls: Sequence[PatientCall]) -> dict[Any, UUID]:
    """Return the standing entry of each call that has one."""
    rows = session.execute(
        select(TimeLog.source_id, TimeLog.id).where(
            TimeLog.practice_id == practice_id,
            TimeLog.user_id.in_({call.user_id for call in calls}),
            TimeLog.source == TimeSource.CALL.value,
            TimeLog.source_id.in_([call.id for call in calls]),
            TimeLog.voided_at.is_(None),
        )
    )
    return {row.source_id: row.id for row in rows}
