"""When two records may be of one person, and what is told about the other one."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from app.domain.search import compact

Likeness = Literal["name_and_birth_date", "phone", "ssn"]
LIKENESSES: tuple[Likeness, ...] = ("name_and_birth_date", "phone", "ssn")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that may be of the same person, and in what it is alike."""

    id: UUID
    name: str
    date_of_birth: date
    mrn: str
    active: bool
    why: tuple[Likeness, ...]


def person_key(first_name: str, last_name: str, date_of_birth: date) -> str:
    """Return what two records of one person share: name without case, accents, spaces and signs, and birth date."""
    return f"{compact(first_name)}|{compact(last_name)}|{date_of_birth.isoformat()}"
