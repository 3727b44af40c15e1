"""The engine: facts of one patient in, an answer for every code in every month, period and episode out. Pure.

Each code is judged by itself first, then against the fixed lines of the ledger, then against the codes it gives way to,
in the order of the rule set, so that a winner is settled before whoever yields to it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID, uuid5

from app.domain.billing.answers import Answer, Finding
from app.domain.billing.case import Case
from app.domain.billing.clocks import Clock, Window, months_between, plan_periods
from app.domain.billing.codes import Reason
from app.domain.billing.device_codes import judge_setup, judge_supply
from app.domain.billing.exclusions import against_fixed, against_winners, without_base
from app.domain.billing.facts import Book, Horizon, PatientFacts, Period
from app.domain.billing.rules import CodeRule, Kind
from app.domain.billing.time_codes import MINUTE_KINDS, judge_month, judge_own_time, judge_time
from app.domain.enrolment.coverage import Enrolment
from app.domain.enrolment.programs import Program

_MONITORING = {Program.RPM: ("physiologic",), Program.RTM: ("respiratory", "musculoskeletal", "behavioural")}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the engine says of one patient: answers in the order of judging, and periods that are to be stored."""

    patient_id: UUID
    answers: tuple[Answer, ...]
    new_periods: tuple[Period, ...]

    def billable(self) -> tuple[Answer, ...]:
        """Return the lines that may be billed."""
        return tuple(answer for answer in self.answers if answer.is_billable)


def evaluate(facts: PatientFacts, book: Book, horizon: Horizon, lines: frozenset[str] | None = None) -> Evaluation:
    """Answer for one patient. The facts must reach back to `horizon.facts_from`.

    With `lines`, the keys of lines that stand, other codes are answered only as far as it takes to refuse them: what
    is billable is the same, and a run that asks for nothing else takes half the time.
    """
    known = Window(horizon.facts_from, max(horizon.window.ends_on, horizon.facts_from))
    cases = {program: planned_case(facts, program, book, horizon, lines) for program in _programs(facts, book, known)}
    new = [period for case in cases.values() for period in case.planned]
    answers = _judge_all(cases, book, horizon)
    return Evaluation(facts.patient_id, tuple(answers), tuple(new))


def planned_case(
    facts: PatientFacts, program: Program, book: Book, horizon: Horizon, lines: frozenset[str] | None = None
) -> Case:
    """Return a patient's program with the periods that are stored and those that a run would store."""
    known = Window(horizon.facts_from, max(horizon.window.ends_on, horizon.facts_from))
    case = Case(facts, program, book, known, horizon.as_of, lines)
    return replace(case, planned=tuple(plan_new_periods(case)))


def _programs(facts: PatientFacts, book: Book, known: Window) -> list[Program]:
    """Return the programs that have anything to judge: an enrolment, time, data, or a line of the engine's own."""
    active = {one.program for one in facts.enrolment.enrolments if one.starts_on <= known.ends_on}
    active |= {entry.program for entry in facts.time_entries}
    active |= {Program.RPM if reading.data == "physiologic" else Program.RTM for reading in facts.readings}
    rules = book.rules.codes
    lined = {rules[entry.code].program for entry in facts.prior if entry.is_auto and entry.code in rules}
    return [program for program in Program if program in active | lined]


def plan_new_periods(case: Case) -> list[Period]:
    """Return the periods that data asks for and nobody stored yet; provisional ones where nothing is covered."""
    if case.program not in _MONITORING:
        return []
    covered = {day for data in _MONITORING[case.program] for day in case.split_days(data)[0]}
    stored = [period.window for period in case.periods]
    windows = plan_periods([*stored, *_billed_windows(case)], covered, case.today, case.is_enrolled)
    return [Period(period_id(case.facts.patient_id, case.program, one), case.program, one) for one in windows]


def period_id(patient_id: UUID, program: Program, window: Window) -> UUID:
    """Return the id of a patient's period that starts on a day."""
    return uuid5(patient_id, f"{program.value}:{window.starts_on.isoformat()}")


def _billed_windows(case: Case) -> list[Window]:
    rules = case.book.rules.codes
    mine = (entry for entry in case.facts.prior if entry.code in rules and not entry.is_auto)
    return [
        entry.time_of(Clock.PERIOD) for entry in mine
        if rules[entry.code].kind is Kind.SUPPLY and rules[entry.code].program is case.program
    ]  # fmt: skip


def _judge_all(cases: dict[Program, Case], book: Book, horizon: Horizon) -> list[Answer]:
    judged: list[Answer] = []
    for code, newest in book.rules.codes.items():
        case = cases.get(newest.program) if newest.program else None
        if case is not None and newest.kind is not Kind.BY_HAND:
            judged += [_excluded(case, answer, judged) for answer in _judge_code(case, code, newest, horizon)]
    return judged


def _judge_code(case: Case, code: str, newest: CodeRule, horizon: Horizon) -> Iterator[Answer]:
    rules = case.book.rules
    if newest.clock is Clock.MONTH:
        for month in _months(case, horizon):
            rule = rules.rule(code, month.ends_on) or newest
            yield _judge_month(case, rule, month)
    elif newest.clock is Clock.PERIOD:
        judge: Callable[[Case, CodeRule, Period], Answer] = (
            judge_supply if newest.kind is Kind.SUPPLY else judge_own_time
        )
        for period in _periods(case, horizon):
            yield judge(case, rules.rule(code, period.window.ends_on) or newest, period)
    else:
        for episode_id, enrolments in _episodes(case, newest, horizon):
            yield judge_setup(case, newest, episode_id, enrolments)


def _judge_month(case: Case, rule: CodeRule, month: Window) -> Answer:
    if rule.kind not in MINUTE_KINDS:
        return judge_month(case, rule, month)
    base = case.book.rules.rule(rule.base, month.ends_on) if rule.base else None
    return judge_time(case, rule, month, base)


