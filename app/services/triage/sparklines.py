"""The last systolic pressures of a page of patients, for the small lines of the board: one statement for all."""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select

from app.domain.actor import Actor
from app.models import Observation
from app.services.transaction import now, transaction

POINTS = 14
_WINDOW = timedelta(days=30)


def recent_pressures(actor: Actor, patient_ids: Collection[UUID]) -> dict[UUID, list[Decimal]]:
    """Return up to 14 systolic pressures of the last 30 days by patient, oldest first; the board's event covers it."""
    if not patient_ids:
        return {}
    newest = func.row_number().over(partition_by=Observation.patient_id, order_by=Observation.measured_at.desc())
    numbered = (
        select(Observation.patient_id, Observation.measured_at, Observation.systolic, newest.label("number"))
        .where(
            Observation.practice_id == actor.practice_id,
            Observation.patient_id.in_(patient_ids),
            Observation.measured_at > now() - _WINDOW,
            Observation.status == "final",
            Observation.systolic.is_not(None),
        )
        .subquery()
    )
    wanted = select(numbered.c.patient_id, numbered.c.systolic).where(numbered.c.number <= POINTS)
    found: dict[UUID, list[Decimal]] = {}
    with transaction() as session:
        for patient_id, systolic in session.execute(wanted.order_by(numbered.c.measured_at)):
            found.setdefault(patient_id, []).append(systolic)
    return found
