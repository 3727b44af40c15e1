"""Days with therapeutic data (RTM). They may be reported by the patient (04 §2), so they come in as circumstances: on
which days which kind of data was there, written down by the care team; no device and no number is asked. Pure.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from app.domain.billing.clocks import Window
from app.domain.billing.days import Custody, Reading
from app.domain.billing.facts import Circumstance, CircumstanceKind

DATA_OF: dict[CircumstanceKind, str] = {
    CircumstanceKind.THERAPY_RESPIRATORY: "respiratory",
    CircumstanceKind.THERAPY_MUSCULOSKELETAL: "musculoskeletal",
    CircumstanceKind.THERAPY_BEHAVIOURAL: "behavioural",
}
LONGEST_REPORT = 31  # days that one report may tell of
_NOON = time(12)


def therapy_readings(circumstances: Iterable[Circumstance], timezone: str, within: Window) -> Iterator[Reading]:
    """Return a reading for each day of the window that a report tells of; the report's id proves each of its days."""
    zone = ZoneInfo(timezone)
    for one in circumstances:
        data = DATA_OF.get(one.kind)
        if data is None or not one.touches(within):
            continue
        for day in Window(
            max(one.starts_on, within.starts_on), min(one.ends_on or one.starts_on, within.ends_on)
        ).days():
            noon = datetime.combine(day, _NOON, zone).astimezone(UTC)
            yield Reading(
                one.id, noon, day, source="reported", custody=Custody.NONE, data=data, observation_type=one.kind.value
            )
