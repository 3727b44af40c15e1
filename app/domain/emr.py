"""Looking patients up in the practice's medical record system and taking them over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal
from uuid import UUID

from app.domain.duplicates import Candidate
from app.domain.fhir.patient import EmrPatient

EmrAuth = Literal["none", "bearer", "basic"]
EMR_AUTHS: tuple[EmrAuth, ...] = ("none", "bearer", "basic")
MAX_PAGE_SIZE = 50
DEFAULT_PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class EmrQuery:
    """Whom to look for; `cursor` is where the page before said that this one is."""

    name: str = ""
    birthdate: date | None = None
    identifier: str = ""
    page_size: int = DEFAULT_PAGE_SIZE
    cursor: str = ""

    @property
    def criteria(self) -> tuple[tuple[str, str], ...]:
        """The search as FHIR puts it."""
        born = self.birthdate.isoformat() if self.birthdate else ""
        given = (("name", self.name), ("birthdate", born), ("identifier", self.identifier))
        return tuple((name, value) for name, value in given if value)


@dataclass(frozen=True, slots=True)
class EmrMatch:
    """A patient found there, and our record of them if there is one."""

    patient: EmrPatient
    patient_id: UUID | None


@dataclass(frozen=True, slots=True)
class EmrPage:
    """A page of what was found; the total is None when the other system does not count."""

    matches: Sequence[EmrMatch]
    total: int | None
    cursor: str | None


@dataclass(frozen=True, slots=True)
class EmrSettings:
    """How to reach the medical record system; `secret` None keeps the one that is stored."""

    base_url: str
    is_active: bool = True
    auth: EmrAuth = "none"
    username: str | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class EmrOrder:
    """What to take over; `confirm` is the token of the preview whose changes one has seen.

    `allow_duplicate` says that a record of ours that looks like this patient's is of another person.
    """

    external_id: str
    preview: bool = False
    confirm: str | None = None
    allow_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after, as JSON shows it."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class EmrOutcome:
    """What was done, or what would be; `left_out` are fields of theirs that our rules do not take, and why.

    `candidates` are records of ours that may be of the same person, while they are no record of ours for certain.
    """

    status: Literal["created", "updated", "unchanged", "preview"]
    patient: Any
    changes: Sequence[FieldChange] = ()
    confirm: str | None = None
    warnings: Sequence[str] = ()
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)
    candidates: Sequence[Candidate] = ()
