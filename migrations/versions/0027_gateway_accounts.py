"""Accounts at vendors that are fetched from: each has tokens of its own."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import enable_tenancy, grant

revision = "0027_gateway_accounts"
down_revision = "0024_fee_sources"
branch_labels = None
depends_on = None

_TABLE = "gateway_accounts"


def _at(name: str, *, default: bool = False, nullable: bool = False) -> sa.Column[object]:
    now = sa.text("now()") if default else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=now, nullable=nullable)


def upgrade() -> None:
    """Build."""
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


def downgrade() -> None:
    """Take it back: the accounts must be linked again."""
    op.drop_table(_TABLE)
