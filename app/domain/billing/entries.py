"""A line of the ledger: what may be billed by hand, and the words for its states."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal
from uuid import UUID

from app.domain.billing.codes import CPT_LABELS
from app.domain.paging import PageRequest

__all__ = [
    "ALWAYS_CHANGEABLE",
    "CHANGEABLE",
    "CPT_LABELS",
    "ENTRY_ORDERINGS",
    "MOVES",
    "EntryOrdering",
    "EntryQuery",
    "EntryStatus",
    "ImpactQuery",
    "NewBillingEntry",
    "may_move",
]  # fmt: skip


class EntryStatus(StrEnum):
    """Where a line stands on its way to being paid."""

    PENDING = "pending"
    SUBMITTED = "submitted"
    PAID = "paid"
    DENIED = "denied"
    APPEALED = "appealed"
    VOID = "void"


_S = EntryStatus
MOVES: dict[EntryStatus, frozenset[EntryStatus]] = {
    _S.PENDING: frozenset({_S.SUBMITTED, _S.VOID}),
    _S.SUBMITTED: frozenset({_S.PAID, _S.DENIED, _S.VOID}),
    _S.PAID: frozenset({_S.VOID}),
    _S.DENIED: frozenset({_S.APPEALED, _S.SUBMITTED, _S.VOID}),  # submitted: corrected and sent again
    _S.APPEALED: frozenset({_S.PAID, _S.DENIED, _S.VOID}),
    _S.VOID: frozenset(),
}


def may_move(current: EntryStatus, wanted: EntryStatus) -> bool:
    """Say whether a line's life cycle leads from one status to another."""
    return wanted in MOVES[current]


@dataclass(frozen=True, slots=True)
class NewBillingEntry:
    """A line entered by hand. Amount in US dollars with two decimals, duration in whole minutes."""

    patient_id: UUID
    cpt_code: str
    service_date: date
    amount: Decimal
    duration_minutes: int | None = None
    payer: str | None = None
    icd10_codes: tuple[str, ...] = ()
    notes: str = ""
    units: int = 1
    period_start: date | None = None  # of device supply: the first of its 30 days; else they end on the service date


# What a person may change: of a line by hand while it is pending, and of any other line.
CHANGEABLE = frozenset(
    {"service_date", "amount", "duration_minutes", "payer", "icd10_codes", "notes", "units", "period_start"}
)
ALWAYS_CHANGEABLE = frozenset({"notes"})


@dataclass(frozen=True, slots=True)
class ImpactQuery:
    """Which impacts are wanted."""

    paging: PageRequest
    is_acknowledged: bool | None = None
    patient_id: UUID | None = None
    entry_id: UUID | None = None


EntryOrdering = Literal["service_date", "-service_date", "amount"]
ENTRY_ORDERINGS: tuple[EntryOrdering, ...] = ("service_date", "-service_date", "amount")


@dataclass(frozen=True, slots=True)
class EntryQuery:
    """Which lines are wanted; dates are inclusive service dates."""

    paging: PageRequest
    date_from: date | None = None
    date_to: date | None = None
    status: EntryStatus | None = None
    cpt_code: str | None = None
    patient_id: UUID | None = None
    ordering: EntryOrdering = "-service_date"
