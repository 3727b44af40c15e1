"""Calls with patients: what is recorded of one, when it was, and what of it becomes time. Pure: plain facts in.

Sources: 04 §1.6 (a live contact is one by phone or video in which somebody was reached), §1.3 and §1.9 (minutes).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from app.domain.billing.time_logs import LONGEST_ENTRY, Activity, Credential, Mode, Work
from app.domain.enrolment.programs import Program

MAX_MINUTES = int(LONGEST_ENTRY.total_seconds()) // 60
CALL_MODES = (Mode.PHONE, Mode.VIDEO)


class CallDirection(StrEnum):
    """Who called whom."""

    OUTBOUND = "outbound"  # the practice called
    INBOUND = "inbound"


class CallOutcome(StrEnum):
    """Whether the patient, or whoever cares for them, was spoken with."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    LEFT_MESSAGE = "left_message"


@dataclass(frozen=True, slots=True)
class CallTimes:
    """When a call was, as far as it was told; two of the three say it all."""

    started_at: datetime | None = None
    ended_at: datetime | None = None
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call to record. One that corrects another names it, and says why."""

    mode: Mode
    outcome: CallOutcome
    times: CallTimes
    direction: CallDirection = CallDirection.OUTBOUND
    program: Program = Program.RPM
    credential: Credential | None = None
    note: str | None = None
    corrects: UUID | None = None
    reason: str | None = None

    @property
    def work(self) -> Work:
        """Return what was done, as the time log says it."""
        return Work(self.program, Activity.PATIENT_CONTACT, self.mode, True, self.credential, self.note or "")


def call_span(new: NewCall, now: datetime) -> tuple[datetime, datetime]:
    """Return when a call began and ended: now, when no end is told. One that reached nobody may have no length."""
    times = new.times
    spent = timedelta(minutes=times.minutes or 0)
    if times.started_at is None:
        ended = times.ended_at or now
        return ended - spent, ended
    if times.ended_at is None and (times.minutes is not None or new.outcome is not CallOutcome.REACHED):
        return times.started_at, times.started_at + spent
    return times.started_at, times.ended_at or now


def call_faults(new: NewCall, now: datetime) -> dict[str, str]:
    """Return what is wrong with a call's times by field."""
    if None not in (new.times.started_at, new.times.ended_at, new.times.minutes):
        return {"minutes": "Two of start, end and minutes say it all."}
    started_at, ended_at = call_span(new, now)
    if ended_at > now:
        return {"ended_at": "Must not lie in the future."}
    if ended_at < started_at:
        return {"ended_at": "Must not lie before the start."}
    if ended_at == started_at and new.outcome is CallOutcome.REACHED:
        return {"minutes": "A call in which somebody was reached took some time: say how long."}
    if ended_at - started_at > LONGEST_ENTRY:
        return {"ended_at": "Must not lie more than 8 hours after the start."}
    return {}
