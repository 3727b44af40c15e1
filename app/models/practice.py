"""The practice (tenant), its keys and its own settings."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import optional_text
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps


class Practice(Identified, Timestamps, Audited, Base):
    """A medical practice. Its name is no health information; the API never lists practices."""

    __tablename__ = "practices"
    audit_type = "practice"
    audit_patient_column = None

    name: Mapped[str]
    timezone: Mapped[str] = mapped_column(default="America/New_York")
    last_mrn: Mapped[int] = mapped_column(default=0, server_default="0")
    require_2fa_for: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{admin}")  # roles


class PracticeKey(TenantScoped, Base):
    """A data or index key of a practice, wrapped by a master key."""

    __tablename__ = "practice_keys"

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"), primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SystemKey(Base):
    """A wrapped key of the installation itself: finds accounts by e-mail before their practice is known."""

    __tablename__ = "system_keys"

    purpose: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class EmrConnection(TenantScoped, Timestamps, Audited, Base):
    """Where the practice's electronic medical record takes FHIR observations; its presence makes readings `pending`."""

    __tablename__ = "emr_connections"
    __table_args__ = (CheckConstraint("auth IN ('none', 'bearer', 'basic')", name="auth"),)
    audit_type = "emr_connection"
    audit_patient_column = None

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"), primary_key=True)
    base_url: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)
    auth: Mapped[str] = mapped_column(default="none", server_default="none")
    username: Mapped[str | None]
    secret_enc: Mapped[bytes | None]

    secret = optional_text("secret_enc")  # the bearer token or the password; written, never shown

    @property
    def encryption_row(self) -> object:
        """There is one row a practice."""
        return self.practice_id

    @property
    def has_secret(self) -> bool:
        """Say whether one is stored."""
        return self.secret_enc is not None
