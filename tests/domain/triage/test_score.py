"""The risk score: bands, weights, and that its parts always sum to it."""

from datetime import timedelta
from typing import Any

import pytest

from app.domain.triage.score import (
    NO_DATA,
    WEIGHTS,
    Raised,
    RiskLevel,
    RiskScore,
    ScoreInputs,
    ScoreOverride,
    risk_level,
    risk_score,
)
from app.domain.triage.thresholds import AlertLevel
from tests.domain.triage.rooms import A_DAY, DEFAULTS, NOW, a_book, score_of


def _score(systolic: int | None, **facts: Any) -> RiskScore:
    return score_of({"systolic": systolic}, **facts)


def _parts(score: RiskScore) -> dict[str, int]:
    return {part.name: part.points for part in score.parts}


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (0, "no_data"),
        (1, "normal"),
        (50, "normal"),
        (51, "warning"),
        (75, "warning"),
        (76, "critical"),
        (100, "critical"),
    ],
)
def test_the_bands_are_the_contracts(score: int, level: str) -> None:
    """Both ends of each."""
    assert risk_level(score) == level


@pytest.mark.parametrize(
    ("systolic", "level"), [(120, "normal"), (139, "normal"), (140, "warning"), (179, "warning"), (180, "critical")]
)
def test_the_latest_reading_alone_decides_its_band(systolic: int, level: str) -> None:
    """A critical value is critical at once."""
    assert _score(systolic).level == level


@pytest.mark.parametrize("systolic", [82, 95, 120, 139, 140, 160, 179, 180, 250])
@pytest.mark.parametrize("alerts", [0, 3, 40])
@pytest.mark.parametrize("days", [0, 5, 400])
def test_the_parts_sum_exactly_to_the_score_and_stay_within_100(systolic: int, alerts: int, days: int) -> None:
    """Every number can explain itself."""
    result = _score(systolic, warning_alerts=alerts, last_reviewed_at=NOW - timedelta(days=days))
    assert sum(part.points for part in result.parts) == result.score
    assert 1 <= result.score <= 100


def test_a_value_in_range_never_leaves_the_normal_band() -> None:
    """However often it alerted before and however long nobody looked."""
    worst = _score(139, warning_alerts=99, critical_alerts=99, last_reviewed_at=NOW - timedelta(days=365))
    assert worst.level is RiskLevel.NORMAL


def test_an_unwatched_warning_that_repeats_climbs_to_critical() -> None:
    """The other parts can lift a patient."""
    assert _score(165, warning_alerts=7, last_reviewed_at=NOW - timedelta(days=10)).level is RiskLevel.CRITICAL


@pytest.mark.parametrize(("age", "level"), [(timedelta(days=30), "normal"), (timedelta(days=30, seconds=1), "no_data")])
def test_a_reading_older_than_30_days_is_no_data(age: timedelta, level: str) -> None:
    """Exactly 30 days still counts."""
    assert _score(120, measured_at=NOW - age).level == level


def test_a_missing_vital_is_no_data_and_never_normal() -> None:
    """Zero points, no parts."""
    assert _score(None) == NO_DATA == RiskScore(0, RiskLevel.NO_DATA, ())


@pytest.mark.parametrize(
    ("values", "level"),
    [
        ({"spo2": 94}, "normal"), ({"spo2": 93}, "warning"), ({"spo2": 90}, "critical"),
        ({"glucose_mg_dl": 71}, "normal"), ({"glucose_mg_dl": 70}, "warning"), ({"glucose_mg_dl": 54}, "critical"),
        ({"temperature_c": "37.9"}, "normal"), ({"temperature_c": 38}, "warning"),
        ({"respiratory_rate": 24}, "warning"), ({"respiratory_rate": 25}, "critical"),
        ({"weight_kg": 140}, "normal"), ({"systolic": 120, "spo2": 88}, "critical"),
        ({"systolic": 150, "spo2": 88}, "critical"), ({"systolic": 150, "spo2": 97}, "warning"),
    ],
)  # fmt: skip
def test_every_vital_counts_and_the_worst_decides(values: dict[str, Any], level: str) -> None:
    """Not only blood pressure."""
    assert score_of(values).level == level


def test_the_greatest_of_all_parts_together_is_100() -> None:
    """So that no score is cut off and the parts still sum to it."""
    most = ("alerts_at_most", "review_at_most", "silence_at_most")
    assert WEIGHTS["critical"] + sum(WEIGHTS[name] for name in most) == 100
    assert WEIGHTS["in_range_to"] + sum(WEIGHTS[name] for name in most) == 50


def test_a_rule_that_is_raised_makes_a_warning_of_values_in_range() -> None:
    """Weight gain has no limit of its own; a rule that is off counts no longer."""
    raised = (Raised("weight_gain_1_day", AlertLevel.WARNING, NOW),)
    book = a_book(weight_gain_1_day="1.36")
    assert score_of({"weight_kg": 80}, book, raised=raised).level is RiskLevel.WARNING
    assert score_of({"weight_kg": 80}, raised=raised).level is RiskLevel.NORMAL


@pytest.mark.parametrize(("days", "points"), [(2, None), (3, 1), (4, 2), (6, 4), (7, 4), (29, 4)])
def test_silence_adds_a_point_a_day_up_to_four(days: int, points: int | None) -> None:
    """From the third full day on, which is the default."""
    assert _parts(_score(120, measured_at=NOW - days * A_DAY)).get("missing_data") == points


def test_a_stat_keeps_the_patient_critical_whatever_else_is_known() -> None:
    """In range, without data and against an override; it adds nothing to a score that is critical already."""
    assert [score_of(values, has_active_stat=True).score for values in ({"systolic": 120}, {})] == [76, 76]
    low = ScoreOverride(10, NOW + A_DAY)
    assert _score(120, has_active_stat=True, override=low).level is RiskLevel.CRITICAL
    assert _parts(_score(190, has_active_stat=True))["active_stat"] == 0


def test_an_override_is_a_part_beside_the_computed_score_until_it_expires() -> None:
    """Down as well as up; at its end exactly it is over."""
    override = ScoreOverride(30, NOW + timedelta(seconds=1))
    score = _score(190, override=override)
    assert (score.score, score.computed, _parts(score)["clinician_override"]) == (30, 76, -46)
    over = _score(190, override=ScoreOverride(30, NOW))
    assert (over.score, over.computed) == (76, 76)


def test_the_same_inputs_give_the_same_score() -> None:
    """Deterministic."""
    inputs = ScoreInputs(as_of=NOW, latest={})
    assert risk_score(inputs, DEFAULTS) == risk_score(inputs, DEFAULTS) == NO_DATA
