"""Importing patients from a file: how it is asked for, what becomes of it, how far it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from app.domain.errors import ValidationFailed
from app.domain.patient_columns import HeaderMap, body_of, cells_of, column_of, shown
from app.domain.patients import NewPatient

OnError = Literal["skip", "abort"]
OnExisting = Literal["error", "skip", "update"]
ON_ERROR: tuple[OnError, ...] = ("skip", "abort")
ON_EXISTING: tuple[OnExisting, ...] = ("error", "skip", "update")

CHECKED, QUEUED, RUNNING, DONE, FAILED, CANCELLED = STATES = (
    "checked", "queued", "running", "done", "failed", "cancelled",
)  # fmt: skip
STARTABLE = frozenset({CHECKED})
CANCELLABLE = frozenset({CHECKED, QUEUED, RUNNING})
OPEN = frozenset({QUEUED, RUNNING})

SHOWN_ROWS = 10  # of a preview
SHOWN_ERRORS = 100  # in an answer; the report has all that are kept
KEPT_ERRORS = 10_000
COUNTED = ("created", "updated", "unchanged", "skipped", "failed")

# Columns whose usual messages repeat what was given.
_VALUELESS = {"conditions": "Must be ICD-10-CM codes that are valid today, separated by semicolons: I10; E11.65."}

ReadRow = Callable[[Mapping[str, Any]], NewPatient]
"""Makes a record of a row's body; raises ValidationFailed. The API's own schema, handed in from above."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What to do with rows that are wrong and with patients who exist.

    `skip` leaves wrong rows out, `abort` takes all rows or none. An existing patient is one with the row's record
    number, or failing that its external id; one who looks like the same person counts too, unless `allow_duplicates`.
    """

    on_error: OnError = "skip"
    on_existing: OnExisting = "error"
    allow_duplicates: bool = False
    mapping: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with a row; `column` is our name of it, None when it is the row as a whole. Never a value."""

    row: int
    column: str | None
    message: str


@dataclass(frozen=True, slots=True)
class RowOfFile:
    """One row as it was read: the record it makes, which fields the file gave, or what is wrong with it."""

    number: int
    body: Mapping[str, Any]
    new: NewPatient | None
    errors: Sequence[RowError] = ()

    @property
    def shown(self) -> dict[str, Any]:
        """The fields as they may be shown."""
        return shown(self.body)

    @property
    def cells(self) -> dict[str, str]:
        """The fields by our columns, as they may be shown."""
        return cells_of(self.body)


@dataclass(slots=True)
class Tally:
    """What has become of rows, counted; `possible_duplicates` are among those that were not created."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    possible_duplicates: int = 0
    errors: list[RowError] = field(default_factory=list)

    def fail(self, errors: Sequence[RowError]) -> None:
        """Count a row that is wrong."""
        self.failed += 1
        self.errors.extend(errors)

    def skip(self, notes: Sequence[RowError]) -> None:
        """Count a row that is left out, and say why where that may surprise."""
        self.skipped += 1
        self.errors.extend(notes)

    def add(self, other: "Tally") -> None:
        """Count another tally in, keeping no more errors than are kept at all."""
        for name in ("rows", *COUNTED, "possible_duplicates"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.errors.extend(other.errors[: max(0, KEPT_ERRORS - len(self.errors))])


def percent_done(state: str, on_error: str, rows_done: int, rows_total: int) -> int:
    """Return how far an import is: 100 only when all is done. All-or-nothing looks first, then writes: two halves."""
    if state == DONE:
        return 100
    passes = 2 if on_error == "abort" else 1
    return min(99, rows_done * 100 // (rows_total * passes)) if rows_total else 0


def read_row(columns: HeaderMap, number: int, cells: Sequence[str], read: ReadRow) -> RowOfFile:
    """Return a row as a record, or with what is wrong with it."""
    if len(cells) > len(columns.headers):
        too_long = RowError(number, None, "The row has more cells than the header.")
        return RowOfFile(number, {}, None, (too_long,))
    body = body_of(columns, cells)
    try:
        return RowOfFile(number, body, read(body))
    except ValidationFailed as refusal:
        return RowOfFile(number, body, None, row_errors(number, refusal.field_errors))


def row_errors(number: int, messages: Mapping[str, Sequence[str]]) -> tuple[RowError, ...]:
    """Return a schema's messages as a row's errors: `address.zip` is the column `zip`."""
    return tuple(
        RowError(number, column_of(field), _VALUELESS.get(column_of(field) or "", message))
        for field, found in messages.items()
        for message in found
    )
