"""Accounts: second factor, recovery codes, password tokens, where sessions are, outgoing mail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import enable_tenancy, grant

revision = "0002_accounts"
down_revision = "0001_foundation"
branch_labels = None
depends_on = None

TENANT_TABLES = ("outgoing_mails", "password_tokens", "recovery_codes")


def upgrade() -> None:
    """Build."""
    _widen_users()
    _place_sessions()
    op.add_column(
        "practices",
        sa.Column("require_2fa_for", postgresql.ARRAY(sa.Text()), server_default="{admin}", nullable=False),
    )
    _create_tables()
    for table in TENANT_TABLES:
        enable_tenancy(table)
    grant("SELECT, INSERT, UPDATE, DELETE", TENANT_TABLES)


def downgrade() -> None:
    """Take it back: second factors and outgoing mail are lost, invited accounts stay closed."""
    for table in TENANT_TABLES:
        op.drop_table(table)
    op.drop_column("practices", "require_2fa_for")
    for column in ("client", "ip", "id"):
        op.drop_column("console_sessions", column)
    for column in ("client", "ip", "last_used_at"):
        op.drop_column("token_families", column)
    op.execute("UPDATE users SET password_hash = '' WHERE password_hash IS NULL")
    op.alter_column("users", "password_hash", nullable=False)
    for column in ("password_is_short", "totp_last_step", "totp_enabled_at", "totp_secret_enc"):
        op.drop_column("users", column)


def _widen_users() -> None:
    op.alter_column("users", "password_hash", nullable=True)
    op.add_column("users", sa.Column("totp_secret_enc", sa.LargeBinary(), nullable=True))
    op.add_column("users", sa.Column("totp_enabled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("totp_last_step", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("users", sa.Column("password_is_short", sa.Boolean(), server_default="false", nullable=False))


def _place_sessions() -> None:
    op.add_column(
        "token_families",
        sa.Column("last_used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column("console_sessions", sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"),
                                                nullable=False))  # fmt: skip
    for table in ("token_families", "console_sessions"):
        op.add_column(table, sa.Column("ip", postgresql.INET(), nullable=True))
        op.add_column(table, sa.Column("client", sa.String(), nullable=True))


def _create_tables() -> None:
    op.create_table(
        "outgoing_mails",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address_enc", sa.LargeBinary(), nullable=False),
        sa.Column("body_enc", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('queued', 'sent', 'failed')", name=op.f("ck_outgoing_mails_state")),
        sa.ForeignKeyConstraint(["practice_id"], ["practices.id"], name=op.f("fk_outgoing_mails_practice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mails")),
    )
    op.create_index("ix_outgoing_mails_time", "outgoing_mails", ["practice_id", "created_at"])
    op.create_table(
        "password_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("purpose IN ('reset', 'invitation')", name=op.f("ck_password_tokens_purpose")),
        _of_user("password_tokens"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_password_tokens")),
    )
    op.create_index("ix_password_tokens_user", "password_tokens", ["practice_id", "user_id"])
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        _of_user("recovery_codes"),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_codes")),
    )
    op.create_index("ix_recovery_codes_user", "recovery_codes", ["practice_id", "user_id"])


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", "user_id"],
        ["users.practice_id", "users.id"],
        name=op.f(f"fk_{table}_practice_id_user_id"),
    )
