"""The practice's people as records name them: who may be chosen for the care of a patient."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from app.domain.actor import Actor
from app.domain.roles import Role
from app.models import User
from app.services.accounts.users import names_of
from app.services.transaction import transaction


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody of the staff; one who has left keeps their name in the records."""

    id: int
    name: str
    role: Role
    is_active: bool


def list_staff(actor: Actor) -> list[StaffMember]:
    """Return the practice's staff by name, those who have left too."""
    staff = select(User).where(User.practice_id == actor.practice_id, User.role != Role.PATIENT.value)
    with transaction() as session:
        members = [
            StaffMember(user.id, f"{user.first_name} {user.last_name}", Role(user.role), user.disabled_at is None)
            for user in session.scalars(staff)
        ]
    return sorted(members, key=lambda member: (member.name.casefold(), member.id))


def name_staff(actor: Actor, user_ids: Iterable[int | None]) -> dict[int, str]:
    """Return the names of those people of the practice, who may have left."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    if not wanted:
        return {}
    with transaction() as session:
        return names_of(session, actor.practice_id, wanted)
