"""What is measured: one line a measure, with its unit, its limits and how people name it. Limits are inclusive.

Limits are what instruments of the kind can report at all: outside them a value is a mistake, not a bad sign.

- Blood pressure and pulse: the product's API contract (§4).
- Weight 2-450 kg: from newborns to the capacity of bariatric scales. Height 40-260 cm: likewise.
- Glucose 10-1,000 mg/dL: home meters read 20-600 (ISO 15197 class), laboratories beyond.
- Oxygen saturation 30-100 %: oximeters show less, with no stated accuracy (Nonin 3230: accuracy stated for 70-100 %).
- Temperature 25-45 °C: clinical thermometers measure 32-42 (ISO 80601-2-56), severe hypothermia lies below.
- Breaths 3-80 a minute; peak flow 30-1,000 L/min (ISO 23747 asks for 60-800 at least).
"""

from dataclasses import dataclass
from decimal import Decimal

MAX_DECIMALS = 4  # digits after the point that a reading may carry


@dataclass(frozen=True, slots=True)
class Limits:
    """The lowest and the highest value that is taken, both included, in a unit."""

    low: Decimal
    high: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One quantity in the unit it is kept in; `name` is also its column."""

    name: str
    label: str
    limits: Limits


def _measure(name: str, label: str, low: int, high: int, unit: str) -> Measure:
    return Measure(name, label, Limits(Decimal(low), Decimal(high), unit))


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        _measure("systolic", "Systolic BP", 60, 300, "mmHg"),
        _measure("diastolic", "Diastolic BP", 30, 200, "mmHg"),
        _measure("pulse", "Pulse", 30, 250, "bpm"),
        _measure("weight_kg", "Weight", 2, 450, "kg"),
        _measure("glucose_mg_dl", "Glucose", 10, 1000, "mg/dL"),
        _measure("spo2", "SpO2", 30, 100, "%"),
        _measure("temperature_c", "Temperature", 25, 45, "°C"),
        _measure("respiratory_rate", "Respiratory rate", 3, 80, "/min"),
        _measure("peak_flow", "Peak flow", 30, 1000, "L/min"),
        _measure("height_cm", "Height", 40, 260, "cm"),
    )
}
SYSTOLIC, DIASTOLIC, PULSE = (MEASURES[name].limits for name in ("systolic", "diastolic", "pulse"))
