"""How much time counts: summed exactly and never rounded, two people's same minutes once, no minute in two programs.

A stretch of time counts from the local midnight that begins its window, only on days that the program covers, and only
of people whose work the code pays for. At a month's end it is split at the patient's local midnight (04 §1.9); a live
contact is one of the window in which it began, so that one call is no contact of two months.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from app.domain.billing.clocks import Window, bounds
from app.domain.billing.facts import TimeEntry
from app.domain.billing.gates import Span
from app.domain.billing.intervals import SECOND, Interval, common, joined, reached_at, ticks, total, without
from app.domain.enrolment.programs import Program


@dataclass(frozen=True, slots=True)
class Spent:
    """Time of a program in a window. `uncovered` and `double` are entries of which something did not count."""

    intervals: list[Interval] = field(default_factory=list)
    entry_ids: tuple[UUID, ...] = ()
    contact_ids: tuple[UUID, ...] = ()
    uncovered_ticks: int = 0
    uncovered_spans: tuple[Span, ...] = ()
    double_ticks: int = 0
    double_ids: tuple[UUID, ...] = ()

    @property
    def ticks(self) -> int:
        """What counts."""
        return total(self.intervals)

    @property
    def seconds(self) -> int:
        """What counts, in whole seconds, the rest cut off."""
        return self.ticks // SECOND

    def reached(self, seconds: int) -> int | None:
        """Return the tick at which a number of seconds was there."""
        return reached_at(self.intervals, seconds * SECOND)


def spent(
    entries: Iterable[TimeEntry],
    window: Window,
    timezone: str,
    spans: Iterable[Span],
    credentials: Collection[str],
    *,
    taken: Iterable[Interval] = (),
    modes: Collection[str] = (),
    is_excluded: Callable[[TimeEntry], bool] = lambda _: False,
) -> Spent:
    """Return the time of entries, all of one program, that counts in a window.

    `taken` is the time that other programs keep; `modes` are those in which a contact is live.
    """
    first, last = (ticks(moment) for moment in bounds(window, timezone))
    mine = [
        (entry, (max(ticks(entry.started_at), first), min(ticks(entry.ended_at), last)))
        for entry in entries
        if entry.credential in credentials and not is_excluded(entry)
    ]
    mine = [(entry, piece) for entry, piece in mine if piece[0] < piece[1]]
    return _summed(mine, *_by_coverage(spans, timezone), list(taken), modes) if mine else Spent()


def _summed(
    mine: list[tuple[TimeEntry, Interval]],
    covered: list[Interval],
    uncovered: list[tuple[Span, Interval]],
    taken: list[Interval],
    modes: Collection[str],
) -> Spent:
    all_of_it = joined(piece for _, piece in mine)
    allowed = common(all_of_it, covered)
    counted = without(allowed, taken)
    double = total(allowed) - total(counted)
    live = [
        (entry, piece) for entry, piece in mine
        if entry.is_interactive and entry.mode in modes and piece[0] == ticks(entry.started_at)
    ]  # fmt: skip
    return Spent(
        counted,
        tuple(entry.id for entry, piece in mine if common([piece], counted)),
        tuple(entry.id for entry, piece in live if common([piece], covered)),
        total(all_of_it) - total(allowed),
        tuple(span for span, stretch in uncovered if common(all_of_it, [stretch])),
        double,
        tuple(entry.id for entry, piece in mine if double and common([piece], taken)),
    )


def kept_by_others(
    entries: Iterable[TimeEntry], program: Program, winner: Program, credentials: Collection[str]
) -> list[Interval]:
    """Return the time that a program loses to others: to the winner, and to those that stand before it in the list."""
    if program is winner:
        return []
    order = [winner, *(one for one in Program if one is not winner)]
    before = order[: order.index(program)]
    return joined(
        (ticks(entry.started_at), ticks(entry.ended_at))
        for entry in entries
        if entry.program in before and entry.credential in credentials
    )


def _by_coverage(spans: Iterable[Span], timezone: str) -> tuple[list[Interval], list[tuple[Span, Interval]]]:
    covered, uncovered = [], []
    for span in spans:
        stretch = _stretch(span.window, timezone)
        if span.coverage.is_covered:
            covered.append(stretch)
        else:
            uncovered.append((span, stretch))
    return joined(covered), uncovered


def _stretch(window: Window, timezone: str) -> Interval:
    first, last = bounds(window, timezone)
    return ticks(first), ticks(last)
