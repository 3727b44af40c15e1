"""Telling people what happened to accounts."""

from uuid import UUID

from sqlalchemy import select

from app.audit import context
from app.domain.mails import account_locked
from app.domain.roles import Role
from app.models import User
from app.services.mail import write_mail
from app.services.transaction import now, transaction


def tell_of_lockout(practice_id: UUID, user_id: int) -> None:
    """Mail every active administrator of the practice that an account was locked."""
    context.bind(practice_id=practice_id)
    with transaction() as session:
        locked = session.get(User, user_id)
        admins = select(User).where(
            User.practice_id == practice_id, User.role == Role.ADMIN.value, User.disabled_at.is_(None)
        )
        if locked is None:
            return
        for admin in session.scalars(admins):
            write_mail(session, practice_id, admin.email, account_locked(user_id, locked.role, now()))
