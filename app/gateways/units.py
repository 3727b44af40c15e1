"""Vendors' units into ours, by exact decimals. Derived values are rounded to four places, half to even.

Sources: NIST SP 811 appendix B (pound avoirdupois 0.45359237 kg; conventional millimetre of mercury 133.322387415 Pa;
°C = (°F - 32) / 1.8); the molar mass of glucose, 180.156 g/mol, makes 1 mmol/L 18.0156 mg/dL (NIST WebBook, C6H12O6).
"""

from decimal import ROUND_HALF_EVEN, Decimal

from app.gateways.messages import Measure, Unreadable

_PLACES = Decimal("0.0001")
_PASCALS = Decimal("133.322387415")  # of one mmHg
_POUND, _GLUCOSE = Decimal("0.45359237"), Decimal("18.0156")
_INCH, _STONE = Decimal("2.54"), 14  # cm; pounds
_ONE = Decimal(1)

_PRESSURE = {"mmHg": (_ONE, _ONE), "kPa": (Decimal(1000), _PASCALS), "Pa": (_ONE, _PASCALS)}
_RATE = {"bpm": (_ONE, _ONE)}
# measure → unit → (multiplied by, divided by); the first unit is the canonical one
FACTORS: dict[str, dict[str, tuple[Decimal, Decimal]]] = {
    "systolic": _PRESSURE,
    "diastolic": _PRESSURE,
    "pulse": _RATE,
    "weight_kg": {
        "kg": (_ONE, _ONE),
        "g": (_ONE, Decimal(1000)),
        "lb": (_POUND, _ONE),
        "st": (_POUND * _STONE, _ONE),
    },
    "glucose_mg_dl": {"mg/dL": (_ONE, _ONE), "mmol/L": (_GLUCOSE, _ONE)},
    "spo2": {"%": (_ONE, _ONE)},
    "temperature_c": {"°C": (_ONE, _ONE), "°F": (_ONE, Decimal("1.8"))},
    "respiratory_rate": {"/min": (_ONE, _ONE)},
    "peak_flow": {"L/min": (_ONE, _ONE), "L/s": (Decimal(60), _ONE)},
    "height_cm": {"cm": (_ONE, _ONE), "m": (Decimal(100), _ONE), "in": (_INCH, _ONE)},
}
_FREEZING_F = Decimal(32)
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
    return next(iter(FACTORS[measure]))


def measured(measure: str, posted: Decimal, unit: str | None = None) -> Measure:
    """Return a value in its canonical unit, beside what was posted; without a unit it is canonical already.

    Raises Unreadable when the measure has no such unit: a value whose unit is unknown is not guessed.
    """
    spelled = _spelled(measure, unit)
    if spelled == canonical_unit(measure):
        return Measure(posted, posted, spelled)
    if spelled not in FACTORS[measure]:
        raise Unreadable(f"The unit of {measure} is not known.")
    times, over = FACTORS[measure][spelled]
    start = posted - _FREEZING_F if spelled == "°F" else posted
    return Measure(_shortest((start * times / over).quantize(_PLACES, ROUND_HALF_EVEN)), posted, spelled)


def _spelled(measure: str, unit: str | None) -> str:
    if unit is None:
        return canonical_unit(measure)
    spelled = _SPELLINGS.get(unit.strip().lower(), "")
    return _SYNONYMS.get((measure, spelled), spelled)


def _shortest(value: Decimal) -> Decimal:
    """Return the same number without zeros at its end that nobody measured."""
    return Decimal(format(value, "f").rstrip("0").rstrip("."))
