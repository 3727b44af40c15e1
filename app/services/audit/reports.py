"""Reading the audit trail: searching it, exporting it, and telling who looked at one patient. All of it is recorded."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, Select, Table, func, or_, select, text
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.audit import CLINICAL_TYPES, EventFilter, EventQuery, ExportFormat, Outcome, Who
from app.domain.fhir.audit_event import AuditFacts, audit_event
from app.domain.paging import Page, PageRequest
from app.domain.roles import Role
from app.extensions import db
from app.models import AuditEvent, Patient, User
from app.services.patients.records import find_visible, visible_to
from app.services.transaction import transaction

CSV_COLUMNS = (
    "at", "id", "user_id", "user", "action", "resource_type", "resource_id", "patient_id", "subject_ids", "outcome",
    "fields", "ip", "request_id", "session_id", "reason", "break_glass_id",
)  # fmt: skip
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_ROWS_AT_ONCE = 1_000
_AS_PRACTICE = text("SELECT set_config('app.practice_id', :practice, true)")
_EVENTS: Table = AuditEvent.metadata.tables["audit_events"]
People = dict[int, Who]


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One event and the person who acted."""

    event: Any
    who: Who | None


def list_events(actor: Actor, query: EventQuery) -> Page[ReportLine]:
    """Return one page of the practice's events."""
    conditions = _conditions(actor, query.wanted)
    with transaction() as session:
        page = _page(session, actor, conditions, query)
        wanted = query.wanted
        events.record(session, "audit:search", "audit_event", patient_id=wanted.patient_id, fields=wanted.named())
        return page


def list_accesses(actor: Actor, patient_id: UUID, paging: PageRequest) -> Page[ReportLine]:
    """Return who saw or changed one patient's record, newest first; a clinical manager sees the clinical part."""
    with transaction() as session:
        return find_accesses(session, actor, find_visible(session, actor, patient_id), paging)


def find_accesses(session: Session, actor: Actor, patient: Patient, paging: PageRequest) -> Page[ReportLine]:
    """Return the same within the caller's transaction; that the log was read is recorded in it."""
    conditions = _conditions(actor, EventFilter(patient_id=patient.id))
    if actor.role is Role.CLINICAL_MANAGER:
        conditions.append(AuditEvent.resource_type.in_(CLINICAL_TYPES))
    page = _page(session, actor, conditions, EventQuery(EventFilter(), paging))
    events.record(session, "patient:access_log", "patient", resource_id=patient.id, patient_id=patient.id)
    return page


def export_events(actor: Actor, wanted: EventFilter, form: ExportFormat) -> Iterator[str]:
    """Return the events as lines of text, oldest first, read as they are sent; the export is recorded beforehand."""
    with transaction() as session:
        people = _people(session, actor, None)
        events.record(
            session, "audit:export", "audit_event",
            patient_id=wanted.patient_id, fields=wanted.named(), reason=form.value,
        )  # fmt: skip
    query = select(_EVENTS).where(*_conditions(actor, wanted)).order_by(_EVENTS.c.at, _EVENTS.c.id)
    write = _csv_line if form is ExportFormat.CSV else _fhir_line
    head = [_csv(CSV_COLUMNS)] if form is ExportFormat.CSV else []
    return _stream(db.engine, actor.practice_id, query, head, lambda row: write(row, people))


def list_people(actor: Actor) -> list[Who]:
    """Return everybody of the practice whom events may name, by address."""
    with transaction() as session:
        return sorted(_people(session, actor, None).values(), key=lambda who: who.email)


def name_patients(actor: Actor, patient_ids: set[UUID]) -> dict[UUID, str]:
    """Return the names behind patients' ids, for people to read; that is recorded like any list of patients."""
    if not patient_ids:
        return {}
    with transaction() as session:
        found = session.scalars(visible_to(actor).where(Patient.id.in_(patient_ids))).all()
        events.record(session, "patient:list", "patient", subject_ids=[patient.id for patient in found])
        return {patient.id: f"{patient.first_name} {patient.last_name}" for patient in found}


