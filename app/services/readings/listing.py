"""Reading back what was measured: lists and single readings, with all that is kept of them."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from app.audit import events
from app.domain.actor import Actor
from app.domain.paging import Page
from app.domain.roles import Role
from app.domain.vitals.queries import ReadingOrdering, ReadingQuery
from app.models import Observation
from app.services.readings.found import find_reading
from app.services.transaction import transaction


def list_readings(actor: Actor, query: ReadingQuery) -> Page[Observation]:
    """Return one page of the practice's readings of every status, for a `patient` user of their own."""
    conditions = _conditions(actor, query)
    with transaction() as session:
        count = session.scalar(select(func.count()).select_from(Observation).where(*conditions)) or 0
        rows = session.scalars(
            select(Observation)
            .where(*conditions)
            .order_by(*_ORDER[query.ordering])
            .offset(query.paging.offset)
            .limit(query.paging.page_size)
        ).all()
        shown = sorted({row.patient_id for row in rows})
        events.record(session, "observation:list", "observation", patient_id=query.patient_id, subject_ids=shown)
        return Page(list(rows), count, query.paging)


def get_reading(actor: Actor, reading_id: UUID) -> Observation:
    """Return one visible reading; raises NotFound."""
    with transaction() as session:
        row = find_reading(session, actor, reading_id)
        events.record(session, "observation:read", "observation", resource_id=row.id, patient_id=row.patient_id)
        return row


_ORDER: dict[ReadingOrdering, tuple[ColumnElement[Any], ...]] = {
    "-measured_at": (Observation.measured_at.desc(), Observation.id.desc()),
    "measured_at": (Observation.measured_at.asc(), Observation.id.asc()),
}
_EQUAL = ("patient_id", "observation_type", "device_id", "fhir_status", "alert_level", "status")


def _conditions(actor: Actor, query: ReadingQuery) -> list[ColumnElement[bool]]:
    conditions = [Observation.practice_id == actor.practice_id]
    if actor.role is Role.PATIENT:
        conditions.append(Observation.patient_id == actor.patient_id)
    asked = {name: getattr(query, name) for name in _EQUAL}
    conditions += [getattr(Observation, name) == value for name, value in asked.items() if value is not None]
    if query.measured_from is not None:
        conditions.append(Observation.measured_at >= query.measured_from)
    if query.measured_to is not None:
        conditions.append(Observation.measured_at < query.measured_to)
    return conditions
