"""Who is asking: the identity every use case receives."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.roles import EMERGENCY_GRANTS, Permission, Role, is_granted

NOBODY = 0  # no account has this number


@dataclass(frozen=True, slots=True)
class Emergency:
    """A break-glass episode that lasts."""

    id: UUID
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in person; `patient_id` is set for `patient` users, who see themselves only.

    `session_key` names the session, of the API or of the console; `emergency` is set while it has broken the glass.
    `integration_id` is set where no person acts but a vendor's messages do (`gateway`).
    """

    user_id: int
    practice_id: UUID
    role: Role
    session_id: UUID | None
    patient_id: UUID | None = None
    email: str = ""
    must_set_up_2fa: bool = False  # the practice asks it of this role: until then only the own account can be managed
    session_key: bytes = b""
    emergency: Emergency | None = None
    integration_id: UUID | None = None

    @property
    def author_id(self) -> int | None:
        """The account to be noted as the author; None where no person is."""
        return None if self.integration_id else self.user_id

    def may(self, permission: Permission) -> bool:
        """Say whether the person's role, or the emergency they declared, lets them do this."""
        if self.integration_id:
            return permission is Permission.SUBMIT_READINGS
        in_emergency = self.emergency is not None and permission in EMERGENCY_GRANTS
        return in_emergency or is_granted(self.role, permission)


def gateway(practice_id: UUID, integration_id: UUID) -> Actor:
    """Return who takes in what a vendor sends: nobody's account, and nothing but readings may be submitted by it."""
    return Actor(NOBODY, practice_id, Role.DATA_MONITOR, None, integration_id=integration_id)
