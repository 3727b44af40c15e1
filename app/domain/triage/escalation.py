"""Escalations: who is asked, in which order, how long each has to answer.

A chain is a row of steps. Each names a person, a role, or whoever is on call, and the minutes they have. Nobody who
answers in time leads to the next step; the last one is asked again and again, for nobody may drop out at the end of it.
The default chains are ours: STAT in minutes, urgent within half an hour, routine within a working day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from app.domain.paging import PageRequest
from app.domain.roles import Permission, Role, is_granted

MAX_STEPS = 8
STEP_MINUTES = (1, 2880)  # both inclusive
MAX_TEXT = 2000


class EscalationLevel(StrEnum):
    """How urgent."""

    ROUTINE = "routine"
    URGENT = "urgent"
    STAT = "stat"


class EscalationState(StrEnum):
    """Whether somebody has answered, and whether it is done."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class ChainStep:
    """Who is asked: a person, a role, or with neither whoever is on call; and the minutes they have to answer."""

    minutes: int
    user_id: int | None = None
    role: Role | None = None

    @property
    def asks_on_call(self) -> bool:
        """Say whether the schedule decides."""
        return self.user_id is None and self.role is None


@dataclass(frozen=True, slots=True)
class Waiting:
    """At which step an escalation stands, whom it waits for and how long."""

    step: int
    user_id: int | None
    role: Role | None
    timeout: timedelta


DEFAULT_CHAINS: Mapping[EscalationLevel, tuple[ChainStep, ...]] = MappingProxyType(
    {
        EscalationLevel.STAT: (
            ChainStep(5), ChainStep(5, role=Role.PROVIDER), ChainStep(5, role=Role.CLINICAL_MANAGER),
        ),
        EscalationLevel.URGENT: (
            ChainStep(30), ChainStep(30, role=Role.PROVIDER), ChainStep(30, role=Role.CLINICAL_MANAGER),
        ),
        EscalationLevel.ROUTINE: (
            ChainStep(480, role=Role.NURSE), ChainStep(480, role=Role.PROVIDER),
            ChainStep(480, role=Role.CLINICAL_MANAGER),
        ),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewEscalation:
    """What somebody asks for; without steps the level's default chain holds."""

    patient_id: UUID
    level: EscalationLevel
    reason: str
    alert_id: UUID | None = None
    steps: tuple[ChainStep, ...] = ()


@dataclass(frozen=True, slots=True)
class EscalationQuery:
    """Which escalations are wanted; None does not narrow."""

    paging: PageRequest
    patient_id: UUID | None = None
    level: EscalationLevel | None = None
    state: EscalationState | None = None
    is_open: bool | None = None
    user_id: int | None = None
    ordering: Literal["-raised_at", "raised_at", "due_at", "-due_at"] = "-raised_at"


ESCALATION_ORDERINGS = ("-raised_at", "raised_at", "due_at", "-due_at")


def wait_at(chain: Sequence[ChainStep], step: int, on_call: Sequence[int]) -> Waiting:
    """Return whom the step asks; a step that asks whoever is on call when nobody is leads to the one after it.

    Behind the last step the last one is asked again. A chain that ends with nobody on call asks the providers.
    """
    last = len(chain) - 1
    step = min(step, last)
    here = chain[step]
    if here.asks_on_call and not on_call:
        if step < last:
            return wait_at(chain, step + 1, on_call)
        return Waiting(step, None, Role.PROVIDER, timedelta(minutes=here.minutes))
    user_id = on_call[0] if here.asks_on_call else here.user_id
    return Waiting(step, user_id, here.role, timedelta(minutes=here.minutes))


def level_for_overdue(alert_level: str) -> EscalationLevel:
    """Return how an alert escalates that nobody acknowledged: a critical one is urgent; STAT is a person's word."""
    return EscalationLevel.URGENT if alert_level == "critical" else EscalationLevel.ROUTINE


def can_answer(role: Role) -> bool:
    """Say whether a role may be asked: it can acknowledge."""
    return is_granted(role, Permission.ACKNOWLEDGE_ALERTS)
