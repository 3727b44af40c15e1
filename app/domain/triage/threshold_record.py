"""Sets of thresholds as they are stored: JSON of flat names and of what warnings wait for."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from app.domain.triage.effective import ThresholdSet
from app.domain.triage.parameters import PARAMETERS
from app.domain.triage.profiles import Condition
from app.domain.triage.rules import EVERY_DAY, Modifiers, Schedule
from app.domain.triage.thresholds import VITAL_OF

_A_MINUTE = timedelta(minutes=1)


def read_set(
    limits: Mapping[str, Any] | None, modifiers: Mapping[str, Any] | None = None, profiles: Iterable[str] = ()
) -> ThresholdSet:
    """Return what was stored; a name that is no longer known is passed over."""
    values = {
        name: None if value is None else Decimal(str(value))
        for name, value in (limits or {}).items()
        if name in PARAMETERS
    }
    waits = {prefix: read_modifiers(one) for prefix, one in (modifiers or {}).items() if prefix in VITAL_OF}
    return ThresholdSet(values, waits, tuple(Condition(one) for one in profiles))


def read_modifiers(stored: Mapping[str, Any]) -> Modifiers:
    """Return what a vital's warnings wait for; what is not named is as if nothing was set."""
    hours = stored.get("from_hour"), stored.get("to_hour"), stored.get("weekdays")
    schedule = None
    if any(one is not None for one in hours):
        from_hour, to_hour, weekdays = hours
        schedule = Schedule(from_hour or 0, 24 if to_hour is None else to_hour, frozenset(weekdays or EVERY_DAY))
    return Modifiers(
        repeat_times=stored.get("repeat_times") or 1,
        repeat_of=stored.get("repeat_of") or stored.get("repeat_times") or 1,
        duration=timedelta(minutes=stored.get("duration_minutes") or 0),
        hysteresis=Decimal(str(stored.get("hysteresis") or 0)),
        cool_down=timedelta(minutes=stored.get("cool_down_minutes") or 0),
        schedule=schedule,
    )


def write_modifiers(modifiers: Modifiers) -> dict[str, Any]:
    """Return it under the names of the API."""
    schedule = modifiers.schedule
    return {
        "repeat_times": modifiers.repeat_times,
        "repeat_of": modifiers.repeat_of,
        "duration_minutes": int(modifiers.duration / _A_MINUTE),
        "hysteresis": modifiers.hysteresis,
        "cool_down_minutes": int(modifiers.cool_down / _A_MINUTE),
        "from_hour": schedule.from_hour if schedule else None,
        "to_hour": schedule.to_hour if schedule else None,
        "weekdays": sorted(schedule.weekdays) if schedule else None,
    }
