"""Time spent on a patient's care: what an entry says, which entries are right, how long it was. Pure: plain facts in.

Time is kept in microseconds and summed in `timedelta`, never rounded. An entry holds from its start (inclusive) to its
end (exclusive). Sources: 04 §1.3 (whose minutes count), §1.6 (live contact), §1.9 (local days, splitting, overlaps).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from app.domain.billing.local_months import Month, month_of
from app.domain.enrolment.programs import Program
from app.domain.paging import PageRequest
from app.domain.roles import Role

# Ours: nobody works on one patient's record for longer than a shift; a timer that ran on is caught by it.
LONGEST_ENTRY = timedelta(hours=8)
LONGEST_NOTE = 4000


class Activity(StrEnum):
    """What was done; our own short codes."""

    DATA_REVIEW = "data_review"
    PATIENT_CONTACT = "patient_contact"
    CARE_COORDINATION = "care_coordination"
    EDUCATION = "education"
    SETUP = "setup"
    MEDICATION_MANAGEMENT = "medication_management"
    DOCUMENTATION = "documentation"
    OTHER = "other"


class Mode(StrEnum):
    """By which way the patient, or whoever cares for them, was reached; `none` when nobody was."""

    PHONE = "phone"
    VIDEO = "video"
    IN_PERSON = "in_person"
    MESSAGE = "message"
    NONE = "none"


class Credential(StrEnum):
    """As what somebody worked: it decides for which codes the minutes count."""

    PHYSICIAN = "physician"
    QHP = "qhp"  # another professional who may bill for E/M
    CLINICAL = "clinical"
    NON_CLINICAL = "non_clinical"


class TimeSource(StrEnum):
    """How an entry came about."""

    MANUAL = "manual"
    TIMER = "timer"
    REVIEW = "review"
    CALL = "call"


LIVE_MODES = frozenset({Mode.PHONE, Mode.VIDEO, Mode.IN_PERSON})  # 04 §1.6: a secure message is no live contact
CONTACTS = frozenset({Activity.PATIENT_CONTACT, Activity.EDUCATION})  # what cannot be done without reaching somebody

# As what each role may work, the first when nothing is said. Those who never log time are in no row.
CREDENTIALS: dict[Role, tuple[Credential, ...]] = {
    Role.PROVIDER: (Credential.QHP, Credential.PHYSICIAN, Credential.CLINICAL, Credential.NON_CLINICAL),
    Role.CLINICAL_MANAGER: (Credential.CLINICAL, Credential.QHP, Credential.PHYSICIAN, Credential.NON_CLINICAL),
    Role.NURSE: (Credential.CLINICAL, Credential.NON_CLINICAL),
    Role.MA: (Credential.CLINICAL, Credential.NON_CLINICAL),
}
_NOBODY = (Credential.NON_CLINICAL,)


@dataclass(frozen=True, slots=True)
class Work:
    """What was done, for which program, how and as what; what was left open is None and has its default."""

    program: Program
    activity: Activity
    mode: Mode = Mode.NONE
    is_interactive: bool | None = None
    credential: Credential | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class NewTimeLog:
    """An entry to make; for oneself when nobody is named."""

    patient_id: UUID
    work: Work
    started_at: datetime
    ended_at: datetime
    user_id: int | None = None
    source: TimeSource = TimeSource.MANUAL
    source_id: UUID | None = None


TimeLogOrdering = Literal["started_at", "-started_at"]
TIME_LOG_ORDERINGS: tuple[TimeLogOrdering, ...] = ("started_at", "-started_at")


@dataclass(frozen=True, slots=True)
class TimeLogQuery:
    """Which entries are wanted; the month is the local one of each patient, `is_voided` None for both."""

    paging: PageRequest
    month: Month | None = None
    patient_id: UUID | None = None
    user_id: int | None = None
    program: Program | None = None
    activity: Activity | None = None
    source: TimeSource | None = None
    is_voided: bool | None = None
    ordering: TimeLogOrdering = "-started_at"


@dataclass(frozen=True, slots=True)
class MonthQuery:
    """Which month is wanted, the present one when None; of one patient or program only, when one is named."""

    paging: PageRequest
    month: Month | None = None
    patient_id: UUID | None = None
    program: Program | None = None


@dataclass(frozen=True, slots=True)
class TimeEntry:
    """One entry as counting sees it; voided ones are not among the facts."""

    id: UUID
    user_id: int
    program: Program
    activity: Activity
    mode: Mode
    is_interactive: bool
    credential: Credential
    started_at: datetime
    ended_at: datetime
    has_note: bool = True

    @property
    def counts(self) -> bool:
        """Say whether its minutes count toward any code: those of non-clinical staff never do (04 §1.3)."""
        return self.credential is not Credential.NON_CLINICAL


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of an entry that lies in one local month."""

    entry: TimeEntry
    month: Month
    started_at: datetime
    ended_at: datetime

    @property
    def is_first(self) -> bool:
        """Say whether the entry begins with it: a live contact is one of the month in which it began."""
        return self.started_at == self.entry.started_at


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """A patient's month in one program. `counted` is clinical time, minutes of two people at once counted once.

    `interactive` is the part of it within live contacts; `live_contacts` counts those that began in the month;
    `doubled` is what was logged by several people at once and counted once; `not_counted` is non-clinical time.
    """

    program: Program
    counted: timedelta
    interactive: timedelta
    doubled: timedelta
    not_counted: timedelta
    live_contacts: int
    entries: int


