"""The billing ledger: listing lines, entering one by hand, reading and changing one."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.clocks import period_from
from app.domain.billing.entries import (
    ALWAYS_CHANGEABLE,
    CHANGEABLE,
    EntryOrdering,
    EntryQuery,
    EntryStatus,
    NewBillingEntry,
)
from app.domain.billing.rules import Kind, rule_book
from app.domain.errors import Conflict, NotFound, ValidationFailed
from app.domain.paging import Page
from app.models import BillingEntry, Enrollment, Patient
from app.models.base import new_id
from app.services.enrolment.checks import require_version
from app.services.transaction import transaction


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """A line with its patient's name."""

    entry: BillingEntry
    patient: Patient


def list_entries(actor: Actor, query: EntryQuery) -> Page[LedgerLine]:
    """Return one page of the practice's ledger."""
    conditions = _conditions(actor, query)
    with transaction() as session:
        count = session.scalar(select(func.count()).select_from(BillingEntry).where(*conditions)) or 0
        rows = session.execute(
            _lines(actor)
            .where(*conditions)
            .order_by(*_ORDER[query.ordering])
            .offset(query.paging.offset)
            .limit(query.paging.page_size)
        )
        lines = [LedgerLine(entry, patient) for entry, patient in rows]
        shown = {line.patient.id for line in lines}
        events.record(session, "billing_entry:list", "billing_entry", subject_ids=sorted(shown))
        return Page(lines, count, query.paging)


def create_entry(actor: Actor, new: NewBillingEntry) -> LedgerLine:
    """Enter a line by hand.

    Raises ValidationFailed when the patient is not one of the practice's, or the code is not in force on the day. What
    clashes with other lines is told by the line itself, and refused when it is to be submitted.
    """
    with transaction() as session:
        patient = session.scalar(
            select(Patient).where(Patient.practice_id == actor.practice_id, Patient.id == new.patient_id)
        )
        if patient is None:
            raise ValidationFailed({"patient_id": ["No such patient."]})
        _require_in_force(new.cpt_code, new.service_date)
        entry = BillingEntry(
            id=new_id(), practice_id=actor.practice_id, patient_id=patient.id, cpt_code=new.cpt_code,
            status=EntryStatus.PENDING.value, auto_generated=False,
        )  # fmt: skip
        written = {name: getattr(new, name) for name in CHANGEABLE}
        write_fields(entry, {**written, "icd10_codes": list(new.icd10_codes)})
        entry.episode_id = _episode_of(session, entry)
        session.add(entry)
        return LedgerLine(entry, patient)


def update_entry(actor: Actor, entry_id: UUID, changes: dict[str, Any], version: int | None) -> LedgerLine:
    """Change the named fields: all of a pending line by hand, the notes of any other.

    Raises NotFound, StaleVersion, and Conflict for a field that is no longer to be changed.
    """
    with transaction() as session:
        line = find_line(session, actor, entry_id, lock=True)
        require_version(line.entry, version)
        is_open = line.entry.status == EntryStatus.PENDING.value and not line.entry.auto_generated
        fixed = changes.keys() - (CHANGEABLE if is_open else ALWAYS_CHANGEABLE)
        if fixed:
            raise Conflict(f"Of this line only the notes can be changed, not {', '.join(sorted(fixed))}.")
        if "service_date" in changes:
            _require_in_force(line.entry.cpt_code, changes["service_date"])
        write_fields(line.entry, changes)
        session.flush()
        return line


def find_line(session: Session, actor: Actor, entry_id: UUID, *, lock: bool = False) -> LedgerLine:
    """Return a line of the practice with its patient; raises NotFound for any other."""
    wanted = _lines(actor).where(BillingEntry.id == entry_id)
    row = session.execute(wanted.with_for_update(of=BillingEntry) if lock else wanted).one_or_none()
    if row is None:
        raise NotFound
    return LedgerLine(*row)


def write_fields(entry: BillingEntry, values: dict[str, Any]) -> None:
    """Write fields of a line by hand; the period is what follows from its first day."""
    for name, value in values.items():
        setattr(entry, name, value)
    if "period_start" in values:
        start = values["period_start"]
        entry.period_end = period_from(start).ends_on if start else None


def _lines(actor: Actor) -> Select[BillingEntry, Patient]:
    same = (Patient.practice_id == BillingEntry.practice_id) & (Patient.id == BillingEntry.patient_id)
    return (
        select(BillingEntry, Patient)
        .join(Patient, same)
        .where(BillingEntry.practice_id == actor.practice_id)
    )  # fmt: skip


def _require_in_force(code: str, day: date) -> None:
    """Refuse a code that the rules of its service date do not know; days without rules are left to people."""
    rules = rule_book().on(day)
    if rules is not None and code not in rules.by_code:
        raise ValidationFailed({"cpt_code": [f"Not in force on {day.isoformat()}."]})


def _episode_of(session: Session, entry: BillingEntry) -> UUID | None:
    """Return the episode of care that a set-up line belongs to: of the program's enrolment on its service date."""
    rule = rule_book().codes[entry.cpt_code]
    if rule.kind is not Kind.SETUP or rule.program is None:
        return None
    return session.scalar(
        select(Enrollment.episode_id)
        .where(
            Enrollment.practice_id == entry.practice_id,
            Enrollment.patient_id == entry.patient_id,
            Enrollment.program == rule.program.value,
            Enrollment.starts_on <= entry.service_date,
            func.coalesce(Enrollment.ends_on, date.max) >= entry.service_date,
        )
        .limit(1)
    )


_ORDER: dict[EntryOrdering, tuple[ColumnElement[Any], ...]] = {
    "-service_date": (BillingEntry.service_date.desc(), BillingEntry.id.asc()),
    "service_date": (BillingEntry.service_date.asc(), BillingEntry.id.asc()),
    "amount": (BillingEntry.amount.asc(), BillingEntry.id.asc()),
}


def _conditions(actor: Actor, query: EntryQuery) -> list[ColumnElement[bool]]:
    conditions = [BillingEntry.practice_id == actor.practice_id]
    if query.date_from is not None:
        conditions.append(BillingEntry.service_date >= query.date_from)
    if query.date_to is not None:
        conditions.append(BillingEntry.service_date <= query.date_to)
    if query.status is not None:
        conditions.append(BillingEntry.status == query.status.value)
    if query.cpt_code is not None:
        conditions.append(BillingEntry.cpt_code == query.cpt_code)
    if query.patient_id is not None:
        conditions.append(BillingEntry.patient_id == query.patient_id)
    return conditions
