"""Putting values of a message together to the measures of a reading."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from app.domain.vitals.kinds import KINDS, Meal, ObservationType
from app.gateways.bodies import Fields
from app.gateways.messages import DeviceRef, Measure, Unreadable, hashed_key
from app.gateways.units import measured

Wanted = tuple[str, str, str | None]  # measure, the vendor's name of it, its unit (None: canonical)
NEEDED: dict[ObservationType, tuple[str, ...]] = {kind.type: kind.required for kind in KINDS.values()}
_EVERY = 100  # percent


def collect(observation_type: ObservationType, item: Fields, wanted: Iterable[Wanted]) -> dict[str, Measure]:
    """Return the measures that an item has; raises Unreadable when one that makes the reading is missing."""
    names = list(wanted)
    measures: dict[str, Measure] = {}
    for measure, name, unit in names:
        number = item.find_number(name)
        if number is not None:
            measures[measure] = measured(measure, number, unit)
    for measure in NEEDED[observation_type]:
        if measure not in measures:
            raise Unreadable(f"{next(name for ours, name, _ in names if ours == measure)} is missing.")
    return measures


def content_key(
    vendor: str, device: DeviceRef, metric: str, at: datetime, measures: Mapping[str, Measure], index: object = None
) -> str:
    """Return the key of a reading that the vendor gave no id: by what it says, as it was posted."""
    values = [f"{name}={format(one.posted_value.normalize(), 'f')}{one.posted_unit}" for name, one in measures.items()]
    return hashed_key(vendor, device.value, metric, at, index, *sorted(values))


def percent(number: Decimal | None) -> int | None:
    """Return a whole percentage between 0 and 100, or None."""
    return None if number is None else int(max(Decimal(0), min(Decimal(_EVERY), number)).to_integral_value())


def meal_of(*, before: bool | None, after: bool | None = None) -> Meal | None:
    """Return when a glucose was measured: `pre` a meal, `post` one, or None when nobody said."""
    if before:
        return "pre"
    return "post" if after or before is False else None
