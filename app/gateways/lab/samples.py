"""What the lab measures: made-up readings, and the numbers of the devices that took them."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from app.domain.vitals.kinds import ObservationType
from app.domain.vitals.units import KG_PER_LB

_PLACES = Decimal("0.0001")
_TOLERANCE = Decimal("0.01")  # kg: how far a stored weight may be from the exact one


@dataclass(frozen=True, slots=True)
class Numbers:
    """By what the simulated vendors name the device and its user."""

    serial: str
    imei: str
    vendor_device_id: str
    user: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading: a weight in kilograms or pounds, or a blood pressure in mmHg."""

    observation_type: ObservationType
    measured_at: datetime
    systolic: int = 0
    diastolic: int = 0
    pulse: int = 0
    weight: Decimal = Decimal(0)
    unit: str = "kg"

    @property
    def kilograms(self) -> Decimal:
        """The weight as it must be stored."""
        return self.weight if self.unit == "kg" else (self.weight * KG_PER_LB).quantize(_PLACES)

    def is_stored_as(self, observation_type: str, values: dict[str, Decimal]) -> bool:
        """Say whether a stored reading of the same instant is this one."""
        if observation_type != self.observation_type:
            return False
        if observation_type == "weight":
            return abs(values.get("weight_kg", Decimal(0)) - self.kilograms) <= _TOLERANCE
        return values.get("systolic") == Decimal(self.systolic) and values.get("diastolic") == Decimal(self.diastolic)


def numbers(random_source: random.Random) -> Numbers:
    """Return the numbers of a device that nobody has."""
    digits = "35" + "".join(random_source.choices("0123456789", k=12))
    name = "".join(random_source.choices("0123456789abcdef", k=12))
    return Numbers(f"LAB-{name}", digits + _check_digit(digits), f"lab-device-{name}", f"labuser{name}")


def samples(random_source: random.Random, start: datetime, count: int) -> list[Sample]:
    """Return that many readings a minute apart, pressures and weights in turn, all of plausible values."""
    return [_sample(random_source, start + timedelta(minutes=place), place) for place in range(count)]


def _sample(source: random.Random, at: datetime, place: int) -> Sample:
    if place % 2:
        return Sample("weight", at, weight=Decimal(source.randint(8000, 8040)) / 100)
    return Sample("blood_pressure", at, source.randint(115, 129), source.randint(70, 79), source.randint(60, 90))


def _check_digit(digits: str) -> str:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(digits))
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10)