def _months(case: Case, horizon: Horizon) -> list[Window]:
    last = min(horizon.window.ends_on, case.today)
    if last < horizon.window.starts_on:
        return []
    return [
        month for month in months_between(horizon.window.starts_on, last)
        if case.entries or _is_touched(case, month) or _has_line(case, month)
    ]  # fmt: skip


def _is_touched(case: Case, month: Window) -> bool:
    return any(
        one.program is case.program and one.starts_on <= month.ends_on
        and (one.ends_on is None or month.starts_on <= one.ends_on)
        for one in case.facts.enrolment.enrolments
    )  # fmt: skip


def _has_line(case: Case, month: Window) -> bool:
    return any(entry.is_auto and entry.time_of(Clock.MONTH).overlaps(month) for entry in case.facts.prior)


def _periods(case: Case, horizon: Horizon) -> list[Period]:
    """Return the periods that end in the window or later and have begun."""
    judged = [
        period for period in case.periods
        if period.window.ends_on >= horizon.window.starts_on
        and period.window.starts_on <= min(horizon.window.ends_on, case.today)
    ]  # fmt: skip
    return judged or _provisional(case, horizon)


def _provisional(case: Case, horizon: Horizon) -> list[Period]:
    """Return a period that is never stored, for data of which no day is covered: so that the reasons are told."""
    if case.program not in _MONITORING or case.periods:
        return []
    days = (day for data in _MONITORING[case.program] for day in case.days_of(data))
    first = min((day for day in days if day >= horizon.window.starts_on), default=None)
    if first is None:
        return []
    window = plan_periods((), [first], first, lambda _: False)[0]
    return [Period(period_id(case.facts.patient_id, case.program, window), case.program, window)]


def _episodes(case: Case, rule: CodeRule, horizon: Horizon) -> Iterator[tuple[UUID, list[Enrolment]]]:
    """Return the episodes to judge; one that began before the facts and is billed already is left as it is."""
    episodes: dict[UUID, list[Enrolment]] = {}
    for one in case.facts.enrolment.enrolments:
        if one.program is rule.program and one.starts_on <= horizon.window.ends_on:
            episodes.setdefault(one.episode_id, []).append(one)
    billed = {entry.episode_id for entry in case.facts.prior if entry.code == rule.code and entry.is_auto}
    for episode_id, enrolments in episodes.items():
        is_recent = _first_day(enrolments) >= horizon.facts_from
        if is_recent or (episode_id not in billed and _lasts(enrolments, horizon.facts_from)):
            yield episode_id, enrolments


def _first_day(enrolments: Iterable[Enrolment]) -> date:
    return min(one.starts_on for one in enrolments)


def _lasts(enrolments: Iterable[Enrolment], until: date) -> bool:
    return any(one.ends_on is None or one.ends_on >= until for one in enrolments)


def _excluded(case: Case, answer: Answer, judged: list[Answer]) -> Answer:
    """Return the answer with what other lines forbid."""
    if case.spares(answer, answer.findings):
        return answer
    day = answer.service_date or answer.window.ends_on
    rules = case.book.rules
    rule = rules.known(answer.code, day)
    settings = case.policy_on(day)
    answer = answer.refused(*against_fixed(rule, answer, case.facts.prior, rules.codes, settings))
    answer = answer.refused(*without_base(rule, answer, judged, case.facts.prior, settings))
    answer = answer.refused(*against_winners(rule, answer, judged, settings))
    if rule.kind is Kind.OWN_TIME and answer.is_billable:
        answer = answer.refused(*_not_distinct(case, rule, answer, judged))
    return answer


def _not_distinct(case: Case, rule: CodeRule, answer: Answer, judged: list[Answer]) -> Iterator[Finding]:
    """Where the policy lets 99091 stand beside 99457, their minutes must differ: say so when too few are left.

    Of each month the treatment codes keep the seconds they are billed for; what the physician spent in the period and
    they do not need is left for 99091.
    """
    rivals = {code for one in rule.yields for code in one.to}
    won = [one for one in judged if one.is_billable and one.code in rivals and one.window.overlaps(answer.window)]
    if not won:
        return
    needed = sum(_billed_seconds(case, one, judged) for one in won)
    everybody = sum(one.seconds for one in won)
    own = answer.seconds
    if min(own, everybody - needed + _outside(case, rule, answer, won)) < rule.min_seconds:
        yield Finding(Reason.TIME_DOUBLE_COUNTED, answer.evidence.time_entries, (("seconds", own),))


def _billed_seconds(case: Case, won: Answer, judged: list[Answer]) -> int:
    rule = case.book.rules.rule(won.code, won.window.ends_on)
    further = [one for one in judged if one.is_billable and one.window == won.window]
    return (rule.min_seconds if rule else 0) + sum(_further_seconds(case, one, won) for one in further)


def _further_seconds(case: Case, one: Answer, won: Answer) -> int:
    rule = case.book.rules.rule(one.code, one.window.ends_on)
    return rule.step_seconds * one.units if rule and rule.base == won.code else 0


def _outside(case: Case, rule: CodeRule, answer: Answer, won: list[Answer]) -> int:
    """Return the physician's seconds of the period that fall in months without a treatment code."""
    months = [one.window for one in won]
    free = [month for month in months_between(answer.window.starts_on, answer.window.ends_on) if month not in months]
    settings = case.policy_on(answer.window.ends_on)
    return sum(case.time_in(_shared(month, answer.window), rule, settings).seconds for month in free)


def _shared(one: Window, other: Window) -> Window:
    return Window(max(one.starts_on, other.starts_on), min(one.ends_on, other.ends_on))
