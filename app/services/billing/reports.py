"""Reports of a practice's billing: revenue, days and minutes, and what was almost billable. As JSON and as CSV.

Files are made batch by batch, each batch a transaction whose audit event names the patients in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.entries import EntryStatus
from app.domain.billing.insight import MonthReportQuery, RevenueGroup, RevenueQuery
from app.domain.billing.leakage import ComplianceRow, LeakRow
from app.domain.paging import Page, page_in_order
from app.domain.patient_csv import csv_line
from app.models import BillingEntry, Patient
from app.services.accounts.users import names_of
from app.services.billing.report_rows import ShownRow, compliance_rows, explained, horizon_of, leaks, members, named
from app.services.billing.run import BATCH, candidates
from app.services.parts import handed_on
from app.services.transaction import transaction

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
    """Return one page of days with data and minutes of a month, by patient and program.

    The database counts and cuts the page; only its patients are judged.
    """
    paging = query.paging
    with transaction() as session:
        horizon = horizon_of(session, actor, query.month)
        month = horizon.window
        count, keys = members(session, actor, query, month, offset=paging.offset, limit=paging.page_size)
        shown = named(session, actor, compliance_rows(session, actor, keys, horizon))
        _record(session, "billing:compliance_report", shown)
        return Page(shown, count, paging)


def leakage_report(actor: Actor, query: MonthReportQuery) -> Page[ShownRow]:
    """Return one page of what was almost billable in a month and why it was not.

    Everybody is judged, batch by batch; only the page is kept.
    """
    with transaction() as session:
        horizon = horizon_of(session, actor, query.month)
        page = page_in_order(leaks(session, actor, query, horizon), query.paging)
        shown = explained(session, actor, page.items, horizon)
        _record(session, "billing:leakage_report", shown)
        return Page(shown, page.count, query.paging)


def compliance_csv(actor: Actor, query: MonthReportQuery) -> Iterator[str]:
    """Return the compliance report as a file, made batch by batch."""
    return handed_on(_headed(ComplianceRow.COLUMNS, _compliance_parts(actor, query)))


def leakage_csv(actor: Actor, query: MonthReportQuery) -> Iterator[str]:
    """Return the leakage report as a file, made batch by batch."""
    return handed_on(_headed(LeakRow.COLUMNS, _leakage_parts(actor, query)))


def _headed(columns: Sequence[str], parts: Iterator[str]) -> Iterator[str]:
    yield csv_line(["patient_id", "patient_name", *columns]) + next(parts)
    yield from parts


def _compliance_parts(actor: Actor, query: MonthReportQuery) -> Iterator[str]:
    """Yield the lines of a batch at a time, an empty part where there is nobody, each recorded with whom it shows."""
    done, count = 0, 1
    while done < count:
        with transaction() as session:
            horizon = horizon_of(session, actor, query.month)
            count, keys = members(session, actor, query, horizon.window, offset=done, limit=BATCH)
            shown = named(session, actor, compliance_rows(session, actor, keys, horizon))
            _record(session, "billing:compliance_export", shown)
        yield _text(shown)
        done += BATCH


def _leakage_parts(actor: Actor, query: MonthReportQuery) -> Iterator[str]:
    with transaction() as session:
        horizon = horizon_of(session, actor, query.month)
        chosen = candidates(session, actor.practice_id, horizon)
    for first in range(0, max(1, len(chosen)), BATCH):
        with transaction() as session:
            rows = list(leaks(session, actor, query, horizon, chosen[first : first + BATCH]))
            shown = explained(session, actor, rows, horizon)
            _record(session, "billing:leakage_export", shown)
        yield _text(shown)


def _record(session: Session, action: str, shown: Iterable[ShownRow]) -> None:
    events.record(session, action, "billing_entry", subject_ids=sorted({one.patient.id for one in shown}))


def _text(shown: Iterable[ShownRow]) -> str:
    return "".join(csv_line([one.patient.id, one.name, *one.row.cells()]) for one in shown)


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
