"""A month of time, patient by patient: how much counts, and what is still missing before it can be billed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import Subquery, case, func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.local_months import Month, month_of
from app.domain.billing.time_gaps import TimeGap, time_gaps
from app.domain.billing.time_logs import MonthQuery, MonthTotal, month_totals
from app.domain.enrolment.programs import Program
from app.domain.errors import NotFound
from app.domain.paging import Page, page_in_order
from app.domain.roles import Permission
from app.models import Patient, Practice
from app.services.billing.run import BATCH
from app.services.billing.time_logs import PatientTime, load_time, with_time
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
    The database counts and cuts the page, so that only its patients' entries are read.
    """
    with transaction() as session:
        month = _month(session, actor, query)
        pairs = with_time(actor.practice_id, query, month).subquery() if _is_seen(session, actor, query) else None
        count, keys = (0, []) if pairs is None else _keys(session, pairs, query)
        times = load_time(session, actor.practice_id, month, {patient_id for patient_id, _ in keys})
        totals = {(who, total.program): total for who, time in times.items() for total in _totals(time, month)}
        patients = _patients(session, actor, set(times))
        events.record(session, "time_total:list", "time_log", subject_ids=sorted(patients))
        shown = [ShownTotal(patients[key[0]], month, totals[key]) for key in keys if key in totals]
        return Page(shown, count, query.paging)


def list_gaps(actor: Actor, query: MonthQuery) -> Page[ShownGap]:
    """Return one page of what is missing in a local month: of the actor's own entries, or of everybody's."""
    own = None if actor.may(Permission.READ_ALL_TIME_LOGS) else actor.user_id
    with transaction() as session:
        month = _month(session, actor, query)
        page = page_in_order(_gaps(session, actor, query, month, own), query.paging)
        patients = _patients(session, actor, {patient_id for patient_id, _ in page.items})
        events.record(session, "time_gap:list", "time_log", subject_ids=sorted(patients))
        return Page([ShownGap(patients[who], month, gap) for who, gap in page.items], page.count, query.paging)


def _keys(session: Session, pairs: Subquery, query: MonthQuery) -> tuple[int, list[tuple[UUID, Program]]]:
    """Return how many totals there are, and which the page shows."""
    count = session.scalar(select(func.count()).select_from(pairs)) or 0
    order = case({program.value: place for place, program in enumerate(Program)}, value=pairs.c.program)
    wanted = select(pairs).order_by(pairs.c.patient_id, order)
    rows = session.execute(wanted.offset(query.paging.offset).limit(query.paging.page_size))
    return count, [(patient_id, Program(program)) for patient_id, program in rows]


def _gaps(
    session: Session, actor: Actor, query: MonthQuery, month: Month, own: int | None
) -> Iterator[tuple[UUID, TimeGap]]:
    """Yield every gap with its patient, batch by batch in the order of patients' ids."""
    if not _is_seen(session, actor, query):
        return
    pairs = with_time(actor.practice_id, replace(query, program=None), month, own).subquery()
    ids = session.scalars(select(pairs.c.patient_id).distinct().order_by(pairs.c.patient_id)).all()
    for first in range(0, len(ids), BATCH):
        times = load_time(session, actor.practice_id, month, ids[first : first + BATCH])
        facts = load_facts(session, actor.practice_id, list(times))
        for who in sorted(times):
            time = times[who]
            found = _seen_by(own, time, time_gaps(time.entries, month, time.timezone, facts[who]))
            yield from ((who, gap) for gap in found if query.program in {None, gap.program})


def _totals(time: PatientTime, month: Month) -> list[MonthTotal]:
    return month_totals(time.entries, month, time.timezone)


def _seen_by(user_id: int | None, time: PatientTime, gaps: Iterable[TimeGap]) -> Iterator[TimeGap]:
    """Return the gaps that one of the person's own entries has, each with those only; all of them for None."""
    own = {entry.id for entry in time.entries if user_id in (None, entry.user_id)}
    for gap in gaps:
        ids = tuple(one for one in gap.time_log_ids if one in own)
        if ids:
            yield replace(gap, time_log_ids=ids)


def _month(session: Session, actor: Actor, query: MonthQuery) -> Month:
    """Return the month that is asked for, the practice's present one otherwise."""
    if query.month is not None:
        return query.month
    zone = session.scalar(select(Practice.timezone).where(Practice.id == actor.practice_id))
    return month_of(now(), zone or "UTC")


def _is_seen(session: Session, actor: Actor, query: MonthQuery) -> bool:
    """Say whether the patient that is asked for is there, if one is; one who does not exist has no time."""
    try:
        return query.patient_id is None or bool(find_visible(session, actor, query.patient_id))
    except NotFound:
        return False


def _patients(session: Session, actor: Actor, ids: set[UUID]) -> dict[UUID, Patient]:
    wanted = select(Patient).where(Patient.practice_id == actor.practice_id, Patient.id.in_(ids))
    return {patient.id: patient for patient in session.scalars(wanted)} if ids else {}
