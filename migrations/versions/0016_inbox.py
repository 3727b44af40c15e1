"""Integrations with device vendors, and the inbox of what they send."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import enable_tenancy, grant

revision = "0016_inbox"
down_revision = "0015_notifications"
branch_labels = None
depends_on = None

TABLES = ("gateway_integrations", "webhook_deliveries", "inbox_items", "inbox_replays")

# A webhook names its integration before any practice is known: it may see the one row that it names.
DELIVERY_POLICY = """
CREATE POLICY delivery ON gateway_integrations FOR SELECT
USING (id = (SELECT nullif(current_setting('app.integration_id', true), '')::uuid))
"""
_ATTENTION = "state NOT IN ('applied', 'duplicate')"
_READING = "kind = 'reading' AND state IN ('applied') AND observation_id IS NOT NULL"
_STATES = "'received', 'parsed', 'applied', 'duplicate', 'quarantined', 'orphan', 'rejected', 'failed', 'dead'"
_ITEM_STATES = "'applied', 'duplicate', 'quarantined', 'orphan', 'ignored', 'waiting'"
_ITEM_KINDS = "'reading', 'device_state', 'withdrawal', 'fetch', 'unsupported', 'garbled'"


def upgrade() -> None:
    """Build."""
    _create_integrations()
    _create_deliveries()
    _create_items()
    _create_replays()
    for table in TABLES:
        enable_tenancy(table)
    op.execute(DELIVERY_POLICY)
    grant("SELECT, INSERT, UPDATE", TABLES)
    grant("DELETE", ("webhook_deliveries", "inbox_items", "inbox_replays"))


def downgrade() -> None:
    """Take it back: what vendors sent and the integrations' secrets are lost, readings stay."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _at(name: str, *, default: bool = False, nullable: bool = False) -> sa.Column[object]:
    now = sa.text("now()") if default else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=now, nullable=nullable)


def _text(*names: str, nullable: bool = False) -> tuple[sa.Column[object], ...]:
    return tuple(sa.Column(name, sa.String(), nullable=nullable) for name in names)


def _ends(table: str, *, timestamps: bool = True) -> tuple[sa.schema.SchemaItem, ...]:
    clocks = (_at("created_at", default=True), _at("updated_at", default=True)) if timestamps else ()
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        *clocks,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _create_integrations() -> None:
    op.create_table(
        "gateway_integrations",
        *_text("vendor", "name", "auth_mode", "header", "username"),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("networks", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("options", postgresql.JSONB(), nullable=False),
        sa.Column("secret_enc", sa.LargeBinary(), nullable=True),
        _at("secret_since"),
        sa.Column("old_secret_enc", sa.LargeBinary(), nullable=True),
        _at("old_secret_since", nullable=True),
        sa.Column("credentials_enc", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        *_ends("gateway_integrations"),
        sa.CheckConstraint(
            "num_nonnulls(old_secret_enc, old_secret_since) IN (0, 2)", name=op.f("ck_gateway_integrations_old_secret")
        ),
        sa.ForeignKeyConstraint(["practice_id"], ["practices.id"], name=op.f("fk_gateway_integrations_practice_id")),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_gateway_integrations_practice_id_id")),
    )
    op.create_index("ix_gateway_integrations_listing", "gateway_integrations", ["practice_id", "created_at", "id"])


def _create_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        *_text("kind", "state", "verdict", "auth_mode", "content_type", "remote_address", "sha256"),
        _at("received_at", default=True),
        sa.Column("secret_index", sa.SmallInteger(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("headers_enc", sa.LargeBinary(), nullable=False),
        sa.Column("body_enc", sa.LargeBinary(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("parent_position", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        *_text("problem", nullable=True),
        _at("settled_at", nullable=True),
        *_ends("webhook_deliveries", timestamps=False),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_webhook_deliveries_state")),
        sa.CheckConstraint("kind IN ('webhook', 'fetched', 'test')", name=op.f("ck_webhook_deliveries_kind")),
        sa.ForeignKeyConstraint(
            ["practice_id", "integration_id"], ["gateway_integrations.practice_id", "gateway_integrations.id"],
            name=op.f("fk_webhook_deliveries_practice_id_integration_id"),
        ),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_webhook_deliveries_practice_id_id")),
    )  # fmt: skip
    newest = sa.literal_column("received_at DESC")
    op.create_index("ix_webhook_deliveries_listing", "webhook_deliveries", ["practice_id", newest, "id"])
    op.create_index(
        "ix_webhook_deliveries_integration", "webhook_deliveries", ["practice_id", "integration_id", newest]
    )
    op.create_index(
        "ix_webhook_deliveries_open", "webhook_deliveries", ["practice_id", "state", "received_at"],
        postgresql_where=sa.text(_ATTENTION),
    )  # fmt: skip


def _create_items() -> None:
    op.create_table(
        "inbox_items",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *_text("kind", "state"),
        *_text("dedup_key", "record_id", "device_key", "observation_type", "problem", nullable=True),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("observation_id", sa.Uuid(), nullable=True),
        _at("measured_at", nullable=True),
        *_ends("inbox_items"),
        sa.CheckConstraint(f"state IN ({_ITEM_STATES})", name=op.f("ck_inbox_items_state")),
        sa.CheckConstraint(f"kind IN ({_ITEM_KINDS})", name=op.f("ck_inbox_items_kind")),
        sa.ForeignKeyConstraint(
            ["practice_id", "delivery_id"], ["webhook_deliveries.practice_id", "webhook_deliveries.id"],
            name=op.f("fk_inbox_items_practice_id_delivery_id"),
        ),
        sa.UniqueConstraint(
            "practice_id", "delivery_id", "position", name=op.f("uq_inbox_items_practice_id_delivery_id_position")
        ),
    )  # fmt: skip
    op.create_index("ix_inbox_items_key", "inbox_items", ["practice_id", "dedup_key"])
    op.create_index("ix_inbox_items_device", "inbox_items", ["practice_id", "device_key"])
    op.create_index(
        "ix_inbox_items_record", "inbox_items", ["practice_id", "record_id"],
        postgresql_where=sa.text("record_id IS NOT NULL"),
    )  # fmt: skip
    op.create_index(
        "uq_inbox_items_reading", "inbox_items", ["practice_id", "dedup_key"], unique=True,
        postgresql_where=sa.text(_READING),
    )  # fmt: skip


def _create_replays() -> None:
    op.create_table(
        "inbox_replays",
        sa.Column("created_by", sa.Integer(), nullable=False),
        *_text("state"),
        sa.Column("wanted", postgresql.JSONB(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("total", "done", "created", "corrected")),
        sa.Column("cursor", sa.Uuid(), nullable=True),
        _at("finished_at", nullable=True),
        *_ends("inbox_replays"),
        sa.CheckConstraint("state IN ('queued', 'running', 'done')", name=op.f("ck_inbox_replays_state")),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_inbox_replays_practice_id_id")),
    )
