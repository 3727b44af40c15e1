"""Where an account is signed in, API and console alike: seeing it, ending one session, ending all of them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import NotFound
from app.domain.paging import Page, PageRequest
from app.models import ConsoleSession, TokenFamily, User
from app.services.accounts.console_sessions import IDLE_LIMIT
from app.services.accounts.sessions import IssuedSession, renew_session
from app.services.transaction import now, transaction


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One place where the account is signed in."""

    id: UUID
    kind: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ip: str | None
    client: str | None
    is_current: bool


def list_sessions(actor: Actor, request: PageRequest) -> Page[OpenSession]:
    """Return the actor's living sessions, the one used last first."""
    with transaction() as session:
        found = [*_families(session, actor), *_console_sessions(session, actor)]
        events.record(session, "session:list", "session", resource_id=actor.user_id)
    found.sort(key=lambda one: one.last_used_at, reverse=True)
    return Page(found[request.offset : request.offset + request.page_size], len(found), request)


def end_one(actor: Actor, session_id: UUID) -> None:
    """End one session of the actor; raises NotFound for anybody else's."""
    with transaction() as session:
        ended = session.execute(
            update(TokenFamily)
            .where(
                TokenFamily.practice_id == actor.practice_id,
                TokenFamily.user_id == actor.user_id,
                TokenFamily.id == session_id,
                TokenFamily.revoked_at.is_(None),
                TokenFamily.expires_at > func.now(),
            )
            .values(revoked_at=func.now(), revoked_reason="ended")
            .returning(TokenFamily.id)
        ).first()
        if ended is None and not _end_console(session, actor.practice_id, actor.user_id, only=session_id):
            raise NotFound
        events.record(session, "auth:session_end", "session", resource_id=session_id)


def end_all_own(actor: Actor) -> None:
    """Log out everywhere, here too."""
    with transaction() as session:
        end_all(session, _own_account(session, actor), "logout_all")


def end_others(actor: Actor) -> None:
    """Log out everywhere but here."""
    with transaction() as session:
        end_all(session, _own_account(session, actor), "logout_others", keep=actor.session_id)


def end_all(session: Session, user: User, reason: str, keep: UUID | None = None) -> None:
    """End every session of the account but the one to keep, within the caller's transaction."""
    families = update(TokenFamily).where(
        TokenFamily.practice_id == user.practice_id,
        TokenFamily.user_id == user.id,
        TokenFamily.revoked_at.is_(None),
    )
    if keep:
        families = families.where(TokenFamily.id != keep)
    session.execute(families.values(revoked_at=func.now(), revoked_reason=reason))
    _end_console(session, user.practice_id, user.id, keep=keep)
    events.record(session, "auth:sessions_end", "user", resource_id=user.id, reason=reason)


def renew_own_session(session: Session, user: User, session_id: UUID | None) -> IssuedSession | None:
    """Let the current session outlive a new security version: new tokens for an API caller, None for the console."""
    session.execute(
        update(ConsoleSession)
        .where(ConsoleSession.user_id == user.id, ConsoleSession.id == session_id)
        .values(security_version=user.security_version)
    )
    return renew_session(session, user, session_id) if session_id else None


def _own_account(session: Session, actor: Actor) -> User:
    user = session.scalar(select(User).where(User.practice_id == actor.practice_id, User.id == actor.user_id))
    if user is None:
        raise NotFound
    return user


def _families(session: Session, actor: Actor) -> list[OpenSession]:
    living = select(TokenFamily).where(
        TokenFamily.practice_id == actor.practice_id,
        TokenFamily.user_id == actor.user_id,
        TokenFamily.revoked_at.is_(None),
        TokenFamily.expires_at > func.now(),
    )
    return [_open(row, "api", row.last_used_at, actor) for row in session.scalars(living)]


def _console_sessions(session: Session, actor: Actor) -> list[OpenSession]:
    living = select(ConsoleSession).where(
        ConsoleSession.practice_id == actor.practice_id,
        ConsoleSession.user_id == actor.user_id,
        ConsoleSession.expires_at > func.now(),
        ConsoleSession.last_seen_at > now() - IDLE_LIMIT,
    )
    return [_open(row, "console", row.last_seen_at, actor) for row in session.scalars(living)]


def _open(row: TokenFamily | ConsoleSession, kind: str, last_used_at: datetime, actor: Actor) -> OpenSession:
    ip = None if row.ip is None else str(row.ip)
    is_current = row.id == actor.session_id
    return OpenSession(row.id, kind, row.created_at, last_used_at, row.expires_at, ip, row.client, is_current)


def _end_console(
    session: Session, practice_id: UUID, user_id: int, *, only: UUID | None = None, keep: UUID | None = None
) -> bool:
    """Delete console sessions of the account; say whether there were any."""
    ended = delete(ConsoleSession).where(ConsoleSession.practice_id == practice_id, ConsoleSession.user_id == user_id)
    if only:
        ended = ended.where(ConsoleSession.id == only)
    if keep:
        ended = ended.where(ConsoleSession.id != keep)
    return session.execute(ended.returning(ConsoleSession.id)).first() is not None
