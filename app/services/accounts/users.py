"""Accounts: making them, and one's own."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import context, events
from app.crypto.blind_index import login_index
from app.domain.actor import Actor
from app.domain.errors import Conflict, NotFound, StaleVersion
from app.domain.users import NewUser
from app.models import User
from app.models.base import new_id
from app.services.accounts.password_changes import require_good_password
from app.services.accounts.passwords import hash_password
from app.services.transaction import transaction

EMAIL_TAKEN = "An account with this e-mail address exists."


def create_user(practice_id: UUID, new: NewUser, *, is_judged: bool = False) -> User:
    """Create an account; raises Conflict when the e-mail address has one already.

    With `is_judged` the password must pass the rules; the demo's published one would not.
    """
    context.bind(practice_id=practice_id)
    try:
        with transaction() as session:
            user = build_user(practice_id, new)
            if is_judged and new.password is not None:
                require_good_password(session, user, new.password, field="password")
            if new.password is not None:
                user.password_hash = hash_password(new.password)
            session.add(user)
            session.flush()
            return user
    except IntegrityError as error:
        raise Conflict(EMAIL_TAKEN) from error


def build_user(practice_id: UUID, new: NewUser) -> User:
    """Return the row of a new account, without a password."""
    user = User(
        practice_id=practice_id,
        row_key=new_id(),
        role=new.role.value,
        patient_id=new.patient_id,
        email_index=login_index(new.email),
    )
    user.email, user.first_name, user.last_name = new.email.strip(), new.first_name, new.last_name
    return user


def names_of(session: Session, practice_id: UUID, user_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of people of the practice by their ids."""
    people = select(User).where(User.practice_id == practice_id, User.id.in_(sorted(user_ids)))
    return {user.id: f"{user.first_name} {user.last_name}" for user in session.scalars(people)}


def get_own_account(actor: Actor) -> User:
    """Return the actor's own account."""
    with transaction() as session:
        user = find_account(session, actor, actor.user_id)
        events.record(session, "user:read", "user", resource_id=user.id)
        return user


def update_own_account(actor: Actor, changes: dict[str, Any], version: int | None) -> User:
    """Change one's own names; raises StaleVersion when `version` is given and no longer current."""
    with transaction() as session:
        user = find_account(session, actor, actor.user_id)
        require_version(user, version)
        for name in ("first_name", "last_name"):
            if name in changes:
                setattr(user, name, changes[name])
        session.flush()
        return user


def find_account(session: Session, actor: Actor, user_id: int, *, for_change: bool = False) -> User:
    """Return an account of the actor's practice; raises NotFound for any other id."""
    wanted = select(User).where(User.practice_id == actor.practice_id, User.id == user_id)
    user = session.scalar(wanted.with_for_update() if for_change else wanted)
    if user is None:
        raise NotFound
    return user


def require_version(user: User, version: int | None) -> None:
    """Raise StaleVersion when a version is asked for that is no longer current."""
    if version is not None and version != user.version:
        raise StaleVersion
