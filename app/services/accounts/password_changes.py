"""Setting a password: by its owner, by a mailed token, by an invitation. Every way ends the sessions opened before."""

import hashlib
import secrets
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.audit import context, events
from app.audit.hook import enter_practice
from app.crypto.blind_index import login_index
from app.domain.actor import Actor
from app.domain.errors import ValidationFailed, VantrexiaError
from app.domain.mails import account_changed, invitation, password_link, password_reset
from app.domain.password_tokens import MAX_LIVE_RESETS, TokenPurpose, expires_at
from app.domain.passwords import MIN_LENGTH, normalise, password_problems
from app.integrations.mail import postbox
from app.models import PasswordToken, Practice, User
from app.services.accounts.attempts import attempt_as, open_lock
from app.services.accounts.open_sessions import end_all, renew_own_session
from app.services.accounts.passwords import hash_password, is_correct
from app.services.accounts.sessions import IssuedSession
from app.services.mail import write_mail
from app.services.outbox import leave_job
from app.services.transaction import now, transaction

SEND_PASSWORD_RESET = "send_password_reset"  # noqa: S105 - a task's name
_BAD_TOKEN = "This link is not valid any more. Ask for a new one."  # noqa: S105 - a sentence
_LETTERS = {TokenPurpose.RESET: password_reset, TokenPurpose.INVITATION: invitation}


def change_password(actor: Actor, old: str, new: str) -> IssuedSession | None:
    """Set one's own password; ends all other sessions, and returns the renewed session of a caller with tokens.

    Raises ValidationFailed for a wrong old password (which counts towards the lockout) and for a new one refused.
    """

    def judge(session: Session, user: User) -> IssuedSession | VantrexiaError | None:
        if not is_correct(old, user.password_hash):
            return ValidationFailed({"old_password": ["This password is not right."]})
        set_password(session, user, new, field="new_password")
        events.record(session, "auth:password_change", "user", resource_id=user.id)
        _tell_owner(session, user)
        end_all(session, user, "password_change", keep=actor.session_id)
        return renew_own_session(session, user, actor.session_id)

    return attempt_as(actor, judge)


def ask_for_reset(email: str) -> None:
    """Have a link mailed to whoever has this address. The work is the same when nobody has it: one job is left."""
    index = login_index(email)
    context.bind(practice_id=None, user_id=None, login_index=index)
    with transaction() as session:
        account = select(User.practice_id, User.id).where(User.email_index == index)
        found = session.execute(account).first()
        practice_id, user_id = found or (None, None)
        context.bind(practice_id=practice_id, user_id=user_id)
        enter_practice(session)
        events.record(session, "auth:password_reset_request", "user", resource_id=user_id)
        leave_job(session, SEND_PASSWORD_RESET, practice_id=practice_id, user_id=user_id)


def send_reset(practice_id: UUID, user_id: int) -> None:
    """Mail a link that sets the password, unless the account is disabled or has several such links already."""
    context.bind(practice_id=practice_id, user_id=user_id)
    with transaction() as session:
        user = session.scalar(select(User).where(User.practice_id == practice_id, User.id == user_id))
        if user is None or user.disabled_at is not None or _live_resets(session, user) >= MAX_LIVE_RESETS:
            return
        mail_token(session, user, TokenPurpose.RESET)


def mail_token(session: Session, user: User, purpose: TokenPurpose) -> None:
    """Make a secret and mail it, within the caller's transaction."""
    letter = _LETTERS[purpose](postbox.public_url, make_token(session, user, purpose), now())
    write_mail(session, user.practice_id, user.email, letter)


def make_token(session: Session, user: User, purpose: TokenPurpose) -> str:
    """Make a secret that sets a password once, keep its hash, and return what its owner gets to see of it."""
    secret = secrets.token_urlsafe(32)
    token = PasswordToken(
        token_hash=_hash(secret),
        practice_id=user.practice_id,
        user_id=user.id,
        purpose=purpose.value,
        expires_at=expires_at(purpose, now()),
    )
    session.add(token)
    return f"{user.practice_id.hex}.{secret}"


def make_invitation_link(user: User) -> str:
    """Return a link by which a new account chooses its password, for an operator to hand over; nothing is mailed."""
    context.bind(practice_id=user.practice_id)
    with transaction() as session:
        return password_link(postbox.public_url, make_token(session, user, TokenPurpose.INVITATION))


def reset_password(token: str, password: str) -> None:
    """Set the password of the account that the mailed token is for; it opens a locked account, and no session.

    Raises ValidationFailed; a password that is refused leaves the token unspent.
    """
    practice_id, _, secret = token.partition(".")
    try:
        context.bind(practice_id=UUID(practice_id), user_id=None)
    except ValueError as error:
        raise ValidationFailed({"token": [_BAD_TOKEN]}) from error
    with transaction() as session:
        user = _spend(session, secret)
        context.bind(user_id=user.id)
        set_password(session, user, password, field="password")
        _spend_others(session, user)
        events.record(session, "auth:password_reset", "user", resource_id=user.id)
        _tell_owner(session, user)
        end_all(session, user, "password_reset")


def set_password(session: Session, user: User, password: str, field: str) -> None:
    """Give the account a new password; every token made before dies. Raises ValidationFailed under that field."""
    require_good_password(session, user, password, field)
    user.password_hash = hash_password(password)
    user.password_is_short = len(normalise(password)) < MIN_LENGTH
    user.security_version += 1


def require_good_password(session: Session, user: User, password: str, field: str) -> None:
    """Judge a password for this account; raises ValidationFailed under that field."""
    practice = session.get_one(Practice, user.practice_id)
    names = (practice.name, user.email, user.first_name, user.last_name)
    problems = password_problems(password, has_second_factor=user.is_2fa_enabled, context=names)
    if problems:
        raise ValidationFailed({field: problems})


def _spend(session: Session, secret: str) -> User:
    spend = (
        update(PasswordToken)
        .where(
            PasswordToken.token_hash == _hash(secret),
            PasswordToken.used_at.is_(None),
            PasswordToken.expires_at > func.now(),
        )
        .values(used_at=func.now())
        .returning(PasswordToken.user_id)
    )
    user_id = session.scalar(spend)
    user = session.get(User, user_id) if user_id else None
    if user is None or user.disabled_at is not None:
        raise ValidationFailed({"token": [_BAD_TOKEN]})
    open_lock(session, user.email_index)
    session.refresh(user, with_for_update=True)
    return user


def _spend_others(session: Session, user: User) -> None:
    """Spend all other tokens of the account: one password was set, no older letter sets another."""
    session.execute(
        update(PasswordToken)
        .where(PasswordToken.user_id == user.id, PasswordToken.used_at.is_(None))
        .values(used_at=func.now())
    )


def _live_resets(session: Session, user: User) -> int:
    live = select(func.count()).where(
        PasswordToken.user_id == user.id,
        PasswordToken.purpose == TokenPurpose.RESET.value,
        PasswordToken.used_at.is_(None),
        PasswordToken.expires_at > func.now(),
    )
    return session.scalar(live) or 0


def _tell_owner(session: Session, user: User) -> None:
    letter = account_changed("The password of your account was changed", now())
    write_mail(session, user.practice_id, user.email, letter)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
