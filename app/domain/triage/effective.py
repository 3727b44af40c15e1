"""Which value holds for a patient: the practice's default, a profile's, or the patient's own override."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from app.domain.errors import ValidationFailed
from app.domain.triage.parameters import FEW_READING_DAYS, NO_READING, PARAMETERS, default_of, source_of
from app.domain.triage.profiles import Condition, combined
from app.domain.triage.rules import Modifiers, RuleBook, rule_book
from app.domain.triage.thresholds import VITALS

Values = Mapping[str, Decimal | None]  # None: switched off


class Origin(StrEnum):
    """Who set a value."""

    DEFAULT = "default"
    PROFILE = "profile"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class ThresholdSet:
    """What a practice or a patient has set: named values, what warnings of a vital wait for, profiles of a patient."""

    values: Values = field(default_factory=dict)
    modifiers: Mapping[str, Modifiers] = field(default_factory=dict)
    profiles: tuple[Condition, ...] = ()


NOTHING_SET = ThresholdSet()


@dataclass(frozen=True, slots=True)
class EffectiveValue:
    """A value in force, who set it, its source, and what would hold without the patient's override."""

    name: str
    value: Decimal | None
    origin: Origin
    source: str
    unit: str
    default: Decimal | None


def effective_values(practice: ThresholdSet, patient: ThresholdSet = NOTHING_SET) -> list[EffectiveValue]:
    """Return every value that can be set, in the order of the table of parameters."""
    by_profile = combined(patient.profiles)
    found = []
    for name, parameter in PARAMETERS.items():
        value, origin, source = practice.values.get(name, default_of(name)), Origin.DEFAULT, str(source_of(name))
        if name in practice.values and practice.values[name] != default_of(name):
            source = "Set by the practice"
        if name in by_profile:
            value, origin, source = by_profile[name].value, Origin.PROFILE, str(by_profile[name].source)
        default = value
        if name in patient.values:
            value, origin, source = patient.values[name], Origin.OVERRIDE, "Set for this patient"
        found.append(EffectiveValue(name, value, origin, source, parameter.unit, default))
    return found


def effective_rules(practice: ThresholdSet, patient: ThresholdSet = NOTHING_SET) -> RuleBook:
    """Return the rules in force."""
    by_profile = {name: default.value for name, default in combined(patient.profiles).items()}
    values = {name: default_of(name) for name in PARAMETERS} | {**practice.values, **by_profile, **patient.values}
    return rule_book(values, {**practice.modifiers, **patient.modifiers})


def check(own: ThresholdSet, effective: Iterable[EffectiveValue]) -> None:
    """Raise ValidationFailed for a value out of its bounds, or for limits of a vital that do not stand in order."""
    errors: dict[str, list[str]] = {}
    for name, value in own.values.items():
        parameter = PARAMETERS[name]
        if value is not None and not parameter.low <= value <= parameter.high:
            errors[name] = [f"Must be between {parameter.low} and {parameter.high} {parameter.unit}."]
    values = {one.name: one.value for one in effective}
    for vital in VITALS:
        for lower, upper in _out_of_order(vital.prefix, values):
            errors.setdefault(lower if lower in own.values else upper, []).append(f"{lower} must be below {upper}.")
    for name in (NO_READING.name, FEW_READING_DAYS.name):
        if (days := own.values.get(name)) is not None and days != int(days):
            errors[name] = ["Must be a whole number of days."]
    if errors:
        raise ValidationFailed(errors)


def _out_of_order(prefix: str, values: Values) -> list[tuple[str, str]]:
    """Return neighbours of critical_low <= low < high <= critical_high that are the wrong way round."""
    names = [f"{prefix}_{part}" for part in ("critical_low", "low", "high", "critical_high")]
    known = [(name, value) for name in names if (value := values.get(name)) is not None]
    return [
        (one, other)
        for (one, low), (other, high) in pairwise(known)
        if low > high or (low == high and one.endswith("low") and not other.endswith("low"))
    ]
