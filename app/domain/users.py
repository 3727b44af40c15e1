"""What an account is made of, as its practice's administrators see it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from app.domain.paging import PageRequest
from app.domain.roles import Role
from app.domain.search import normalise

UserOrdering = Literal["id", "-id", "last_name", "-last_name", "created_at", "-created_at"]
USER_ORDERINGS: tuple[UserOrdering, ...] = ("id", "-id", "last_name", "-last_name", "created_at", "-created_at")


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account as it is created; without a password its owner is invited to choose one."""

    email: str
    first_name: str
    last_name: str
    role: Role
    password: str | None = field(default=None, repr=False)
    patient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class UserQuery:
    """Which accounts are asked for."""

    paging: PageRequest
    role: Role | None = None
    is_active: bool | None = None
    ordering: UserOrdering = "last_name"
    search: str = ""


class AccountState(StrEnum):
    """What keeps a person from signing in, the strongest first; nothing does when active."""

    DISABLED = "disabled"
    INVITED = "invited"
    LOCKED = "locked"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class ManagedUser:
    """One account, with the state that administrators act on."""

    id: int
    email: str
    first_name: str
    last_name: str
    role: Role
    patient_id: UUID | None
    is_2fa_enabled: bool
    is_active: bool
    is_invited: bool
    locked_until: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @property
    def state(self) -> AccountState:
        """Say whether the person can sign in, or what is in the way."""
        if not self.is_active:
            return AccountState.DISABLED
        if self.is_invited:
            return AccountState.INVITED
        return AccountState.LOCKED if self.locked_until else AccountState.ACTIVE

    def is_found_by(self, search: str) -> bool:
        """Say whether every word stands in a name or in the address; case and accents do not matter."""
        names = normalise(f"{self.first_name} {self.last_name}")
        address = self.email.casefold()
        return all(word in address or (normalise(word) or word) in names for word in search.casefold().split())
