"""What is still missing before a month's time can be billed, told while it can be put right. Pure: plain facts in.

Sources: 04 §1.3 and §1.4 (credential, consent, order), §1.6 (live contact), §1.9 (two people at once count once).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import combinations
from uuid import UUID

from app.domain.billing.local_months import Month
from app.domain.billing.time_logs import CONTACTS, Mode, Piece, TimeEntry, split_by_month
from app.domain.days import local_day
from app.domain.enrolment.coverage import EnrolmentFacts, Reason, coverage_on
from app.domain.enrolment.programs import Program


class TimeGapKind(StrEnum):
    """What is missing. The last six are the reasons of coverage, by the same names."""

    NO_NOTE = "NO_NOTE"
    NO_MODE = "NO_MODE"  # a contact that does not say by which way
    NON_CLINICAL = "NON_CLINICAL"
    TIME_DOUBLE_COUNTED = "TIME_DOUBLE_COUNTED"  # two people at once on one patient: counts once, in one program
    NO_INTERACTIVE = "NO_INTERACTIVE"  # monitoring time in a month that has no live contact yet
    NOT_ENROLLED = Reason.NOT_ENROLLED.value
    NO_CONSENT = Reason.NO_CONSENT.value
    NO_ORDER = Reason.NO_ORDER.value
    NO_DX = Reason.NO_DX.value
    NOT_ESTABLISHED = Reason.NOT_ESTABLISHED.value
    RTM_CONFLICT = Reason.RTM_CONFLICT.value


NEED_LIVE_CONTACT = frozenset({Program.RPM, Program.RTM})  # 04 §1.6


@dataclass(frozen=True, slots=True)
class TimeGap:
    """One thing that is missing, for which program, on which local day if it is one day's, and the entries it is of."""

    kind: TimeGapKind
    program: Program
    time_log_ids: tuple[UUID, ...]
    on: date | None = None


def time_gaps(entries: Iterable[TimeEntry], month: Month, timezone: str, facts: EnrolmentFacts) -> list[TimeGap]:
    """Return what is missing in one patient's local month, day by day, then the whole month's."""
    entries = sorted(entries, key=lambda entry: (entry.started_at, entry.id))
    pieces = [piece for entry in entries for piece in split_by_month(entry, timezone) if piece.month == month]
    return [
        *_entry_gaps(pieces, timezone, facts),
        *_overlaps(pieces, timezone),
        *_without_contact(pieces),
    ]


def _entry_gaps(pieces: list[Piece], timezone: str, facts: EnrolmentFacts) -> Iterator[TimeGap]:
    """Tell what entries lack; those of one program and day that lack the same together."""
    found: dict[tuple[date, Program, TimeGapKind], list[UUID]] = {}
    for piece in pieces:
        day = local_day(piece.started_at, timezone)
        for kind in _lacks(piece.entry, day, facts):
            found.setdefault((day, piece.entry.program, kind), []).append(piece.entry.id)
    return (TimeGap(kind, program, tuple(ids), day) for (day, program, kind), ids in found.items())


def _lacks(entry: TimeEntry, day: date, facts: EnrolmentFacts) -> list[TimeGapKind]:
    kinds = []
    if not entry.has_note:
        kinds.append(TimeGapKind.NO_NOTE)
    if entry.activity in CONTACTS and entry.mode is Mode.NONE:
        kinds.append(TimeGapKind.NO_MODE)
    if not entry.counts:
        kinds.append(TimeGapKind.NON_CLINICAL)
    return kinds + [TimeGapKind(gap.reason.value) for gap in coverage_on(entry.program, day, facts).gaps]


def _overlaps(pieces: list[Piece], timezone: str) -> Iterator[TimeGap]:
    for first, second in combinations((piece for piece in pieces if piece.entry.counts), 2):
        if first.started_at < second.ended_at and second.started_at < first.ended_at:
            day = local_day(max(first.started_at, second.started_at), timezone)
            ids = (first.entry.id, second.entry.id)
            yield TimeGap(TimeGapKind.TIME_DOUBLE_COUNTED, first.entry.program, ids, day)


def _without_contact(pieces: list[Piece]) -> Iterator[TimeGap]:
    for program in Program:
        counted = [piece for piece in pieces if piece.entry.program is program and piece.entry.counts]
        has_contact = any(piece.entry.is_interactive and piece.is_first for piece in counted)
        if program in NEED_LIVE_CONTACT and counted and not has_contact:
            yield TimeGap(TimeGapKind.NO_INTERACTIVE, program, tuple(piece.entry.id for piece in counted))
