"""The console's cookie sessions: in the database, so that they can be ended; 15 minutes idle, 12 hours at most.

Source of the limits: 45 CFR 164.312(a)(2)(iii) asks for automatic log-off; 15 minutes and 12 hours are ours.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, delete, func, select, update

from app.audit import context, events
from app.audit.hook import begin_with
from app.database.statements import Statement
from app.domain.actor import Actor
from app.domain.clients import describe_client
from app.domain.roles import Role
from app.extensions import db
from app.models import ConsoleSession, User
from app.services.accounts.break_glass import emergency_of, is_open
from app.services.accounts.sessions import WHO
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


def find_console_actor(cookie: str, *, is_activity: bool = True, is_poll: bool = False) -> Actor | None:
    """Return who holds the cookie, or None when it is forged, idle for too long, too old, or the account changed.

    A page that refreshes itself is no activity of its reader: it does not put off the idle log-off. A poll only reads
    on, so it goes on in the transaction in which it was found who asks.
    """
    practice_id, _, secret = cookie.partition(".")
    try:
        context.bind(practice_id=UUID(practice_id), user_id=None)
    except ValueError:
        return None
    rows = begin_with(db.session(), _LIVING, {"token_hash": _hash(secret)})
    if not (rows and is_poll):
        with transaction():
            pass  # what comes may be for somebody else
    if not rows:
        context.bind(practice_id=None)
        return None
    return _found(rows[0], _hash(secret), is_activity=is_activity and not is_poll)


def _found(row: Any, token_hash: bytes, *, is_activity: bool) -> Actor:
    if is_activity and row.is_touch_due:
        _touch(token_hash)
    context.bind(user_id=row.user_id, session_id=row.session)
    emergency = emergency_of(row.episode, row.break_glass_reason, row.until)
    return Actor(
        row.user_id, row.practice_id, Role(row.role), row.session, row.patient_id,
        must_set_up_2fa=row.must_set_up_2fa, session_key=token_hash, emergency=emergency,
    )  # fmt: skip


def end_console_session(cookie: str) -> None:
    """Log out: the row of this cookie is gone at once."""
    with transaction() as session:
        session.execute(delete(ConsoleSession).where(ConsoleSession.token_hash == _hash(cookie.partition(".")[2])))
        events.record(session, "console:logout", "session", resource_id=context.current().user_id)


_tables = User.metadata.tables
_sessions, _users, _practices, _episodes = (
    _tables[name].c for name in ("console_sessions", "users", "practices", "break_glass_episodes")
)
_LIVING = Statement(
    select(
        _sessions.id.label("session"),
        _sessions.practice_id,
        _sessions.user_id,
        (_sessions.last_seen_at < func.now() - _TOUCH_EVERY).label("is_touch_due"),
        *WHO,
        func.set_config("app.user_id", cast(_users.id, Text), True).label("account"),  # for what goes on from here
    )
    .select_from(
        _tables["console_sessions"]
        .join(_tables["users"], (_users.practice_id == _sessions.practice_id) & (_users.id == _sessions.user_id))
        .join(_tables["practices"], _practices.id == _users.practice_id)
        .outerjoin(_tables["break_glass_episodes"], is_open(_episodes, _sessions.practice_id, _sessions.token_hash))
    )
    .where(
        _sessions.token_hash == bindparam("token_hash"),
        _sessions.expires_at > func.now(),
        _sessions.last_seen_at > func.now() - IDLE_LIMIT,
        _sessions.security_version == _users.security_version,
        _users.disabled_at.is_(None),
    )
)


def _touch(token_hash: bytes) -> None:
    with transaction() as session:
        seen = update(ConsoleSession).where(ConsoleSession.token_hash == token_hash)
        session.execute(seen.values(last_seen_at=func.now()))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
