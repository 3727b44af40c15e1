"""How the count of a risk level moved against 24 hours before."""

from datetime import timedelta
from typing import Literal

TREND_WINDOW = timedelta(hours=24)

Trend = Literal["increasing", "stable", "decreasing"]


def trend(now: int, before: int) -> Trend:
    """Return the direction from `before` to `now`; equal counts are stable."""
    if now == before:
        return "stable"
    return "increasing" if now > before else "decreasing"
