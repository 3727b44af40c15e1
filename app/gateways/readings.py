"""A vendor's reading as the domain's, once it is known which device it is of."""

from app.domain.vitals.reading import Reading
from app.domain.vitals.units import BY_UNIT
from app.gateways.messages import VitalReading


def as_reading(vital: VitalReading, device_id: str) -> Reading:
    """Return the reading under the number by which our inventory knows the device.

    What was posted in a unit that our API takes as well stays beside the measure; who took the value down is said only
    when it was a person, else the device decides.
    """
    other = next((one for name, one in vital.measures.items() if (name, one.posted_unit) in BY_UNIT), None)
    return Reading(
        observation_type=vital.observation_type,
        measured_at=vital.measured_at,
        values={name: one.value for name, one in vital.measures.items()},
        device_id=device_id,
        meal=vital.meal,
        irregular_heartbeat=vital.irregular_heartbeat,
        source="manual" if vital.is_manual else None,
        posted_value=other.posted_value if other else None,
        posted_unit=other.posted_unit if other else None,
        zone_offset_minutes=vital.zone_offset_minutes,
        offset_origin=vital.offset_origin,
        is_stored_memory=vital.is_stored_memory,
        is_estimated_time=vital.is_estimated_time,
    )
