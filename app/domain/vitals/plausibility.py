"""Readings that an instrument can report and a body cannot do: they wait for a clinician, never silently in or out.

Only mistakes of identity and handling are held back (somebody else stepped on the scale, the cuff was turned round). A
value that may be an emergency, however extreme, never is: it alerts at once.

Source of the scale's rule: a public analysis of 709,000 home weights found some 151 outliers in 1,000 from shared
scales, such as 33.5 kg and 118 kg within 49 seconds, against 3.6 in 1,000 of weights taken by care teams. The lines
themselves (15 % within a day, 30 % within 30 days, 5 % of an adult's height) are ours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from app.domain.vitals.reading import Reading

_DAY, _MONTH, _YEAR = timedelta(days=1), timedelta(days=30), timedelta(days=365)
LEAST_PULSE_PRESSURE = Decimal(10)  # mmHg; below it a cuff has measured noise


@dataclass(frozen=True, slots=True)
class Earlier:
    """The latest accepted value of the same measure, and when it was measured."""

    value: Decimal
    measured_at: datetime


@dataclass(frozen=True, slots=True)
class _Jump:
    """A change of this share or more within this time is not a body's doing."""

    measure: str
    share: Decimal
    within: timedelta
    reason: str


_JUMPS = (
    _Jump("weight_kg", Decimal("0.15"), _DAY, "weight_jump"),
    _Jump("weight_kg", Decimal("0.30"), _MONTH, "weight_jump"),
    _Jump("height_cm", Decimal("0.05"), _YEAR, "height_jump"),
)
REASONS: Mapping[str, str] = {
    "weight_jump": "The weight differs too much from the one before: another person may have stepped on the scale.",
    "height_jump": "The height differs too much from the one before.",
    "pressures_reversed": "Systolic is not at least 10 mmHg above diastolic.",
    "vendor_concern": "The gateway says that somebody should look at it: the inbox tells why.",
}
History = Callable[[str], Earlier | None]


def implausible(reading: Reading, earlier: History) -> str | None:
    """Return why a reading must wait for a clinician (a key of REASONS), or None. On a line counts as beyond it."""
    if reading.concern:
        return reading.concern
    if _are_pressures_reversed(reading):
        return "pressures_reversed"
    for jump in _JUMPS:
        value, before = reading.values.get(jump.measure), earlier(jump.measure)
        if value is not None and before is not None and _jumps(jump, value, before, reading.measured_at):
            return jump.reason
    return None


def _are_pressures_reversed(reading: Reading) -> bool:
    systolic, diastolic = reading.values.get("systolic"), reading.values.get("diastolic")
    return systolic is not None and diastolic is not None and systolic - diastolic < LEAST_PULSE_PRESSURE


def _jumps(jump: _Jump, value: Decimal, before: Earlier, measured_at: datetime) -> bool:
    is_near = abs(measured_at - before.measured_at) <= jump.within
    return is_near and abs(value - before.value) >= jump.share * before.value
