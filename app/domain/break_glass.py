"""Emergency access ("break glass"): for how long, and how much of a reason it takes.

Source: 45 CFR 164.312(a)(2)(ii) asks for a procedure; the numbers are ours.
"""

from dataclasses import dataclass
from datetime import timedelta

MIN_REASON, MAX_REASON = 10, 500  # characters
MAX_MINUTES, DEFAULT_MINUTES = 60, 30


@dataclass(frozen=True, slots=True)
class Declaration:
    """Somebody says that there is an emergency, why, and for how long they need access."""

    reason: str
    minutes: int = DEFAULT_MINUTES

    @property
    def lasts(self) -> timedelta:
        """Return for how long access is open."""
        return timedelta(minutes=self.minutes)
