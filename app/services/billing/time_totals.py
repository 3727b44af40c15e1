"""A month of time, patient by patient: how much counts, and what is still missing before it can be billed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.local_months import Month, month_of
from app.domain.billing.time_gaps import TimeGap, time_gaps
from app.domain.billing.time_logs import MonthQuery, MonthTotal, month_totals
from app.domain.errors import NotFound
from app.domain.paging import Page
from app.domain.roles import Permission
from app.models import Patient, Practice
from app.services.billing.time_logs import PatientTime, load_time
from app.services.enrolment.coverage import load_facts
from app.services.patients.records import find_visible
from app.services.transaction import now, transaction


@dataclass(frozen=True, slots=True)
class ShownTotal:
    """A patient's month in one program."""

    patient: Patient
    month: Month
    total: MonthTotal


@dataclass(frozen=True, slots=True)
class ShownGap:
    """Something that is missing in a patient's month."""

    patient: Patient
    month: Month
    gap: TimeGap


def list_totals(actor: Actor, query: MonthQuery) -> Page[ShownTotal]:
    """Return one page of totals of a local month, by patient and program, of the whole team's time.

    Whoever logs time sees them: how many minutes a patient has decides who calls. They tell of no entry and no person.
    """
    with transaction() as session:
        month = _month(session, actor, query)
        times = load_time(session, actor.practice_id, month, _named(session, actor, query))
        totals = [(time.patient_id, total) for time in _ordered(times) for total in _totals(time, month)]
        page = totals[query.paging.offset :][: query.paging.page_size]
        patients = _patients(session, actor, {patient_id for patient_id, _ in page})
        events.record(session, "time_total:list", "time_log", subject_ids=sorted(patients))
        return Page([ShownTotal(patients[who], month, total) for who, total in page], len(totals), query.paging)


def list_gaps(actor: Actor, query: MonthQuery) -> Page[ShownGap]:
    """Return one page of what is missing in a local month: of the actor's own entries, or of everybody's."""
    own = None if actor.may(Permission.READ_ALL_TIME_LOGS) else actor.user_id
    with transaction() as session:
        month = _month(session, actor, query)
        times = load_time(session, actor.practice_id, month, _named(session, actor, query))
        facts = load_facts(session, actor.practice_id, list(times))
        gaps = [
            (time.patient_id, gap)
            for time in _ordered(times)
            for gap in _seen_by(own, time, time_gaps(time.entries, month, time.timezone, facts[time.patient_id]))
        ]
        page = gaps[query.paging.offset :][: query.paging.page_size]
        patients = _patients(session, actor, {patient_id for patient_id, _ in page})
        events.record(session, "time_gap:list", "time_log", subject_ids=sorted(patients))
        return Page([ShownGap(patients[who], month, gap) for who, gap in page], len(gaps), query.paging)


def _totals(time: PatientTime, month: Month) -> list[MonthTotal]:
    return month_totals(time.entries, month, time.timezone)


def _seen_by(user_id: int | None, time: PatientTime, gaps: Iterable[TimeGap]) -> Iterator[TimeGap]:
    """Return the gaps that one of the person's own entries has, each with those only; all of them for None."""
    own = {entry.id for entry in time.entries if user_id in (None, entry.user_id)}
    for gap in gaps:
        ids = tuple(one for one in gap.time_log_ids if one in own)
        if ids:
            yield replace(gap, time_log_ids=ids)


def _ordered(times: dict[UUID, PatientTime]) -> Iterable[PatientTime]:
    return (times[patient_id] for patient_id in sorted(times))


def _month(session: Session, actor: Actor, query: MonthQuery) -> Month:
    """Return the month that is asked for, the practice's present one otherwise."""
    if query.month is not None:
        return query.month
    zone = session.scalar(select(Practice.timezone).where(Practice.id == actor.practice_id))
    return month_of(now(), zone or "UTC")


def _named(session: Session, actor: Actor, query: MonthQuery) -> list[UUID] | None:
    """Return the patient that is asked for, if one is; one who does not exist has no time."""
    if query.patient_id is None:
        return None
    try:
        return [find_visible(session, actor, query.patient_id).id]
    except NotFound:
        return []


def _patients(session: Session, actor: Actor, ids: set[UUID]) -> dict[UUID, Patient]:
    wanted = select(Patient).where(Patient.practice_id == actor.practice_id, Patient.id.in_(ids))
    return {patient.id: patient for patient in session.scalars(wanted)} if ids else {}
