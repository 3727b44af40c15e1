"""A line of the ledger: what may be billed by hand, and the words for its states."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal
from uuid import UUID

from app.domain.paging import PageRequest

# Remote monitoring codes of service year 2026 that the product bills; our own short labels, no descriptors.
CPT_LABELS: dict[str, str] = {
    "99453": "Device set-up and teaching",
    "99445": "Device supply, 2-15 days of data",
    "99454": "Device supply, 16-30 days of data",
    "99470": "Treatment management, first 10 minutes",
    "99457": "Treatment management, first 20 minutes",
    "99458": "Treatment management, further 20 minutes",
    "99091": "Data review by the physician, 30 minutes",
}


class EntryStatus(StrEnum):
    """Where a line stands on its way to being paid."""

    PENDING = "pending"
    SUBMITTED = "submitted"
    PAID = "paid"
    DENIED = "denied"
    APPEALED = "appealed"


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
