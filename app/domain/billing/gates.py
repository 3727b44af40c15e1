"""The gates before any code (04 §1.4, §1.5): is the program covered, does the payer pay, does something exclude it.

Coverage changes on few days, so it is asked once for each stretch without a change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.domain.billing.answers import Finding
from app.domain.billing.clocks import DAY, Window
from app.domain.billing.codes import Reason
from app.domain.billing.facts import CircumstanceKind, PatientFacts
from app.domain.billing.policy import PolicySettings
from app.domain.billing.rules import CodeRule, Kind
from app.domain.enrolment.coverage import Consent, Coverage, Enrolment, EnrolmentFacts, Order, coverage_on
from app.domain.enrolment.programs import NEEDS, Program


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of days on which coverage is the same."""

    window: Window
    coverage: Coverage


def coverage_spans(program: Program, facts: EnrolmentFacts, window: Window) -> tuple[Span, ...]:
    """Return the window's stretches in order; together they are the window."""
    changes = {day for day in _changes(program, facts) if window.starts_on < day <= window.ends_on}
    starts = [window.starts_on, *sorted(changes)]
    ends = [*(day - DAY for day in starts[1:]), window.ends_on]
    return tuple(
        Span(Window(first, last), coverage_on(program, first, facts))
        for first, last in zip(starts, ends, strict=True)
    )  # fmt: skip


def findings_of(coverages: Iterable[Coverage]) -> tuple[Finding, ...]:
    """Return each gap's reason once, with the rows that show it."""
    found: dict[Reason, dict[object, None]] = {}
    for coverage in coverages:
        for gap in coverage.gaps:
            found.setdefault(Reason(gap.reason.value), {}).update(dict.fromkeys(gap.ids))
    return tuple(Finding(reason, tuple(ids)) for reason, ids in found.items())  # type: ignore[arg-type]  # ids as keys


def other_gates(
    facts: PatientFacts, rule: CodeRule, window: Window, day: date, settings: PolicySettings, diagnoses: Iterable[str]
) -> list[Finding]:
    """Return what else stands in the way on a service date: the payer, a surgical package, another practitioner.

    Another practitioner's services block device codes always, time codes if the policy says so (04 §1.8), and a month
    of advanced primary care (one practitioner a month, 04 §2).
    """
    found = []
    if not settings.covers(rule.code, diagnoses):
        found.append(Finding(Reason.PAYER_NOT_COVERED))
    surgery = [
        one.id for one in facts.circumstances
        if one.kind is CircumstanceKind.GLOBAL_PERIOD and one.touches(Window(day, day))
        and one.practitioner_id in {None, facts.practitioner_id}
    ]  # fmt: skip
    if surgery and rule.program in {Program.RPM, Program.RTM}:
        found.append(Finding(Reason.GLOBAL_PERIOD, tuple(surgery)))
    others = [
        one.id for one in facts.circumstances
        if one.kind is CircumstanceKind.OTHER_PRACTITIONER and one.program in {None, rule.program}
        and one.touches(window)
    ]  # fmt: skip
    if others and _is_for_one_practitioner(rule, settings):
        found.append(Finding(Reason.OTHER_PRACTITIONER_CONFLICT, tuple(others)))
    return found


def _is_for_one_practitioner(rule: CodeRule, settings: PolicySettings) -> bool:
    if rule.kind in {Kind.SETUP, Kind.SUPPLY, Kind.MONTHLY}:
        return True
    return settings.one_practitioner_all_rpm and rule.program in {Program.RPM, Program.RTM}


def _changes(program: Program, facts: EnrolmentFacts) -> Iterable[date]:
    rival = NEEDS[program].excludes
    every: tuple[Consent | Order | Enrolment, ...] = (*facts.consents, *facts.orders, *facts.enrolments)
    for fact in every:
        if fact.program in {program, rival}:
            yield fact.holds_from
            if fact.holds_until is not None:
                yield fact.holds_until
    for enrolment in facts.enrolments:
        if enrolment.program is program and enrolment.initiating_visit_on is not None:
            yield enrolment.initiating_visit_on
