"""The one function that says what a reading, or silence, raises and clears: live evaluation and replay both use it.

Pure and deterministic: the same reading, history, rules and state give the same answer. A reading that was measured
before the latest known one raises what its values say, and changes nothing of what is remembered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from decimal import Decimal

from app.domain.triage.assessment import Breach
from app.domain.triage.parameters import RuleKind
from app.domain.triage.rules import AlertRule, RuleBook
from app.domain.triage.state import RuleState, State
from app.domain.triage.thresholds import AlertLevel
from app.domain.triage.windows import Sample, change_in, latest_values, trend_in


@dataclass(frozen=True, slots=True)
class Held:
    """A breach that raised nothing, and why."""

    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is raised (critical first), which rules cleared, what was held back, and what to remember."""

    raised: tuple[Breach, ...]
    cleared: tuple[str, ...]
    held: tuple[Held, ...]
    state: State


@dataclass(slots=True)
class _Work:
    """One evaluation on its way."""

    sample: Sample
    history: Sequence[Sample]
    zone: tzinfo
    is_late: bool
    rules: dict[str, RuleState]
    cooling: dict[str, datetime]
    raised: list[Breach] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)


def evaluate(sample: Sample, history: Sequence[Sample], book: RuleBook, state: State, zone: tzinfo) -> Evaluation:
    """Return what one reading raises and clears.

    `history`: the patient's readings measured before it, oldest first; only those of the rules' windows matter, and
    none when `book.looks_back` is false. `zone`: where the patient lives, for schedules and days.
    """
    is_late = state.seen_at is not None and sample.measured_at < state.seen_at
    work = _Work(sample, history, zone, is_late, dict(state.rules), dict(state.cooling))
    for measure, value in sample.values.items():
        if value is not None:
            _judge_limits(work, book.limits.get(measure, ()), value)
            for rule in book.moving.get(measure, ()):
                _judge_moving(work, rule, value)
    raised = tuple(sorted(work.raised, key=lambda breach: breach.level is not AlertLevel.CRITICAL))
    if is_late:
        return Evaluation(raised, (), tuple(work.held), state)
    if book.silence is not None:
        _clear(work, book.silence.name)
    _forget_unruled(work, book)
    new = State(sample.measured_at, work.rules, work.cooling)
    return Evaluation(raised, tuple(work.cleared), tuple(work.held), new)


def evaluate_silence(book: RuleBook, state: State, at: datetime) -> Evaluation:
    """Return what it raises that nothing came until `at`: from N full days after the latest reading on, once.

    A patient who never sent anything is not silent but not yet begun.
    """
    nothing = Evaluation((), (), (), state)
    rule = book.silence
    if rule is None or state.seen_at is None or rule.name in state.rules:
        return nothing
    days = Decimal((at - state.seen_at).days)
    if not rule.is_breached(days):
        return nothing
    rules = {**state.rules, rule.name: RuleState(state.seen_at, at, at)}
    return Evaluation((_breach(rule, days),), (), (), State(state.seen_at, rules, state.cooling))


def evaluate_adherence(book: RuleBook, state: State, days: int, at: datetime) -> Evaluation:
    """Return what it raises, once, or clears again that there were readings on fewer days than expected.

    `days`: of the seven full local days before `at` (`adherence.reading_days`); exactly as many as expected suffice.
    Only for patients who have begun (`adherence.has_begun`).
    """
    rule, nothing = book.adherence, Evaluation((), (), (), state)
    if rule is None or (days < rule.limit) is (rule.name in state.rules):
        return nothing
    rules = {name: one for name, one in state.rules.items() if name != rule.name}
    if days >= rule.limit:
        return Evaluation((), (rule.name,), (), replace(state, rules=rules))
    raised = replace(state, rules={**rules, rule.name: RuleState(at, at, at)})
    return Evaluation((_breach(rule, Decimal(days)),), (), (), raised)


def _judge_limits(work: _Work, rules: Sequence[AlertRule], value: Decimal) -> None:
    """Walk a measure's limits, critical first: the worst that is raised stands for the measure."""
    is_told = False
    for rule in rules:
        if rule.is_breached(value):
            is_told = _meet(work, rule, value, is_told=is_told) or is_told
        elif rule.name in work.rules:
            _leave(work, rule, value)


