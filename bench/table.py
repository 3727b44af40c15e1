"""The one table, and which targets were met."""

from collections.abc import Sequence
from dataclasses import dataclass

_HEADINGS = ("job", "ours", "yardstick", "ratio", "limit", "CPU ms", "p50", "p95", "p99", "SQL")


@dataclass(frozen=True, slots=True)
class Row:
    """One job: rates in requests a second, times in milliseconds; what was not measured is None."""

    job: str
    ours: float | None = None
    yardstick: float | None = None
    limit: float | None = None
    cpu_ms: tuple[float, float | None] | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    sql: str | None = None
    share: float | None = None  # of all cores, while it goes on

    @property
    def ratio(self) -> float | None:
        """Return how many times the yardstick's rate ours is."""
        return self.ours / self.yardstick if self.ours and self.yardstick else None

    def cells(self) -> tuple[str, ...]:
        """Return the row's texts, in the order of the headings."""
        ratio = f"{self.ratio:.2f}x" if self.ratio else "-"
        rates = [_number(rate, 0, "/s") for rate in (self.ours, self.yardstick)]
        times = [_number(value, 1, "") for value in (self.p50_ms, self.p95_ms, self.p99_ms)]
        return (self.job, *rates, ratio, _number(self.limit, 0, "/s"), self._cpu(), *times, self.sql or "-")

    def _cpu(self) -> str:
        """Return the processor time a request, ours before the yardstick's."""
        return "-" if self.cpu_ms is None else " : ".join(_number(value, 1, "") for value in self.cpu_ms)


@dataclass(frozen=True, slots=True)
class Aim:
    """What a job must reach: a bound of p95 or p99 in milliseconds, a share of the cores, or a ratio to another."""

    job: str
    p95_ms: float | None = None
    p99_ms: float | None = None
    ratio: float | None = None
    of_limit: float | None = None
    share: float | None = None

    def verdict(self, row: Row) -> str | None:
        """Return one line, or None when the job's number is missing."""
        if self.p95_ms is not None and row.p95_ms is not None:
            text, met = f"p95 {row.p95_ms:.1f} ms, wanted < {self.p95_ms:.0f}", row.p95_ms < self.p95_ms
        elif self.p99_ms is not None and row.p99_ms is not None:
            text, met = f"p99 {row.p99_ms:.1f} ms, wanted < {self.p99_ms:.0f}", row.p99_ms < self.p99_ms
        elif self.ratio is not None and row.ratio is not None:
            text, met = f"{row.ratio:.2f}x the yardstick, wanted >= {self.ratio:.0f}", row.ratio >= self.ratio
        elif self.of_limit is not None and row.ours and row.limit:
            share = row.ours / row.limit
            text, met = f"{share:.0%} of COPY, wanted >= {self.of_limit:.0%}", share >= self.of_limit
        elif self.share is not None and row.share is not None:
            text, met = f"{row.share:.1%} of all cores, wanted < {self.share:.0%}", row.share < self.share
        else:
            return None
        return f"{'pass' if met else 'MISS'}  {row.job}: {text}"


AIMS = (
    Aim("reading posted", ratio=2),
    Aim("patients listed", ratio=2),
    Aim("in batches, 60 patients each", of_limit=0.25),
    Aim("in batches, 60 patients each", ratio=20),
    Aim("in batches, 1,000 patients each", of_limit=0.25),
    Aim("in batches, 1,000 patients each", ratio=20),
    Aim("webhooks, 50 a second", p99_ms=200),
    Aim("200 open pages", share=0.05),
    Aim("board in process, 10,000 patients", p95_ms=50),
    Aim("board in process, 100,000 patients", p95_ms=50),
    Aim("stats in process, 10,000 patients", p95_ms=50),
    Aim("stats in process, 100,000 patients", p95_ms=50),
    Aim("statistics, one patient's year", p95_ms=80),
    Aim("billing run, 10,000 patients", p95_ms=30_000),
    Aim("search, 3 letters and more", p95_ms=60),
    Aim("search, 1 or 2 letters", p95_ms=60),
    Aim("page by last name, warm", p95_ms=150),
    Aim("triage list, 10,000 patients", p95_ms=50),
)


def render(rows: Sequence[Row]) -> str:
    """Return the table in Markdown, columns aligned."""
    lines = [_HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    texts = [_aligned(line, widths) for line in lines]
    rule = "|".join(["", *("-" * (width + 1) + ("-" if place == 0 else ":") for place, width in enumerate(widths)), ""])
    return "\n".join([texts[0], rule, *texts[1:]])


def verdicts(rows: Sequence[Row]) -> list[str]:
    """Return a line for every aim whose number was measured."""
    by_job = {row.job: row for row in rows}
    found = [aim.verdict(by_job[aim.job]) for aim in AIMS if aim.job in by_job]
    return [line for line in found if line is not None]


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if place == 0 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join([first, *others])} |"


def _number(value: float | None, decimals: int, unit: str) -> str:
    return "-" if value is None else f"{value:,.{decimals}f}{unit}"
