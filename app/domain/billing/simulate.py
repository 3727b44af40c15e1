"""The what-if simulator (07 N4): the real month, and the same month under other rules, fees or facts. Pure, so it can
write nothing; the same input gives the same output, and a scenario that changes nothing gives exactly the real month.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from app.domain.billing.answers import Answer
from app.domain.billing.codes import Reason
from app.domain.billing.days import Custody, Reading
from app.domain.billing.engine import evaluate
from app.domain.billing.facts import Book, Horizon, PatientFacts, TimeEntry
from app.domain.billing.fees import FeeBook, FeeSchedule
from app.domain.billing.policy import Policy, PolicyBook, PolicySettings
from app.domain.enrolment.coverage import Consent, Enrolment, EnrolmentFacts, Order
from app.domain.enrolment.programs import Program

_NOON = 12
_EVER = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class MoreReadings:
    """Suppose data on days on which there is none; without a patient for everybody."""

    days: tuple[date, ...]
    patient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class MoreMinutes:
    """Suppose time at noon of a day, a live call by clinical staff unless said otherwise."""

    on: date
    seconds: int
    patient_id: UUID | None = None
    program: Program = Program.RPM
    is_live: bool = True
    credential: str = "clinical"


@dataclass(frozen=True, slots=True)
class Enrol:
    """Suppose a patient was consented, ordered, seen and enrolled from a day on."""

    patient_id: UUID
    program: Program
    starts_on: date
    diagnoses: tuple[str, ...] = ("I10",)


@dataclass(frozen=True, slots=True)
class Drop:
    """Suppose a patient left a program on a day, its last."""

    patient_id: UUID
    program: Program
    ends_on: date


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is different. `rule_set_id`: rules of that year for all service dates, or only from `rules_from` to
    `rules_to`, both inclusive; `fees`: one schedule for all dates.

    `as_of`: as if it were then. `settings`: one policy for all payers and dates.
    """

    rule_set_id: str | None = None
    rules_from: date | None = None
    rules_to: date | None = None
    fees: FeeSchedule | None = None
    settings: PolicySettings | None = None
    as_of: datetime | None = None
    readings: tuple[MoreReadings, ...] = ()
    minutes: tuple[MoreMinutes, ...] = ()
    enrol: tuple[Enrol, ...] = ()
    drop: tuple[Drop, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeTotal:
    """One code: lines, units and dollars, as they are and as they would be."""

    code: str
    lines: int
    units: int
    amount: Decimal
    scenario_lines: int
    scenario_units: int
    scenario_amount: Decimal


@dataclass(frozen=True, slots=True)
class Flip:
    """One line that would come or go, and the reasons that refuse it on the side where it is refused."""

    patient_id: UUID
    code: str
    line_key: str
    was_billable: bool
    is_billable: bool
    amount: Decimal
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """One patient's billable lines, as they are and as they would be, and those that come or go."""

    real: tuple[Answer, ...]
    supposed: tuple[Answer, ...]
    flips: tuple[Flip, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """The comparison of all patients: by code, and the lines that come or go."""

    by_code: tuple[CodeTotal, ...]
    flips: tuple[Flip, ...]
    patients: int

    @property
    def amounts(self) -> tuple[Decimal, Decimal]:
        """Dollars as they are, and as they would be."""
        totals = [(one.amount, one.scenario_amount) for one in self.by_code]
        return sum((real for real, _ in totals), Decimal(0)), sum((other for _, other in totals), Decimal(0))


Sums = dict[str, tuple[int, int, Decimal]]
_NOTHING = (0, 0, Decimal(0))


def simulate(patients: Iterable[PatientFacts], book: Book, horizon: Horizon, scenario: Scenario) -> Simulation:
    """Compare; of each patient only the sums and what flips is kept. Raises ValueError for a rule set there is not."""
    other = changed_book(book, scenario)
    real, supposed, flips, count = Sums(), Sums(), list[Flip](), 0
    for one in patients:
        count += 1
        compared = compare(one, book, other, horizon, scenario)
        _add(real, compared.real)
        _add(supposed, compared.supposed)
        flips += compared.flips
    in_order = sorted(flips, key=lambda flip: (flip.patient_id, flip.line_key))
    return Simulation(_by_code(real, supposed), tuple(in_order), count)


def compare(facts: PatientFacts, book: Book, other: Book, horizon: Horizon, scenario: Scenario) -> Compared:
    """Compare one patient's month; `other` is the book as the scenario changes it."""
    before = evaluate(facts, book, horizon).answers
    after = evaluate(changed_facts(facts, scenario), other, changed_horizon(horizon, scenario)).answers
    real, supposed = (tuple(one for one in side if one.is_billable) for side in (before, after))
    return Compared(real, supposed, tuple(_flips_of(facts.patient_id, before, after)))


def changed_book(book: Book, scenario: Scenario) -> Book:
    """Return what would be in force."""
    rules, fees, policies = book.rules, book.fees, book.policies
    if scenario.rule_set_id is not None:
        if rules.find(scenario.rule_set_id) is None:
            raise ValueError(f"There is no rule set {scenario.rule_set_id}.")
        first, last = scenario.rules_from or _EVER, scenario.rules_to or date.max
        is_partial = scenario.rules_from is not None or scenario.rules_to is not None
        rules = (rules.during if is_partial else rules.only)(scenario.rule_set_id, first, last)
    if scenario.fees is not None:
        fees = FeeBook((replace(scenario.fees, effective_from=date.min, effective_to=None, payer=None, in_use=True),))
    if scenario.settings is not None:
        policies = PolicyBook((Policy(date.min, scenario.settings),))
    return Book(rules, fees, policies)


def changed_horizon(horizon: Horizon, scenario: Scenario) -> Horizon:
    """Return the question as it would be asked."""
    return replace(horizon, as_of=scenario.as_of) if scenario.as_of else horizon


def changed_facts(facts: PatientFacts, scenario: Scenario) -> PatientFacts:
    """Return one patient as they would be; the same facts when nothing concerns them."""
    readings = tuple(
        _supposed_reading(facts, day)
        for more in scenario.readings if more.patient_id in {None, facts.patient_id}
        for day in more.days
    )  # fmt: skip
    minutes = tuple(
        _supposed_time(facts, more, number)
        for number, more in enumerate(scenario.minutes) if more.patient_id in {None, facts.patient_id}
    )  # fmt: skip
    enrolment = _with_drops(_with_enrolments(facts, scenario.enrol), facts.patient_id, scenario.drop)
    if not (readings or minutes or enrolment is not facts.enrolment):
        return facts
    return replace(
        facts, readings=facts.readings + readings, time_entries=facts.time_entries + minutes, enrolment=enrolment
    )


def _supposed_reading(facts: PatientFacts, day: date) -> Reading:
    moment = datetime(day.year, day.month, day.day, _NOON, tzinfo=ZoneInfo(facts.timezone)).astimezone(UTC)
    return Reading(uuid5(facts.patient_id, f"supposed {day}"), moment, day, custody=Custody.HELD)


def _supposed_time(facts: PatientFacts, more: MoreMinutes, number: int) -> TimeEntry:
    start = datetime(more.on.year, more.on.month, more.on.day, _NOON, tzinfo=ZoneInfo(facts.timezone))
    return TimeEntry(
        uuid5(facts.patient_id, f"supposed time {number}"), more.program, start.astimezone(UTC),
        start.astimezone(UTC) + timedelta(seconds=more.seconds), "phone" if more.is_live else "none", more.is_live,
        more.credential,
    )  # fmt: skip


def _with_enrolments(facts: PatientFacts, supposed: Iterable[Enrol]) -> EnrolmentFacts:
    known = facts.enrolment
    for one in supposed:
        if one.patient_id != facts.patient_id:
            continue
        name = f"supposed {one.program} {one.starts_on}"
        an_id, codes = uuid5(facts.patient_id, name), frozenset(one.diagnoses)
        known = EnrolmentFacts(
            (*known.consents, Consent(an_id, one.program, one.starts_on)),
            (*known.orders, Order(an_id, one.program, one.starts_on, diagnoses=codes)),
            (
                *known.enrolments,
                Enrolment(an_id, one.program, an_id, one.starts_on, None, codes, one.starts_on),
            ),
        )
    return known


def _with_drops(known: EnrolmentFacts, patient_id: UUID, drops: Iterable[Drop]) -> EnrolmentFacts:
    for drop in drops:
        if drop.patient_id == patient_id:
            known = replace(known, enrolments=tuple(_dropped(one, drop) for one in known.enrolments))
    return known


def _dropped(one: Enrolment, drop: Drop) -> Enrolment:
    if one.program is not drop.program or (one.ends_on is not None and one.ends_on <= drop.ends_on):
        return one
    return replace(one, ends_on=drop.ends_on)


def _by_code(real: Sums, supposed: Sums) -> tuple[CodeTotal, ...]:
    codes = sorted(real.keys() | supposed.keys())
    return tuple(CodeTotal(code, *real.get(code, _NOTHING), *supposed.get(code, _NOTHING)) for code in codes)


def _add(sums: Sums, lines: Iterable[Answer]) -> None:
    for line in lines:
        count, units, amount = sums.get(line.code, _NOTHING)
        sums[line.code] = count + 1, units + line.units, amount + (line.amount or 0)


def _flips_of(patient_id: UUID, before: Iterable[Answer], after: Iterable[Answer]) -> list[Flip]:
    was, now = ({one.line_key: one for one in side} for side in (before, after))
    flips = []
    for key in dict.fromkeys([*was, *now]):
        old, new = was.get(key), now.get(key)
        then, there = old is not None and old.is_billable, new is not None and new.is_billable
        if then != there:
            won = next(one for one in (new, old) if one is not None and one.is_billable)
            refused = old if won is new else new
            why = tuple(sorted(refused.reasons)) if refused else ()
            flips.append(Flip(patient_id, won.code, key, then, there, won.amount or Decimal(0), why))
    return flips
