"""Many readings in one request: what comes in, and what becomes of each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from app.domain.vitals.reading import Reading

MOST_READINGS = 1_000
ItemStatus = Literal["created", "duplicate", "quarantined", "error"]
FieldErrors = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One item as it was read: a patient's reading, or what is wrong with it."""

    patient_id: UUID | None = None
    reading: Reading | None = None
    field_errors: FieldErrors = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewBatch:
    """The items in the order they came; `atomic`: all or none."""

    items: Sequence[BatchItem]
    atomic: bool = False


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item; `id` is the reading's, for a duplicate the first one's."""

    index: int
    status: ItemStatus
    id: UUID | None = None
    field_errors: FieldErrors = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of every item, in the order they came."""

    id: UUID
    results: Sequence[ItemResult]

    def count(self, status: ItemStatus) -> int:
        """Return how many items fared so."""
        return Counter(result.status for result in self.results)[status]


def errors_by_item(results: Sequence[ItemResult]) -> dict[str, list[str]]:
    """Return the errors of all items with their places: `readings.3.systolic`."""
    return {
        f"readings.{result.index}.{name}": list(messages)
        for result in results
        for name, messages in result.field_errors.items()
    }
