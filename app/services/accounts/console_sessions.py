"""The console's cookie sessions: in the database, so that they can be ended; 15 minutes idle, 12 hours at most.

Source of the limits: 45 CFR 164.312(a)(2)(iii) asks for automatic log-off; 15 minutes and 12 hours are ours.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update

from app.audit import context, events
from app.domain.actor import Actor
from app.domain.clients import describe_client
from app.domain.roles import Role
from app.models import BreakGlassEpisode, ConsoleSession, Practice, User
from app.services.accounts.break_glass import emergency_of, is_open
from app.services.transaction import now, transaction

IDLE_LIMIT = timedelta(minutes=15)
ABSOLUTE_LIMIT = timedelta(hours=12)
_TOUCH_EVERY = timedelta(seconds=30)  # how exact the idle clock is: saves a write on most page views


def open_console_session(user: User) -> str:
    """Start a console session and return its cookie: `practice.secret`."""
    context.bind(practice_id=user.practice_id, user_id=user.id)
    secret = secrets.token_urlsafe(32)
    with transaction() as session:
        session.add(
            ConsoleSession(
                token_hash=_hash(secret),
                practice_id=user.practice_id,
                user_id=user.id,
                security_version=user.security_version,
                expires_at=now() + ABSOLUTE_LIMIT,
                ip=context.current().ip,
                client=describe_client(context.current().user_agent),
            )
        )
        events.record(session, "console:login", "session", resource_id=user.id)
    return f"{user.practice_id.hex}.{secret}"


def find_console_actor(cookie: str, *, is_activity: bool = True) -> Actor | None:
    """Return who holds the cookie, or None when it is forged, idle for too long, too old, or the account changed.

    A page that refreshes itself is no activity of its reader: it does not put off the idle log-off.
    """
    practice_id, _, secret = cookie.partition(".")
    try:
        context.bind(practice_id=UUID(practice_id), user_id=None)
    except ValueError:
        return None
    with transaction() as session:
        row = session.execute(_living(secret)).first()
    if row is None:
        context.bind(practice_id=None)
        return None
    held, user, needs_2fa, *episode = row
    if is_activity:
        _touch(held, now())
    context.bind(user_id=user.id, session_id=held.id)
    emergency = emergency_of(*episode)
    return Actor(
        user.id, user.practice_id, Role(user.role), held.id, user.patient_id, user.email,
        must_set_up_2fa=not user.is_2fa_enabled and user.role in needs_2fa,
        session_key=held.token_hash, emergency=emergency,
    )  # fmt: skip


def end_console_session(cookie: str) -> None:
    """Log out: the row of this cookie is gone at once."""
    with transaction() as session:
        session.execute(delete(ConsoleSession).where(ConsoleSession.token_hash == _hash(cookie.partition(".")[2])))
        events.record(session, "console:logout", "session", resource_id=context.current().user_id)


def _living(secret: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - SQLAlchemy's Select of several entities
    return (
        select(
            ConsoleSession,
            User,
            Practice.require_2fa_for,
            BreakGlassEpisode.id,
            BreakGlassEpisode.reason,
            BreakGlassEpisode.expires_at,
        )
        .join(User, (User.practice_id == ConsoleSession.practice_id) & (User.id == ConsoleSession.user_id))
        .join(Practice, Practice.id == User.practice_id)
        .outerjoin(BreakGlassEpisode, is_open(BreakGlassEpisode, ConsoleSession.practice_id, ConsoleSession.token_hash))
        .where(
            ConsoleSession.token_hash == _hash(secret),
            ConsoleSession.expires_at > func.now(),
            ConsoleSession.last_seen_at > func.now() - IDLE_LIMIT,
            ConsoleSession.security_version == User.security_version,
            User.disabled_at.is_(None),
        )
    )


def _touch(held: ConsoleSession, at: datetime) -> None:
    if at - held.last_seen_at < _TOUCH_EVERY:
        return
    with transaction() as session:
        seen = update(ConsoleSession).where(ConsoleSession.token_hash == held.token_hash)
        session.execute(seen.values(last_seen_at=func.now()))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
