"""Every name that can stand in a set of thresholds: limits, changes, trends and silence, in one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from app.domain.triage.sources import Source
from app.domain.triage.thresholds import DEFAULTS, RULES, VITAL_OF, AlertLevel, plain


class RuleKind(StrEnum):
    """What a rule looks at."""

    LIMIT = "limit"  # the value itself
    CHANGE = "change"  # against another reading of the same measure, so many local days before at most
    TREND = "trend"  # the line through the readings of so many days
    SILENCE = "silence"  # no reading for so many days
    ADHERENCE = "adherence"  # readings on fewer than so many of the last seven full days


_OF_MEASURING = frozenset({RuleKind.SILENCE, RuleKind.ADHERENCE})


class AlertClass(StrEnum):
    """Who should act: on a patient's health, or on whether they measure at all."""

    MEDICAL = "medical"
    COMPLIANCE = "compliance"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One name: what it means, its unit, and between which values (inclusive) it may be set.

    `days` is the window of a change or trend, in local calendar days.
    """

    name: str
    kind: RuleKind
    measure: str
    level: AlertLevel
    is_upper: bool
    label: str
    unit: str
    low: Decimal
    high: Decimal
    days: int = 0

    @property
    def alert_class(self) -> AlertClass:
        """Who does not measure needs a call, whoever is out of range a clinician."""
        return AlertClass.COMPLIANCE if self.kind in _OF_MEASURING else AlertClass.MEDICAL

    def message(self, value: Decimal, limit: Decimal) -> str:
        """Return the sentence a clinician reads; that of a limit is the documented one."""
        value = readable(value)
        if self.kind is RuleKind.SILENCE:
            return f"No reading for {plain(value)} days, expected at least every {plain(limit)} days"
        if self.kind is RuleKind.ADHERENCE:
            return f"Readings on {plain(value)} of the last {self.days} days, expected on at least {plain(limit)}"
        if self.kind is RuleKind.LIMIT:
            verb = "exceeds threshold of" if self.is_upper else "is below threshold of"
            return f"{self.label} {plain(value)} {verb} {plain(limit)} {self.unit}"
        moved = "rose" if self.is_upper else "fell"
        how = "trend " if self.kind is RuleKind.TREND else ""
        span = "1 day" if self.days == 1 else f"{self.days} days"
        return f"{self.label} {how}{moved} {plain(value)} {self.unit} in {span}, threshold {plain(limit)} {self.unit}"


def readable(value: Decimal) -> Decimal:
    """Round a value that was reckoned from another unit (81.6466266 kg) as people read it."""
    return round(value, 2) if int(value.as_tuple().exponent) < -2 else value  # noqa: PLR2004 - hundredths


def _limits() -> tuple[Parameter, ...]:
    bounds = {vital.measure: (vital.low, vital.high) for vital in VITAL_OF.values()}
    return tuple(
        Parameter(
            rule.name, RuleKind.LIMIT, rule.measure, rule.level, rule.is_upper, rule.label, rule.unit,
            *bounds[rule.measure],
        )
        for rule in RULES
    )  # fmt: skip


def _moving(name: str, kind: RuleKind, prefix: str, days: int, *, is_upper: bool, greatest: str) -> Parameter:
    vital = VITAL_OF[prefix]
    return Parameter(
        name, kind, vital.measure, AlertLevel.WARNING, is_upper, vital.label, vital.unit, Decimal("0.1"),
        Decimal(greatest), days,
    )  # fmt: skip


_CHANGES = (
    _moving("weight_gain_1_day", RuleKind.CHANGE, "weight", 1, is_upper=True, greatest="20"),
    _moving("weight_gain_7_days", RuleKind.CHANGE, "weight", 7, is_upper=True, greatest="50"),
    _moving("weight_loss_7_days", RuleKind.CHANGE, "weight", 7, is_upper=False, greatest="50"),
    _moving("systolic_rise_1_day", RuleKind.CHANGE, "systolic", 1, is_upper=True, greatest="200"),
    _moving("spo2_drop_1_day", RuleKind.CHANGE, "spo2", 1, is_upper=False, greatest="40"),
)
_TRENDS = (
    _moving("systolic_trend_up_14_days", RuleKind.TREND, "systolic", 14, is_upper=True, greatest="100"),
    _moving("weight_trend_up_14_days", RuleKind.TREND, "weight", 14, is_upper=True, greatest="50"),
    _moving("glucose_trend_up_14_days", RuleKind.TREND, "glucose", 14, is_upper=True, greatest="500"),
    _moving("peak_flow_trend_down_14_days", RuleKind.TREND, "peak_flow", 14, is_upper=False, greatest="500"),
)
NO_READING = Parameter(
    "no_reading_days", RuleKind.SILENCE, "", AlertLevel.WARNING, True, "Days without a reading", "days", Decimal(1),
    Decimal(30),
)  # fmt: skip
FEW_READING_DAYS = Parameter(
    "reading_days_7_days_low", RuleKind.ADHERENCE, "", AlertLevel.WARNING, False, "Fewer days with a reading in 7 than",
    "days", Decimal(1), Decimal(7), 7,
)  # fmt: skip

PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {one.name: one for one in (*_limits(), *_CHANGES, *_TRENDS, NO_READING, FEW_READING_DAYS)}
)
LONGEST_WINDOW = timedelta(days=max(one.days for one in PARAMETERS.values()) + 1)


def default_of(name: str) -> Decimal | None:
    """Return the value that holds until somebody sets another; None: the rule is off."""
    return DEFAULTS[name].value if name in DEFAULTS else None


def source_of(name: str) -> Source:
    """Return where the default comes from, or why there is none."""
    if name in DEFAULTS:
        return DEFAULTS[name].source
    return Source.PEAK_FLOW_ZONES if name.startswith("peak_flow") else Source.PERSONAL
