"""Which vital the board shows of a patient: the one that the reason names."""

from typing import Any

import pytest

from app.domain.triage.board import telling_vital
from tests.domain.triage.rooms import NOW, score_of

_LATEST = {
    "blood_pressure": {"systolic": 120, "diastolic": 75, "pulse": 70, "observation_id": "bp"},
    "weight": {"weight_kg": "81.5", "observation_id": "scale"},
    "pulse_oximetry": {"spo2": 97, "pulse": 70, "observation_id": "oximeter"},
}


def _latest(**changed: Any) -> dict[str, dict[str, Any]]:
    return {
        kind: {**values, **{name: new for name, new in changed.items() if name in values}, "measured_at": str(NOW)}
        for kind, values in _LATEST.items()
    }


@pytest.mark.parametrize(
    ("rule", "sources", "measure"),
    [
        ("systolic_critical_high", ["bp"], "systolic"),
        ("spo2_low", ["oximeter"], "spo2"),
        ("weight_gain_1_day", [], "weight_kg"),
        ("in_range", ["scale"], "weight_kg"),
        ("in_range", ["bp"], "systolic"),
        ("clinician_said", [], "systolic"),
    ],
)
def test_the_vital_of_the_rule_that_is_named(rule: str, sources: list[str], measure: str) -> None:
    """Else that of the reading nearest to a limit."""
    part = {"name": "vital_deviation", "rule": rule, "source_ids": sources}
    found = telling_vital([part], _latest())
    assert found is not None
    assert found.vital.measure == measure


def test_without_a_score_the_first_that_is_known_and_without_readings_none() -> None:
    """A silent patient has a last value too."""
    found = telling_vital([], {"weight": _latest()["weight"]})
    assert found is not None
    assert (found.vital.label, str(found.latest.value)) == ("Weight", "81.5")
    assert telling_vital([], {}) is None


def test_it_agrees_with_the_score() -> None:
    """Whose part names the rule."""
    score = score_of({"systolic": 120, "spo2": 91})
    found = telling_vital([part.as_dict() for part in score.parts], _latest(spo2=91))
    assert found is not None
    assert found.vital.prefix == "spo2"
