"""Rules as data: a limit with its level, and what may hold a warning back. Critical limits are never held back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from app.domain.triage.parameters import PARAMETERS, Parameter, RuleKind
from app.domain.triage.thresholds import VITAL_OF, AlertLevel

_NEVER = timedelta(0)
_WHOLE_DAY = 24
EVERY_DAY = frozenset(range(1, 8))  # ISO: Monday is 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """Local hours [from, to) on ISO weekdays; from 22 to 6 runs over midnight and belongs to the day it began."""

    from_hour: int = 0
    to_hour: int = _WHOLE_DAY
    weekdays: frozenset[int] = EVERY_DAY

    def covers(self, local: datetime) -> bool:
        """Say whether a local time lies in it."""
        if self.from_hour < self.to_hour:
            return local.isoweekday() in self.weekdays and self.from_hour <= local.hour < self.to_hour
        if local.hour >= self.from_hour:
            return local.isoweekday() in self.weekdays
        return local.hour < self.to_hour and (local - timedelta(days=1)).isoweekday() in self.weekdays


@dataclass(frozen=True, slots=True)
class Modifiers:
    """What a warning waits for; nothing by default.

    It is raised when `repeat_times` of the last `repeat_of` readings breach, for at least `duration`, within
    `schedule`, and not again within `cool_down`. Once raised it clears only when the value is back by `hysteresis` (in
    the vital's unit) from the limit.
    """

    repeat_times: int = 1
    repeat_of: int = 1
    duration: timedelta = _NEVER
    hysteresis: Decimal = Decimal(0)
    cool_down: timedelta = _NEVER
    schedule: Schedule | None = None

    @property
    def looks_back(self) -> bool:
        """Say whether earlier readings are needed."""
        return self.repeat_of > 1


AT_ONCE = Modifiers()


@dataclass(frozen=True, slots=True)
class AlertRule:
    """A parameter with the value it is set to."""

    parameter: Parameter
    limit: Decimal
    modifiers: Modifiers = AT_ONCE

    @property
    def name(self) -> str:
        """The name that alerts carry."""
        return self.parameter.name

    def is_breached(self, value: Decimal) -> bool:
        """Say whether the value reaches the limit: on the limit counts."""
        return value >= self.limit if self.parameter.is_upper else value <= self.limit

    def is_back(self, value: Decimal) -> bool:
        """Say whether the value is away from the limit by more than the hysteresis."""
        margin = self.modifiers.hysteresis
        return value < self.limit - margin if self.parameter.is_upper else value > self.limit + margin


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules in force for a patient, by the measure they look at; limits stand critical before warning."""

    limits: Mapping[str, tuple[AlertRule, ...]]
    moving: Mapping[str, tuple[AlertRule, ...]]
    silence: AlertRule | None
    by_name: Mapping[str, AlertRule] = field(default_factory=dict)
    looks_back: bool = False  # whether any rule needs earlier readings
    adherence: AlertRule | None = None


def rule_book(values: Mapping[str, Decimal | None], modifiers: Mapping[str, Modifiers] | None = None) -> RuleBook:
    """Return the rules of a set of values (None: off); modifiers go by a vital's prefix and to its warnings only."""
    by_measure = {VITAL_OF[prefix].measure: one for prefix, one in (modifiers or {}).items()}
    rules = []
    for name, parameter in PARAMETERS.items():
        limit = values.get(name)
        if limit is not None:
            waits = by_measure.get(parameter.measure, AT_ONCE) if parameter.level is AlertLevel.WARNING else AT_ONCE
            rules.append(AlertRule(parameter, limit, waits))
    moving = _by_measure(rules, RuleKind.CHANGE, RuleKind.TREND)
    return RuleBook(
        limits=_by_measure(rules, RuleKind.LIMIT),
        moving=moving,
        silence=next((rule for rule in rules if rule.parameter.kind is RuleKind.SILENCE), None),
        adherence=next((rule for rule in rules if rule.parameter.kind is RuleKind.ADHERENCE), None),
        by_name={rule.name: rule for rule in rules},
        looks_back=bool(moving) or any(rule.modifiers.looks_back for rule in rules),
    )


def _by_measure(rules: list[AlertRule], *kinds: RuleKind) -> dict[str, tuple[AlertRule, ...]]:
    found: dict[str, tuple[AlertRule, ...]] = {}
    for rule in rules:
        if rule.parameter.kind in kinds:
            found[rule.parameter.measure] = (*found.get(rule.parameter.measure, ()), rule)
    return found
