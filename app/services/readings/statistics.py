"""Numbers about one patient's readings, reckoned by the database; and the latest of each kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.days import local_day
from app.domain.triage.evaluation import limits_of
from app.domain.triage.thresholds import PREFIX_OF
from app.domain.vitals.kinds import KINDS
from app.domain.vitals.measures import MEASURES
from app.domain.vitals.queries import StatsQuery
from app.domain.vitals.trends import Direction, body_mass_index, direction
from app.models import Observation, Patient, TriageSummary
from app.services.patients.records import find_visible
from app.services.transaction import now, transaction
from app.services.triage.rules import find_rules

_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class MeasureStats:
    """One measure of one kind, over the whole span or one stretch of it; `in_range` is null without any limit."""

    observation_type: str
    measure: str
    starts_on: date | None
    count: int
    lowest: Decimal
    highest: Decimal
    mean: Decimal
    sd: Decimal | None
    percentiles: Sequence[float]
    in_range_percent: Decimal | None
    slope_per_week: float | None
    direction: Direction | None


@dataclass(frozen=True, slots=True)
class PatientStats:
    """What was asked, in which zone days were cut, and the answers."""

    patient_id: UUID
    timezone: str
    measured_from: datetime
    measured_to: datetime
    overall: Sequence[MeasureStats]
    buckets: Sequence[MeasureStats]


@dataclass(frozen=True, slots=True)
class LatestVital:
    """The latest reading of a kind, and the patient's date of it."""

    observation: Observation
    local_date: date


@dataclass(frozen=True, slots=True)
class LatestVitals:
    """The latest of every kind; body mass index from the latest weight and height, or what it lacks."""

    patient_id: UUID
    timezone: str
    vitals: Sequence[LatestVital]
    bmi: Decimal | None
    bmi_missing: Sequence[str]


def get_stats(actor: Actor, patient_id: UUID, query: StatsQuery) -> PatientStats:
    """Return a visible patient's statistics over a span, the last 365 days when none is given; final readings only."""
    until = query.measured_to or now()
    since = query.measured_from or until - _YEAR
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        limits = limits_of(find_rules(session, actor.practice_id, patient_id).book)
        asked = {"practice": actor.practice_id, "patient": patient.id, "first": since, "until": until,
                 "kind": query.observation_type, "zone": patient.timezone, **_limits(limits)}  # fmt: skip
        overall = _reckon(session, None, asked)
        buckets = _reckon(session, query.by, asked) if query.by else []
        events.record(session, "observation:stats", "observation", patient_id=patient.id)
        return PatientStats(patient.id, patient.timezone, since, until, overall, buckets)


def get_latest(actor: Actor, patient_id: UUID) -> LatestVitals:
    """Return the latest final reading of every kind of a visible patient, as the board has them."""
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        rows = _latest_rows(session, patient)
        events.record(session, "observation:latest", "observation", patient_id=patient.id)
        latest = {row.observation_type: row for row in rows}
        vitals = [
            LatestVital(latest[kind], local_day(latest[kind].measured_at, patient.timezone))
            for kind in KINDS
            if kind in latest
        ]
        return LatestVitals(patient.id, patient.timezone, vitals, *_bmi(latest))


def _latest_rows(session: Session, patient: Patient) -> Sequence[Observation]:
    vitals = session.scalar(
        select(TriageSummary.latest_vitals).where(
            TriageSummary.practice_id == patient.practice_id, TriageSummary.patient_id == patient.id
        )
    )
    keys = [
        (UUID(one["observation_id"]), datetime.fromisoformat(one["measured_at"])) for one in (vitals or {}).values()
    ]
    wanted = tuple_(Observation.id, Observation.measured_at).in_(keys)
    return session.scalars(select(Observation).where(Observation.practice_id == patient.practice_id, wanted)).all()


def _bmi(latest: Mapping[str, Observation]) -> tuple[Decimal | None, list[str]]:
    weight, height = latest.get("weight"), latest.get("height")
    missing = [kind for kind, row in (("weight", weight), ("height", height)) if row is None]
    if weight is None or height is None or weight.weight_kg is None or height.height_cm is None:
        return None, missing
    return body_mass_index(weight.weight_kg, height.height_cm), []


_CUT = {
    None: "NULL::date",
    "day": "(measured_at AT TIME ZONE :zone)::date",
    "week": "date_trunc('week', measured_at AT TIME ZONE :zone)::date",
}
_VALUES = ", ".join(
    f"('{name}', {name}, CAST(:{name}_low AS numeric), CAST(:{name}_high AS numeric))" for name in MEASURES
)
_STATS = f"""
SELECT observation_type, measure, {{cut}} AS starts_on, count(*) AS count, min(value) AS lowest, max(value) AS highest,
    avg(value) AS mean, stddev_samp(value) AS sd,
    percentile_cont(ARRAY[0.05, 0.25, 0.5, 0.75, 0.95]) WITHIN GROUP (ORDER BY value::float8) AS percentiles,
    CASE WHEN count(low) + count(high) > 0 THEN
        100.0 * count(*) FILTER (WHERE (low IS NULL OR value > low) AND (high IS NULL OR value < high)) / count(*)
    END AS in_range_percent,
    regr_slope(value::float8, extract(epoch FROM measured_at)::float8) * 604800 AS slope_per_week,
    regr_r2(value::float8, extract(epoch FROM measured_at)::float8) AS r2
FROM observations CROSS JOIN LATERAL (VALUES {_VALUES}) AS v (measure, value, low, high)
WHERE practice_id = :practice AND patient_id = :patient AND status = 'final' AND value IS NOT NULL
    AND measured_at >= :first AND measured_at < :until
    AND (CAST(:kind AS text) IS NULL OR observation_type = :kind)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""  # noqa: S608 - measures are ours


def _limits(thresholds: Mapping[str, Decimal]) -> dict[str, Decimal | None]:
    """Return each measure's warning limits: on a limit is out of range, as for alerts."""
    return {
        f"{name}_{side}": thresholds.get(f"{PREFIX_OF.get(name, name)}_{side}")
        for name in MEASURES
        for side in ("low", "high")
    }


def _reckon(session: Session, by: str | None, asked: Mapping[str, Any]) -> list[MeasureStats]:
    rows = session.execute(text(_STATS.format(cut=_CUT[by])), asked)
    return [_stats(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's own name for a row as a mapping


def _stats(row: Mapping[Any, Any]) -> MeasureStats:
    values = {name: value for name, value in row.items() if name != "r2"}
    return MeasureStats(**values, direction=direction(row["count"], row["slope_per_week"], row["r2"]))
