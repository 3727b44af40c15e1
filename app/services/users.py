"""Accounts: making them and reading one's own."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import context, events
from app.crypto.blind_index import login_index
from app.domain.actor import Actor
from app.domain.errors import Conflict, NotFound
from app.domain.roles import Role
from app.models import User
from app.models.base import new_id
from app.services.passwords import hash_password
from app.services.transaction import transaction


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account as it is created."""

    email: str
    first_name: str
    last_name: str
    role: Role
    password: str
    patient_id: UUID | None = None


def create_user(practice_id: UUID, new: NewUser) -> User:
    """Create an account; raises Conflict when the e-mail address has one already."""
    context.bind(practice_id=practice_id)
    user = User(
        practice_id=practice_id,
        row_key=new_id(),
        role=new.role.value,
        patient_id=new.patient_id,
        password_hash=hash_password(new.password),
        email_index=login_index(new.email),
    )
    user.email, user.first_name, user.last_name = new.email.strip(), new.first_name, new.last_name
    try:
        with transaction() as session:
            session.add(user)
    except IntegrityError as error:
        raise Conflict("An account with this e-mail address exists.") from error
    return user


def names_of(session: Session, practice_id: UUID, user_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of people of the practice by their ids."""
    people = select(User).where(User.practice_id == practice_id, User.id.in_(sorted(user_ids)))
    return {user.id: f"{user.first_name} {user.last_name}" for user in session.scalars(people)}


def get_own_account(actor: Actor) -> User:
    """Return the actor's own account."""
    with transaction() as session:
        user = session.scalar(select(User).where(User.practice_id == actor.practice_id, User.id == actor.user_id))
        if user is None:
            raise NotFound
        events.record(session, "user:read", "user", resource_id=user.id)
        return user
