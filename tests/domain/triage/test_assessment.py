"""Which readings alert: both sides of each default limit."""

from decimal import Decimal

import pytest

from app.domain.triage.assessment import assess
from app.domain.triage.thresholds import DEFAULT_THRESHOLDS


@pytest.mark.parametrize(
    ("measure", "value", "rule"),
    [
        ("systolic", "139.9", None),
        ("systolic", "140", "systolic_high"),
        ("systolic", "179.9", "systolic_high"),
        ("systolic", "180", "systolic_critical_high"),
        ("systolic", "90.1", None),
        ("systolic", "90", "systolic_low"),
        ("systolic", "80.1", "systolic_low"),
        ("systolic", "80", "systolic_critical_low"),
        ("diastolic", "89.9", None),
        ("diastolic", "90", "diastolic_high"),
        ("diastolic", "120", "diastolic_critical_high"),
        ("diastolic", "50", "diastolic_low"),
        ("diastolic", "40", "diastolic_critical_low"),
        ("pulse", "110.9", None),
        ("pulse", "111", "pulse_high"),
        ("pulse", "130.9", "pulse_high"),
        ("pulse", "131", "pulse_critical_high"),
        ("pulse", "50", "pulse_low"),
        ("pulse", "40", "pulse_critical_low"),
    ],
)
def test_a_limit_is_met_from_the_limit_on(measure: str, value: str, rule: str | None) -> None:
    """On the limit counts."""
    found = assess({measure: Decimal(value)}, DEFAULT_THRESHOLDS)
    assert [breach.rule for breach in found] == ([rule] if rule else [])


def test_the_message_has_the_documented_wording() -> None:
    """Word for word."""
    breach = assess({"systolic": Decimal(142)}, DEFAULT_THRESHOLDS)[0]
    assert breach.message == "Systolic BP 142 exceeds threshold of 140 mmHg"


def test_a_critical_breach_stands_before_a_warning() -> None:
    """Worst first, whatever the order of measures."""
    found = assess({"systolic": Decimal(150), "diastolic": Decimal(125)}, DEFAULT_THRESHOLDS)
    assert [breach.rule for breach in found] == ["diastolic_critical_high", "systolic_high"]


def test_a_missing_value_raises_nothing() -> None:
    """Absence is not a finding."""
    assert assess({"systolic": None, "diastolic": None}, DEFAULT_THRESHOLDS) == ()


def test_a_rule_without_a_threshold_raises_nothing() -> None:
    """A practice may switch a rule off."""
    assert assess({"systolic": Decimal(299)}, {}) == ()
