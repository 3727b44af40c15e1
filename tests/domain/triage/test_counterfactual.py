"""The smallest change that drops a band: it does, and nothing smaller would."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.domain.triage.counterfactual import Change, smallest_drop
from app.domain.triage.score import LatestValue, RiskLevel, risk_score
from tests.domain.triage.rooms import A_DAY, DEFAULTS, NOW, inputs_of


def _changes(values: dict[str, Any], **facts: Any) -> list[tuple[str, Any]]:
    found = smallest_drop(inputs_of(values, **facts), DEFAULTS)
    return [(change.what, change.after) for change in found.changes] if found else []


@pytest.mark.parametrize(
    ("values", "facts", "changes"),
    [
        ({"systolic": 120}, {}, []),
        ({}, {}, []),
        ({"systolic": 150}, {}, [("systolic", 139)]),
        ({"systolic": 190}, {}, [("systolic", 179)]),
        ({"spo2": 92}, {}, [("spo2", 94)]),
        ({"temperature_c": "38.4"}, {}, [("temperature_c", Decimal("37.9"))]),
        ({"systolic": 165}, {"warning_alerts": 6, "last_reviewed_at": NOW - 8 * A_DAY}, [("review", None)]),
        ({"systolic": 120}, {"has_active_stat": True}, [("active_stat", None)]),
        ({"systolic": 150, "pulse": 115}, {}, [("systolic", 139), ("pulse", 110)]),
    ],
)
def test_the_smallest_change(values: dict[str, Any], facts: dict[str, Any], changes: list[Any]) -> None:
    """What people can do comes first; then the value that must move least."""
    assert _changes(values, **facts) == changes


@pytest.mark.parametrize("systolic", [75, 85, 141, 160, 181, 240, 300])
def test_one_step_less_would_not_drop_the_band(systolic: int) -> None:
    """For a single value the change found is the least."""
    inputs = inputs_of({"systolic": systolic})
    found = smallest_drop(inputs, DEFAULTS)
    assert found is not None
    change: Change = found.changes[0]
    assert change.after is not None
    nearer = change.after + (1 if systolic > 120 else -1)
    less = replace(inputs, latest={"systolic": LatestValue(nearer, NOW, "x")})
    order = [RiskLevel.NORMAL, RiskLevel.WARNING, RiskLevel.CRITICAL]
    assert order.index(found.score.level) < order.index(risk_score(inputs, DEFAULTS).level)
    assert risk_score(less, DEFAULTS).level is risk_score(inputs, DEFAULTS).level
