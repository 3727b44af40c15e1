"""What was almost billable: as long as the patient's own day is within the window it can still be saved."""

from datetime import UTC, datetime

import pytest

from app.domain.billing.facts import Horizon
from app.domain.billing.leakage import leak_rows
from tests.domain.billing.facts import OCTOBER, a_book, minutes, patient


@pytest.mark.parametrize(
    ("as_of", "is_recoverable"),
    [
        (datetime(2026, 11, 1, 3, 59, 59, tzinfo=UTC), True),  # 31 October, 23:59:59 in New York
        (datetime(2026, 11, 1, 4, 0, tzinfo=UTC), False),
    ],
)
def test_a_month_is_over_when_the_patients_last_day_is(as_of: datetime, is_recoverable: bool) -> None:
    """Not when it is over in Greenwich: fifteen minutes can still become twenty."""
    rows = leak_rows(patient(time_entries=(minutes(15),)), a_book(), Horizon(OCTOBER, as_of), OCTOBER)
    assert {row.is_recoverable for row in rows if row.code == "99457"} == {is_recoverable}
