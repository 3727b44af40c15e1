"""Whether a patient measures often enough: local days with a reading among the last seven full ones.

Full days end at the patient's last local midnight, so that a day which is still running never counts against anybody.
Source: adherence alerts of monitoring products go by "fewer than 4 of 7 days"; the number is for the clinician to set.
"""

from collections.abc import Iterable
from datetime import date, timedelta

DAYS_LOOKED_AT = timedelta(days=7)
_A_DAY = timedelta(days=1)


def reading_days(days: Iterable[date], today: date) -> int:
    """Return how many of the 7 full local days before today (0-7) are among the days with an accepted reading."""
    return sum(_A_DAY <= today - day <= DAYS_LOOKED_AT for day in set(days))


def has_begun(first: date, today: date) -> bool:
    """Say whether the first day with a reading lies at least 7 days back: before that a new patient is not behind."""
    return today - first >= DAYS_LOOKED_AT
