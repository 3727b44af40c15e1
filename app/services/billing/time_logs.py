"""Reading time that was logged: lists, one entry, and the plain facts that counting works on."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Select, cast, func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.local_months import Month
from app.domain.billing.time_logs import LONGEST_ENTRY, Activity, Credential, Mode, MonthQuery, TimeEntry, TimeLogQuery
from app.domain.enrolment.programs import Program
from app.domain.paging import Page
from app.domain.roles import Permission
from app.models import Patient, TimeLog
from app.services.accounts.users import names_of
from app.services.billing.time_corrections import find_time_log
from app.services.billing.time_entries import ShownTimeLog, show_time_log
from app.services.transaction import transaction

_OF_PATIENT = (Patient.practice_id == TimeLog.practice_id) & (Patient.id == TimeLog.patient_id)
_ORDER: dict[str, tuple[ColumnElement[Any], ...]] = {
    "-started_at": (TimeLog.started_at.desc(), TimeLog.id.asc()),
    "started_at": (TimeLog.started_at.asc(), TimeLog.id.asc()),
}


@dataclass(frozen=True, slots=True)
class PatientTime:
    """A patient with what was logged for them."""

    patient_id: UUID
    timezone: str
    entries: list[TimeEntry]


def list_time_logs(actor: Actor, query: TimeLogQuery) -> Page[ShownTimeLog]:
    """Return one page of entries: the actor's own, or the whole practice's when they may read those."""
    with transaction() as session:
        conditions = [TimeLog.practice_id == actor.practice_id, *_conditions(actor, query)]
        counted = select(func.count()).select_from(TimeLog).join(Patient, _OF_PATIENT).where(*conditions)
        count = session.scalar(counted) or 0
        wanted = (
            select(TimeLog, Patient).join(Patient, _OF_PATIENT).where(*conditions).order_by(*_ORDER[query.ordering])
        )
        rows = session.execute(wanted.offset(query.paging.offset).limit(query.paging.page_size)).all()
        names = names_of(session, actor.practice_id, {log.user_id for log, _ in rows}) if rows else {}
        shown = sorted({patient.id for _, patient in rows})
        events.record(session, "time_log:list", "time_log", subject_ids=shown)
        return Page([ShownTimeLog(log, patient, names[log.user_id]) for log, patient in rows], count, query.paging)


def get_time_log(actor: Actor, time_log_id: UUID) -> ShownTimeLog:
    """Return one entry; raises NotFound for ids the actor cannot see."""
    with transaction() as session:
        log = find_time_log(session, actor, time_log_id, Permission.READ_ALL_TIME_LOGS)
        events.record(session, "time_log:read", "time_log", resource_id=log.id, patient_id=log.patient_id)
        return show_time_log(session, log)


def load_time(
    session: Session, practice_id: UUID, month: Month, patient_ids: Collection[UUID] | None = None
) -> dict[UUID, PatientTime]:
    """Return the standing entries that touch a local month, by patient, in one statement; for billing as well.

    Those of the named patients, or of all. Patients without any are left out.
    """
    query = (
        select(*_FACTS, Patient.timezone)
        .join(Patient, _OF_PATIENT)
        .where(TimeLog.practice_id == practice_id, TimeLog.voided_at.is_(None), *touches(month))
    )
    if patient_ids is not None:
        query = query.where(TimeLog.patient_id.in_(patient_ids))
    entries, zones = defaultdict(list), {}
    for row in session.execute(query):
        entries[row.patient_id].append(_entry(row))
        zones[row.patient_id] = row.timezone
    return {patient_id: PatientTime(patient_id, zones[patient_id], found) for patient_id, found in entries.items()}


def with_time(
    practice_id: UUID, query: MonthQuery, month: Month, user_id: int | None = None
) -> Select[UUID, str]:  # fmt: skip
    """Ask for each patient and program with standing time in a local month, once; of one person when one is named."""
    pairs = select(TimeLog.patient_id, TimeLog.program).distinct().join(Patient, _OF_PATIENT)
    pairs = pairs.where(TimeLog.practice_id == practice_id, TimeLog.voided_at.is_(None), *touches(month))
    for column, wanted in (
        (TimeLog.patient_id, query.patient_id), (TimeLog.program, query.program), (TimeLog.user_id, user_id),
    ):  # fmt: skip
        if wanted is not None:
            pairs = pairs.where(column == wanted)
    return pairs


def touches(month: Month) -> tuple[ColumnElement[bool], ...]:
    """Say in SQL that an entry, joined with its patient, has time in the month where the patient lives."""
    begins, ends = (_midnight(one) for one in (month, month.next))
    around = month.starts_at("Etc/GMT-14") - LONGEST_ENTRY, month.next.starts_at("Etc/GMT+12")  # for the index
    return TimeLog.started_at.between(*around), TimeLog.ended_at > begins, TimeLog.started_at < ends


def _midnight(month: Month) -> ColumnElement[Any]:
    return func.timezone(Patient.timezone, cast(month.first_day.isoformat(), DateTime(timezone=False)))


def _conditions(actor: Actor, query: TimeLogQuery) -> list[ColumnElement[bool]]:
    conditions = [] if actor.may(Permission.READ_ALL_TIME_LOGS) else [TimeLog.user_id == actor.user_id]
    for column, wanted in (
        (TimeLog.patient_id, query.patient_id), (TimeLog.user_id, query.user_id), (TimeLog.program, query.program),
        (TimeLog.activity, query.activity), (TimeLog.source, query.source),
    ):  # fmt: skip
        if wanted is not None:
            conditions.append(column == wanted)
    if query.is_voided is not None:
        conditions.append(TimeLog.voided_at.isnot(None) if query.is_voided else TimeLog.voided_at.is_(None))
    if query.month is not None:
        conditions.extend(touches(query.month))
    return conditions


_FACTS = (
    TimeLog.patient_id, TimeLog.id, TimeLog.user_id, TimeLog.program, TimeLog.activity, TimeLog.mode,
    TimeLog.is_interactive, TimeLog.credential, TimeLog.started_at, TimeLog.ended_at,
    TimeLog.note_enc.isnot(None).label("has_note"),
)  # fmt: skip


def _entry(row: Any) -> TimeEntry:
    return TimeEntry(
        row.id, row.user_id, Program(row.program), Activity(row.activity), Mode(row.mode), row.is_interactive,
        Credential(row.credential), row.started_at, row.ended_at, row.has_note,
    )  # fmt: skip
