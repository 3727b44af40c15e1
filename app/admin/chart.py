"""What the blood-pressure chart draws: columns of numbers, and which points raised an alert."""

from decimal import Decimal
from typing import Any

from app.domain.triage.assessment import assess
from app.services.readings.observations import VitalsHistory

MEASURES = ("systolic", "diastolic")


def pressure_chart(history: VitalsHistory) -> dict[str, Any]:
    """Return times (seconds since 1970), pressures and marks by measure, and the limits; a missing pressure is None."""
    readings = history.observations
    limits = {name: Decimal(str(limit)) for name, limit in history.thresholds.items()}
    marks = [marked_measures(reading, limits) for reading in readings]
    return {
        "at": [reading.measured_at.timestamp() for reading in readings],
        "pulse": [reading.pulse for reading in readings],
        "values": {measure: [getattr(reading, measure) for reading in readings] for measure in MEASURES},
        "marks": {measure: [mark.get(measure) for mark in marks] for measure in MEASURES},
        "limits": history.thresholds,
    }


def marked_measures(reading: Any, limits: dict[str, Decimal]) -> dict[str, str]:
    """Return which pressures of a reading that raised an alert are beyond their limits, and how far.

    An alert for something else (pulse, or limits changed since) marks the systolic line, so that none is lost.
    """
    if reading.alert_level is None:
        return {}
    values = {measure: getattr(reading, measure) for measure in MEASURES}
    marks = {breach.measure: breach.level.value for breach in assess(values, limits)}
    if marks:
        return marks
    return {next(measure for measure in MEASURES if values[measure] is not None): reading.alert_level}
