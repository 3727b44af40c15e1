"""Telling administrators what happened to accounts, and who took emergency access."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import context
from app.domain.mails import Letter, account_locked, emergency_access
from app.domain.notifications.events import Event
from app.domain.notifications.settings import Recipients
from app.domain.roles import Role
from app.models import BreakGlassEpisode, User
from app.services.mail import write_mail
from app.services.notifications.telling import notify
from app.services.transaction import now, transaction

_ADMINISTRATORS = Recipients(roles=(Role.ADMIN.value,))


def tell_of_lockout(practice_id: UUID, user_id: int) -> None:
    """Tell every active administrator of the practice that an account was locked."""
    context.bind(practice_id=practice_id)
    with transaction() as session:
        locked = session.get(User, user_id)
        if locked is not None:
            _mail_administrators(session, practice_id, account_locked(user_id, locked.role, now()))
            notify(session, practice_id, Event.ACCOUNT_LOCKED, _ADMINISTRATORS)


def tell_of_break_glass(practice_id: UUID, episode_id: UUID) -> None:
    """Tell every active administrator of the practice that somebody took emergency access."""
    context.bind(practice_id=practice_id)
    with transaction() as session:
        episode = session.get(BreakGlassEpisode, episode_id)
        if episode is not None:
            letter = emergency_access(episode.user_id, episode.started_at, episode.expires_at)
            _mail_administrators(session, practice_id, letter)
            notify(session, practice_id, Event.EMERGENCY_ACCESS, _ADMINISTRATORS, subject_id=episode.id)


def _mail_administrators(session: Session, practice_id: UUID, letter: Letter) -> None:
    admins = select(User).where(
        User.practice_id == practice_id, User.role == Role.ADMIN.value, User.disabled_at.is_(None)
    )
    for admin in session.scalars(admins):
        write_mail(session, practice_id, admin.email, letter)
