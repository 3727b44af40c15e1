"""What can be asked of the audit trail, and what of it is clinical."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.domain.paging import PageRequest


class Outcome(StrEnum):
    """How it went."""

    SUCCESS = "success"
    REFUSED = "refused"
    FAILED = "failed"


class ExportFormat(StrEnum):
    """How events are written for other programs: a table, or FHIR AuditEvents one a line."""

    CSV = "csv"
    FHIR = "fhir"


ELEMENTS = (
    "at", "user_id", "action", "resource_type", "resource_id", "patient_id", "outcome", "ip", "request_id",
    "session_id", "reason", "break_glass_id", "id",
)  # fmt: skip
AUDIT_ORDERINGS = tuple(sign + element for element in ELEMENTS for sign in ("-", ""))

# What a clinical manager sees of a patient's access log: care, not sign-ins, billing or settings.
CLINICAL_TYPES = frozenset(
    {
        "patient",
        "observation",
        "alert",
        "triage",
        "triage_summary",
        "triage_review",
        "triage_decision",
        "escalation",
        "device",
        "enrollment",
        "consent",
        "patient_thresholds",
        "threshold_version",
        "score_override",
    }
)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted; `until` is not included."""

    since: datetime | None = None
    until: datetime | None = None
    user_id: int | None = None
    patient_id: UUID | None = None
    action: str | None = None
    outcome: Outcome | None = None

    def named(self) -> list[str]:
        """Return which filters are in use, for the event that the search itself leaves."""
        return [name for name in self.__slots__ if getattr(self, name) is not None]


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which page of which events, in which order."""

    wanted: EventFilter
    paging: PageRequest
    ordering: str = "-at"


@dataclass(frozen=True, slots=True)
class Who:
    """The person behind a user id, resolved when the report is read and never stored with the event."""

    user_id: int
    name: str
    email: str
    role: str
