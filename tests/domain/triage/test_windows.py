"""Looking back in local days: the day begins when the patient's clock says so, also when clocks change."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import pytest

from app.domain.triage.parameters import PARAMETERS
from app.domain.triage.windows import change_in
from tests.domain.triage.rooms import sample

_GAIN = PARAMETERS["weight_gain_1_day"]


@pytest.mark.parametrize("zone", ["America/Chicago", "Asia/Kolkata", "Pacific/Auckland", "America/Havana", "UTC"])
@pytest.mark.parametrize("around", [datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)])
def test_a_reading_counts_from_its_local_day_on(zone: str, around: datetime) -> None:
    """Two hundred pairs about a change of clocks: exactly those whose local dates are a day apart at most."""
    random, clock = Random(f"{zone}{around}"), ZoneInfo(zone)
    for _ in range(200):
        early = around + timedelta(minutes=random.randrange(-4000, 4000))
        late = early + timedelta(minutes=random.randrange(1, 4000))
        days = (late.astimezone(clock).date() - early.astimezone(clock).date()).days
        moved = change_in(sample(late, weight_kg=82), [sample(early, weight_kg=80)], _GAIN, clock)
        assert moved == (Decimal(2) if days <= 1 else None)
