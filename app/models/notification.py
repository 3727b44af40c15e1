"""What people were told, by which ways it went out, and how they and their practice want it."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import encrypted_text, optional_text
from app.domain.notifications.events import Event, Level
from app.domain.notifications.settings import Carrier, DeliveryState, Platform, PushService, Slot
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps, Versioned, listed


class Notification(Identified, TenantScoped, Audited, Base):
    """One person was told of one event. Its words are fixed by the event; ids say what it is about."""

    __tablename__ = "notifications"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "patient_id"], ["patients.practice_id", "patients.id"]),
        UniqueConstraint("practice_id", "id"),
        UniqueConstraint("practice_id", "user_id", "event", "key"),
        CheckConstraint(f"event IN ({listed(Event)})", name="event"),
        CheckConstraint(f"level IN ({listed(Level)})", name="level"),
        Index("ix_notifications_own", "practice_id", "user_id", "created_at", "id"),
        Index("ix_notifications_patient", "practice_id", "patient_id"),
        Index(
            "ix_notifications_unread", "practice_id", "user_id",
            postgresql_where=text("read_at IS NULL AND is_shown"),
        ),
    )  # fmt: skip
    audit_type = "notification"

    user_id: Mapped[int]
    event: Mapped[str]
    level: Mapped[str]
    patient_id: Mapped[UUID | None]
    subject_id: Mapped[UUID | None]
    key: Mapped[str | None]
    is_shown: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    read_at: Mapped[datetime | None]


class NotificationDelivery(Identified, TenantScoped, Base):
    """One message to one address by one channel; a digest is one that belongs to no single notification.

    No address and no text is kept: both are looked up when it goes out.
    """

    __tablename__ = "notification_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "notification_id"], ["notifications.practice_id", "notifications.id"]),
        ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        ForeignKeyConstraint(["practice_id", "push_token_id"], ["push_tokens.practice_id", "push_tokens.id"]),
        ForeignKeyConstraint(
            ["practice_id", "bundled_into"], ["notification_deliveries.practice_id", "notification_deliveries.id"]
        ),
        UniqueConstraint("practice_id", "id"),
        CheckConstraint("channel IN ('email', 'sms', 'push')", name="channel"),
        CheckConstraint(f"state IN ({listed(DeliveryState)})", name="state"),
        CheckConstraint("channel = 'push' OR push_token_id IS NULL", name="push_token"),
        Index("ix_notification_deliveries_list", "practice_id", "state", "created_at", "id"),
        Index("ix_notification_deliveries_notification", "practice_id", "notification_id"),
        Index("ix_notification_deliveries_bundle", "practice_id", "bundled_into"),
        Index("ix_notification_deliveries_token", "practice_id", "push_token_id"),
        Index(
            "ix_notification_deliveries_due", "practice_id", "due_at",
            postgresql_where=text("state IN ('waiting', 'held')"),
        ),
        Index(
            "ix_notification_deliveries_receipts", "practice_id", "sent_at",
            postgresql_where=text("needs_receipt"),
        ),
    )  # fmt: skip

    notification_id: Mapped[UUID | None]
    user_id: Mapped[int]
    event: Mapped[str]
    level: Mapped[str]
    channel: Mapped[str]
    push_token_id: Mapped[UUID | None]
    item_count: Mapped[int] = mapped_column(default=1)
    state: Mapped[str]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None]
    failure: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    reference: Mapped[str | None]  # the provider's name for it
    needs_receipt: Mapped[bool] = mapped_column(default=False)
    bundled_into: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class NotificationPreferences(Identified, TenantScoped, Timestamps, Versioned, Audited, Base):
    """How somebody wants to be told; who has no row has the defaults."""

    __tablename__ = "notification_preferences"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        UniqueConstraint("practice_id", "user_id"),
        CheckConstraint("(quiet_start IS NULL) = (quiet_end IS NULL)", name="quiet_hours"),
        CheckConstraint("digest_hour BETWEEN 0 AND 23", name="digest_hour"),
    )
    audit_type = "notification_preferences"
    audit_patient_column = None

    user_id: Mapped[int]
    channels: Mapped[dict[str, Any]] = mapped_column(JSONB)
    quiet_start: Mapped[time | None]
    quiet_end: Mapped[time | None]
    digest_hour: Mapped[int | None]
    timezone: Mapped[str | None]
    phone_enc: Mapped[bytes | None]

    phone = optional_text("phone_enc")


class PushToken(Identified, TenantScoped, Audited, Base):
    """A phone of somebody's; disabled once the provider says that it is gone."""

    __tablename__ = "push_tokens"
    __table_args__ = (
        ForeignKeyConstraint(["practice_id", "user_id"], ["users.practice_id", "users.id"]),
        UniqueConstraint("practice_id", "id"),
        UniqueConstraint("practice_id", "token_index"),
        CheckConstraint(f"service IN ({listed(PushService)})", name="service"),
        CheckConstraint(f"platform IN ({listed(Platform)})", name="platform"),
        Index("ix_push_tokens_user", "practice_id", "user_id"),
    )
    audit_type = "push_token"
    audit_patient_column = None

    user_id: Mapped[int]
    service: Mapped[str]
    platform: Mapped[str]
    token_enc: Mapped[bytes]
    token_index: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    disabled_at: Mapped[datetime | None]

    token = encrypted_text("token_enc")


class NotificationProvider(Identified, TenantScoped, Timestamps, Audited, Base):
    """Who carries a practice's text messages, or its push messages, and how one signs in there."""

    __tablename__ = "notification_providers"
    __table_args__ = (
        UniqueConstraint("practice_id", "slot"),
        CheckConstraint(f"slot IN ({listed(Slot)})", name="slot"),
        CheckConstraint(f"carrier IN ({listed(Carrier)})", name="carrier"),
    )
    audit_type = "notification_provider"
    audit_patient_column = None

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practices.id"))
    slot: Mapped[str]
    carrier: Mapped[str]
    base_url: Mapped[str]
    account: Mapped[str | None]
    sender: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    secret_enc: Mapped[bytes | None]

    secret = optional_text("secret_enc")  # password, bearer token or key file; written, never shown

    @property
    def has_secret(self) -> bool:
        """Say whether one is stored."""
        return self.secret_enc is not None
