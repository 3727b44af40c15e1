"""The last values of patients' most telling vitals, for the small lines of the board: one statement for all."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Case, Numeric, case, cast, func, select

from app.domain.actor import Actor
from app.services.transaction import now, transaction
from app.services.triage.history import READINGS

POINTS = 14
_WINDOW = timedelta(days=30)


def recent_values(actor: Actor, measures: Mapping[UUID, str]) -> dict[UUID, list[Decimal]]:
    """Return up to 14 values of the last 30 days by patient, oldest first, of the measure that each is named with.

    The board's event covers it.
    """
    if not measures:
        return {}
    table, value = READINGS.c, _value(measures).label("value")
    newest = func.row_number().over(partition_by=table.patient_id, order_by=table.measured_at.desc())
    numbered = (
        select(table.patient_id, table.measured_at, value, newest.label("number"))
        .where(
            table.practice_id == actor.practice_id,
            table.patient_id.in_(measures),
            table.measured_at > now() - _WINDOW,
            table.status == "final",
            value.is_not(None),
        )
        .subquery()
    )
    wanted = select(numbered.c.patient_id, numbered.c.value).where(numbered.c.number <= POINTS)
    found: dict[UUID, list[Decimal]] = {}
    with transaction() as session:
        for patient_id, one in session.execute(wanted.order_by(numbered.c.measured_at)):
            found.setdefault(patient_id, []).append(one)
    return found


def _value(measures: Mapping[UUID, str]) -> Case[Decimal]:
    """Return the column to look at, patient by patient."""
    patients: dict[str, list[UUID]] = {}
    for patient_id, measure in measures.items():
        patients.setdefault(measure, []).append(patient_id)
    return case(*((READINGS.c.patient_id.in_(ids), cast(READINGS.c[name], Numeric)) for name, ids in patients.items()))
