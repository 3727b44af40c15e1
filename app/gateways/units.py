"""Vendors' units into ours, by exact decimals.

Units that our own API takes too are derived as it does (`app.domain.vitals.units`), so that one reading is the same by
either way. Of the others: 1 mmHg = 133.322387415 Pa (NIST SP 811, appendix B), cut to six decimals; 1 st = 14 lb.
"""

from decimal import ROUND_HALF_EVEN, Decimal

from app.domain.vitals.measures import MEASURES
from app.domain.vitals.units import BY_UNIT, KG_PER_LB
from app.gateways.messages import Measure, Unreadable

_PASCALS = Decimal("133.322387415")  # of one mmHg
_MILLIONTH = Decimal("0.000001")
_ONE = Decimal(1)
_PRESSURE = {"kPa": (Decimal(1000), _PASCALS), "Pa": (_ONE, _PASCALS)}
# measure → unit → (multiplied by, divided by), beside the canonical unit and those of our own API
_FACTORS: dict[str, dict[str, tuple[Decimal, Decimal]]] = {
    "systolic": _PRESSURE,
    "diastolic": _PRESSURE,
    "weight_kg": {"g": (_ONE, Decimal(1000)), "st": (KG_PER_LB * 14, _ONE)},
    "peak_flow": {"L/s": (Decimal(60), _ONE)},
    "height_cm": {"m": (Decimal(100), _ONE)},
}
_SPELLINGS = {
    "mmhg": "mmHg", "mm[hg]": "mmHg", "mm hg": "mmHg", "kpa": "kPa", "pa": "Pa",
    "bpm": "bpm", "beats/min": "bpm", "{beats}/min": "bpm", "1/min": "/min", "/min": "/min", "breaths/min": "/min",
    "kg": "kg", "kgs": "kg", "g": "g", "lb": "lb", "lbs": "lb", "[lb_av]": "lb", "pounds": "lb", "st": "st",
    "mg/dl": "mg/dL", "mgdl": "mg/dL", "mmol/l": "mmol/L", "mmol": "mmol/L", "mmoll": "mmol/L",
    "%": "%", "percent": "%", "c": "°C", "°c": "°C", "cel": "°C", "celsius": "°C", "f": "°F", "°f": "°F",
    "[degf]": "°F", "degf": "°F", "degc": "°C", "fahrenheit": "°F", "l/min": "L/min", "l/s": "L/s",
    "cm": "cm", "m": "m", "in": "in",
}  # fmt: skip
_SYNONYMS = {("pulse", "/min"): "bpm", ("respiratory_rate", "bpm"): "/min"}


def canonical_unit(measure: str) -> str:
    """Return the unit a measure is stored in."""
    return MEASURES[measure].limits.unit


def measured(measure: str, posted: Decimal, unit: str | None = None) -> Measure:
    """Return a value in its canonical unit, beside what was posted; without a unit it is canonical already.

    Raises Unreadable when the measure has no such unit: a value whose unit is unknown is not guessed.
    """
    spelled = _spelled(measure, unit)
    if spelled == canonical_unit(measure):
        return Measure(posted, posted, spelled)
    if (measure, spelled) in BY_UNIT:
        return Measure(_shortest(BY_UNIT[measure, spelled].to_measure(posted)), posted, spelled)
    if spelled not in _FACTORS.get(measure, {}):
        raise Unreadable(f"The unit of {measure} is not known.")
    times, over = _FACTORS[measure][spelled]
    return Measure(_shortest((posted * times / over).quantize(_MILLIONTH, ROUND_HALF_EVEN)), posted, spelled)


def _spelled(measure: str, unit: str | None) -> str:
    if unit is None:
        return canonical_unit(measure)
    spelled = _SPELLINGS.get(unit.strip().lower(), "")
    return _SYNONYMS.get((measure, spelled), spelled)


def _shortest(value: Decimal) -> Decimal:
    """Return the same number without zeros at its end that nobody measured."""
    text = format(value, "f")
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)
