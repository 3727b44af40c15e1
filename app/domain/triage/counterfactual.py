"""The smallest change that would drop a patient by a band: fewest things changed, then the least of a value."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from app.domain.triage.rules import RuleBook
from app.domain.triage.score import (
    LatestValue,
    RiskLevel,
    RiskScore,
    ScoreInputs,
    breaches_in,
    recent,
    risk_score,
)

_STEP = {"temperature_c": Decimal("0.1"), "weight_kg": Decimal("0.1")}  # as finely as people read the instrument
_ONE = Decimal(1)
_RANK = (RiskLevel.NO_DATA, RiskLevel.NORMAL, RiskLevel.WARNING, RiskLevel.CRITICAL)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would be different: a measure's value, or `review`, `active_stat`, `clinician_override`."""

    what: str
    before: Decimal | None
    after: Decimal | None


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """The changes, and what the score would be with them."""

    changes: tuple[Change, ...]
    score: RiskScore


def smallest_drop(inputs: ScoreInputs, book: RuleBook) -> Counterfactual | None:
    """Return the smallest change that lowers the band; None in the normal band, without data, or if nothing would."""
    now = risk_score(inputs, book)
    if now.level in {RiskLevel.NORMAL, RiskLevel.NO_DATA}:
        return None
    is_lower = _lower_than(now, book)
    return next(_found(inputs, book, is_lower), None)


_Drops = Callable[[ScoreInputs], RiskScore | None]


def _lower_than(now: RiskScore, book: RuleBook) -> _Drops:
    def drops(inputs: ScoreInputs) -> RiskScore | None:
        score = risk_score(inputs, book)
        return score if _RANK.index(score.level) < _RANK.index(now.level) else None

    return drops


def _found(inputs: ScoreInputs, book: RuleBook, drops: _Drops) -> Iterator[Counterfactual]:
    """Try what is done by people first, then one value, then all that are out of range, then everything together."""
    reviewed = replace(inputs, last_reviewed_at=inputs.as_of)
    acts = (
        (Change("review", None, None), reviewed),
        (Change("active_stat", None, None), replace(inputs, has_active_stat=False)),
        (Change("clinician_override", None, None), replace(inputs, override=None)),
    )
    for change, other in acts:
        if other != inputs and (score := drops(other)):
            yield Counterfactual((change,), score)
    yield from sorted(_by_one_value(inputs, book, drops), key=_size)
    changes, calm = _in_range(inputs, book)
    for extra, other in (((), calm), ((acts[0][0],), replace(calm, last_reviewed_at=inputs.as_of))):
        if score := drops(other):
            yield Counterfactual((*changes, *extra), score)


def _by_one_value(inputs: ScoreInputs, book: RuleBook, drops: _Drops) -> Iterator[Counterfactual]:
    for breach in breaches_in(recent(inputs), book):
        step = _STEP.get(breach.measure, _ONE) * (-1 if breach.rule.endswith("_high") else 1)
        moved = partial(_moved, inputs, breach.measure, step)
        steps = _first(lambda count, moved=moved: bool(drops(moved(count))))  # type: ignore[misc]
        score = drops(moved(steps or 0))
        if steps and score:
            yield Counterfactual((Change(breach.measure, breach.value, breach.value + steps * step),), score)


def _moved(inputs: ScoreInputs, measure: str, step: Decimal, count: int) -> ScoreInputs:
    return _with(inputs, measure, inputs.latest[measure].value + count * step)


def _first(holds: Callable[[int], bool]) -> int | None:
    """Return the least number of steps from which on something holds; it is monotone within some hundred steps."""
    most = next((most for most in (8, 32, 128, 512) if holds(most)), None)
    if most is None:
        return _first_by_walking(holds)
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _first_by_walking(holds: Callable[[int], bool]) -> int | None:
    """Look step by step: far beyond the far limit a value is out on the other side."""
    return next((steps for steps in range(1, 128) if holds(steps)), None)


def _in_range(inputs: ScoreInputs, book: RuleBook) -> tuple[tuple[Change, ...], ScoreInputs]:
    """Return the inputs with every value that is out just inside its warning limit."""
    changes, calm = [], inputs
    for breach in breaches_in(recent(inputs), book):
        warning = book.by_name.get(breach.rule.replace("_critical", ""))
        away = -1 if breach.rule.endswith("_high") else 1
        limit = warning.limit if warning else breach.limit
        after = limit + _STEP.get(breach.measure, _ONE) * away
        changes.append(Change(breach.measure, breach.value, after))
        calm = _with(calm, breach.measure, after)
    return tuple(changes), calm


def _with(inputs: ScoreInputs, measure: str, value: Decimal) -> ScoreInputs:
    known = inputs.latest[measure]
    return replace(inputs, latest={**inputs.latest, measure: LatestValue(value, known.measured_at, known.source_id)})


def _size(found: Counterfactual) -> Decimal:
    """Return how far the value moves, as a share of itself."""
    change = found.changes[0]
    if not change.before or change.after is None:
        return Decimal(0)
    return abs(change.after - change.before) / change.before
