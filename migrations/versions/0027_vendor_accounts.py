"""Accounts at vendors that are fetched from, each with its own tokens; and a message's key is its integration's own."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import enable_tenancy, grant

revision = "0027_vendor_accounts"
down_revision = "0026_patient_calls"
branch_labels = None
depends_on = None

_TABLE = "gateway_accounts"
_ITEMS, _OF_READINGS = "inbox_items", "uq_inbox_items_reading"
_READING = "kind = 'reading' AND state IN ('applied') AND observation_id IS NOT NULL"
_WHOSE = """
UPDATE inbox_items i SET integration_id = d.integration_id FROM webhook_deliveries d
WHERE d.practice_id = i.practice_id AND d.id = i.delivery_id
"""


def _at(name: str, *, default: bool = False, nullable: bool = False) -> sa.Column[object]:
    now = sa.text("now()") if default else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=now, nullable=nullable)


def upgrade() -> None:
    """Build; and tell of every message by which integration it came."""
    _create_accounts()
    op.add_column(_ITEMS, sa.Column("integration_id", sa.Uuid(), nullable=True))
    for table in (_ITEMS, "webhook_deliveries"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(_WHOSE)
    for table in (_ITEMS, "webhook_deliveries"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.alter_column(_ITEMS, "integration_id", nullable=False)
    _know_readings_by("practice_id", "integration_id", "dedup_key")


def downgrade() -> None:
    """Take it back: the accounts must be linked again, and no two integrations may have applied the same key."""
    _know_readings_by("practice_id", "dedup_key")
    op.drop_column(_ITEMS, "integration_id")
    op.drop_table(_TABLE)


def _know_readings_by(*columns: str) -> None:
    op.drop_index(_OF_READINGS, _ITEMS)
    op.create_index(_OF_READINGS, _ITEMS, list(columns), unique=True, postgresql_where=sa.text(_READING))


def _create_accounts() -> None:
    op.create_table(
        _TABLE,
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("access_enc", sa.LargeBinary(), nullable=True),
        sa.Column("refresh_enc", sa.LargeBinary(), nullable=True),
        _at("linked_at"),
        _at("refreshed_at", nullable=True),
        _at("revoked_at", nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        _at("created_at", default=True),
        _at("updated_at", default=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_accounts")),
        sa.CheckConstraint("state IN ('linked', 'refused', 'revoked')", name=op.f("ck_gateway_accounts_state")),
        sa.CheckConstraint(
            "CASE WHEN state = 'revoked' THEN num_nonnulls(access_enc, refresh_enc) = 0 AND revoked_at IS NOT NULL"
            " ELSE refresh_enc IS NOT NULL AND revoked_at IS NULL END",
            name=op.f("ck_gateway_accounts_tokens"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "integration_id"], ["gateway_integrations.practice_id", "gateway_integrations.id"],
            name=op.f("fk_gateway_accounts_practice_id_integration_id"),
        ),
        sa.UniqueConstraint(
            "practice_id", "integration_id", "subject",
            name=op.f("uq_gateway_accounts_practice_id_integration_id_subject"),
        ),
    )  # fmt: skip
    enable_tenancy(_TABLE)
    grant("SELECT, INSERT, UPDATE", (_TABLE,))
