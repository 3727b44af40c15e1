"""Was a patient consented, ordered and enrolled in a program on a local day, and if not, why not. Pure: plain facts in.

Days are the patient's local dates. Every fact holds from its first day on (inclusive) up to a day on which it no longer
holds (exclusive):

- consent: from the day it was obtained; no longer on the day of its revocation. A new one on that day takes over.
- order: from its start up to and with its end; no longer on the day it was stopped.
- enrolment: from its start up to and with its end, the day of discharge.

Source: the gates of 04 §1.4 and the reasons of 04 §5; `NOT_ENROLLED` is ours. Facts carry dates and no hours: a service
on the day of consent counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID

from app.domain.enrolment.programs import NEEDS, PHE_LAST_DAY, Program

_DAY = timedelta(days=1)


class Reason(StrEnum):
    """Why a day does not count, in the words of the billing engine."""

    NOT_ENROLLED = "NOT_ENROLLED"
    NO_CONSENT = "NO_CONSENT"
    NO_ORDER = "NO_ORDER"
    NO_DX = "NO_DX"
    NOT_ESTABLISHED = "NOT_ESTABLISHED"
    RTM_CONFLICT = "RTM_CONFLICT"


class Cause(StrEnum):
    """What exactly is amiss."""

    NONE = "none"  # nothing of the kind is on record
    NOT_YET = "not_yet"  # it begins later
    ENDED = "ended"  # it ended before: expired, revoked, stopped or discharged
    NOTICES_MISSING = "notices_missing"  # consent without word of the cost share or the one-practitioner rule
    TOO_FEW = "too_few"
    BOTH_PROGRAMS = "both_programs"


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent; `has_notices` when both cost share and the one-practitioner rule were explained."""

    id: UUID
    program: Program
    obtained_on: date
    revoked_on: date | None = None
    has_notices: bool = True

    @property
    def holds_from(self) -> date:
        """The first day it holds."""
        return self.obtained_on

    @property
    def holds_until(self) -> date | None:
        """The first day it no longer holds."""
        return self.revoked_on


