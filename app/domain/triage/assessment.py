"""Which alerts one reading raises: a table walk, worst first."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.domain.triage.parameters import AlertClass
from app.domain.triage.thresholds import RULES, AlertLevel, Rule


@dataclass(frozen=True, slots=True)
class Breach:
    """A value at or beyond one of its limits."""

    rule: str
    level: AlertLevel
    measure: str
    value: Decimal
    limit: Decimal
    message: str
    alert_class: AlertClass = AlertClass.MEDICAL
    is_repeat: bool = False  # the rule was raised before and has not cleared since


def assess(values: Mapping[str, Decimal | None], thresholds: Mapping[str, Decimal]) -> tuple[Breach, ...]:
    """Return at most one breach a measure, critical before warning, in the order of the rule table.

    A measure without a value, or a rule without a threshold, raises nothing: absence is never read as normal or as bad.
    """
    worst = (_worst_breach(measure, values.get(measure), thresholds) for measure in _MEASURES)
    found = [breach for breach in worst if breach is not None]
    return tuple(sorted(found, key=lambda breach: breach.level is not AlertLevel.CRITICAL))


_MEASURES = tuple(dict.fromkeys(rule.measure for rule in RULES))
_RULES_OF: dict[str, tuple[Rule, ...]] = {
    measure: tuple(rule for rule in RULES if rule.measure == measure) for measure in _MEASURES
}


def _worst_breach(measure: str, value: Decimal | None, thresholds: Mapping[str, Decimal]) -> Breach | None:
    if value is None:
        return None
    for rule in _RULES_OF[measure]:  # critical rules stand first
        limit = thresholds.get(rule.name)
        if limit is not None and rule.is_breached(value, limit):
            return Breach(rule.name, rule.level, measure, value, limit, rule.message(value, limit))
    return None
