"""Token families: opening a session, exchanging its refresh token, ending it, asking whether it lives."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select, true, update
from sqlalchemy.orm import Session

from app.audit import context, events
from app.audit.hook import begin_with
from app.database.statements import Statement
from app.domain.actor import Actor
from app.domain.clients import describe_client
from app.domain.errors import TokenAlreadyRotated, TokenInvalid, TokenReused
from app.domain.roles import Role
from app.domain.tokens import REFRESH_LIFETIME, SESSION_LIFETIME, Replay, judge_replay
from app.extensions import db
from app.models import RefreshToken, TokenFamily, User
from app.models.base import new_id
from app.services.accounts.break_glass import emergency_of, is_open
from app.services.transaction import now, transaction


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """What a token pair is made from; `refresh_id` is the secret that only the client keeps."""

    user_id: int
    practice_id: UUID
    role: Role
    security_version: int
    session_id: UUID
    refresh_id: str
    refresh_expires_at: datetime


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a verified token says about itself."""

    user_id: int
    practice_id: UUID
    session_id: UUID
    security_version: int
    token_id: str


def open_session(user: User) -> IssuedSession:
    """Start a session for a user who has just proven who they are."""
    context.bind(practice_id=user.practice_id, user_id=user.id)
    at, refresh_id = now(), secrets.token_urlsafe(32)
    family = TokenFamily(
        id=new_id(),
        practice_id=user.practice_id,
        user_id=user.id,
        expires_at=at + SESSION_LIFETIME,
        newest_token_hash=_hash(refresh_id),
        ip=context.current().ip,
        client=describe_client(context.current().user_agent),
    )
    context.bind(session_id=family.id)
    with transaction() as session:
        session.add(family)
        session.flush()
        session.add(_refresh_token(family, refresh_id, at, parent=None))
        events.record(session, "auth:login", "session", resource_id=family.id)
    return _issued(user, family, refresh_id, at)


def exchange_refresh_token(claims: TokenClaims) -> IssuedSession:
    """Spend a refresh token and return its successor.

    Raises TokenInvalid, TokenAlreadyRotated (an honest double click within ten seconds) or TokenReused (the session
    has been ended: that is committed before the error is raised).
    """
    context.bind(practice_id=claims.practice_id, user_id=claims.user_id, session_id=claims.session_id)
    with transaction() as session:
        issued = _exchange(session, claims)
    if isinstance(issued, IssuedSession):
        return issued
    if issued is Replay.RETRY:
        raise TokenAlreadyRotated
    raise TokenReused if issued is Replay.THEFT else TokenInvalid


def end_session(actor: Actor, claims: TokenClaims) -> None:
    """Log out: the session of this refresh token, if it is the actor's own, ends at once."""
    with transaction() as session:
        family = _locked_family(session, claims.practice_id, claims.session_id)
        if family is None or family.user_id != actor.user_id or claims.practice_id != actor.practice_id:
            raise TokenInvalid
        _revoke(session, family, "logout")


def find_actor(claims: TokenClaims) -> Actor | None:
    """Return who is asking, or None when the session or the account no longer lives. One indexed read."""
    asked = {
        "practice": claims.practice_id,
        "user": claims.user_id,
        "security_version": claims.security_version,
        "family": claims.session_id,
        "session_key": claims.session_id.bytes,
    }
    living = begin_with(db.session(), _LIVING, asked)  # the use case goes on in this transaction
    if not living:
        return None
    row = living[0]
    return Actor(
        claims.user_id, claims.practice_id, Role(row.role), claims.session_id, row.patient_id,
        must_set_up_2fa=row.must_set_up_2fa,
        session_key=claims.session_id.bytes,
        emergency=emergency_of(row.episode, row.break_glass_reason, row.until),
    )  # fmt: skip


_tables = User.metadata.tables
_users, _families, _practices, _episodes = (
    _tables[name].c for name in ("users", "token_families", "practices", "break_glass_episodes")
)
_MUST_SET_UP_2FA = _users.totp_enabled_at.is_(None) & (_users.role == func.any(_practices.require_2fa_for))
WHO = (  # what every kind of session is asked of its person
    _users.role,
    _users.patient_id,
    _MUST_SET_UP_2FA.label("must_set_up_2fa"),
    _episodes.id.label("episode"),
    _episodes.reason.label("break_glass_reason"),
    _episodes.expires_at.label("until"),
)
_LIVING = Statement(
    select(*WHO)
    .select_from(
        _tables["users"]
        .join(_tables["practices"], _practices.id == _users.practice_id)
        .join(_tables["token_families"], true())
        .outerjoin(_tables["break_glass_episodes"], is_open(_episodes, bindparam("practice"), bindparam("session_key")))
    )
    .where(
        _users.practice_id == bindparam("practice"),
        _users.id == bindparam("user"),
        _users.security_version == bindparam("security_version"),
        _users.disabled_at.is_(None),
        _families.practice_id == _users.practice_id,
        _families.user_id == _users.id,
        _families.id == bindparam("family"),
        _families.revoked_at.is_(None),
        _families.expires_at > func.now(),
    )
)


