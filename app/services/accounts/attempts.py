"""Counting failed proofs of one address: five in a row close the account for half an hour, whatever was guessed at.

The counter is one row an address, known or not, and its lock makes attempts wait for each other: twenty at once are at
most five guesses. A lock leaves a job behind for unknown addresses too: the work does not tell who has an account.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.audit import context, events
from app.domain.actor import Actor
from app.domain.errors import AccountLocked, NotFound, VantrexiaError
from app.domain.lockout import LOCK_TIME, MAX_FAILURES, minutes_left
from app.models import LoginAttempt, User
from app.services.outbox import leave_job
from app.services.transaction import now, transaction

TELL_OF_LOCKOUT = "tell_of_lockout"
T = TypeVar("T")


def attempt_as(actor: Actor, judge: Callable[[Session, User], T | VantrexiaError]) -> T:
    """Let a signed-in person prove something once more; what `judge` refuses is counted, committed and raised.

    Raises AccountLocked while the account is locked. Must not run inside another use case, which would undo the count.
    """
    with transaction() as session:
        user = session.scalar(select(User).where(User.practice_id == actor.practice_id, User.id == actor.user_id))
        if user is None:
            raise NotFound
        attempt = locked_attempt(session, user.email_index)
        outcome = _locked_until(attempt) if is_locked(attempt, now()) else judge(session, user)
        if isinstance(outcome, VantrexiaError) and not isinstance(outcome, AccountLocked):
            events.record(session, "auth:reauthenticate", "user", resource_id=user.id, outcome=events.REFUSED)
            count_failure(session, attempt, now())
    if isinstance(outcome, VantrexiaError):
        raise outcome
    return outcome


def locked_attempt(session: Session, index: bytes) -> LoginAttempt:
    """Return the address's counter, made if need be, with a row lock that makes other attempts wait."""
    session.execute(insert(LoginAttempt).values(account_key=index, failures=0).on_conflict_do_nothing())
    found = session.scalars(select(LoginAttempt).where(LoginAttempt.account_key == index).with_for_update())
    return found.one()


def is_locked(attempt: LoginAttempt, at: datetime) -> bool:
    """Say whether the account is closed at that moment."""
    return attempt.locked_until is not None and attempt.locked_until > at


def count_failure(session: Session, attempt: LoginAttempt, at: datetime) -> None:
    """Count one more; the fifth locks, and one while locked restarts the half hour."""
    was_locked = is_locked(attempt, at)
    if attempt.locked_until is not None and not was_locked:
        attempt.failures, attempt.locked_until = 0, None  # a lock that has run out starts a new count
    attempt.failures += 1
    attempt.updated_at = at
    if attempt.failures >= MAX_FAILURES:
        attempt.locked_until = at + LOCK_TIME
    if attempt.failures >= MAX_FAILURES and not was_locked:
        who = context.current()
        events.record(session, "user:lock", "user", resource_id=who.user_id)
        leave_job(session, TELL_OF_LOCKOUT, practice_id=who.practice_id, user_id=who.user_id)


def clear_failures(attempt: LoginAttempt, at: datetime) -> None:
    """Start counting anew: somebody has proven everything that was asked for."""
    attempt.failures, attempt.locked_until, attempt.updated_at = 0, None, at


def open_lock(session: Session, index: bytes) -> None:
    """Unlock an address and forget its failures."""
    session.execute(
        update(LoginAttempt)
        .where(LoginAttempt.account_key == index)
        .values(failures=0, locked_until=None, updated_at=now())
    )


def purge_login_attempts(before: datetime) -> int:
    """Forget counters that have not moved since `before` and lock nobody; return how many."""
    with transaction() as session:
        old = delete(LoginAttempt).where(
            LoginAttempt.updated_at < before, func.coalesce(LoginAttempt.locked_until, before) <= before
        )
        return session.execute(old).rowcount  # type: ignore[attr-defined, no-any-return]


def _locked_until(attempt: LoginAttempt) -> AccountLocked:
    until = attempt.locked_until or now()
    return AccountLocked(until, MAX_FAILURES, minutes_left(until, now()))
