"""What can be asked of the readings that are there."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from app.domain.enrolment.programs import Program
from app.domain.paging import PageRequest

ReadingOrdering = Literal["-measured_at", "measured_at"]
READING_ORDERINGS: tuple[ReadingOrdering, ...] = ("-measured_at", "measured_at")
Bucket = Literal["day", "week"]
BUCKETS: tuple[Bucket, ...] = ("day", "week")


@dataclass(frozen=True, slots=True)
class ReadingQuery:
    """Which readings are wanted; `measured_from` is included, `measured_to` is not."""

    paging: PageRequest
    patient_id: UUID | None = None
    observation_type: str | None = None
    measured_from: datetime | None = None
    measured_to: datetime | None = None
    device_id: str | None = None
    fhir_status: str | None = None
    alert_level: str | None = None
    status: str | None = None
    ordering: ReadingOrdering = "-measured_at"


@dataclass(frozen=True, slots=True)
class StatsQuery:
    """Over which span statistics are wanted, and by which stretches of the patient's local time if any."""

    measured_from: datetime | None = None
    measured_to: datetime | None = None
    observation_type: str | None = None
    by: Bucket | None = None


@dataclass(frozen=True, slots=True)
class DaysQuery:
    """Which of a patient's dates are wanted, both included; the 30 days up to today when none is given."""

    first: date | None = None
    last: date | None = None
    program: Program = Program.RPM
