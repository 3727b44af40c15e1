"""Breaking the glass: emergency access for one session, with a reason, for an hour at most, in one's own practice."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import context, events
from app.domain.actor import Actor, Emergency
from app.domain.break_glass import Declaration
from app.domain.errors import Conflict, NotFound
from app.domain.paging import Page, PageRequest
from app.domain.proof import Proof
from app.models import BreakGlassEpisode, User
from app.models.base import new_id
from app.services.accounts.reauthentication import prove_again
from app.services.outbox import leave_job
from app.services.transaction import now, transaction

TELL_OF_BREAK_GLASS = "tell_of_break_glass"
_OPEN_ALREADY = "Emergency access is open for this session already."


@dataclass(frozen=True, slots=True)
class DeclaredEpisode:
    """An episode and whose it is."""

    episode: BreakGlassEpisode
    user: User


def break_glass(actor: Actor, declaration: Declaration, proof: Proof) -> BreakGlassEpisode:
    """Open emergency access for the actor's session; raises Conflict while it is open already.

    Raises AuthenticationFailed or AccountLocked when the proof is wrong: that counts as a failed login.
    """
    prove_again(actor, proof)
    at = now()
    episode = BreakGlassEpisode(
        id=new_id(),
        practice_id=actor.practice_id,
        user_id=actor.user_id,
        session_key=actor.session_key,
        reason=declaration.reason,
        started_at=at,
        expires_at=at + declaration.lasts,
    )
    try:
        with transaction() as session:
            _close_expired(session, actor)
            context.bind(break_glass_id=episode.id, reason=episode.reason)
            session.add(episode)
            session.flush()
            tell_administrators(session, episode)
            return episode
    except IntegrityError as error:
        context.bind(break_glass_id=None, reason=None)  # this episode never was: a twin request was quicker
        raise Conflict(_OPEN_ALREADY) from error


def end_break_glass(actor: Actor) -> None:
    """Close the session's emergency access before its time; raises NotFound when none is open."""
    with transaction() as session:
        episode = _open_episode(session, actor)
        if episode is None or episode.expires_at <= now():
            raise NotFound("No emergency access is open for this session.")
        episode.ended_at = now()


def list_episodes(actor: Actor, paging: PageRequest) -> Page[DeclaredEpisode]:
    """Return one page of the practice's episodes, newest first."""
    with transaction() as session:
        mine = BreakGlassEpisode.practice_id == actor.practice_id
        count = session.scalar(select(func.count()).select_from(BreakGlassEpisode).where(mine)) or 0
        rows = session.execute(
            select(BreakGlassEpisode, User)
            .join(User, (User.practice_id == BreakGlassEpisode.practice_id) & (User.id == BreakGlassEpisode.user_id))
            .where(mine)
            .order_by(BreakGlassEpisode.started_at.desc(), BreakGlassEpisode.id.desc())
            .offset(paging.offset)
            .limit(paging.page_size)
        )
        events.record(session, "break_glass:list", "break_glass")
        return Page([DeclaredEpisode(*row) for row in rows], count, paging)


def tell_administrators(session: Session, episode: BreakGlassEpisode) -> None:
    """Let the practice's administrators know at once, by mail: the job exists if and only if the episode does."""
    leave_job(session, TELL_OF_BREAK_GLASS, practice_id=episode.practice_id, episode_id=episode.id)


def emergency_of(episode_id: UUID | None, reason: str, until: datetime) -> Emergency | None:
    """Return what an actor carries of the episode found with their session; the trail carries it from here on."""
    if episode_id is None:
        return None
    context.bind(break_glass_id=episode_id, reason=reason)
    return Emergency(episode_id, reason, until)


def is_open(episodes: Any, practice: Any, session_key: Any) -> ColumnElement[bool]:
    """Return the condition under which an episode is that of the session and has time left, by the database's clock."""
    return and_(
        episodes.practice_id == practice,
        episodes.session_key == session_key,
        episodes.ended_at.is_(None),
        episodes.expires_at > func.now(),
    )


def _open_episode(session: Session, actor: Actor) -> BreakGlassEpisode | None:
    return session.scalar(
        select(BreakGlassEpisode)
        .where(
            BreakGlassEpisode.practice_id == actor.practice_id,
            BreakGlassEpisode.session_key == actor.session_key,
            BreakGlassEpisode.ended_at.is_(None),
        )
        .with_for_update()
    )


def _close_expired(session: Session, actor: Actor) -> None:
    """Make room for a new episode; raises Conflict when the last one has time left."""
    last = _open_episode(session, actor)
    if last is None:
        return
    if last.expires_at > now():
        raise Conflict(_OPEN_ALREADY)
    last.ended_at = last.expires_at
    session.flush()