@dataclass(frozen=True, slots=True)
class Order:
    """One order; `ends_on` is its last day, `stopped_on` the first day it no longer holds."""

    id: UUID
    program: Program
    starts_on: date
    ends_on: date | None = None
    stopped_on: date | None = None
    diagnoses: frozenset[str] = frozenset()

    @property
    def holds_from(self) -> date:
        """The first day it holds."""
        return self.starts_on

    @property
    def holds_until(self) -> date | None:
        """The first day it no longer holds."""
        ends = [day for day in (_after(self.ends_on), self.stopped_on) if day is not None]
        return min(ends, default=None)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One enrolment; `ends_on` is its last day. Enrolments entered in error are not among the facts."""

    id: UUID
    program: Program
    episode_id: UUID
    starts_on: date
    ends_on: date | None = None
    diagnoses: frozenset[str] = frozenset()
    initiating_visit_on: date | None = None

    @property
    def holds_from(self) -> date:
        """The first day it holds."""
        return self.starts_on

    @property
    def holds_until(self) -> date | None:
        """The first day it no longer holds."""
        return _after(self.ends_on)


@dataclass(frozen=True, slots=True)
class EnrolmentFacts:
    """All that is on record of one patient, in any order."""

    consents: tuple[Consent, ...] = ()
    orders: tuple[Order, ...] = ()
    enrolments: tuple[Enrolment, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """One reason why the day does not count, and the rows that show it."""

    reason: Reason
    cause: Cause
    ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """The answer for one program and day: covered without a gap, and the rows that prove what holds."""

    program: Program
    day: date
    gaps: tuple[Gap, ...]
    consent_id: UUID | None
    order_id: UUID | None
    enrollment_id: UUID | None
    episode_id: UUID | None

    @property
    def is_covered(self) -> bool:
        """Say whether services of the day count."""
        return not self.gaps


class _Fact(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def program(self) -> Program: ...
    @property
    def holds_from(self) -> date: ...
    @property
    def holds_until(self) -> date | None: ...


Fact = TypeVar("Fact", bound=_Fact)


def coverage_on(program: Program, day: date, facts: EnrolmentFacts) -> Coverage:
    """Answer for one program and one local day. Of several facts that hold, the one that began last proves it."""
    needs = NEEDS[program]
    consents = _of(program, facts.consents)
    consent = _holding(day, (consent for consent in consents if consent.has_notices))
    order = _holding(day, _of(program, facts.orders))
    enrolment = _holding(day, _of(program, facts.enrolments))
    rival = _holding(day, _of(needs.excludes, facts.enrolments)) if needs.excludes else None
    gaps = (
        None if enrolment else _absence(Reason.NOT_ENROLLED, day, _of(program, facts.enrolments)),
        None if consent else _consent_gap(day, consents),
        _absence(Reason.NO_ORDER, day, _of(program, facts.orders)) if needs.order and not order else None,
        _diagnosis_gap(needs.diagnoses, order, enrolment),
        _visit_gap(day, enrolment) if needs.initiating_visit else None,
        Gap(Reason.RTM_CONFLICT, Cause.BOTH_PROGRAMS, (enrolment.id, rival.id)) if enrolment and rival else None,
    )
    return Coverage(
        program, day, tuple(gap for gap in gaps if gap),
        consent_id=consent.id if consent else None,
        order_id=order.id if order else None,
        enrollment_id=enrolment.id if enrolment else None,
        episode_id=enrolment.episode_id if enrolment else None,
    )  # fmt: skip


def holds_on(fact: _Fact, day: date) -> bool:
    """Say whether a fact holds on a day: its first day included, the day it no longer holds excluded."""
    return fact.holds_from <= day and (fact.holds_until is None or day < fact.holds_until)


def _after(day: date | None) -> date | None:
    return None if day is None else day + _DAY


def _of(program: Program, facts: Iterable[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact.program is program]


def _holding(day: date, facts: Iterable[Fact]) -> Fact | None:
    holding = [fact for fact in facts if holds_on(fact, day)]
    return max(holding, key=lambda fact: (fact.holds_from, fact.id), default=None)


def _absence(reason: Reason, day: date, facts: Iterable[_Fact]) -> Gap:
    """Say how something needed is absent: it ended, it begins later, or there is none; and which row says so."""
    ended = [fact for fact in facts if fact.holds_from <= day]
    later = [fact for fact in facts if fact.holds_from > day]
    if ended:
        return Gap(reason, Cause.ENDED, (max(ended, key=lambda fact: (fact.holds_from, fact.id)).id,))
    if later:
        return Gap(reason, Cause.NOT_YET, (min(later, key=lambda fact: (fact.holds_from, fact.id)).id,))
    return Gap(reason, Cause.NONE)


def _consent_gap(day: date, consents: list[Consent]) -> Gap:
    unexplained = _holding(day, consents)
    if unexplained:
        return Gap(Reason.NO_CONSENT, Cause.NOTICES_MISSING, (unexplained.id,))
    return _absence(Reason.NO_CONSENT, day, consents)


def _diagnosis_gap(needed: int, order: Order | None, enrolment: Enrolment | None) -> Gap | None:
    """Count the distinct conditions of the order and the enrolment that hold; one written twice is one."""
    codes = (order.diagnoses if order else frozenset()) | (enrolment.diagnoses if enrolment else frozenset())
    if len(codes) >= needed:
        return None
    shown = tuple(fact.id for fact in (order, enrolment) if fact)
    return Gap(Reason.NO_DX, Cause.TOO_FEW if codes else Cause.NONE, shown)


def _visit_gap(day: date, enrolment: Enrolment | None) -> Gap | None:
    """Ask for an initiating visit by the day; who was enrolled before the emergency ended needs none."""
    if enrolment is None or enrolment.starts_on <= PHE_LAST_DAY:
        return None
    visit = enrolment.initiating_visit_on
    if visit is not None and visit <= day:
        return None
    return Gap(Reason.NOT_ESTABLISHED, Cause.NOT_YET if visit else Cause.NONE, (enrolment.id,))
