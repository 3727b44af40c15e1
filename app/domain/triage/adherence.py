"""Whether a patient measures often enough: local days with a reading among the last seven full ones (spec B10).

Full days end at the patient's last local midnight, so that a day which is still running never counts against anybody.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo

DAYS_LOOKED_AT = 7


def reading_days(measured: Iterable[datetime], at: datetime, zone: tzinfo) -> int:
    """Return on how many of the 7 full local days before today (0-7) at least one accepted reading was measured."""
    today = at.astimezone(zone).date()
    days = {moment.astimezone(zone).date() for moment in measured}
    return sum(timedelta(days=1) <= today - day <= timedelta(days=DAYS_LOOKED_AT) for day in days)


def has_begun(first_measured_at: datetime, at: datetime, zone: tzinfo) -> bool:
    """Say whether the first reading lies at least 7 local days back: before that a new patient is not behind."""
    return at.astimezone(zone).date() - first_measured_at.astimezone(zone).date() >= timedelta(days=DAYS_LOOKED_AT)
