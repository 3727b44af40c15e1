"""Checking credentials: one answer for every kind of wrong, five tries, then half an hour of silence."""

from enum import Enum

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import context, events
from app.audit.hook import enter_practice
from app.crypto.blind_index import login_index
from app.domain.errors import AccountLocked, AuthenticationFailed, TotpInvalid, TotpRequired
from app.domain.lockout import LOCK_TIME, MAX_FAILURES, minutes_left
from app.domain.second_factor import Proof
from app.models import LoginAttempt, User
from app.services.accounts.attempts import clear_failures, count_failure, is_locked, locked_attempt
from app.services.accounts.passwords import hash_password, is_correct, needs_rehash
from app.services.accounts.second_factor import is_proven
from app.services.transaction import now, transaction

_NOTHING = Proof()


class _Verdict(Enum):
    """What became of an attempt, with the reason the trail keeps."""

    OPEN = ""
    WRONG = "wrong password"
    LOCKED = "account locked"
    CODE_MISSING = "second factor missing"
    CODE_WRONG = "wrong second factor"


def check_credentials(email: str, password: str, proof: Proof = _NOTHING) -> User:
    """Return the account; raises AuthenticationFailed, AccountLocked, TotpRequired or TotpInvalid.

    Whether the account exists, is disabled or locked changes neither the answer to a wrong password nor its cost.
    """
    index = login_index(email)
    context.bind(practice_id=None, user_id=None, login_index=index)
    with transaction() as session:
        attempt = locked_attempt(session, index)
        user = session.scalar(select(User).where(User.email_index == index))
        is_right = is_correct(password, user.password_hash if user and not user.disabled_at else None)
        context.bind(practice_id=user and user.practice_id, user_id=user and user.id)
        enter_practice(session)
        verdict = _judge(session, attempt, user if is_right else None, proof)
        if verdict is not _Verdict.OPEN:
            record_login(session, verdict.value)
    if user is None or verdict is not _Verdict.OPEN:
        raise _refusal(verdict)
    _renew_hash(user, password)
    return user


def record_login(session: Session, reason: str) -> None:
    """Leave an audit event of a refused attempt."""
    events.record(
        session, "auth:login", "session",
        resource_id=context.current().user_id, outcome=events.REFUSED, reason=reason,
    )  # fmt: skip


def _judge(session: Session, attempt: LoginAttempt, user: User | None, proof: Proof) -> _Verdict:
    """Judge an attempt by whose password was right, if anybody's, and count it."""
    if is_locked(attempt, now()):
        if user is None:
            count_failure(session, attempt, now())
        return _Verdict.LOCKED
    if user is not None and user.is_2fa_enabled and proof == _NOTHING:
        return _Verdict.CODE_MISSING  # neither a failure nor a success: half a login clears no count
    if user is None or (user.is_2fa_enabled and not is_proven(session, user, proof, now())):
        count_failure(session, attempt, now())
        return _Verdict.WRONG if user is None else _Verdict.CODE_WRONG
    clear_failures(attempt, now())
    return _Verdict.OPEN


def _refusal(verdict: _Verdict) -> AuthenticationFailed | AccountLocked:
    if verdict is _Verdict.LOCKED:
        # As if this attempt had restarted the lock, right or wrong: the answer must not tell which.
        until = now() + LOCK_TIME
        return AccountLocked(until, MAX_FAILURES, minutes_left(until, now()))
    if verdict is _Verdict.CODE_MISSING:
        return TotpRequired()
    return TotpInvalid() if verdict is _Verdict.CODE_WRONG else AuthenticationFailed()


def _renew_hash(user: User, password: str) -> None:
    if user.password_hash and needs_rehash(user.password_hash):
        with transaction() as session:
            session.add(user)
            user.password_hash = hash_password(password)
