"""The risk score 0-100: three parts whose points sum exactly to it.

Formula `2026.1`. The bands are the API contract's (§5): critical 76-100, warning 51-75, normal 1-50, no_data 0.
The weights are ours, chosen so that the latest reading alone decides at least its own band and the other two parts
can only lift a patient: a critical value is critical at once; a warning climbs to critical when alerts repeat and
nobody looks; a value in range never leaves the normal band.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from app.domain.triage.assessment import Breach
from app.domain.triage.thresholds import AlertLevel

FORMULA_VERSION = "2026.1"

READING_WINDOW = timedelta(days=30)  # an older reading says nothing about today; exactly 30 days old still counts
ALERT_WINDOW = timedelta(days=7)

POINTS_IN_RANGE = (1, 26)  # from far inside the limits to next to one
POINTS_WARNING = (51, 66)  # from the warning limit to the critical one
POINTS_CRITICAL = 76
POINTS_PER_WARNING_ALERT = 2
POINTS_PER_CRITICAL_ALERT = 5
MAX_ALERT_POINTS = 14
MAX_REVIEW_POINTS = 10  # one a day without review

_CLOSE = Decimal("0.2")  # points in range start to climb in the last fifth below a limit


class RiskLevel(StrEnum):
    """The band of a score."""

    CRITICAL = "critical"
    WARNING = "warning"
    NORMAL = "normal"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class ScoreInputs:
    """Everything the score is made from; `source_id` names the reading the values come from."""

    as_of: datetime
    values: Mapping[str, Decimal | None]
    breaches: tuple[Breach, ...]
    thresholds: Mapping[str, Decimal]
    last_reading_at: datetime | None
    source_id: str | None
    warning_alerts: int
    critical_alerts: int
    last_reviewed_at: datetime | None
    first_reading_at: datetime | None
    has_active_stat: bool = False  # somebody called for help at once, and it is not done


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One addend: what was seen (`raw`), what it is worth (`points`) and by which rule."""

    name: str
    raw: str
    points: int
    rule: str
    source_ids: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, str | int | list[str]]:
        """Return the addend as it is stored and shown."""
        return {
            "name": self.name,
            "raw": self.raw,
            "points": self.points,
            "rule": self.rule,
            "source_ids": list(self.source_ids),
        }


@dataclass(frozen=True, slots=True)
class RiskScore:
    """The sum, its band and its parts."""

    score: int
    level: RiskLevel
    parts: tuple[ScorePart, ...]


NO_DATA = RiskScore(0, RiskLevel.NO_DATA, ())


def risk_score(inputs: ScoreInputs) -> RiskScore:
    """Return the score of a patient at `as_of`; without a reading in the last 30 days there is no score.

    While a STAT escalation is open the patient is critical, whatever was measured and even if nothing was.
    """
    parts: tuple[ScorePart, ...] = ()
    if _has_recent_reading(inputs):
        parts = (_vital_deviation(inputs), _alert_frequency(inputs), _review_gap(inputs))
    elif not inputs.has_active_stat:
        return NO_DATA
    parts += _stat(inputs, sum(part.points for part in parts))
    total = sum(part.points for part in parts)
    return RiskScore(total, risk_level(total), parts)


def risk_level(score: int) -> RiskLevel:
    """Return the band: 76-100 critical, 51-75 warning, 1-50 normal, 0 no_data."""
    if score >= 76:  # noqa: PLR2004 - the bands of the contract
        return RiskLevel.CRITICAL
    if score >= 51:  # noqa: PLR2004
        return RiskLevel.WARNING
    return RiskLevel.NORMAL if score >= 1 else RiskLevel.NO_DATA


def _has_recent_reading(inputs: ScoreInputs) -> bool:
    has_value = any(value is not None for value in inputs.values.values())
    if inputs.last_reading_at is None or not has_value:
        return False
    return inputs.as_of - inputs.last_reading_at <= READING_WINDOW


def _vital_deviation(inputs: ScoreInputs) -> ScorePart:
    sources = (inputs.source_id,) if inputs.source_id else ()
    if not inputs.breaches:
        low, high = POINTS_IN_RANGE
        nearness = _nearest_to_a_limit(inputs)
        return ScorePart("vital_deviation", "within limits", low + _share(nearness, high - low), "in_range", sources)
    worst = inputs.breaches[0]
    if worst.level is AlertLevel.CRITICAL:
        return ScorePart("vital_deviation", worst.message, POINTS_CRITICAL, worst.rule, sources)
    low, high = POINTS_WARNING
    climbed = max(_way_to_critical(breach, inputs.thresholds) for breach in inputs.breaches)
    return ScorePart("vital_deviation", worst.message, low + _share(climbed, high - low), worst.rule, sources)


def _alert_frequency(inputs: ScoreInputs) -> ScorePart:
    points = inputs.warning_alerts * POINTS_PER_WARNING_ALERT + inputs.critical_alerts * POINTS_PER_CRITICAL_ALERT
    raw = f"{inputs.warning_alerts} warning and {inputs.critical_alerts} critical alerts in 7 days"
    return ScorePart("alert_frequency", raw, min(points, MAX_ALERT_POINTS), "alerts_7_days")


def _review_gap(inputs: ScoreInputs) -> ScorePart:
    since = inputs.last_reviewed_at or inputs.first_reading_at or inputs.as_of
    days = max((inputs.as_of - since).days, 0)
    what = "last review" if inputs.last_reviewed_at else "first reading, never reviewed"
    return ScorePart("review_gap", f"{days} days since {what}", min(days, MAX_REVIEW_POINTS), "days_since_review")


def _stat(inputs: ScoreInputs, so_far: int) -> tuple[ScorePart, ...]:
    """Return what an open STAT escalation adds: enough for the critical band, nothing above it."""
    missing = POINTS_CRITICAL - so_far
    if not inputs.has_active_stat or missing <= 0:
        return ()
    return (ScorePart("active_stat", "STAT escalation open", missing, "stat_open"),)


def _way_to_critical(breach: Breach, thresholds: Mapping[str, Decimal]) -> Decimal:
    """Return how far a warning has gone from its own limit (0) to the critical one (1)."""
    side = "high" if breach.rule.endswith("_high") else "low"
    critical = thresholds.get(f"{breach.measure}_critical_{side}")
    if critical is None or critical == breach.limit:
        return Decimal(0)
    return _clamp((breach.value - breach.limit) / (critical - breach.limit))


def _nearest_to_a_limit(inputs: ScoreInputs) -> Decimal:
    """Return 0 well inside all limits, rising to 1 beside one."""
    distances = [
        abs(value - limit) / limit
        for measure, value in inputs.values.items()
        if value is not None
        for side in ("high", "low")
        if (limit := inputs.thresholds.get(f"{measure}_{side}"))
    ]
    return _clamp(1 - min(distances, default=Decimal(1)) / _CLOSE)


def _clamp(share: Decimal) -> Decimal:
    return min(max(share, Decimal(0)), Decimal(1))


def _share(share: Decimal, points: int) -> int:
    return int((share * points).quantize(Decimal(1), ROUND_HALF_UP))
