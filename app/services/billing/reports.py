"""Reports of a practice's billing: revenue, days and minutes, and what was almost billable. As JSON and as CSV.

Files are made batch by batch, each batch a transaction whose audit event names the patients in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.clocks import Window, bounds, month_of
from app.domain.billing.days import truth_table
from app.domain.billing.entries import EntryStatus
from app.domain.billing.facts import Book, Horizon, PatientFacts
from app.domain.billing.insight import MonthReportQuery, RevenueGroup, RevenueQuery
from app.domain.billing.leakage import ComplianceRow, LeakRow, compliance_rows, leak_rows, lost_days
from app.domain.billing.local_months import Month
from app.domain.billing.local_months import month_of as local_month
from app.domain.enrolment.coverage import coverage_on
from app.domain.paging import Page
from app.domain.patient_csv import csv_line
from app.models import BillingEntry, Patient, Practice
from app.services.accounts.users import names_of
from app.services.billing.outlooks import every_patient, shown_patients
from app.services.billing.reading_days import load_every_reading
from app.services.enrolment.coverage import load_facts as load_enrolment
from app.services.parts import handed_on
from app.services.transaction import now, transaction

_PART = 500
_NOBODY = "none"
_COLUMNS: dict[RevenueGroup, ColumnElement[Any]] = {
    RevenueGroup.MONTH: func.to_char(BillingEntry.service_date, literal_column("'YYYY-MM'")),
    RevenueGroup.CODE: BillingEntry.cpt_code.expression,
    RevenueGroup.PAYER: func.coalesce(BillingEntry.payer, literal_column("'none'")),
    RevenueGroup.PROVIDER: Patient.provider_id.expression,
    RevenueGroup.STATUS: BillingEntry.status.expression,
}


@dataclass(frozen=True, slots=True)
class RevenueRow:
    """One group: its values by name, lines, units and dollars."""

    group: dict[str, str | None]
    lines: int
    units: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class RevenueReport:
    """All groups, and everything together."""

    group_by: tuple[RevenueGroup, ...]
    rows: list[RevenueRow]
    lines: int
    units: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of a report with its patient."""

    patient: Patient
    row: Any

    @property
    def name(self) -> str:
        """The patient's name."""
        return f"{self.patient.first_name} {self.patient.last_name}"


def revenue_report(actor: Actor, query: RevenueQuery) -> RevenueReport:
    """Sum the lines of the ledger by month, code, payer, provider or status; void ones only when asked for."""
    with transaction() as session:
        rows = _revenue_rows(session, actor, query)
        events.record(session, "billing:revenue_report", "billing_entry")
    total = sum((row.amount for row in rows), Decimal(0))
    return RevenueReport(query.group_by, rows, sum(row.lines for row in rows), sum(row.units for row in rows), total)


def revenue_csv(actor: Actor, query: RevenueQuery) -> Iterator[str]:
    """Return the revenue report as a file; it is read, and recorded, before this returns."""
    report = revenue_report(actor, query)
    names = [one.value for one in query.group_by]
    body = (csv_line([*(row.group[name] for name in names), row.lines, row.units, row.amount]) for row in report.rows)
    return chain([csv_line([*names, "lines", "units", "amount"])], body)


def compliance_report(actor: Actor, query: MonthReportQuery) -> Page[ShownRow]:
    """Return one page of days with data and minutes of a month, patient by patient."""
    return _paged(actor, query, "billing:compliance_report", compliance_rows)


def leakage_report(actor: Actor, query: MonthReportQuery) -> Page[ShownRow]:
    """Return one page of what was almost billable in a month and why it was not."""
    return _paged(actor, query, "billing:leakage_report", leak_rows)


def compliance_csv(actor: Actor, query: MonthReportQuery) -> Iterator[str]:
    """Return the compliance report as a file."""
    return _lines(actor, query, "billing:compliance_export", compliance_rows, ComplianceRow.COLUMNS)


def leakage_csv(actor: Actor, query: MonthReportQuery) -> Iterator[str]:
    """Return the leakage report as a file."""
    return _lines(actor, query, "billing:leakage_export", leak_rows, LeakRow.COLUMNS)


def _paged(actor: Actor, query: MonthReportQuery, action: str, rows_of: Any) -> Page[ShownRow]:
    with transaction() as session:
        rows = _rows(session, actor, query.month, rows_of)
        page = rows[query.paging.offset :][: query.paging.page_size]
        patients = shown_patients(session, actor, {row.patient_id for row in page})
        events.record(session, action, "billing_entry", subject_ids=sorted(patients))
        shown = [ShownRow(patients[row.patient_id], _told(session, patients[row.patient_id], row)) for row in page]
        return Page(shown, len(rows), query.paging)


