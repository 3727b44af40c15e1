"""What proves a line, row by row, as it stands today: counted days, time entries, papers, circumstances, impacts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.answers import Evidence, read_evidence
from app.domain.billing.clocks import DAY, Window, bounds
from app.models import (
    BillingCircumstance,
    BillingEntry,
    CareOrder,
    Consent,
    Enrollment,
    Observation,
    TimeLog,
)
from app.services.accounts.users import names_of
from app.services.billing.entries import find_line
from app.services.transaction import transaction


@dataclass(frozen=True, slots=True)
class ProvenDay:
    """A counted local day and the reading that proved it; `status` is None when that reading is gone."""

    day: date
    measured_at: datetime | None
    device_id: str | None
    status: str | None


@dataclass(frozen=True, slots=True)
class ProvenTime:
    """A time entry that counted, and who worked."""

    log: TimeLog
    user_name: str
    is_contact: bool


@dataclass(frozen=True, slots=True)
class Paper:
    """A consent, order or enrolment and the days on which it holds."""

    kind: str
    program: str
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Proof:
    """All that proves one line."""

    days: tuple[ProvenDay, ...]
    times: tuple[ProvenTime, ...]
    papers: tuple[Paper, ...]
    circumstances: Sequence[BillingCircumstance]


def get_proof(actor: Actor, entry_id: UUID) -> Proof:
    """Return what proves a line, in a fixed number of statements; raises NotFound."""
    with transaction() as session:
        entry = find_line(session, actor, entry_id).entry
        evidence = read_evidence(entry.evidence)
        events.record(
            session, "billing_entry:read_proof", "billing_entry", resource_id=entry.id, patient_id=entry.patient_id
        )  # fmt: skip
        return Proof(
            _days(session, entry, evidence),
            _times(session, entry, evidence),
            _papers(session, entry, evidence),
            _rows(session, entry, BillingCircumstance, evidence.circumstances),
        )


def _days(session: Session, entry: BillingEntry, evidence: Evidence) -> tuple[ProvenDay, ...]:
    if not evidence.days:
        return ()
    days = [day for day, _ in evidence.days]
    since, until = bounds(Window(min(days) - DAY, max(days) + DAY), "UTC")
    found = session.execute(
        select(Observation.id, Observation.measured_at, Observation.device_id, Observation.status).where(
            Observation.practice_id == entry.practice_id,
            Observation.patient_id == entry.patient_id,
            Observation.measured_at >= since,
            Observation.measured_at < until,
            Observation.id.in_([reading for _, reading in evidence.days]),
        )
    )
    by_id = {row.id: row for row in found}
    reports = {
        row.id: row
        for row in _rows(session, entry, BillingCircumstance, {one for _, one in evidence.days} - by_id.keys())
    }
    return tuple(
        _reported(day, reports[reading]) if reading in reports else _day(day, by_id.get(reading))
        for day, reading in evidence.days
    )


def _reported(day: date, report: BillingCircumstance) -> ProvenDay:
    return ProvenDay(day, None, None, "void" if report.voided_at else "reported")


def _day(day: date, row: Any) -> ProvenDay:
    return ProvenDay(day, row.measured_at, row.device_id, row.status) if row else ProvenDay(day, None, None, None)


def _times(session: Session, entry: BillingEntry, evidence: Evidence) -> tuple[ProvenTime, ...]:
    logs = sorted(_rows(session, entry, TimeLog, evidence.time_entries), key=lambda log: (log.started_at, log.id))
    names = names_of(session, entry.practice_id, {log.user_id for log in logs}) if logs else {}
    return tuple(ProvenTime(log, names[log.user_id], log.id in evidence.contacts) for log in logs)


def _papers(session: Session, entry: BillingEntry, evidence: Evidence) -> tuple[Paper, ...]:
    consents = _rows(session, entry, Consent, evidence.consents)
    orders = _rows(session, entry, CareOrder, evidence.orders)
    enrolments = _rows(session, entry, Enrollment, evidence.enrolments)
    return (
        *(Paper("Consent", one.program, one.obtained_on, one.revoked_on) for one in consents),
        *(Paper("Order", one.program, one.starts_on, one.stopped_on or one.ends_on) for one in orders),
        *(Paper("Enrolment", one.program, one.starts_on, one.ends_on) for one in enrolments),
    )


def _rows(session: Session, entry: BillingEntry, model: type[Any], ids: Iterable[UUID]) -> Sequence[Any]:
    wanted = list(ids)
    if not wanted:
        return []
    mine = (model.practice_id == entry.practice_id, model.patient_id == entry.patient_id, model.id.in_(wanted))
    return session.scalars(select(model).where(*mine)).all()
