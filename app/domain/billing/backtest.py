"""How good were forecasts: the Brier score, a calibration table in ten bins, and a predictor that knows only the base
rate to be beaten. Probabilities lie in 0 to 1; the Brier score is the mean squared error, 0 is perfect.
"""

from collections.abc import Iterable, Sequence
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


def backtest(cases: Sequence[Case]) -> Backtest:
    """Score forecasts against what happened."""
    bins = tuple(_bin(number, cases) for number in range(BINS))
    if not cases:
        return Backtest(0, None, None, None, bins)
    rate = _mean(one.happened for one in cases)
    brier = _mean((one.probability - one.happened) ** 2 for one in cases)
    return Backtest(len(cases), brier, rate, _mean((rate - one.happened) ** 2 for one in cases), bins)


def _bin(number: int, cases: Iterable[Case]) -> Bin:
    inside = [one for one in cases if min(int(one.probability * BINS), BINS - 1) == number]
    low, high = number / BINS, (number + 1) / BINS
    if not inside:
        return Bin(low, high, 0, None, None)
    forecast, happened = _mean(one.probability for one in inside), _mean(one.happened for one in inside)
    return Bin(low, high, len(inside), forecast, happened)


def _mean(values: Iterable[float]) -> float:
    every = list(values)
    return sum(every) / len(every)
