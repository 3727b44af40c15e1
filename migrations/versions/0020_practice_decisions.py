"""A clinical decision may be about the whole practice: its thresholds."""

import sqlalchemy as sa
from alembic import op

revision = "0020_practice_decisions"
down_revision = "0019_inbox_health"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let a decision be of no single patient."""
    op.alter_column("triage_decisions", "patient_id", existing_type=sa.Uuid(), nullable=True)


def downgrade() -> None:
    """Take those decisions away: they have no place any more."""
    op.execute("ALTER TABLE triage_decisions NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM triage_decisions WHERE patient_id IS NULL")
    op.execute("ALTER TABLE triage_decisions FORCE ROW LEVEL SECURITY")
    op.alter_column("triage_decisions", "patient_id", existing_type=sa.Uuid(), nullable=False)
