"""What an account is made of, as its practice's administrators see it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from app.domain.paging import PageRequest
from app.domain.roles import Role

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
