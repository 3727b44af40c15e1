"""Which points of the chart are marked."""

from decimal import Decimal
from types import SimpleNamespace

import pytest

from app.admin.chart import marked_measures
from app.domain.triage.thresholds import DEFAULT_THRESHOLDS


@pytest.mark.parametrize(
    ("level", "systolic", "diastolic", "marks"),
    [
        (None, 120, 75, {}),
        (None, 190, 75, {}),  # it raised none: the limits were others then
        ("warning", 140, 75, {"systolic": "warning"}),
        ("warning", 120, 95, {"diastolic": "warning"}),
        ("critical", 185, 95, {"systolic": "critical", "diastolic": "warning"}),
        ("critical", 120, 75, {"systolic": "critical"}),  # for the pulse, or for limits changed since
        ("critical", None, 75, {"diastolic": "critical"}),
    ],
)
def test_an_alerts_reading_is_marked_on_the_measure_that_is_beyond_its_limit(
    level: str | None, systolic: int | None, diastolic: int, marks: dict[str, str]
) -> None:
    """And somewhere in any case, so that no alert is lost from sight."""
    pressures = {"systolic": systolic and Decimal(systolic), "diastolic": Decimal(diastolic)}
    reading = SimpleNamespace(alert_level=level, **pressures)
    assert marked_measures(reading, dict(DEFAULT_THRESHOLDS)) == marks
