"""Thresholds: at which value a vital raises a warning or a critical alert. Every limit is inclusive.

Defaults in mmHg and beats a minute. `systolic_high` 140 and `systolic_critical_high` 180 are the product's documented
defaults (API contract §5); 180/120 is the crisis line and 140/90 stage 2 of the 2017 ACC/AHA guideline; 90/60 is the
usual line of hypotension; pulse limits follow the adult resting range 60-100 widened against nuisance alerts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

DEFAULT_THRESHOLDS: Mapping[str, Decimal] = MappingProxyType(
    {
        "systolic_high": Decimal(140),
        "systolic_critical_high": Decimal(180),
        "systolic_low": Decimal(90),
        "systolic_critical_low": Decimal(80),
        "diastolic_high": Decimal(90),
        "diastolic_critical_high": Decimal(120),
        "diastolic_low": Decimal(50),
        "diastolic_critical_low": Decimal(40),
        "pulse_high": Decimal(110),
        "pulse_critical_high": Decimal(130),
        "pulse_low": Decimal(50),
        "pulse_critical_low": Decimal(40),
    }
)


class AlertLevel(StrEnum):
    """How much an alert matters."""

    WARNING = "warning"
    CRITICAL = "critical"


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
        return f"{self.label} {_plain(value)} {verb} {_plain(limit)} {self.unit}"


def _rules(measure: str, label: str, unit: str) -> tuple[Rule, ...]:
    return (
        Rule(f"{measure}_critical_high", measure, AlertLevel.CRITICAL, True, label, unit),
        Rule(f"{measure}_critical_low", measure, AlertLevel.CRITICAL, False, label, unit),
        Rule(f"{measure}_high", measure, AlertLevel.WARNING, True, label, unit),
        Rule(f"{measure}_low", measure, AlertLevel.WARNING, False, label, unit),
    )


RULES: tuple[Rule, ...] = (
    *_rules("systolic", "Systolic BP", "mmHg"),
    *_rules("diastolic", "Diastolic BP", "mmHg"),
    *_rules("pulse", "Pulse", "bpm"),
)


def _plain(value: Decimal) -> str:
    """Write a number without a trailing exponent or needless zeros: 142, 36.7."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