def _page(session: Session, actor: Actor, conditions: list[ColumnElement[bool]], query: EventQuery) -> Page[ReportLine]:
    count = session.scalar(select(func.count()).select_from(AuditEvent).where(*conditions)) or 0
    rows = session.scalars(
        select(AuditEvent)
        .where(*conditions)
        .order_by(*_order(query.ordering))
        .offset(query.paging.offset)
        .limit(query.paging.page_size)
    ).all()
    people = _people(session, actor, {row.user_id for row in rows if row.user_id is not None})
    lines = [ReportLine(row, people.get(row.user_id) if row.user_id is not None else None) for row in rows]
    return Page(lines, count, query.paging)


def _order(ordering: str) -> tuple[ColumnElement[Any], ...]:
    column = getattr(AuditEvent, ordering.removeprefix("-"))
    if ordering.startswith("-"):
        return column.desc().nulls_last(), AuditEvent.at.desc(), AuditEvent.id.desc()
    return column.asc().nulls_last(), AuditEvent.at.asc(), AuditEvent.id.asc()


def _conditions(actor: Actor, wanted: EventFilter) -> list[ColumnElement[bool]]:
    concerns = or_(AuditEvent.patient_id == wanted.patient_id, AuditEvent.subject_ids.contains([wanted.patient_id]))
    asked: tuple[tuple[object, Callable[[], ColumnElement[bool]]], ...] = (
        (wanted.since, lambda: AuditEvent.at >= wanted.since),
        (wanted.until, lambda: AuditEvent.at < wanted.until),
        (wanted.user_id, lambda: AuditEvent.user_id == wanted.user_id),
        (wanted.patient_id, lambda: concerns),
        (wanted.action, lambda: AuditEvent.action == wanted.action),
        (wanted.outcome, lambda: AuditEvent.outcome == wanted.outcome),
    )
    own = AuditEvent.practice_id == actor.practice_id
    return [own, *(condition() for value, condition in asked if value is not None)]


def _people(session: Session, actor: Actor, user_ids: set[int] | None) -> People:
    """Return the persons behind these ids, or all of the practice."""
    query = select(User).where(User.practice_id == actor.practice_id)
    if user_ids is not None:
        query = query.where(User.id.in_(user_ids))
    return {
        user.id: Who(user.id, f"{user.first_name} {user.last_name}", user.email, user.role)
        for user in session.scalars(query)
    }


def _stream(
    engine: Engine, practice_id: UUID, query: Select[Any], head: Sequence[str], write: Callable[[Any], str]
) -> Iterator[str]:
    """Yield lines while the database yields rows: neither side ever holds more than some."""
    yield from head
    with engine.connect() as connection, connection.begin():
        connection.execute(
            text("SELECT set_config('app.practice_id', :practice, true)"), {"practice": str(practice_id)}
        )
        for rows in connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query).partitions():
            yield "".join(map(write, rows))


def _csv_line(row: Any, people: People) -> str:
    who = people.get(row.user_id)
    lists = {name: ";".join(map(str, getattr(row, name) or ())) for name in ("subject_ids", "fields")}
    values = {**row._mapping, **lists, "at": row.at.isoformat().replace("+00:00", "Z"), "user": who and who.email}  # noqa: SLF001 - SQLAlchemy's public name for it
    return _csv([values[name] for name in CSV_COLUMNS])


def _csv(cells: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(map(safe_cell, cells))
    return out.getvalue()


def safe_cell(value: object) -> str:
    """Return a value as a spreadsheet shows it and never runs it."""
    cell = "" if value is None else str(value)
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _fhir_line(row: Any, people: People) -> str:
    facts = AuditFacts(
        id=row.id, at=row.at, who=people.get(row.user_id), user_id=row.user_id, action=row.action,
        resource_type=row.resource_type, resource_id=row.resource_id, patient_id=row.patient_id,
        subject_ids=tuple(row.subject_ids or ()), outcome=Outcome(row.outcome), ip=row.ip and str(row.ip),
        request_id=row.request_id, reason=row.reason, break_glass_id=row.break_glass_id,
    )  # fmt: skip
    return json.dumps(audit_event(facts), separators=(",", ":")) + "\n"
