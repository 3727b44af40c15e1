"""Readings listed by time over all patients; alerts whose reading was a mistake."""

import sqlalchemy as sa
from alembic import op

revision = "0017_readings"
down_revision = "0016_inbox"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build."""
    op.add_column("alert_occurrences", sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_observations_time", "observations",
        ["practice_id", sa.literal_column("measured_at DESC"), sa.literal_column("id DESC")],
    )  # fmt: skip


def downgrade() -> None:
    """Take it back: voided alerts stay acknowledged, but count in scores again."""
    op.drop_index("ix_observations_time", "observations")
    op.drop_column("alert_occurrences", "voided_at")
