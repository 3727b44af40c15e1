"""The programs' own rules."""

from datetime import date, datetime

import pytest

from app.domain.days import local_day
from app.domain.enrolment.programs import (
    NEEDS,
    DischargeReason,
    Program,
    ends_episode,
    renewal_due,
)


def test_rpm_and_rtm_exclude_each_other_and_nothing_else_does() -> None:
    """Both ways."""
    assert {program: needs.excludes for program, needs in NEEDS.items() if needs.excludes} == {
        Program.RPM: Program.RTM,
        Program.RTM: Program.RPM,
    }


@pytest.mark.parametrize("reason", [*DischargeReason, None])
def test_an_episode_ends_when_the_goals_are_met_and_only_then(reason: DischargeReason | None) -> None:
    """A pause, a move or a lapse does not end it."""
    assert ends_episode(reason) is (reason is DischargeReason.GOALS_MET)


@pytest.mark.parametrize(
    ("ends", "due"),
    [
        (date(2026, 12, 31), date(2026, 12, 1)), (date(2026, 4, 1), date(2026, 3, 2)),
        (date(2026, 3, 31), date(2026, 3, 1)), (date(2026, 3, 2), date(2026, 3, 1)), (None, None),
    ],
)  # fmt: skip
def test_an_order_wants_renewing_thirty_days_before_its_end(ends: date | None, due: date | None) -> None:
    """Never before its start on 1 March; never, when it has no end."""
    assert renewal_due(date(2026, 3, 1), ends) == due


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2026-03-08T04:59:59+00:00", "America/New_York", date(2026, 3, 7)),
        ("2026-03-08T05:00:00+00:00", "America/New_York", date(2026, 3, 8)),
        ("2026-03-09T03:59:59+00:00", "America/New_York", date(2026, 3, 8)),
        ("2026-03-09T04:00:00+00:00", "America/New_York", date(2026, 3, 9)),
        ("2026-03-08T05:00:00+00:00", "America/Los_Angeles", date(2026, 3, 7)),
    ],
)
def test_a_day_begins_at_the_patients_own_midnight(moment: str, zone: str, day: date) -> None:
    """Also on the day that summer time begins."""
    assert local_day(datetime.fromisoformat(moment), zone) == day
