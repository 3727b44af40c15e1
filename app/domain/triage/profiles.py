"""Condition profiles: values that fit a diagnosis better than the general defaults, each with its source.

Several may be applied to one patient; where two name the same value, the one that alerts earlier holds. A weight gain
is set in kilograms: 3 lb are 1.36 kg and 5 lb 2.27 kg (1 lb = 0.45359237 kg), rounded to 10 g.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from app.domain.triage.parameters import PARAMETERS, RuleKind
from app.domain.triage.sources import Source
from app.domain.triage.thresholds import Default


class Condition(StrEnum):
    """What a profile is for."""

    HYPERTENSION = "hypertension"
    DIABETES = "diabetes"
    COPD = "copd"
    HEART_FAILURE = "heart_failure"


@dataclass(frozen=True, slots=True)
class Profile:
    """A condition with the values it changes."""

    condition: Condition
    label: str
    values: Mapping[str, Default]


def _profile(condition: Condition, label: str, **values: tuple[str, Source]) -> Profile:
    defaults = {name: Default(Decimal(value), source) for name, (value, source) in values.items()}
    return Profile(condition, label, MappingProxyType(defaults))


PROFILES: Mapping[Condition, Profile] = MappingProxyType(
    {
        profile.condition: profile
        for profile in (
            _profile(
                Condition.HYPERTENSION,
                "Hypertension",
                systolic_high=("135", Source.ACC_AHA_HOME),
                diastolic_high=("85", Source.ACC_AHA_HOME),
                systolic_critical_high=("180", Source.ACC_AHA),
                diastolic_critical_high=("120", Source.ACC_AHA),
            ),
            _profile(
                Condition.DIABETES,
                "Diabetes",
                glucose_high=("250", Source.GLUCOSE_LEVELS),
                glucose_critical_high=("300", Source.GLUCOSE_CALL),
                glucose_low=("70", Source.ADA),
                glucose_critical_low=("54", Source.ADA),
            ),
            _profile(
                Condition.COPD,
                "COPD",
                spo2_low=("87", Source.BTS_OXYGEN),
                spo2_critical_low=("85", Source.NEWS2_SCALE_2),
                respiratory_rate_high=("21", Source.NEWS2),
                respiratory_rate_critical_high=("25", Source.NEWS2),
            ),
            _profile(
                Condition.HEART_FAILURE,
                "Heart failure",
                weight_gain_1_day=("1.36", Source.WEIGHT_GAIN),
                weight_gain_7_days=("2.27", Source.WEIGHT_GAIN),
            ),
        )
    }
)


def combined(conditions: Iterable[Condition]) -> dict[str, Default]:
    """Return the values of some profiles together; of two for one name, the one that alerts earlier."""
    found: dict[str, Default] = {}
    for condition in conditions:
        for name, default in PROFILES[condition].values.items():
            found[name] = _earlier(name, found.get(name, default), default)
    return found


def _earlier(name: str, one: Default, other: Default) -> Default:
    parameter = PARAMETERS[name]
    is_upper = parameter.is_upper or parameter.kind is not RuleKind.LIMIT  # of a change, the smaller one comes first
    return min(one, other, key=lambda default: default.value if is_upper else -default.value)
