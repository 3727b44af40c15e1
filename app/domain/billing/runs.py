"""Engine runs: what is asked of one, and what it did."""

from dataclasses import dataclass, fields
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is to be judged: the month of a day, or what is recent; one patient, or all."""

    month: date | None = None
    patient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run did: patients judged, lines entered, brought up to date, brought back, taken back, impacts raised."""

    patients: int = 0
    entered: int = 0
    refreshed: int = 0
    reinstated: int = 0
    taken_back: int = 0
    impacts: int = 0

    def plus(self, other: "RunResult") -> "RunResult":
        """Return both together."""
        return RunResult(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))
