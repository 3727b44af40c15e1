"""Merging two records of one person."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """The record that shall go into the other, and why."""

    duplicate_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What a merge did: how many rows of each table were moved, and how many stayed because the other had the same."""

    patient_id: UUID
    duplicate_id: UUID
    merged_by: int
    merged_at: datetime
    moved: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
