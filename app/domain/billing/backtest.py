"""How good were forecasts: the Brier score, a calibration table in ten bins, and a predictor that knows only the base
rate to be beaten. Probabilities lie in 0 to 1; the Brier score is the mean squared error, 0 is perfect.
"""

from collections.abc import Iterable
from dataclasses import dataclass

BINS = 10


@dataclass(frozen=True, slots=True)
class Case:
    """One forecast and what became of it."""

    probability: float
    happened: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """Forecasts of a tenth (the low end inclusive, the high one exclusive but in the last)."""

    low: float
    high: float
    count: int
    mean_forecast: float | None
    share_happened: float | None


@dataclass(frozen=True, slots=True)
class Backtest:
    """The result over all cases; None where there are none."""

    count: int
    brier: float | None
    base_rate: float | None
    base_rate_brier: float | None
    bins: tuple[Bin, ...]

    @property
    def beats_base_rate(self) -> bool:
        """Say whether the forecasts were better than always saying the base rate."""
        return self.brier is not None and self.base_rate_brier is not None and self.brier < self.base_rate_brier


@dataclass(slots=True)
class _Sum:
    """How many forecasts there were, what they said together, how many came true, and their squared errors."""

    count: int = 0
    said: float = 0.0
    true: int = 0
    errors: float = 0.0

    def add(self, case: Case) -> None:
        """Count one."""
        self.count += 1
        self.said += case.probability
        self.true += case.happened
        self.errors += (case.probability - case.happened) ** 2


class Tally:
    """Scores forecasts one by one: only sums are kept, however many there are."""

    def __init__(self) -> None:
        self._all, self._bins = _Sum(), [_Sum() for _ in range(BINS)]

    def add(self, case: Case) -> None:
        """Count one forecast and what became of it."""
        self._all.add(case)
        self._bins[min(int(case.probability * BINS), BINS - 1)].add(case)

    def result(self) -> Backtest:
        """Return the scores so far. Always saying the base rate r errs by r times (1 - r)."""
        bins, every = tuple(_bin(number, one) for number, one in enumerate(self._bins)), self._all
        if not every.count:
            return Backtest(0, None, None, None, bins)
        rate = every.true / every.count
        return Backtest(every.count, every.errors / every.count, rate, rate * (1 - rate), bins)


def backtest(cases: Iterable[Case]) -> Backtest:
    """Score forecasts against what happened."""
    tally = Tally()
    for case in cases:
        tally.add(case)
    return tally.result()


def _bin(number: int, inside: _Sum) -> Bin:
    low, high = number / BINS, (number + 1) / BINS
    if not inside.count:
        return Bin(low, high, 0, None, None)
    return Bin(low, high, inside.count, inside.said / inside.count, inside.true / inside.count)
