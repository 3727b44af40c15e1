"""A patient's earlier readings as the rules see them: only asked for where a rule looks back."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Numeric, ScalarSelect, case, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.triage.parameters import LONGEST_WINDOW
from app.domain.triage.thresholds import VITALS
from app.domain.triage.windows import Sample
from app.models import Observation, Patient
from app.services.triage.rules import looks_back

_MOST = 500  # readings of two weeks: more than one every 45 minutes
READINGS = Observation.metadata.tables["observations"]
MEASURES = tuple(vital.measure for vital in VITALS)


def between(practice_id: Any, patient_id: Any, first: Any, last: Any) -> ScalarSelect[Any]:
    """Return the subquery of the readings that matter to those measured between two instants, newest first.

    They are the accepted ones up to the last instant; null where no rule looks back.
    """
    latest = (
        select(READINGS.c.measured_at, *(READINGS.c[name] for name in MEASURES))
        .where(
            READINGS.c.practice_id == practice_id,
            READINGS.c.patient_id == patient_id,
            READINGS.c.status == "final",
            READINGS.c.measured_at <= last,
            READINGS.c.measured_at > first - LONGEST_WINDOW,
        )
        .order_by(READINGS.c.measured_at.desc())
        .limit(_MOST)
        .correlate(Patient.__table__)  # two selects around this one: else it would read every patient's
        .subquery()
    )
    row = func.jsonb_build_array(latest.c.measured_at, *(cast(latest.c[name], Numeric) for name in MEASURES))
    readings = select(func.jsonb_agg(row)).select_from(latest).scalar_subquery()
    return select(cast(case((looks_back(practice_id, patient_id), readings)), JSONB)).scalar_subquery()


def samples_from(stored: Iterable[Any] | None) -> list[Sample]:
    """Return what `earlier` found, oldest first."""
    rows = [(datetime.fromisoformat(at), values) for at, *values in stored or ()]
    return [Sample(at, _values(values)) for at, values in sorted(rows, key=lambda row: row[0])]


def _values(values: Iterable[Any]) -> dict[str, Decimal | None]:
    return {name: None if value is None else Decimal(str(value)) for name, value in zip(MEASURES, values, strict=True)}
