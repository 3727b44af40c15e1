"""Escalations: whom a step asks, and where the chain leads."""

from datetime import timedelta

import pytest

from app.domain.roles import Role
from app.domain.triage.escalation import (
    DEFAULT_CHAINS,
    ChainStep,
    EscalationLevel,
    Waiting,
    can_answer,
    level_for_overdue,
    wait_at,
)

CHAIN = (ChainStep(5), ChainStep(10, user_id=7), ChainStep(15, role=Role.PROVIDER))
MINUTES = {number: timedelta(minutes=number) for number in (5, 10, 15)}


def test_a_step_asks_the_first_on_call() -> None:
    """For as long as the step says."""
    assert wait_at(CHAIN, 0, (3, 4)) == Waiting(0, 3, None, MINUTES[5])


def test_with_nobody_on_call_the_next_step_is_asked_at_once() -> None:
    """No time is lost."""
    assert wait_at(CHAIN, 0, ()) == Waiting(1, 7, None, MINUTES[10])


@pytest.mark.parametrize("step", [2, 3, 99])
def test_the_last_step_is_asked_again_and_again(step: int) -> None:
    """Nobody drops out at the end of the chain."""
    assert wait_at(CHAIN, step, (3,)) == Waiting(2, None, Role.PROVIDER, MINUTES[15])


def test_a_chain_that_ends_with_nobody_on_call_asks_the_providers() -> None:
    """Somebody must be asked."""
    assert wait_at((ChainStep(5),), 0, ()) == Waiting(0, None, Role.PROVIDER, MINUTES[5])


@pytest.mark.parametrize("level", list(EscalationLevel))
def test_every_level_has_a_chain_of_people_who_can_answer(level: EscalationLevel) -> None:
    """And STAT asks soonest."""
    chain = DEFAULT_CHAINS[level]
    assert all(step.role is None or can_answer(step.role) for step in chain)
    assert chain[0].minutes >= DEFAULT_CHAINS[EscalationLevel.STAT][0].minutes


def test_an_overdue_alert_never_becomes_a_stat_by_itself() -> None:
    """That is a person's word."""
    assert level_for_overdue("critical") is EscalationLevel.URGENT
    assert level_for_overdue("warning") is EscalationLevel.ROUTINE


@pytest.mark.parametrize(
    ("role", "may"), [(Role.MA, True), (Role.NURSE, True), (Role.DATA_MONITOR, False), (Role.ADMIN, False)]
)
def test_only_who_can_acknowledge_is_asked(role: Role, may: bool) -> None:
    """Others could only watch."""
    assert can_answer(role) is may
