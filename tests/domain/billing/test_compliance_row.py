"""A month with minutes and no period of 30 days."""

from datetime import date
from uuid import UUID

from app.domain.billing.clocks import Window
from app.domain.billing.leakage import ComplianceRow


def test_a_row_without_a_period_has_no_days_of_one() -> None:
    """Neither first nor last; in a file the cells are empty."""
    row = ComplianceRow(UUID(int=1), Window(date(2026, 10, 1), date(2026, 10, 31)), None, 0, 300, 0, ())
    assert (row.period_start, row.period_end, row.cells()[1:3]) == (None, None, ["", ""])
