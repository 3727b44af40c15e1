"""Which value holds: default, profile or override; and which sets are refused."""

from decimal import Decimal
from typing import Any

import pytest

from app.domain.errors import ValidationFailed
from app.domain.triage.effective import EffectiveValue, ThresholdSet, check, effective_rules, effective_values
from app.domain.triage.parameters import PARAMETERS, default_of, source_of
from app.domain.triage.profiles import PROFILES, Condition, combined
from app.domain.triage.sources import Source
from app.domain.triage.thresholds import DEFAULTS

OURS = Source.OURS


def _set(*profiles: Condition, **values: Any) -> ThresholdSet:
    numbers = {name: None if value is None else Decimal(str(value)) for name, value in values.items()}
    return ThresholdSet(numbers, {}, profiles)


def _value(practice: ThresholdSet, patient: ThresholdSet, name: str = "systolic_high") -> tuple[Any, str]:
    found: dict[str, EffectiveValue] = {one.name: one for one in effective_values(practice, patient)}
    return found[name].value, found[name].origin.value


@pytest.mark.parametrize(
    ("practice", "patient", "expected"),
    [
        (_set(), _set(), (140, "default")),
        (_set(systolic_high=145), _set(), (145, "default")),
        (_set(systolic_high=145), _set(Condition.HYPERTENSION), (135, "profile")),
        (_set(systolic_high=145), _set(Condition.HYPERTENSION, systolic_high=150), (150, "override")),
        (_set(), _set(systolic_high=None), (None, "override")),
    ],
)
def test_the_patients_own_value_holds_before_a_profiles_before_the_practices(
    practice: ThresholdSet, patient: ThresholdSet, expected: tuple[Any, str]
) -> None:
    """And None switches a rule off."""
    assert _value(practice, patient) == expected
    limit = effective_rules(practice, patient).by_name.get("systolic_high")
    assert (limit.limit if limit else None) == expected[0]


def test_of_two_profiles_the_one_that_alerts_earlier_holds() -> None:
    """Whatever their order; today only COPD and the defaults overlap, so one is made up."""
    both = combined([Condition.COPD, Condition.HEART_FAILURE, Condition.COPD])
    assert (both["spo2_low"].value, both["weight_gain_1_day"].value) == (87, Decimal("1.36"))


def test_every_default_and_every_value_of_a_profile_names_its_source() -> None:
    """And every value that can be set says something, if only that it depends on the person."""
    assert all(default.source in Source for default in DEFAULTS.values())
    assert all(default.source in Source for profile in PROFILES.values() for default in profile.values.values())
    assert all(source_of(name) for name in PARAMETERS)


def test_what_no_source_says_is_called_our_own_judgement() -> None:
    """These and no others; who finds a source takes one off the list."""
    of_profiles = {name for profile in PROFILES.values() for name, one in profile.values.items() if one.source is OURS}
    assert {name for name, default in DEFAULTS.items() if default.source is OURS} == {
        "systolic_critical_low", "diastolic_low", "diastolic_critical_low", "temperature_low", "no_reading_days",
    }  # fmt: skip
    assert of_profiles == set()


def test_the_defaults_and_profiles_are_themselves_valid() -> None:
    """Alone and all together."""
    own = {name: default_of(name) for name in PARAMETERS}
    for profiles in [(), *((one,) for one in Condition), tuple(Condition)]:
        patient = ThresholdSet(profiles=profiles)
        check(ThresholdSet(own), effective_values(ThresholdSet(own), patient))


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"systolic_high": 181}, "systolic_high"), ({"systolic_high": 180}, None),
        ({"systolic_high": 90}, "systolic_high"),
        ({"systolic_low": 139}, None), ({"systolic_critical_low": 91}, "systolic_critical_low"),
        ({"systolic_critical_low": 90}, None), ({"spo2_low": 101}, "spo2_low"), ({"spo2_low": 100}, None),
        ({"no_reading_days": 0}, "no_reading_days"), ({"no_reading_days": 1}, None),
        ({"no_reading_days": "1.5"}, "no_reading_days"), ({"weight_gain_1_day": "0.05"}, "weight_gain_1_day"),
        ({"systolic_high": None, "systolic_critical_high": 92}, None),
    ],
)  # fmt: skip
def test_values_out_of_bounds_or_out_of_order_are_refused_by_name(values: dict[str, Any], refused: str | None) -> None:
    """critical_low <= low < high <= critical_high."""
    own = _set(**values)
    if refused is None:
        check(own, effective_values(own))
        return
    with pytest.raises(ValidationFailed) as caught:
        check(own, effective_values(own))
    assert list(caught.value.field_errors) == [refused]
