"""Integrations with device vendors: how each proves itself, its secrets, the accounts that are fetched from."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import encrypted_json, optional_text
from app.domain.gateways import AccountState
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps, Versioned, listed


class GatewayIntegration(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """One vendor's connection to one practice. While a secret is rotated, two are good."""

    __tablename__ = "gateway_integrations"
    __table_args__ = (
        UniqueConstraint("practice_id", "id"),
        Index("ix_gateway_integrations_listing", "practice_id", "created_at", "id"),
        CheckConstraint("num_nonnulls(old_secret_enc, old_secret_since) IN (0, 2)", name="old_secret"),
    )
    audit_type = "gateway_integration"
    audit_patient_column = None

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"))
    vendor: Mapped[str]
    name: Mapped[str]
    is_active: Mapped[bool]
    auth_mode: Mapped[str]
    header: Mapped[str]
    username: Mapped[str]
    networks: Mapped[list[str]] = mapped_column(ARRAY(Text))
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    secret_enc: Mapped[bytes | None]
    secret_since: Mapped[datetime]
    old_secret_enc: Mapped[bytes | None]
    old_secret_since: Mapped[datetime | None]
    credentials_enc: Mapped[bytes | None]

    secret = optional_text("secret_enc")
    old_secret = optional_text("old_secret_enc")
    credentials = encrypted_json("credentials_enc", mark="damaged")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that are good, newest first."""
        return tuple(secret for secret in (self.secret, self.old_secret) if secret)

    @property
    def has_old_secret(self) -> bool:
        """Say whether the secret of before the rotation is still good."""
        return self.old_secret_enc is not None


class GatewayAccount(Identified, TenantScoped, Timestamps, Audited, Base):
    """Somebody's account at a vendor that is fetched from, with its own tokens; none are left once it is revoked."""

    __tablename__ = "gateway_accounts"
    __table_args__ = (
        UniqueConstraint("practice_id", "integration_id", "subject"),
        ForeignKeyConstraint(
            ["practice_id", "integration_id"], ["gateway_integrations.practice_id", "gateway_integrations.id"]
        ),
        CheckConstraint(f"state IN ({listed(AccountState)})", name="state"),
        CheckConstraint(
            "CASE WHEN state = 'revoked' THEN num_nonnulls(access_enc, refresh_enc) = 0 AND revoked_at IS NOT NULL"
            " ELSE refresh_enc IS NOT NULL AND revoked_at IS NULL END",
            name="tokens",
        ),
    )
    audit_type = "gateway_account"
    audit_patient_column = None

    integration_id: Mapped[UUID]
    subject: Mapped[str]
    state: Mapped[str]
    access_enc: Mapped[bytes | None]
    refresh_enc: Mapped[bytes | None]
    linked_at: Mapped[datetime]
    refreshed_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    access = optional_text("access_enc")
    refresh = optional_text("refresh_enc")
