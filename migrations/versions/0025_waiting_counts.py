"""Whose alerts wait is kept, not counted: on the line, in every move and in the totals."""

import sqlalchemy as sa
from alembic import op

revision = "0025_waiting_counts"
down_revision = "0024_fee_sources"
branch_labels = None
depends_on = None

_LEVELS = ("critical", "warning", "normal", "no_data")
_TABLES = ("triage_summaries", "triage_counts")
_BOARD = "triage_summaries"


def upgrade() -> None:
    """Build; the totals begin anew with what the board says now."""
    op.add_column(_BOARD, sa.Column("alerts_wait", sa.Boolean(), server_default=sa.false(), nullable=False))
    for name in ("from_waiting", "to_waiting"):
        op.add_column("triage_transitions", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    for level in _LEVELS:
        new = sa.Column(f"{level}_waiting", sa.Integer(), server_default="0", nullable=False)
        op.add_column("triage_counts", new)
        op.alter_column("triage_counts", new.name, server_default=None)
    _begin()
    op.create_check_constraint(op.f("ck_triage_summaries_waiting"), _BOARD, "alerts_wait = (unacknowledged_alerts > 0)")
    op.drop_index("ix_triage_summaries_unacknowledged", _BOARD)
    op.create_index(
        "ix_triage_summaries_waiting", _BOARD,
        ["practice_id", "is_active", "alerts_wait", sa.text("risk_score DESC"), "patient_id"],
    )  # fmt: skip
    newest = sa.text("last_reading_at DESC NULLS LAST")
    op.create_index(
        "ix_triage_summaries_standing", _BOARD,
        ["practice_id", "is_active", "risk_level", "alerts_wait", newest, "patient_id"],
    )  # fmt: skip


def downgrade() -> None:
    """Count whose alerts wait again."""
    op.drop_index("ix_triage_summaries_standing", _BOARD)
    op.drop_index("ix_triage_summaries_waiting", _BOARD)
    op.create_index(
        "ix_triage_summaries_unacknowledged", _BOARD,
        ["practice_id", "is_active", sa.text("risk_score DESC"), "patient_id"],
        postgresql_where=sa.text("unacknowledged_alerts > 0"),
    )  # fmt: skip
    op.drop_constraint(op.f("ck_triage_summaries_waiting"), _BOARD)
    for level in _LEVELS:
        op.drop_column("triage_counts", f"{level}_waiting")
    for name in ("to_waiting", "from_waiting"):
        op.drop_column("triage_transitions", name)
    op.drop_column(_BOARD, "alerts_wait")


def _begin() -> None:
    """Mark whose alerts wait, and add a total for this moment; moves that are not counted yet will correct it."""
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE triage_summaries SET alerts_wait = true WHERE unacknowledged_alerts > 0")
    op.execute(f"""
        WITH waiting AS (
            SELECT practice_id, {_each("count(*) FILTER (WHERE risk_level = '{0}') AS {0}_waiting")}
            FROM triage_summaries WHERE is_active AND alerts_wait GROUP BY practice_id
        )
        INSERT INTO triage_counts (practice_id, at, {_each("{0}")}, {_each("{0}_waiting")})
        SELECT practice_id, clock_timestamp(), {_each("coalesce(last.{0}, 0)")}, {_each("waiting.{0}_waiting")}
        FROM waiting LEFT JOIN LATERAL (
            SELECT * FROM triage_counts known WHERE known.practice_id = waiting.practice_id ORDER BY at DESC LIMIT 1
        ) AS last USING (practice_id)
    """)
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _each(pattern: str) -> str:
    return ", ".join(pattern.format(level) for level in _LEVELS)
