"""What holds of coverage whatever the facts: checked against sets of days, which know nothing of intervals."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.enrolment.coverage import (
    Consent,
    Enrolment,
    EnrolmentFacts,
    Order,
    coverage_on,
    holds_on,
)
from app.domain.enrolment.programs import NEEDS, Program
from tests.domain.enrolment.facts import day

slow_machines_welcome = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
_DAYS = st.integers(0, 12).map(day)
_LATER = st.none() | st.integers(0, 8)
_IDS = st.integers(1, 10**9).map(lambda number: UUID(int=number))
_PROGRAMS = st.sampled_from(Program)
_CODES = st.frozensets(st.sampled_from(["I10", "E11.9", "J44.9"]), max_size=2)


def _plus(first: date, days: int | None) -> date | None:
    return None if days is None else first + timedelta(days=days)


@st.composite
def _consents(draw: st.DrawFn) -> Consent:
    first = draw(_DAYS)
    return Consent(draw(_IDS), draw(_PROGRAMS), first, _plus(first, draw(_LATER)), draw(st.booleans()))


@st.composite
def _orders(draw: st.DrawFn) -> Order:
    first = draw(_DAYS)
    ends, stops = (_plus(first, draw(_LATER)) for _ in range(2))
    return Order(draw(_IDS), draw(_PROGRAMS), first, ends, stops, draw(_CODES))


@st.composite
def _enrolments(draw: st.DrawFn) -> Enrolment:
    first = draw(_DAYS)
    visit = draw(st.none() | _DAYS)
    program, codes = draw(_PROGRAMS), draw(_CODES)
    return Enrolment(draw(_IDS), program, UUID(int=1), first, _plus(first, draw(_LATER)), codes, visit)


_FACTS = st.builds(
    EnrolmentFacts,
    *(st.lists(some, max_size=4).map(tuple) for some in (_consents(), _orders(), _enrolments())),
)


def _days_of_consent(fact: Consent) -> set[date]:
    return {d for d in map(day, range(40)) if d >= fact.obtained_on and not (fact.revoked_on and d >= fact.revoked_on)}


@slow_machines_welcome
@given(_PROGRAMS, _DAYS, _FACTS)
def test_a_day_is_covered_only_with_a_consent_an_enrolment_and_what_else_is_needed(
    program: Program, on: date, facts: EnrolmentFacts
) -> None:
    """Each proven by a row of the program that holds on the day."""
    found = coverage_on(program, on, facts)
    proofs = [
        *((row, found.consent_id) for row in facts.consents if row.has_notices),
        *((row, found.order_id) for row in facts.orders),
        *((row, found.enrollment_id) for row in facts.enrolments),
    ]
    proven = {identity for row, identity in proofs if row.program is program and holds_on(row, on)}
    needed = {found.consent_id, found.enrollment_id} | ({found.order_id} if NEEDS[program].order else set())
    if found.is_covered:
        assert None not in needed
    assert needed - {None} <= proven


@slow_machines_welcome
@given(_PROGRAMS, _DAYS, _FACTS, st.randoms(use_true_random=False))
def test_the_order_in_which_facts_are_read_does_not_matter(
    program: Program, on: date, facts: EnrolmentFacts, dice: object
) -> None:
    """The answer is the same, ids included."""
    turned = EnrolmentFacts(*(tuple(dice.sample(rows, len(rows))) for rows in _parts(facts)))  # type: ignore[attr-defined]
    ours, theirs = coverage_on(program, on, facts), coverage_on(program, on, turned)
    assert ours.gaps == theirs.gaps
    assert (ours.consent_id, ours.order_id) == (theirs.consent_id, theirs.order_id)


def _parts(facts: EnrolmentFacts) -> tuple[tuple[object, ...], ...]:
    return facts.consents, facts.orders, facts.enrolments


@slow_machines_welcome
@given(_PROGRAMS, _DAYS, _FACTS, _consents())
def test_one_more_consent_never_takes_a_day_away(
    program: Program, on: date, facts: EnrolmentFacts, more: Consent
) -> None:
    """A day once covered stays covered."""
    if coverage_on(program, on, facts).is_covered:
        assert coverage_on(program, on, replace(facts, consents=(*facts.consents, more))).is_covered


@slow_machines_welcome
@given(_PROGRAMS, _DAYS, _FACTS, _DAYS)
def test_revoking_everything_leaves_no_day_from_then_on_and_changes_none_before(
    program: Program, on: date, facts: EnrolmentFacts, revoked: date
) -> None:
    """The day of revocation belongs to the days after."""
    consents = tuple(replace(row, revoked_on=min(row.revoked_on or revoked, revoked)) for row in facts.consents)
    before, after = coverage_on(program, on, facts), coverage_on(program, on, replace(facts, consents=consents))
    assert after.is_covered is (before.is_covered and on < revoked)


@slow_machines_welcome
@given(_consents(), st.integers(0, 30).map(day))
def test_a_consent_holds_on_exactly_the_days_of_its_set(fact: Consent, on: date) -> None:
    """Counted day by day."""
    assert holds_on(fact, on) is (on in _days_of_consent(fact))


@slow_machines_welcome
@given(_orders(), st.integers(0, 30).map(day))
def test_an_order_holds_on_exactly_the_days_of_its_set(fact: Order, on: date) -> None:
    """Counted day by day."""
    days = {d for d in map(day, range(40)) if fact.starts_on <= d <= (fact.ends_on or date.max)}
    days -= {d for d in days if fact.stopped_on and d >= fact.stopped_on}
    assert holds_on(fact, on) is (on in days)
