"""What people write into a practice's book of billing: payers, dated policies, fee schedules."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from app.domain.billing.fees import Fee, Locality
from app.domain.billing.policy import PolicySettings
from app.domain.paging import PageRequest


@dataclass(frozen=True, slots=True)
class NewPayer:
    """Somebody who pays; `claim_payer_id` is how the clearing house knows them."""

    name: str
    claim_payer_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewPolicy:
    """Settings for service dates from the first to the last day, both inclusive; without an end they last."""

    effective_from: date
    settings: PolicySettings
    effective_to: date | None = None


@dataclass(frozen=True, slots=True)
class NewFeeSchedule:
    """A schedule with its fees: everybody's, or one payer's."""

    name: str
    effective_from: date
    conversion_factor: Decimal
    effective_to: date | None = None
    payer_id: UUID | None = None
    locality: Locality = field(default_factory=Locality)
    fees: tuple[Fee, ...] = ()


@dataclass(frozen=True, slots=True)
class ScheduleQuery:
    """Which schedules are wanted: those in force on a day, those of a payer."""

    paging: PageRequest
    on: date | None = None
    payer_id: UUID | None = None


def is_priced(fee: Fee) -> bool:
    """Say whether a fee has dollars, total RVUs, or all three parts of them."""
    parts = (fee.work_rvu, fee.practice_rvu, fee.malpractice_rvu)
    return fee.amount is not None or fee.total_rvu is not None or all(part is not None for part in parts)


def repeated(fees: Iterable[Fee]) -> set[str]:
    """Return the codes that stand more than once."""
    return {code for code, times in Counter(fee.code for fee in fees).items() if times > 1}
