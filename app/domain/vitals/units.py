"""Two units for one measure: what is posted in the other one is kept as it came, and the measure is derived exactly.

Factors: 1 lb = 0.45359237 kg and 1 in = 2.54 cm (international yard and pound agreement of 1959, exact);
1 mmol/L of glucose = 18.0156 mg/dL (molar mass of C6H12O6, 180.156 g/mol); °C = (°F - 32) x 5/9 (exact).
Only the last does not end in decimals: it is cut to six, far below what an instrument resolves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from app.domain.vitals.measures import Limits

KG_PER_LB = Decimal("0.45359237")
CM_PER_IN = Decimal("2.54")
MG_DL_PER_MMOL_L = Decimal("18.0156")
_MILLIONTH = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class OtherUnit:
    """Another unit in which a measure may be posted: `field` names it on the wire, `shown` decimals when derived."""

    measure: str
    field: str
    limits: Limits
    to_measure: Callable[[Decimal], Decimal]
    from_measure: Callable[[Decimal], Decimal]
    shown: int
    measure_shown: int

    @property
    def unit(self) -> str:
        """The unit's sign."""
        return self.limits.unit


def _of_fahrenheit(value: Decimal) -> Decimal:
    return ((value - 32) * 5 / 9).quantize(_MILLIONTH, ROUND_HALF_EVEN)


OTHER_UNITS: tuple[OtherUnit, ...] = (
    OtherUnit(
        "weight_kg", "weight_lb", Limits(Decimal(5), Decimal(992), "lb"),
        lambda lb: lb * KG_PER_LB, lambda kg: kg / KG_PER_LB, shown=1, measure_shown=2,
    ),
    OtherUnit(
        "glucose_mg_dl", "glucose_mmol_l", Limits(Decimal("0.6"), Decimal("55.5"), "mmol/L"),
        lambda mmol: mmol * MG_DL_PER_MMOL_L, lambda mg: mg / MG_DL_PER_MMOL_L, shown=1, measure_shown=0,
    ),
    OtherUnit(
        "temperature_c", "temperature_f", Limits(Decimal(77), Decimal(113), "°F"),
        _of_fahrenheit, lambda celsius: celsius * 9 / 5 + 32, shown=1, measure_shown=1,
    ),
    OtherUnit(
        "height_cm", "height_in", Limits(Decimal(16), Decimal(102), "in"),
        lambda inches: inches * CM_PER_IN, lambda cm: cm / CM_PER_IN, shown=1, measure_shown=1,
    ),
)  # fmt: skip
BY_FIELD: dict[str, OtherUnit] = {other.field: other for other in OTHER_UNITS}
BY_MEASURE: dict[str, OtherUnit] = {other.measure: other for other in OTHER_UNITS}
BY_UNIT: dict[tuple[str, str], OtherUnit] = {(other.measure, other.unit): other for other in OTHER_UNITS}


def in_both_units(
    measure: str, value: Decimal, posted_value: Decimal | None, posted_unit: str | None
) -> dict[str, Decimal]:
    """Return a measure under both of its names: what was posted as it came, the other rounded for reading."""
    other = BY_MEASURE[measure]
    if posted_value is not None and posted_unit == other.unit:
        return {measure: rounded(value, other.measure_shown), other.field: posted_value}
    return {measure: value, other.field: rounded(other.from_measure(value), other.shown)}


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Return the value with at most so many decimals, half to even; one that has fewer stays as it is."""
    if -int(value.as_tuple().exponent) <= decimals:
        return value
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
