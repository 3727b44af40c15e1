"""Thresholds: at which value a vital raises a warning or a critical alert. Every limit is inclusive.

The names are those of the API: `<vital>_<high|low>` warns, `<vital>_critical_<high|low>` is critical. The default of
each stands with its source; a name without a default is off until a clinician sets it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from app.domain.triage.sources import Source


class AlertLevel(StrEnum):
    """How much an alert matters."""

    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Vital:
    """A measure that has limits: how the API's names begin, the column it is stored in, and how people say it.

    `low` and `high` are the least and the greatest limit that makes sense for it.
    """

    prefix: str
    measure: str
    label: str
    unit: str
    low: Decimal
    high: Decimal


VITALS: tuple[Vital, ...] = (
    Vital("systolic", "systolic", "Systolic BP", "mmHg", Decimal(60), Decimal(300)),
    Vital("diastolic", "diastolic", "Diastolic BP", "mmHg", Decimal(30), Decimal(200)),
    Vital("pulse", "pulse", "Pulse", "bpm", Decimal(20), Decimal(300)),
    Vital("weight", "weight_kg", "Weight", "kg", Decimal(1), Decimal(500)),
    Vital("glucose", "glucose_mg_dl", "Glucose", "mg/dL", Decimal(10), Decimal(1000)),
    Vital("spo2", "spo2", "SpO2", "%", Decimal(50), Decimal(100)),
    Vital("temperature", "temperature_c", "Temperature", "°C", Decimal(25), Decimal(45)),
    Vital("respiratory_rate", "respiratory_rate", "Respiratory rate", "/min", Decimal(3), Decimal(80)),
    Vital("peak_flow", "peak_flow", "Peak flow", "L/min", Decimal(30), Decimal(900)),
)
VITAL_OF: Mapping[str, Vital] = MappingProxyType({vital.prefix: vital for vital in VITALS})
PREFIX_OF: Mapping[str, str] = MappingProxyType({vital.measure: vital.prefix for vital in VITALS})


@dataclass(frozen=True, slots=True)
class Default:
    """A value that holds until a practice or a clinician sets another, and where it comes from."""

    value: Decimal
    source: Source


def _default(value: str, source: Source) -> Default:
    return Default(Decimal(value), source)


DEFAULTS: Mapping[str, Default] = MappingProxyType(
    {
        "systolic_high": _default("140", Source.CONTRACT),
        "systolic_critical_high": _default("180", Source.CONTRACT),
        "systolic_low": _default("90", Source.NEWS2),
        "systolic_critical_low": _default("80", Source.OURS),
        "diastolic_high": _default("90", Source.ACC_AHA),
        "diastolic_critical_high": _default("120", Source.ACC_AHA),
        "diastolic_low": _default("50", Source.OURS),
        "diastolic_critical_low": _default("40", Source.OURS),
        "pulse_high": _default("111", Source.NEWS2),
        "pulse_critical_high": _default("131", Source.NEWS2),
        "pulse_low": _default("50", Source.NEWS2),
        "pulse_critical_low": _default("40", Source.NEWS2),
        "glucose_high": _default("180", Source.GLUCOSE_LEVELS),
        "glucose_critical_high": _default("300", Source.GLUCOSE_CALL),
        "glucose_low": _default("70", Source.ADA),
        "glucose_critical_low": _default("54", Source.ADA),
        "spo2_low": _default("93", Source.NEWS2),
        "spo2_critical_low": _default("90", Source.HYPOXEMIA),
        "temperature_high": _default("38", Source.CDC_FEVER),
        "temperature_critical_high": _default("39.1", Source.NEWS2),
        "temperature_low": _default("35.5", Source.OURS),
        "temperature_critical_low": _default("35", Source.NEWS2),
        "respiratory_rate_high": _default("21", Source.NEWS2),
        "respiratory_rate_critical_high": _default("25", Source.NEWS2),
        "respiratory_rate_low": _default("11", Source.NEWS2),
        "respiratory_rate_critical_low": _default("8", Source.NEWS2),
        "no_reading_days": _default("3", Source.OURS),
    }
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the alert table: which measure, which side, how bad, and how people say it."""

    name: str
    measure: str
    level: AlertLevel
    is_upper: bool
    label: str
    unit: str

    def is_breached(self, value: Decimal, limit: Decimal) -> bool:
        """Say whether the value reaches the limit: on the limit counts."""
        return value >= limit if self.is_upper else value <= limit

    def message(self, value: Decimal, limit: Decimal) -> str:
        """Return the sentence a clinician reads, in the documented wording."""
        verb = "exceeds threshold of" if self.is_upper else "is below threshold of"
        return f"{self.label} {plain(value)} {verb} {plain(limit)} {self.unit}"


def _rules(vital: Vital) -> tuple[Rule, ...]:
    return tuple(
        Rule(f"{vital.prefix}_{part}", vital.measure, level, is_upper, vital.label, vital.unit)
        for part, level, is_upper in (
            ("critical_high", AlertLevel.CRITICAL, True),
            ("critical_low", AlertLevel.CRITICAL, False),
            ("high", AlertLevel.WARNING, True),
            ("low", AlertLevel.WARNING, False),
        )
    )


RULES: tuple[Rule, ...] = tuple(rule for vital in VITALS for rule in _rules(vital))
_LIMIT_NAMES = frozenset(rule.name for rule in RULES)
DEFAULT_THRESHOLDS: Mapping[str, Decimal] = MappingProxyType(
    {name: default.value for name, default in DEFAULTS.items() if name in _LIMIT_NAMES}
)


def plain(value: Decimal) -> str:
    """Write a number without a trailing exponent or needless zeros: 142, 36.7."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