def _lines(
    actor: Actor, query: MonthReportQuery, action: str, rows_of: Any, columns: Sequence[str]
) -> Iterator[str]:  # fmt: skip
    """Return the lines; all rows are judged before the first leaves, names are read a part at a time."""
    with transaction() as session:
        rows = _rows(session, actor, query.month, rows_of)
    header = csv_line(["patient_id", "patient_name", *columns])
    return handed_on(_headed(header, _parts(actor, action, rows)))


def _headed(header: str, parts: Iterator[str]) -> Iterator[str]:
    yield header + next(parts)
    yield from parts


def _parts(actor: Actor, action: str, rows: Sequence[Any]) -> Iterator[str]:
    for first in range(0, max(1, len(rows)), _PART):  # an empty report is recorded as well
        part = rows[first : first + _PART]
        with transaction() as session:
            patients = shown_patients(session, actor, {row.patient_id for row in part})
            shown = [ShownRow(patients[row.patient_id], _told(session, patients[row.patient_id], row)) for row in part]
            text = "".join(csv_line([one.patient.id, one.name, *one.row.cells()]) for one in shown)
            events.record(session, action, "billing_entry", subject_ids=sorted(patients))
        yield text


def _told(session: Session, patient: Patient, row: Any) -> Any:
    """Return a row of leakage with the days that readings did not make count, and why; any other row as it is."""
    if not isinstance(row, LeakRow) or not row.is_of_days:
        return row
    since, until = bounds(row.window, patient.timezone)
    readings = load_every_reading(session, patient.practice_id, patient.id, since, until)
    enrolment = load_enrolment(session, patient.practice_id, [patient.id])[patient.id]
    table = truth_table(
        row.window, patient.timezone, readings, lambda day: coverage_on(row.program, day, enrolment), now()
    )
    return replace(row, lost_days=lost_days(table))


def _rows(session: Session, actor: Actor, month: Month | None, rows_of: Any) -> list[Any]:
    zone = session.scalar(select(Practice.timezone).where(Practice.id == actor.practice_id)) or "UTC"
    wanted = month_of((month or local_month(now(), zone)).first_day)
    horizon = Horizon(wanted, now())
    return [
        row
        for facts, book in every_patient(session, actor, horizon)
        for row in _of_patient(facts, book, horizon, wanted, rows_of)
    ]


def _of_patient(facts: PatientFacts, book: Book, horizon: Horizon, month: Window, rows_of: Any) -> list[Any]:
    return list(rows_of(facts, book, horizon, month))


def _revenue_rows(session: Session, actor: Actor, query: RevenueQuery) -> list[RevenueRow]:
    columns = [_COLUMNS[one] for one in query.group_by]
    same = (Patient.practice_id == BillingEntry.practice_id) & (Patient.id == BillingEntry.patient_id)
    sums = (func.count(), func.sum(BillingEntry.units), func.sum(BillingEntry.amount))
    found = session.execute(
        select(*columns, *sums)
        .select_from(BillingEntry)
        .join(Patient, same)
        .where(*_conditions(actor, query))
        .group_by(*columns)
        .order_by(*columns)
    ).all()
    providers = _providers(session, actor.practice_id, query, found)
    return [
        RevenueRow(
            {one.value: _word(one, value, providers) for one, value in zip(query.group_by, row, strict=False)},
            row[-3], int(row[-2]), row[-1],
        )
        for row in found
    ]  # fmt: skip


def _conditions(actor: Actor, query: RevenueQuery) -> list[ColumnElement[bool]]:
    status = BillingEntry.status
    conditions = [BillingEntry.practice_id == actor.practice_id]
    conditions.append(status == query.status.value if query.status else status != EntryStatus.VOID.value)
    if query.date_from is not None:
        conditions.append(BillingEntry.service_date >= query.date_from)
    if query.date_to is not None:
        conditions.append(BillingEntry.service_date <= query.date_to)
    return conditions


def _providers(
    session: Session, practice_id: UUID, query: RevenueQuery, found: Sequence[Any]
) -> dict[int, str]:  # fmt: skip
    if RevenueGroup.PROVIDER not in query.group_by:
        return {}
    at = query.group_by.index(RevenueGroup.PROVIDER)
    return names_of(session, practice_id, {row[at] for row in found if row[at] is not None})


def _word(group: RevenueGroup, value: Any, providers: dict[int, str]) -> str | None:
    return providers.get(value, _NOBODY) if group is RevenueGroup.PROVIDER else value
