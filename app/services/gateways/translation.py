"""From a vendor's reading to ours: units exactly as the API would derive them, flags kept, limits looked at."""

from decimal import Decimal
from uuid import UUID

from app.domain.vitals.kinds import KINDS
from app.domain.vitals.measures import MAX_DECIMALS, MEASURES
from app.domain.vitals.reading import Reading
from app.domain.vitals.units import BY_UNIT
from app.gateways.messages import Measure, VitalReading

_DOUBTED = "vendor_concern"


def reading_of(message: VitalReading, inbox_id: UUID) -> Reading:
    """Return a message as a reading; nobody typed it in unless the vendor says so."""
    kind = KINDS[message.observation_type]
    values = {name: _value(name, one) for name, one in message.measures.items() if name in kind.measures}
    posted = message.measures.get(kind.required[0])
    is_in_other_unit = posted is not None and (kind.required[0], posted.posted_unit) in BY_UNIT
    return Reading(
        observation_type=message.observation_type,
        measured_at=message.measured_at,
        values={name: values.get(name) for name in kind.measures if name in values or name in kind.required},
        device_id=message.device.value,
        meal=message.meal,
        irregular_heartbeat=message.irregular_heartbeat,
        source="manual" if message.is_manual else "auto",
        posted_value=posted.posted_value if posted and is_in_other_unit else None,
        posted_unit=posted.posted_unit if posted and is_in_other_unit else None,
        zone_offset_minutes=message.zone_offset_minutes,
        offset_origin=message.offset_origin,
        is_stored_memory=message.is_stored_memory,
        is_estimated_time=message.is_estimated_time,
        inbox_id=inbox_id,
        concern=_DOUBTED if message.concern else None,
    )


def is_out_of_range(reading: Reading) -> bool:
    """Say whether a value is outside what instruments can report, or has more digits than are kept."""
    return any(
        value is None or not MEASURES[name].limits.low <= value <= MEASURES[name].limits.high
        for name, value in reading.values.items()
    )


def _value(name: str, one: Measure) -> Decimal:
    """Return the value in the canonical unit, derived as the API derives it, so that both make one reading."""
    other = BY_UNIT.get((name, one.posted_unit))
    value = one.value if other is None else other.to_measure(one.posted_value)
    return value if other else round(value, MAX_DECIMALS) if _decimals(value) > MAX_DECIMALS else value


def _decimals(value: Decimal) -> int:
    return -int(value.as_tuple().exponent)
