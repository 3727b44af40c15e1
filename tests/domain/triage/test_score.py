"""The risk score: bands, weights, and that its parts always sum to it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.domain.triage.assessment import assess
from app.domain.triage.score import RiskLevel, RiskScore, ScoreInputs, risk_level, risk_score
from app.domain.triage.thresholds import DEFAULT_THRESHOLDS

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _score(systolic: int | None, **changes: Any) -> RiskScore:
    values = {"systolic": None if systolic is None else Decimal(systolic)}
    facts = {
        "as_of": NOW,
        "values": values,
        "breaches": assess(values, DEFAULT_THRESHOLDS),
        "thresholds": DEFAULT_THRESHOLDS,
        "last_reading_at": NOW,
        "source_id": "reading-1",
        "warning_alerts": 0,
        "critical_alerts": 0,
        "last_reviewed_at": NOW,
        "first_reading_at": NOW,
    }
    return risk_score(ScoreInputs(**{**facts, **changes}))


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
    assert _score(120, last_reading_at=NOW - age).level == level


def test_a_missing_vital_is_no_data_and_never_normal() -> None:
    """Zero points, no parts."""
    assert _score(None) == RiskScore(0, RiskLevel.NO_DATA, ())


@pytest.mark.parametrize(("systolic", "score"), [(120, 76), (179, 76), (185, 76), (None, 76)])
def test_an_open_stat_keeps_a_patient_critical(systolic: int | None, score: int) -> None:
    """Whatever was measured, and even if nothing was; the parts still sum to the score."""
    found = _score(systolic, has_active_stat=True)
    assert (found.level, found.score) == (RiskLevel.CRITICAL, score)
    assert sum(part.points for part in found.parts) == found.score


def test_a_stat_adds_nothing_to_a_patient_who_is_critical_anyway() -> None:
    """It fills up to the band, no further."""
    assert _score(190, critical_alerts=2, has_active_stat=True) == _score(190, critical_alerts=2)