def default_credential(role: Role) -> Credential:
    """Return as what somebody of the role works when nothing is said."""
    return CREDENTIALS.get(role, _NOBODY)[0]


def may_work_as(role: Role, credential: Credential) -> bool:
    """Say whether somebody of the role may log time under the credential."""
    return credential in CREDENTIALS.get(role, _NOBODY)


def is_live_contact(activity: Activity, mode: Mode) -> bool:
    """Say whether an entry is a live contact when it does not say so itself: contact in a live mode."""
    return activity in CONTACTS and mode in LIVE_MODES


def time_faults(started_at: datetime, ended_at: datetime, now: datetime) -> dict[str, str]:
    """Return what is wrong with an entry's times by field: it has ended by now, after its start, within the limit."""
    if ended_at > now:
        return {"ended_at": "Must not lie in the future."}
    if ended_at <= started_at:
        return {"ended_at": "Must lie after the start."}
    if ended_at - started_at > LONGEST_ENTRY:
        return {"ended_at": "Must not lie more than 8 hours after the start."}
    return {}


def split_by_month(entry: TimeEntry, timezone: str) -> list[Piece]:
    """Cut an entry at each local midnight that ends a month (04 §1.9); the pieces add up to the entry."""
    pieces, start = [], entry.started_at
    while start < entry.ended_at:
        month = month_of(start, timezone)
        end = min(entry.ended_at, month.next.starts_at(timezone))
        pieces.append(Piece(entry, month, start, end))
        start = end
    return pieces


def month_totals(entries: Iterable[TimeEntry], month: Month, timezone: str) -> list[MonthTotal]:
    """Return one patient's totals of a local month, one for each program with time in it."""
    pieces = [piece for entry in entries for piece in split_by_month(entry, timezone) if piece.month == month]
    return [
        _total(program, [piece for piece in pieces if piece.entry.program is program])
        for program in Program
        if any(piece.entry.program is program for piece in pieces)
    ]


def _total(program: Program, pieces: list[Piece]) -> MonthTotal:
    counted = [piece for piece in pieces if piece.entry.counts]
    live = [piece for piece in counted if piece.entry.is_interactive]
    covered = covered_time((piece.started_at, piece.ended_at) for piece in counted)
    return MonthTotal(
        program,
        counted=covered,
        interactive=covered_time((piece.started_at, piece.ended_at) for piece in live),
        doubled=_sum(counted) - covered,
        not_counted=_sum(piece for piece in pieces if not piece.entry.counts),
        live_contacts=sum(piece.is_first for piece in live),
        entries=len(pieces),
    )


def _sum(pieces: Iterable[Piece]) -> timedelta:
    return sum((piece.ended_at - piece.started_at for piece in pieces), timedelta())


def covered_time(spans: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """Return how long spans last together, where they overlap counted once."""
    total, reached = timedelta(), None
    for start, end in sorted(spans):
        begin = start if reached is None else max(start, reached)
        if end > begin:
            total, reached = total + (end - begin), end
    return total
