"""Checking credentials: one answer for every kind of wrong, five tries, then half an hour of silence."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.audit import context, events
from app.crypto.blind_index import login_index
from app.domain.errors import AccountLocked, AuthenticationFailed
from app.domain.lockout import LOCK_TIME, MAX_FAILURES, minutes_left
from app.models import LoginAttempt, User
from app.services.passwords import hash_password, is_correct, needs_rehash
from app.services.transaction import now, transaction


def check_credentials(email: str, password: str) -> User:
    """Return the account; raises AuthenticationFailed or AccountLocked.

    Attempts on one address wait for each other, so that twenty at once are still at most five guesses.
    """
    index = login_index(email)
    context.bind(practice_id=None, user_id=None, login_index=index)
    with transaction() as session:
        attempt = _locked_attempt(session, index)
        user = session.scalar(select(User).where(User.email_index == index))
        is_right = is_correct(password, user.password_hash if user and not user.disabled_at else None)
        was_locked = _is_locked(attempt, now())
        if is_right and not was_locked:
            attempt.failures, attempt.locked_until, attempt.updated_at = 0, None, now()
        elif not is_right:
            _count_failure(attempt, now(), was_locked=was_locked)
    if user is not None:
        context.bind(practice_id=user.practice_id, user_id=user.id)
    if was_locked:
        _refuse_locked()
    if user is None or not is_right:
        record_login("refused")
        raise AuthenticationFailed
    _renew_hash(user, password)
    return user


def record_login(outcome: str, action: str = "auth:login", reason: str | None = None) -> None:
    """Leave an audit event of an attempt, in a transaction of its own."""
    user_id = context.current().user_id
    with transaction() as session:
        events.record(session, action, "session", resource_id=user_id, outcome=outcome, reason=reason)


def purge_login_attempts(before: datetime) -> int:
    """Forget counters that have not moved since `before` and lock nobody; return how many."""
    with transaction() as session:
        old = delete(LoginAttempt).where(
            LoginAttempt.updated_at < before, func.coalesce(LoginAttempt.locked_until, before) <= before
        )
        return session.execute(old).rowcount  # type: ignore[attr-defined, no-any-return]


def _locked_attempt(session: Session, index: bytes) -> LoginAttempt:
    """Return the address's counter, made if need be, with a row lock that makes other attempts wait."""
    session.execute(insert(LoginAttempt).values(account_key=index, failures=0).on_conflict_do_nothing())
    found = session.scalars(select(LoginAttempt).where(LoginAttempt.account_key == index).with_for_update())
    return found.one()


def _is_locked(attempt: LoginAttempt, at: datetime) -> bool:
    return attempt.locked_until is not None and attempt.locked_until > at


def _count_failure(attempt: LoginAttempt, at: datetime, *, was_locked: bool) -> None:
    if attempt.locked_until is not None and not was_locked:
        attempt.failures, attempt.locked_until = 0, None  # a lock that has run out starts a new count
    attempt.failures += 1
    attempt.updated_at = at
    if attempt.failures >= MAX_FAILURES:
        attempt.locked_until = at + LOCK_TIME


def _refuse_locked() -> None:
    """Answer as if this attempt had restarted the lock, right or wrong: the answer must not tell which."""
    record_login("refused", reason="account locked")
    until = now() + LOCK_TIME
    raise AccountLocked(until, MAX_FAILURES, minutes_left(until, now()))


def _renew_hash(user: User, password: str) -> None:
    if user.password_hash and needs_rehash(user.password_hash):
        with transaction() as session:
            session.add(user)
            user.password_hash = hash_password(password)
