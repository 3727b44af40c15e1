"""Who is asking: the identity every use case receives."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.roles import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person; `patient_id` is set for `patient` users, who see themselves only."""

    user_id: int
    practice_id: UUID
    role: Role
    session_id: UUID | None
    patient_id: UUID | None = None
    email: str = ""
    must_set_up_2fa: bool = False  # the practice asks it of this role: until then only the own account can be managed
