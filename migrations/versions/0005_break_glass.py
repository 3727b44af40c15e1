"""Break-glass episodes: emergency access with a reason and an end."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import enable_tenancy, grant

revision = "0005_break_glass"
down_revision = "0004_keys"
branch_labels = None
depends_on = None

_TABLE = "break_glass_episodes"


def upgrade() -> None:
    """Build."""
    op.create_table(
        _TABLE,
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("session_key", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "expires_at <= started_at + interval '60 minutes'", name=op.f("ck_break_glass_episodes_at_most_an_hour")
        ),
        sa.CheckConstraint("length(reason) >= 10", name=op.f("ck_break_glass_episodes_reason_given")),
        sa.ForeignKeyConstraint(
            ["practice_id", "user_id"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_break_glass_episodes_practice_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_break_glass_episodes")),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_break_glass_episodes_practice_id_id")),
    )
    op.create_index("ix_break_glass_episodes_time", _TABLE, ["practice_id", "started_at"])
    op.create_index(
        "uq_break_glass_episodes_open",
        _TABLE,
        ["practice_id", "session_key"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    enable_tenancy(_TABLE)
    grant("SELECT, INSERT, UPDATE", [_TABLE])


def downgrade() -> None:
    """Take it back."""
    op.drop_table(_TABLE)
