"""The inbox: deliveries as they came, what was read in each, and replays of many."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.crypto.columns import encrypted_bytes, encrypted_json
from app.domain.inbox import DeliveryKind, DeliveryState, ItemKind, ItemState
from app.models.base import Audited, Base, Identified, TenantScoped, Timestamps, listed

_TO_INTEGRATION = ["gateway_integrations.practice_id", "gateway_integrations.id"]
_ATTENTION = "state NOT IN ('applied', 'duplicate')"


class WebhookDelivery(Identified, TenantScoped, Audited, Base):
    """One delivery to the byte. It is stored before it is answered, and read afterwards.

    Headers are kept without what lets somebody in. `parent_id` and `parent_position` name the notice that a fetched
    page answers.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("practice_id", "id"),
        ForeignKeyConstraint(["practice_id", "integration_id"], _TO_INTEGRATION),
        Index("ix_webhook_deliveries_listing", "practice_id", text("received_at DESC"), "id"),
        Index("ix_webhook_deliveries_integration", "practice_id", "integration_id", text("received_at DESC")),
        Index("ix_webhook_deliveries_open", "practice_id", "state", "received_at", postgresql_where=text(_ATTENTION)),
        CheckConstraint(f"state IN ({listed(DeliveryState)})", name="state"),
        CheckConstraint(f"kind IN ({listed(DeliveryKind)})", name="kind"),
    )
    audit_type = "webhook_delivery"
    audit_patient_column = None

    integration_id: Mapped[UUID]
    kind: Mapped[str]
    state: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    verdict: Mapped[str]
    auth_mode: Mapped[str]
    secret_index: Mapped[int | None] = mapped_column(SmallInteger)
    content_type: Mapped[str]
    remote_address: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    headers_enc: Mapped[bytes]
    body_enc: Mapped[bytes]
    parent_id: Mapped[UUID | None]
    parent_position: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    problem: Mapped[str | None]
    settled_at: Mapped[datetime | None]

    headers = encrypted_json("headers_enc", mark="damaged")
    body = encrypted_bytes("body_enc")


class InboxItem(Identified, TenantScoped, Timestamps, Base):
    """One message of a delivery and what became of it. No value of a reading stands here.

    Its key is its integration's own: two senders may number their events alike.
    """

    __tablename__ = "inbox_items"
    __table_args__ = (
        UniqueConstraint("practice_id", "delivery_id", "position"),
        ForeignKeyConstraint(
            ["practice_id", "delivery_id"], ["webhook_deliveries.practice_id", "webhook_deliveries.id"]
        ),
        Index("ix_inbox_items_key", "practice_id", "dedup_key"),
        Index("ix_inbox_items_device", "practice_id", "device_key"),
        Index("ix_inbox_items_waiting", "practice_id", "created_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_inbox_items_record", "practice_id", "record_id", postgresql_where=text("record_id IS NOT NULL")),
        Index(
            "uq_inbox_items_reading", "practice_id", "integration_id", "dedup_key", unique=True,
            postgresql_where=text("kind = 'reading' AND state IN ('applied') AND observation_id IS NOT NULL"),
        ),
        CheckConstraint(f"state IN ({listed(ItemState)})", name="state"),
        CheckConstraint(f"kind IN ({listed(ItemKind)})", name="kind"),
    )  # fmt: skip

    delivery_id: Mapped[UUID]
    integration_id: Mapped[UUID]
    position: Mapped[int]
    kind: Mapped[str]
    state: Mapped[str]
    dedup_key: Mapped[str | None]
    record_id: Mapped[str | None]
    device_key: Mapped[str | None]
    device_id: Mapped[UUID | None]
    observation_type: Mapped[str | None]
    measured_at: Mapped[datetime | None]
    observation_id: Mapped[UUID | None]
    problem: Mapped[str | None]


class InboxReplay(Identified, TenantScoped, Timestamps, Audited, Base):
    """Many deliveries being read again: which, and how far. `cursor` is the last that is done."""

    __tablename__ = "inbox_replays"
    __table_args__ = (
        UniqueConstraint("practice_id", "id"),
        CheckConstraint("state IN ('queued', 'running', 'done')", name="state"),
    )
    audit_type = "inbox_replay"
    audit_patient_column = None

    created_by: Mapped[int]
    state: Mapped[str]
    wanted: Mapped[dict[str, Any]] = mapped_column(JSONB)
    total: Mapped[int]
    done: Mapped[int]
    created: Mapped[int]
    corrected: Mapped[int]
    cursor: Mapped[UUID | None]
    finished_at: Mapped[datetime | None]
