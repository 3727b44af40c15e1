"""Rows of the month's reports: whose they are from the database, what they say from the domain; in batches, so that
neither memory nor the statements of a batch grow with the practice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy import CompoundSelect, case, func, select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.billing.clocks import Window, bounds, month_of
from app.domain.billing.days import Reading, truth_table
from app.domain.billing.facts import Horizon, PatientFacts
from app.domain.billing.insight import MonthReportQuery
from app.domain.billing.leakage import ComplianceRow, LeakRow, compliance_row, leak_rows, lost_days
from app.domain.billing.local_months import Month
from app.domain.billing.local_months import month_of as local_month
from app.domain.billing.time_logs import MonthQuery
from app.domain.enrolment.coverage import coverage_on
from app.domain.enrolment.programs import DischargeReason, Program
from app.models import BillingPeriod, Enrollment, Patient, Practice
from app.services.billing.books import load_book
from app.services.billing.facts import load_patients
from app.services.billing.outlooks import every_patient, shown_patients
from app.services.billing.reading_days import load_readings
from app.services.billing.time_logs import with_time
from app.services.transaction import now

Key = tuple[UUID, Program]


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of a report with its patient."""

    patient: Patient
    row: ComplianceRow | LeakRow

    @property
    def name(self) -> str:
        """The patient's name."""
        return f"{self.patient.first_name} {self.patient.last_name}"


def horizon_of(session: Session, actor: Actor, month: Month | None) -> Horizon:
    """Return the month that is asked for, the practice's present one otherwise, as of now."""
    zone = session.scalar(select(Practice.timezone).where(Practice.id == actor.practice_id)) or "UTC"
    return Horizon(month_of((month or local_month(now(), zone)).first_day), now())


def members(
    session: Session, actor: Actor, query: MonthReportQuery, month: Window, *, offset: int, limit: int
) -> tuple[int, list[Key]]:
    """Return how many patients and programs a month has, and a stretch of them in order.

    Those who are in a program in the month, or have a stored period or time of it there.
    """
    found = _members(actor, query, month).subquery()
    count = session.scalar(select(func.count()).select_from(found)) or 0
    order = case({program.value: place for place, program in enumerate(Program)}, value=found.c.program)
    rows = session.execute(select(found).order_by(found.c.patient_id, order).offset(offset).limit(limit))
    return count, [(patient_id, Program(program)) for patient_id, program in rows]


def compliance_rows(session: Session, actor: Actor, keys: Sequence[Key], horizon: Horizon) -> list[ComplianceRow]:
    """Return the rows of patients and programs, in their order, in a fixed number of statements."""
    if not keys:
        return []
    book = load_book(session, actor.practice_id)
    facts = load_patients(session, actor.practice_id, {patient_id for patient_id, _ in keys}, horizon)
    return [
        compliance_row(facts[who], program, book, horizon, horizon.window) for who, program in keys if who in facts
    ]  # fmt: skip


def leaks(
    session: Session, actor: Actor, query: MonthReportQuery, horizon: Horizon, chosen: Sequence[UUID] | None = None
) -> Iterator[LeakRow]:
    """Yield what was almost billable, patient by patient; which days were lost is told of those that are shown."""
    for facts, book in every_patient(session, actor, horizon, chosen):
        for row in leak_rows(facts, book, horizon, horizon.window):
            if query.program in {None, row.program}:
                yield row


def named(session: Session, actor: Actor, rows: Sequence[ComplianceRow]) -> list[ShownRow]:
    """Return rows with their patients."""
    patients = shown_patients(session, actor, {row.patient_id for row in rows})
    return [ShownRow(patients[row.patient_id], row) for row in rows]


def explained(session: Session, actor: Actor, rows: Sequence[LeakRow], horizon: Horizon) -> list[ShownRow]:
    """Return rows with their patients and the days that readings did not make count, all in a few statements."""
    patients = shown_patients(session, actor, {row.patient_id for row in rows})
    of_days = [row for row in rows if row.is_of_days]
    ids = sorted({row.patient_id for row in of_days})
    facts = load_patients(session, actor.practice_id, ids, horizon) if ids else {}
    readings = _readings(session, actor, of_days) if ids else {}
    told = (_told(row, facts.get(row.patient_id), readings.get(row.patient_id, [])) for row in rows)
    return [ShownRow(patients[row.patient_id], row) for row in told]


def _told(row: LeakRow, facts: PatientFacts | None, readings: Sequence[Reading]) -> LeakRow:
    if facts is None or not row.is_of_days:
        return row
    table = truth_table(
        row.window, facts.timezone, readings, lambda day: coverage_on(row.program, day, facts.enrolment), now()
    )
    return replace(row, lost_days=lost_days(table))


def _readings(session: Session, actor: Actor, rows: Sequence[LeakRow]) -> dict[UUID, list[Reading]]:
    """Return all readings of the rows' patients around their windows, wherever they live."""
    around = Window(min(row.window.starts_on for row in rows), max(row.window.ends_on for row in rows))
    since, until = bounds(around, "Etc/GMT-14")[0], bounds(around, "Etc/GMT+12")[1]
    return load_readings(session, actor.practice_id, {row.patient_id for row in rows}, since, until)


def _members(actor: Actor, query: MonthReportQuery, month: Window) -> CompoundSelect[UUID, str]:
    enrolled = select(Enrollment.patient_id, Enrollment.program).where(
        Enrollment.practice_id == actor.practice_id,
        Enrollment.starts_on <= month.ends_on,
        func.coalesce(Enrollment.ends_on, date.max) >= month.starts_on,
        func.coalesce(Enrollment.discharge_reason, "") != DischargeReason.ENTERED_IN_ERROR.value,
    )
    periods = select(BillingPeriod.patient_id, BillingPeriod.program).where(
        BillingPeriod.practice_id == actor.practice_id,
        BillingPeriod.starts_on <= month.ends_on,
        BillingPeriod.ends_on >= month.starts_on,
    )
    if query.program is not None:
        enrolled = enrolled.where(Enrollment.program == query.program.value)
        periods = periods.where(BillingPeriod.program == query.program.value)
    asked = MonthQuery(query.paging, Month.of(month.starts_on), None, query.program)
    return enrolled.union(periods, with_time(actor.practice_id, asked, Month.of(month.starts_on)))
