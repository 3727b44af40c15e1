"""The demo's other vitals: weights, glucose and oxygen of the first patients, and one weight that waits."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from app.domain.actor import Actor
from app.domain.vitals.kinds import ObservationType
from app.domain.vitals.reading import Reading
from app.services.readings.intake import record_reading
from app.services.transaction import now

_DAYS = 12
_COURSES: tuple[tuple[int, ObservationType, str, float, float, str | None], ...] = (
    # patient, kind, measure, mean, spread, device
    (0, "weight", "weight_kg", 78.4, 0.4, "scale-001"),
    (1, "weight", "weight_kg", 91.2, 0.5, "scale-002"),
    (1, "glucose", "glucose_mg_dl", 132, 14, None),
    (2, "pulse_oximetry", "spo2", 96, 1, None),
    (5, "glucose", "glucose_mg_dl", 118, 10, None),
)


def measure_other_vitals(actor: Actor, patients: Sequence[UUID]) -> None:
    """Give the first patients readings of other kinds, one each day, and the first a height and a doubtful weight."""
    dice, noon = random.Random(352), now().replace(minute=0, second=0, microsecond=0)  # noqa: S311 - not a secret
    _measure(actor, patients[0], "height", "height_cm", Decimal(165), noon - timedelta(days=_DAYS), None)
    for number, kind, measure, mean, spread, device in _COURSES:
        for day in range(_DAYS, 0, -1):
            at = noon - timedelta(days=day, minutes=dice.randrange(1, 50))
            value = Decimal(str(round(dice.gauss(mean, spread), 1 if kind == "weight" else 0))).normalize() + 0
            _measure(actor, patients[number], kind, measure, value, at, device)
    _measure(actor, patients[0], "weight", "weight_kg", Decimal("31.5"), noon - timedelta(hours=20), "scale-001")


def _measure(
    actor: Actor,
    patient_id: UUID,
    kind: ObservationType,
    measure: str,
    value: Decimal,
    at: datetime,
    device: str | None,
) -> None:
    reading = Reading(kind, at, {measure: min(value, Decimal(100)) if measure == "spo2" else value}, device_id=device)
    record_reading(actor, patient_id, reading, received_at=at + timedelta(seconds=20))
