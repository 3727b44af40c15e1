"""The billing ledger: listing lines and entering one by hand."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.entries import EntryOrdering, EntryQuery, EntryStatus, NewBillingEntry
from app.domain.errors import ValidationFailed
from app.domain.paging import Page
from app.models import BillingEntry, Patient
from app.models.base import new_id
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
            select(BillingEntry, Patient)
            .join(
                Patient,
                (Patient.practice_id == BillingEntry.practice_id) & (Patient.id == BillingEntry.patient_id),
            )
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
    """Enter a line by hand; raises ValidationFailed when the patient is not one of the practice's."""
    with transaction() as session:
        patient = session.scalar(
            select(Patient).where(Patient.practice_id == actor.practice_id, Patient.id == new.patient_id)
        )
        if patient is None:
            raise ValidationFailed({"patient_id": ["No such patient."]})
        entry = BillingEntry(
            id=new_id(),
            practice_id=actor.practice_id,
            patient_id=patient.id,
            cpt_code=new.cpt_code,
            service_date=new.service_date,
            duration_minutes=new.duration_minutes,
            amount=new.amount,
            status=EntryStatus.PENDING.value,
            payer=new.payer,
            icd10_codes=list(new.icd10_codes),
            auto_generated=False,
        )
        entry.notes = new.notes
        session.add(entry)
        return LedgerLine(entry, patient)


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
