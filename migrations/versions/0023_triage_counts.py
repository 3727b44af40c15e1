"""The board's counts are kept instead of counted: how many stood at each level after every move."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import enable_tenancy, grant

revision = "0023_triage_counts"
down_revision = "0022_scores_by_statement"
branch_labels = None
depends_on = None

_LEVELS = ("critical", "warning", "normal", "no_data")
_READ = ("triage_summaries", "triage_transitions", "triage_counts")
_BANDS = (
    "risk_level = CASE WHEN risk_score > 75 THEN 'critical' WHEN risk_score > 50 THEN 'warning'"
    " WHEN risk_score > 0 THEN 'normal' ELSE 'no_data' END"
)


def upgrade() -> None:
    """Build; the counts begin with what the board says now, and go back two days from there."""
    op.create_table(
        "triage_counts",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(level, sa.Integer(), nullable=False) for level in _LEVELS),
        sa.ForeignKeyConstraint(["practice_id"], ["practices.id"], name=op.f("fk_triage_counts_practice_id")),
        sa.PrimaryKeyConstraint("practice_id", "at", name=op.f("pk_triage_counts")),
    )
    enable_tenancy("triage_counts")
    grant("SELECT, INSERT, UPDATE, DELETE", ("triage_counts",))
    # Those of before are counted: true fills them without rewriting the table.
    op.add_column("triage_transitions", sa.Column("is_counted", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.alter_column("triage_transitions", "is_counted", server_default=sa.false())
    op.alter_column("triage_transitions", "at", server_default=sa.text("clock_timestamp()"))
    op.create_index(
        "ix_triage_transitions_uncounted", "triage_transitions", ["practice_id", "at"],
        postgresql_where=sa.text("NOT is_counted"),
    )  # fmt: skip
    _begin_counts()
    _level_follows_score()


def downgrade() -> None:
    """Take it back."""
    op.drop_constraint(op.f("ck_triage_summaries_band"), "triage_summaries")
    op.create_check_constraint(
        op.f("ck_triage_summaries_no_data"), "triage_summaries", "(risk_level = 'no_data') = (risk_score = 0)"
    )
    op.create_index(
        "ix_triage_summaries_level", "triage_summaries",
        ["practice_id", "is_active", "risk_level", sa.text("risk_score DESC"), "patient_id"],
    )  # fmt: skip
    op.alter_column("triage_transitions", "at", server_default=sa.text("now()"))
    op.drop_index("ix_triage_transitions_uncounted", "triage_transitions")
    op.drop_column("triage_transitions", "is_counted")
    op.drop_table("triage_counts")


def _level_follows_score() -> None:
    """A level is a range of scores, so the index by score serves both."""
    op.drop_index("ix_triage_summaries_level", "triage_summaries")
    op.drop_constraint(op.f("ck_triage_summaries_no_data"), "triage_summaries")
    op.create_check_constraint(op.f("ck_triage_summaries_band"), "triage_summaries", _BANDS)


def _begin_counts() -> None:
    """Count once, and work back from there move by move."""
    for table in _READ:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(f"""
        WITH standing AS (
            SELECT practice_id, {_each("count(*) FILTER (WHERE risk_level = '{0}') AS {0}")}
            FROM triage_summaries WHERE is_active GROUP BY practice_id
        ), changes AS (
            SELECT practice_id, at,
                {_each("count(*) FILTER (WHERE to_level = '{0}') - count(*) FILTER (WHERE from_level = '{0}') AS {0}")}
            FROM triage_transitions WHERE at > now() - interval '2 days' GROUP BY practice_id, at
            UNION ALL
            SELECT practice_id, now() - interval '2 days', 0, 0, 0, 0 FROM standing
        )
        INSERT INTO triage_counts (practice_id, at, {_each("{0}")})
        SELECT practice_id, at, {_each("coalesce(standing.{0}, 0) - coalesce(sum(changes.{0}) OVER later, 0)")}
        FROM changes LEFT JOIN standing USING (practice_id)
        WINDOW later AS (
            PARTITION BY practice_id ORDER BY at DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
    """)
    for table in _READ:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _each(pattern: str) -> str:
    return ", ".join(pattern.format(level) for level in _LEVELS)
