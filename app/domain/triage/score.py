"""The risk score 0-100: parts whose points sum exactly to it.

Formula `2026.2`. The bands are the API contract's (§5): critical 76-100, warning 51-75, normal 1-50, no_data 0.
`WEIGHTS` is the whole table. The weights are ours, chosen so that the latest values alone decide at least their own
band and the other parts can only lift a patient: a critical value is critical at once; a warning climbs to critical
when alerts repeat and nobody looks; values in range never leave the normal band by themselves. A clinician's override
and an active STAT are parts like the others: the first sets the score, the second never lets it fall below critical.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from types import MappingProxyType

from app.domain.triage.assessment import Breach
from app.domain.triage.rules import RuleBook
from app.domain.triage.thresholds import AlertLevel

FORMULA_VERSION = "2026.2"

READING_WINDOW = timedelta(days=30)  # an older reading says nothing about today; exactly 30 days old still counts
ALERT_WINDOW = timedelta(days=7)

WEIGHTS: Mapping[str, int] = MappingProxyType(
    {
        "in_range_from": 1,  # far inside all limits
        "in_range_to": 26,  # next to one
        "warning_from": 51,  # on a warning limit, or a change, trend or other rule that is raised
        "warning_to": 66,  # next to the critical limit
        "critical": 76,
        "per_warning_alert": 2,  # of the last 7 days
        "per_critical_alert": 5,
        "alerts_at_most": 12,
        "per_day_without_review": 1,
        "review_at_most": 8,
        "per_silent_day": 1,  # from the day on which the patient is silent by the rule `no_reading_days`
        "silence_at_most": 4,
        "stat_at_least": 76,
    }
)
_CLOSE = Decimal("0.2")  # points in range start to climb in the last fifth before a limit,
_NEAR: Mapping[str, Decimal] = MappingProxyType({"spo2": Decimal(3), "temperature_c": Decimal("0.5")})  # or so near


class RiskLevel(StrEnum):
    """The band of a score."""

    CRITICAL = "critical"
    WARNING = "warning"
    NORMAL = "normal"
    NO_DATA = "no_data"


BANDS: Mapping[RiskLevel, tuple[int, int]] = MappingProxyType(  # of the contract, both ends inclusive
    {
        RiskLevel.CRITICAL: (76, 100),
        RiskLevel.WARNING: (51, 75),
        RiskLevel.NORMAL: (1, 50),
        RiskLevel.NO_DATA: (0, 0),
    }
)


@dataclass(frozen=True, slots=True)
class LatestValue:
    """The newest value of a measure, and the reading it comes from."""

    value: Decimal
    measured_at: datetime
    source_id: str


@dataclass(frozen=True, slots=True)
class Raised:
    """A rule other than a limit that is raised and has not cleared."""

    rule: str
    level: AlertLevel
    since: datetime


@dataclass(frozen=True, slots=True)
class ScoreOverride:
    """The score a clinician set instead, until it ends."""

    score: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ScoreInputs:
    """Everything the score is made from."""

    as_of: datetime
    latest: Mapping[str, LatestValue]
    warning_alerts: int = 0
    critical_alerts: int = 0
    last_reviewed_at: datetime | None = None
    first_reading_at: datetime | None = None
    raised: tuple[Raised, ...] = ()
    has_active_stat: bool = False  # somebody called for help at once, and it is not done
    override: ScoreOverride | None = None


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
    """The sum, its band, its parts, and the score that was computed before override and STAT."""

    score: int
    level: RiskLevel
    parts: tuple[ScorePart, ...]
    computed: int = 0


NO_DATA = RiskScore(0, RiskLevel.NO_DATA, ())


def risk_score(inputs: ScoreInputs, book: RuleBook) -> RiskScore:
    """Return the score of a patient at `as_of`; without a reading in the last 30 days none is computed."""
    parts = _computed_parts(inputs, book)
    computed = sum(part.points for part in parts)
    parts += _override(inputs, computed)
    parts += _stat(inputs, sum(part.points for part in parts))
    total = sum(part.points for part in parts)
    return RiskScore(total, risk_level(total), tuple(parts), computed)


def risk_level(score: int) -> RiskLevel:
    """Return the band: 76-100 critical, 51-75 warning, 1-50 normal, 0 no_data."""
    return next(level for level, (lowest, _) in BANDS.items() if score >= lowest)


def recent(inputs: ScoreInputs) -> dict[str, LatestValue]:
    """Return the latest values that still say something about today."""
    return {name: one for name, one in inputs.latest.items() if inputs.as_of - one.measured_at <= READING_WINDOW}


def breaches_in(latest: Mapping[str, LatestValue], book: RuleBook) -> list[Breach]:
    """Return the worst limit that each latest value reaches, critical first.

    What a warning may wait for is no matter: the score looks at how far a value is out, not at who was told.
    """
    found = [breach for measure, one in latest.items() if (breach := _worst(measure, one.value, book))]
    return sorted(found, key=lambda breach: breach.level is not AlertLevel.CRITICAL)


def _computed_parts(inputs: ScoreInputs, book: RuleBook) -> list[ScorePart]:
    latest = recent(inputs)
    if not latest:
        return []
    silent = _silence(inputs, book)
    return [_vital_deviation(inputs, latest, book), _alert_frequency(inputs), _review_gap(inputs), *silent]


def _worst(measure: str, value: Decimal, book: RuleBook) -> Breach | None:
    for rule in book.limits.get(measure, ()):  # critical rules stand first
        if rule.is_breached(value):
            of = rule.parameter
            return Breach(rule.name, of.level, measure, value, rule.limit, of.message(value, rule.limit))
    return None


def _vital_deviation(inputs: ScoreInputs, latest: Mapping[str, LatestValue], book: RuleBook) -> ScorePart:
    """Return the part of the worst value: of the one nearest to a limit when all are in range."""
    breaches = breaches_in(latest, book)
    others = [one for one in inputs.raised if one.rule in book.by_name and one.rule not in _of_measuring(book)]
    if breaches and breaches[0].level is AlertLevel.CRITICAL:
        return _deviation(latest, breaches[0], WEIGHTS["critical"])
    low, high = WEIGHTS["warning_from"], WEIGHTS["warning_to"]
    if breaches:
        climbed = {breach: _way_to_critical(breach, book) for breach in breaches}
        worst = max(breaches, key=lambda breach: climbed[breach])
        return _deviation(latest, worst, low + _share(climbed[worst], high - low))
    if others:
        return ScorePart("vital_deviation", f"{_in_words(others[0].rule)} is raised", low, others[0].rule)
    low, high = WEIGHTS["in_range_from"], WEIGHTS["in_range_to"]
    nearness, measure = _nearest_to_a_limit(latest, book)
    points = low + _share(nearness, high - low)
    return ScorePart("vital_deviation", "within limits", points, "in_range", (latest[measure].source_id,))


def _deviation(latest: Mapping[str, LatestValue], worst: Breach, points: int) -> ScorePart:
    return ScorePart("vital_deviation", worst.message, points, worst.rule, (latest[worst.measure].source_id,))


def _alert_frequency(inputs: ScoreInputs) -> ScorePart:
    points = (
        inputs.warning_alerts * WEIGHTS["per_warning_alert"] + inputs.critical_alerts * WEIGHTS["per_critical_alert"]
    )
    raw = f"{inputs.warning_alerts} warning and {inputs.critical_alerts} critical alerts in 7 days"
    return ScorePart("alert_frequency", raw, min(points, WEIGHTS["alerts_at_most"]), "alerts_7_days")


def _review_gap(inputs: ScoreInputs) -> ScorePart:
    since = inputs.last_reviewed_at or inputs.first_reading_at or inputs.as_of
    days, most = max((inputs.as_of - since).days, 0), WEIGHTS["review_at_most"]
    what = "last review" if inputs.last_reviewed_at else "first reading, never reviewed"
    told = f"{days} days" if days < most else f"{most} days or more"  # a score of old must not change by the day
    points = min(days * WEIGHTS["per_day_without_review"], most)
    return ScorePart("review_gap", f"{told} since {what}", points, "days_since_review")


def _silence(inputs: ScoreInputs, book: RuleBook) -> list[ScorePart]:
    """Return the part of a patient who has become silent; none while readings come."""
    newest = max(one.measured_at for one in inputs.latest.values())
    days, rule = (inputs.as_of - newest).days, book.silence
    if rule is None or days < rule.limit:
        return []
    most = WEIGHTS["silence_at_most"]
    points = min((days - int(rule.limit) + 1) * WEIGHTS["per_silent_day"], most)
    told = f"{days} days" if points < most else f"{int(rule.limit) + most - 1} days or more"
    return [ScorePart("missing_data", f"No reading for {told}", points, rule.name)]


def _override(inputs: ScoreInputs, computed: int) -> list[ScorePart]:
    override = inputs.override
    if override is None or override.expires_at <= inputs.as_of:
        return []
    raw = f"Set to {override.score} by a clinician, computed {computed}"
    return [ScorePart("clinician_override", raw, override.score - computed, "clinician_override")]


def _stat(inputs: ScoreInputs, total: int) -> list[ScorePart]:
    if not inputs.has_active_stat:
        return []
    missing = max(WEIGHTS["stat_at_least"] - total, 0)  # enough for the critical band, nothing above it
    return [ScorePart("active_stat", "STAT escalation open", missing, "stat_open")]


def _of_measuring(book: RuleBook) -> set[str]:
    """Return the rules that say nothing of a value: who measures too seldom is not out of range."""
    return {rule.name for rule in (book.silence, book.adherence) if rule is not None}


def _in_words(rule: str) -> str:
    return rule.replace("_", " ").capitalize()


def _way_to_critical(breach: Breach, book: RuleBook) -> Decimal:
    """Return how far a warning has gone from its own limit (0) to the critical one (1)."""
    critical = book.by_name.get(breach.rule.replace("_high", "_critical_high").replace("_low", "_critical_low"))
    if critical is None or critical.limit == breach.limit:
        return Decimal(0)
    return _clamp((breach.value - breach.limit) / (critical.limit - breach.limit))


def _nearest_to_a_limit(latest: Mapping[str, LatestValue], book: RuleBook) -> tuple[Decimal, str]:
    """Return 0 well inside all limits, rising to 1 beside one, and for which measure."""
    distances = [
        (abs(one.value - rule.limit) / _NEAR.get(measure, rule.limit * _CLOSE), measure)
        for measure, one in latest.items()
        for rule in book.limits.get(measure, ())
        if rule.parameter.level is AlertLevel.WARNING and rule.limit
    ]
    distance, measure = min(distances, default=(Decimal(1), next(iter(latest))))
    return _clamp(1 - distance), measure


def _clamp(share: Decimal) -> Decimal:
    return min(max(share, Decimal(0)), Decimal(1))


def _share(share: Decimal, points: int) -> int:
    return int((share * points).quantize(Decimal(1), ROUND_HALF_UP))
