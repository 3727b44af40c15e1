"""Reviews: somebody looked at a patient as a whole."""

from dataclasses import dataclass

MAX_MINUTES = 240
MAX_NOTE = 4000


@dataclass(frozen=True, slots=True)
class NewReview:
    """How many whole minutes it took, and what was found. Nothing to say is a review, too."""

    minutes: int = 0
    note: str | None = None
