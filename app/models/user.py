"""People who sign in, and the counters of those who fail to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint, false, func
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import encrypted_text, optional_text
from app.domain.roles import Role
from app.models.base import Audited, Base, TenantScoped, Timestamps, Versioned, new_id

_ROLES = ", ".join(f"'{role}'" for role in Role)


class User(TenantScoped, Timestamps, Versioned, Audited, Base):
    """A person of one practice. `security_version` rises when every token of theirs must die."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("practice_id", "id"),
        CheckConstraint(f"role IN ({_ROLES})", name="role"),
        CheckConstraint("(role = 'patient') = (patient_id IS NOT NULL)", name="patient_link"),
    )
    audit_type = "user"
    audit_patient_column = None

    id: Mapped[int] = mapped_column(primary_key=True)
    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"))
    row_key: Mapped[UUID] = mapped_column(default=new_id)
    email_enc: Mapped[bytes]
    email_index: Mapped[bytes] = mapped_column(unique=True)
    first_name_enc: Mapped[bytes]
    last_name_enc: Mapped[bytes]
    role: Mapped[str]
    patient_id: Mapped[UUID | None]
    password_hash: Mapped[str | None]  # none until an invited person has chosen one
    password_is_short: Mapped[bool] = mapped_column(default=False, server_default=false())
    totp_secret_enc: Mapped[bytes | None]
    totp_enabled_at: Mapped[datetime | None]  # a secret without this date is being set up
    totp_last_step: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    security_version: Mapped[int] = mapped_column(default=1)
    disabled_at: Mapped[datetime | None]

    email = encrypted_text("email_enc")
    first_name = encrypted_text("first_name_enc")
    last_name = encrypted_text("last_name_enc")
    totp_secret = optional_text("totp_secret_enc")

    @property
    def is_2fa_enabled(self) -> bool:
        """Say whether signing in needs a second factor."""
        return self.totp_enabled_at is not None

    @property
    def encryption_row(self) -> object:
        """Accounts are numbered by the database; their values are bound to a key known beforehand."""
        return self.row_key


class LoginAttempt(Base):
    """Consecutive failures of one e-mail address, known or not, under its keyed hash."""

    __tablename__ = "login_attempts"

    account_key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    locked_until: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