def _meet(work: _Work, rule: AlertRule, value: Decimal, *, is_told: bool) -> bool:
    """Raise a breached limit, unless a worse one of the measure was or something holds it back; say whether raised."""
    known = work.rules.get(rule.name) or RuleState(work.sample.measured_at)
    work.rules[rule.name] = known
    if is_told:
        return False
    why = _why_held(work, rule, known)
    if why:
        work.held.append(Held(rule.name, why))
        return False
    _raise(work, rule, value, known)
    return True


def _leave(work: _Work, rule: AlertRule, value: Decimal) -> None:
    """Clear a rule whose value is back; within the hysteresis one that was raised stays as it is."""
    if work.rules[rule.name].raised_at is None or rule.is_back(value):
        _clear(work, rule.name)


def _judge_moving(work: _Work, rule: AlertRule, value: Decimal) -> None:
    """Judge a change or a trend against the history."""
    measure = change_in if rule.parameter.kind is RuleKind.CHANGE else trend_in
    moved = measure(work.sample, work.history, rule.parameter, work.zone)
    if moved is None or moved < rule.limit:
        if moved is None or moved < rule.limit - rule.modifiers.hysteresis:
            _clear(work, rule.name)
        return
    known = work.rules.get(rule.name) or RuleState(work.sample.measured_at)
    work.rules[rule.name] = known
    why = _why_held(work, rule, known)
    if why:
        work.held.append(Held(rule.name, why))
    else:
        _raise(work, rule, moved, known)


def _why_held(work: _Work, rule: AlertRule, known: RuleState) -> str | None:
    """Return what holds a breach back, or None."""
    waits, at = rule.modifiers, work.sample.measured_at
    if waits.schedule is not None and not waits.schedule.covers(at.astimezone(work.zone)):
        return "outside its schedule"
    if waits.repeat_of > 1 and rule.parameter.kind is RuleKind.LIMIT:
        latest = latest_values(work.sample, work.history, rule.parameter.measure, waits.repeat_of)
        times = sum(rule.is_breached(value) for value in latest)
        if times < waits.repeat_times:
            return f"{times} of the last {waits.repeat_of}, {waits.repeat_times} are needed"
    if waits.duration and at - known.since < waits.duration:
        return "not for long enough yet"
    last = known.last_raised_at or work.cooling.get(rule.name)
    if last is not None and not work.is_late and at - last < waits.cool_down:
        return "raised a short while ago"
    return None


def _raise(work: _Work, rule: AlertRule, value: Decimal, known: RuleState) -> None:
    at = work.sample.measured_at
    work.raised.append(_breach(rule, value, is_repeat=known.raised_at is not None))
    work.rules[rule.name] = RuleState(known.since, known.raised_at or at, at)


def _breach(rule: AlertRule, value: Decimal, *, is_repeat: bool = False) -> Breach:
    of = rule.parameter
    message = of.message(value, rule.limit)
    return Breach(rule.name, of.level, of.measure, value, rule.limit, message, of.alert_class, is_repeat)


def _clear(work: _Work, name: str) -> None:
    known = work.rules.pop(name, None)
    if known is not None and known.raised_at is not None:
        work.cleared.append(name)
        if known.last_raised_at is not None:
            work.cooling[name] = known.last_raised_at


def _forget_unruled(work: _Work, book: RuleBook) -> None:
    """Clear rules that were switched off, and forget old cool-downs."""
    for name in [name for name in work.rules if name not in book.by_name]:
        _clear(work, name)
    at, by_name = work.sample.measured_at, book.by_name
    work.cooling = {
        name: last
        for name, last in work.cooling.items()
        if name in by_name and at - last < by_name[name].modifiers.cool_down
    }


def worst_of(raised: Sequence[Breach]) -> Breach | None:
    """Return what an alert says of a reading that raised several: the first of the critical, else the first."""
    return raised[0] if raised else None


def limits_of(book: RuleBook) -> Mapping[str, Decimal]:
    """Return the plain limits of a rule book by name."""
    return {rule.name: rule.limit for rules in book.limits.values() for rule in rules}
