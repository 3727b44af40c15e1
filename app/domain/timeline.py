"""What happened to a patient, told as one feed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.paging import PageRequest


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One thing that happened: of which kind, when, in a sentence, and who did it if anybody did."""

    kind: str
    id: UUID
    at: datetime
    summary: str
    by_id: int | None = None
    by_name: str | None = None


@dataclass(frozen=True, slots=True)
class TimelineQuery:
    """Which page of the feed; one kind only, when it is named."""

    paging: PageRequest
    kind: str | None = None
