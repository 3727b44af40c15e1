"""Fee schedules: what a code pays on a service date, at a place, by a payer. Data, and always Decimal.

The amount is the sum of the relative value units, each times its geographic index, times the conversion factor, rounded
half up to cents; or an amount that was entered as it is. A fee that knows only its total RVU holds where all indexes
are 1. What no schedule prices has no amount: nothing is guessed. Source: 04 §1.2 (formula, factors, RVUs).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

FEE_SCHEDULE_FILES = Path(__file__).with_name("data") / "fee_schedules"
CENT = Decimal("0.01")
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Locality:
    """Geographic practice cost indexes of a place; the nation's are 1."""

    work: Decimal = _ONE
    practice: Decimal = _ONE
    malpractice: Decimal = _ONE

    @property
    def is_national(self) -> bool:
        """Say whether it changes nothing."""
        return self == Locality()


@dataclass(frozen=True, slots=True)
class Fee:
    """What one code is worth: in RVUs by part, in total RVUs, or in dollars.

    `confidence` is how sure we are of it, `source` where it is from.
    """

    code: str
    total_rvu: Decimal | None = None
    work_rvu: Decimal | None = None
    practice_rvu: Decimal | None = None
    malpractice_rvu: Decimal | None = None
    amount: Decimal | None = None
    confidence: str = "entered"
    source: str | None = None


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Fees for service dates from the first to the last day, both inclusive; one payer's, or everybody's."""

    id: str
    name: str
    effective_from: date
    effective_to: date | None
    conversion_factor: Decimal
    fees: Mapping[str, Fee]
    payer: str | None = None
    locality: Locality = field(default_factory=Locality)
    in_use: bool = True

    def amount(self, code: str) -> Decimal | None:
        """Return the dollars of one unit; None when the schedule does not price the code at its locality."""
        fee = self.fees.get(code)
        if fee is None:
            return None
        return fee.amount if fee.amount is not None else _from_rvus(fee, self.locality, self.conversion_factor)

    def holds_on(self, day: date) -> bool:
        """Say whether it is used for a service date."""
        return self.in_use and self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


@dataclass(frozen=True, slots=True)
class FeeBook:
    """All schedules of a practice."""

    schedules: tuple[FeeSchedule, ...]

    def amount(self, code: str, day: date, payer: str | None = None) -> Decimal | None:
        """Return one unit's dollars: the payer's own schedule before everybody's, the newest before the older."""
        for schedule in self._ranked(day, payer):
            amount = schedule.amount(code)
            if amount is not None:
                return amount
        return None

    def _ranked(self, day: date, payer: str | None) -> list[FeeSchedule]:
        wanted = payer_key(payer)
        fitting = [one for one in self.schedules if one.holds_on(day) and payer_key(one.payer) in {None, wanted}]
        return sorted(fitting, key=lambda one: (one.payer is not None, one.effective_from, one.id), reverse=True)


def payer_key(payer: str | None) -> str | None:
    """Return the form in which names of payers are compared: without spaces around, in lower case."""
    return " ".join(payer.split()).casefold() if payer else None


@cache
def national_schedules() -> tuple[FeeSchedule, ...]:
    """Return the schedules that every practice starts from."""
    files = sorted(FEE_SCHEDULE_FILES.glob("*.json"))
    return tuple(read_fee_schedule(json.loads(path.read_text())) for path in files)


def read_fee_schedule(said: Mapping[str, Any]) -> FeeSchedule:
    """Make a schedule of its JSON, in which numbers are texts so that no decimal is lost."""
    last = said.get("effective_to")
    return FeeSchedule(
        id=said["id"],
        name=said["name"],
        effective_from=date.fromisoformat(said["effective_from"]),
        effective_to=date.fromisoformat(last) if last else None,
        conversion_factor=Decimal(said["conversion_factor"]),
        fees=_read_fees(said["fees"]),
        payer=said.get("payer"),
        locality=Locality(**{name: Decimal(value) for name, value in said.get("locality", {}).items()}),
        in_use=said.get("in_use", True),
    )


def _read_fees(said: Iterable[Mapping[str, str]]) -> dict[str, Fee]:
    words = {"code", "confidence", "source"}
    read = [{name: value if name in words else Decimal(value) for name, value in one.items()} for one in said]
    return {str(one["code"]): Fee(**one) for one in read}  # type: ignore[arg-type]  # texts and numbers by name


def _from_rvus(fee: Fee, place: Locality, factor: Decimal) -> Decimal | None:
    parts = (fee.work_rvu, fee.practice_rvu, fee.malpractice_rvu)
    indexes = (place.work, place.practice, place.malpractice)
    if all(part is not None for part in parts):
        total = sum((part * index for part, index in zip(parts, indexes, strict=True) if part), Decimal(0))
    elif fee.total_rvu is not None and place.is_national:
        total = fee.total_rvu
    else:
        return None
    return (total * factor).quantize(CENT, ROUND_HALF_UP)
