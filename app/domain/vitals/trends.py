"""What a line through readings says: up, down, or nothing. And body mass index.

A direction is told from at least five readings whose line explains a tenth or more of their spread (r² of least
squares); below that a slope is chance, and the answer is `stable`. The lines are ours, meant for reading along with the
numbers, never for alarms.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

LEAST_READINGS = 5
LEAST_R2 = 0.1
Direction = Literal["increasing", "decreasing", "stable"]


def direction(count: int, slope: float | None, r2: float | None) -> Direction | None:
    """Return where a measure goes; None below five readings, when nothing can be said."""
    if count < LEAST_READINGS:
        return None
    if not slope or r2 is None or r2 < LEAST_R2:
        return "stable"
    return "increasing" if slope > 0 else "decreasing"


def body_mass_index(weight_kg: Decimal, height_cm: Decimal) -> Decimal:
    """Return kg/m² to one decimal, half up. Source: WHO, weight over the square of the height in metres."""
    metres = height_cm / 100
    return (weight_kg / (metres * metres)).quantize(Decimal("0.1"), ROUND_HALF_UP)
