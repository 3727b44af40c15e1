"""The engine's facts of many patients at once: a fixed number of statements, however many they are."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer, load_only
from sqlalchemy.orm.interfaces import ORMOption

from app.domain.billing.clocks import DAY, Window, bounds
from app.domain.billing.entries import EntryStatus
from app.domain.billing.facts import (
    Horizon,
    PatientFacts,
    PayerSpan,
    Period,
    PriorEntry,
)
from app.domain.billing.therapy import therapy_readings
from app.domain.enrolment.programs import Program
from app.models import BillingCircumstance, BillingEntry, BillingPeriod, Patient, PatientPayer
from app.services.billing.circumstances import circumstance_fact
from app.services.billing.reading_days import load_reading_days
from app.services.billing.time_facts import load_time_entries
from app.services.enrolment.coverage import load_facts as load_enrolment

Row = TypeVar("Row")
_PLAIN = load_only(
    Patient.id, Patient.practice_id, Patient.timezone, Patient.provider_id, Patient.conditions, raiseload=True
)


def load_patients(
    session: Session, practice_id: UUID, patient_ids: Collection[UUID], horizon: Horizon
) -> dict[UUID, PatientFacts]:
    """Return the facts of each patient of the practice that a question about the horizon needs."""
    since, until = _instants(horizon)
    asked = (session, practice_id, patient_ids)
    patients = session.scalars(_of(Patient, Patient.id, practice_id, patient_ids).options(_PLAIN)).all()
    enrolment = load_enrolment(*asked)
    readings, time = load_reading_days(*asked, since, until), load_time_entries(*asked, since, until)
    periods, entries = _grouped(*asked, BillingPeriod), _grouped(*asked, BillingEntry, defer(BillingEntry.evidence))
    circumstances, payers = _grouped(*asked, BillingCircumstance), _grouped(*asked, PatientPayer)
    told = {
        patient.id: tuple(circumstance_fact(row) for row in circumstances[patient.id] if row.voided_at is None)
        for patient in patients
    }
    days = _days(horizon)
    return {
        patient.id: PatientFacts(
            patient_id=patient.id,
            timezone=patient.timezone,
            enrolment=enrolment[patient.id],
            readings=(*readings.get(patient.id, ()), *therapy_readings(told[patient.id], patient.timezone, days)),
            time_entries=time.get(patient.id, ()),
            periods=tuple(_period(row) for row in periods[patient.id]),
            prior=tuple(prior_entry(row) for row in entries[patient.id] if row.status != EntryStatus.VOID.value),
            circumstances=told[patient.id],
            payers=_payers(payers[patient.id]),
            conditions=frozenset(patient.conditions),
            practitioner_id=patient.provider_id,
        )
        for patient in patients
    }


def prior_entry(row: BillingEntry) -> PriorEntry:
    """Return a line of the ledger as the engine takes it."""
    window = Window(row.period_start, row.period_end) if row.period_start and row.period_end else None
    return PriorEntry(
        row.id, row.cpt_code, row.service_date, row.status, row.auto_generated, row.line_key, window, row.episode_id,
        row.units, row.amount,
    )  # fmt: skip


def _instants(horizon: Horizon) -> tuple[datetime, datetime]:
    """Return instants that enclose the facts' days in every time zone of the world."""
    return bounds(_days(horizon), "UTC")


def _days(horizon: Horizon) -> Window:
    return Window(horizon.facts_from - DAY, max(horizon.window.ends_on, horizon.facts_from) + DAY)


def _of(model: type[Any], column: Any, practice_id: UUID, patient_ids: Collection[UUID]) -> Select[Any]:
    return select(model).where(model.practice_id == practice_id, column.in_(patient_ids))


def _grouped(
    session: Session, practice_id: UUID, patient_ids: Collection[UUID], model: type[Row], *options: ORMOption
) -> dict[UUID, list[Row]]:
    column = model.patient_id  # type: ignore[attr-defined]  # every model named here has one
    found: dict[UUID, list[Row]] = defaultdict(list)
    for row in session.scalars(_of(model, column, practice_id, patient_ids).options(*options)):
        found[row.patient_id].append(row)
    return found


def _period(row: BillingPeriod) -> Period:
    return Period(row.id, Program(row.program), Window(row.starts_on, row.ends_on))


def _payers(rows: Iterable[PatientPayer]) -> tuple[PayerSpan, ...]:
    ordered = sorted(rows, key=lambda row: row.position)
    return tuple(PayerSpan(row.payer, row.starts_on, row.ends_on) for row in ordered)
