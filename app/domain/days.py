"""Local days: a patient's day is reckoned in the patient's own time zone."""

from datetime import date, datetime
from zoneinfo import ZoneInfo


def local_day(moment: datetime, timezone: str) -> date:
    """Return the calendar date of an aware moment in an IANA time zone."""
    return moment.astimezone(ZoneInfo(timezone)).date()
