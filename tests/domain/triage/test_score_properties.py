"""Scores of made-up patients: whatever the values, parts sum to the score, it comes out again, and a drop is a drop."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from app.domain.triage.counterfactual import smallest_drop
from app.domain.triage.score import LatestValue, Raised, RiskLevel, ScoreInputs, ScoreOverride, risk_level, risk_score
from app.domain.triage.score_record import read_inputs, write_inputs
from app.domain.triage.thresholds import VITALS, AlertLevel
from tests.domain.triage.rooms import A_DAY, DEFAULTS, NOW

_ORDER = [RiskLevel.NO_DATA, RiskLevel.NORMAL, RiskLevel.WARNING, RiskLevel.CRITICAL]
SEEDS = range(100)


def _somebody(seed: int) -> ScoreInputs:
    random = Random(seed)
    latest = {
        vital.measure: LatestValue(
            Decimal(random.randint(int(vital.low * 10), int(vital.high * 10))) / 10,
            NOW - timedelta(hours=random.randrange(0, 24 * 32)),
            f"{vital.measure}-1",
        )
        for vital in random.sample(VITALS, random.randint(1, 4))
    }
    raised = (Raised("weight_gain_1_day", AlertLevel.WARNING, NOW - A_DAY),) if random.random() < 0.2 else ()
    override = ScoreOverride(random.randint(1, 100), NOW + random.choice((-1, 1)) * A_DAY)
    return ScoreInputs(
        as_of=NOW,
        latest=latest,
        warning_alerts=random.randrange(9),
        critical_alerts=random.randrange(4),
        last_reviewed_at=random.choice((None, NOW - random.randrange(20) * A_DAY)),
        first_reading_at=NOW - 40 * A_DAY,
        raised=raised,
        has_active_stat=random.random() < 0.2,
        override=override if random.random() < 0.3 else None,
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_parts_sum_to_a_score_of_its_band(seed: int) -> None:
    """Never above 100, never below 0."""
    score = risk_score(_somebody(seed), DEFAULTS)
    assert sum(part.points for part in score.parts) == score.score
    assert score.level is risk_level(score.score)
    assert 0 <= score.score <= 100


@pytest.mark.parametrize("seed", SEEDS)
def test_stored_inputs_give_the_same_score_again(seed: int) -> None:
    """To the last part and word."""
    inputs = _somebody(seed)
    assert risk_score(read_inputs(write_inputs(inputs, "practice:1")), DEFAULTS) == risk_score(inputs, DEFAULTS)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_said_to_lower_the_band_lowers_it(seed: int) -> None:
    """And a patient on no higher band than normal is told nothing."""
    inputs = _somebody(seed)
    level, found = risk_score(inputs, DEFAULTS).level, smallest_drop(inputs, DEFAULTS)
    if found is not None:
        assert _ORDER.index(found.score.level) < _ORDER.index(level)
    if level in {RiskLevel.NORMAL, RiskLevel.NO_DATA}:
        assert found is None
