"""Who held a device when: a reading belongs to whoever held the device when it was measured, not when it arrived.

Holdings are intervals of instants, the start inclusive and the end exclusive, so that at a hand-over the reading of
that very moment is the new holder's. Those of one device never overlap.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Holding:
    """One patient's time with a device; without an end it lasts."""

    patient_id: UUID
    started_at: datetime
    ended_at: datetime | None = None


def holder_at(holdings: Iterable[Holding], measured_at: datetime) -> UUID | None:
    """Return the patient who held the device at that instant; None when nobody did."""
    for holding in holdings:
        has_ended = holding.ended_at is not None and holding.ended_at <= measured_at
        if holding.started_at <= measured_at and not has_ended:
            return holding.patient_id
    return None


def may_claim(patient_id: UUID, *, is_registered: bool, holder: UUID | None) -> bool:
    """Say whether a reading sent for this patient may name this device.

    A device that the practice has not registered proves nothing and is a remark; a registered one names its holder.
    """
    return not is_registered or holder == patient_id