def _exchange(session: Session, claims: TokenClaims) -> IssuedSession | Replay | None:
    family = _locked_family(session, claims.practice_id, claims.session_id)
    if family is None or family.revoked_at is not None or family.expires_at <= now():
        return None
    user = session.get_one(User, claims.user_id)
    if user.disabled_at is not None or user.security_version != claims.security_version:
        return None
    if _consume(session, claims):
        return _succeed(session, user, family, claims)
    return _judge_spent(session, family, claims)


def _consume(session: Session, claims: TokenClaims) -> bool:
    spend = (
        update(RefreshToken)
        .where(
            RefreshToken.token_hash == _hash(claims.token_id),
            RefreshToken.family_id == claims.session_id,
            RefreshToken.used_at.is_(None),
            RefreshToken.expires_at > func.now(),
        )
        .values(used_at=func.now())
        .returning(RefreshToken.token_hash)
    )
    return session.execute(spend).first() is not None


def _succeed(session: Session, user: User, family: TokenFamily, claims: TokenClaims) -> IssuedSession:
    at, refresh_id = now(), secrets.token_urlsafe(32)
    session.add(_refresh_token(family, refresh_id, at, parent=_hash(claims.token_id)))
    family.newest_token_hash = _hash(refresh_id)
    family.last_used_at = at
    events.record(session, "auth:refresh", "session", resource_id=family.id)
    return _issued(user, family, refresh_id, at)


def renew_session(session: Session, user: User, session_id: UUID) -> IssuedSession | None:
    """Give a session of the user a new refresh token in place of all it had, within the caller's transaction."""
    family = _locked_family(session, user.practice_id, session_id)
    if family is None or family.user_id != user.id or family.revoked_at is not None:
        return None
    at, refresh_id = now(), secrets.token_urlsafe(32)
    unspent = update(RefreshToken).where(RefreshToken.family_id == family.id, RefreshToken.used_at.is_(None))
    session.execute(unspent.values(used_at=at))
    session.add(_refresh_token(family, refresh_id, at, parent=family.newest_token_hash))
    family.newest_token_hash, family.last_used_at = _hash(refresh_id), at
    return _issued(user, family, refresh_id, at)


def _judge_spent(session: Session, family: TokenFamily, claims: TokenClaims) -> Replay | None:
    spent = session.get(RefreshToken, _hash(claims.token_id))
    if spent is None or spent.family_id != family.id or spent.used_at is None:
        return None
    newest = session.get_one(RefreshToken, family.newest_token_hash)
    verdict = judge_replay(spent.used_at, is_parent_of_newest=newest.parent_hash == spent.token_hash, now=now())
    if verdict is Replay.THEFT:
        _revoke(session, family, "refresh_reuse")
    return verdict


def _revoke(session: Session, family: TokenFamily, reason: str) -> None:
    if family.revoked_at is None:
        family.revoked_at, family.revoked_reason = now(), reason
        events.record(session, f"auth:{reason}", "session", resource_id=family.id)


def _locked_family(session: Session, practice_id: UUID, family_id: UUID) -> TokenFamily | None:
    return session.scalar(
        select(TokenFamily).where(TokenFamily.practice_id == practice_id, TokenFamily.id == family_id).with_for_update()
    )


def _refresh_token(family: TokenFamily, refresh_id: str, at: datetime, parent: bytes | None) -> RefreshToken:
    return RefreshToken(
        token_hash=_hash(refresh_id),
        practice_id=family.practice_id,
        family_id=family.id,
        parent_hash=parent,
        expires_at=min(at + REFRESH_LIFETIME, family.expires_at),
    )


def _issued(user: User, family: TokenFamily, refresh_id: str, at: datetime) -> IssuedSession:
    return IssuedSession(
        user_id=user.id,
        practice_id=user.practice_id,
        role=Role(user.role),
        security_version=user.security_version,
        session_id=family.id,
        refresh_id=refresh_id,
        refresh_expires_at=min(at + REFRESH_LIFETIME, family.expires_at),
    )


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
