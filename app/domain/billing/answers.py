"""What the engine answers: per code and clock, billable or not, with every reason and the ids that prove it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.domain.billing.clocks import Clock, Window
from app.domain.billing.codes import Reason
from app.domain.enrolment.programs import Program


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason, the rows that show it, and the numbers behind it."""

    reason: Reason
    ids: tuple[UUID, ...] = ()
    numbers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves a line: each counted day with its reading, time entries, and what let them count."""

    days: tuple[tuple[date, UUID], ...] = ()
    time_entries: tuple[UUID, ...] = ()
    contacts: tuple[UUID, ...] = ()  # the time entries among them that are a live contact
    consents: tuple[UUID, ...] = ()
    orders: tuple[UUID, ...] = ()
    enrolments: tuple[UUID, ...] = ()
    assignments: tuple[UUID, ...] = ()
    circumstances: tuple[UUID, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON keeps it: ids and dates as texts."""
        kept: dict[str, Any] = {"days": [[day.isoformat(), str(reading)] for day, reading in self.days]}
        for name in _ID_LISTS:
            kept[name] = [str(one) for one in getattr(self, name)]
        return kept


_ID_LISTS = ("time_entries", "contacts", "consents", "orders", "enrolments", "assignments", "circumstances")


def read_evidence(kept: dict[str, Any]) -> Evidence:
    """Make evidence of what JSON kept."""
    days = tuple((date.fromisoformat(day), UUID(reading)) for day, reading in kept.get("days", ()))
    return Evidence(days, **{name: tuple(UUID(one) for one in kept.get(name, ())) for name in _ID_LISTS})


@dataclass(frozen=True, slots=True)
class Answer:
    """One code in one month, period or episode. `amount` is all units together; `findings` are why it is not billable.

    `remarks` limit without refusing (units over the cap). `line_key` names the line: a code is billed once under it.
    """

    code: str
    program: Program
    clock: Clock
    window: Window
    line_key: str
    findings: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()
    units: int = 0
    service_date: date | None = None
    amount: Decimal | None = None
    payer: str | None = None
    diagnoses: tuple[str, ...] = ()
    days: int = 0
    seconds: int = 0
    evidence: Evidence = field(default_factory=Evidence)
    rule_set_id: str | None = None
    rule_set_hash: str | None = None
    episode_id: UUID | None = None
    period_id: UUID | None = None

    @property
    def is_billable(self) -> bool:
        """Say whether the line may be billed."""
        return not self.findings

    @property
    def is_earned(self) -> bool:
        """Say whether all but its price is there: it stands as a base and excludes others as a priced line does."""
        return self.reasons <= {Reason.FEE_MISSING}

    @property
    def reasons(self) -> frozenset[Reason]:
        """The reasons alone."""
        return frozenset(finding.reason for finding in self.findings)

    def refused(self, *more: Finding) -> "Answer":
        """Return the answer with further reasons."""
        return replace(self, findings=(*self.findings, *more)) if more else self


def line_key(code: str, clock: Clock, window: Window, episode_id: UUID | None) -> str:
    """Return what a line is billed once under: its code and month, period or episode."""
    if clock is Clock.EPISODE:
        return f"{code}:{episode_id}"
    return f"{code}:{window.starts_on:%Y-%m}" if clock is Clock.MONTH else f"{code}:{window.starts_on.isoformat()}"


def distinct(ids: Iterable[UUID | None]) -> tuple[UUID, ...]:
    """Return ids in order, each once."""
    return tuple(dict.fromkeys(one for one in ids if one is not None))
