"""What a spent token means, and how long a lock lasts."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.lockout import minutes_left
from app.domain.tokens import Replay, judge_replay

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "is_parent", "verdict"),
    [(0, True, Replay.RETRY), (10, True, Replay.RETRY), (10.1, True, Replay.THEFT), (1, False, Replay.THEFT)],
)
def test_only_the_newest_tokens_parent_within_ten_seconds_is_a_retry(
    seconds: float, is_parent: bool, verdict: Replay
) -> None:
    """Everything else is theft."""
    spent = NOW - timedelta(seconds=seconds)
    assert judge_replay(spent, is_parent_of_newest=is_parent, now=NOW) is verdict


@pytest.mark.parametrize(("seconds", "minutes"), [(1800, 30), (1799, 30), (61, 2), (60, 1), (1, 1), (-5, 1)])
def test_minutes_left_are_rounded_up_and_never_zero(seconds: int, minutes: int) -> None:
    """Nobody is told to come back in 0 minutes."""
    assert minutes_left(NOW + timedelta(seconds=seconds), NOW) == minutes
