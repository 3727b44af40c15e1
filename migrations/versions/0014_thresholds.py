"""Thresholds with versions and overrides, what rules remember, and every score that was shown."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import app_role, enable_tenancy, grant

revision = "0014_thresholds"
down_revision = "0013_alert_flow"
branch_labels = None
depends_on = None

TABLES = ("patient_thresholds", "threshold_versions", "score_overrides", "triage_scores")
_EMPTY = sa.text("'{}'::jsonb")
_NOW = sa.text("now()")
_JSON = postgresql.JSONB()

# What the board showed is written down by the database itself, with the row that shows it: no code path can forget it,
# and it costs no statement of its own.
KEEP_SCORE = """
CREATE FUNCTION keep_shown_score() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO triage_scores (id, practice_id, patient_id, at, risk_score, risk_level, formula_version, parts, inputs)
    VALUES (gen_random_uuid(), NEW.practice_id, NEW.patient_id, clock_timestamp(), NEW.risk_score, NEW.risk_level,
            NEW.formula_version, NEW.parts, NEW.score_inputs);
    RETURN NULL;
END $$;
CREATE TRIGGER score_shown AFTER INSERT ON triage_summaries
    FOR EACH ROW EXECUTE FUNCTION keep_shown_score();
CREATE TRIGGER score_changed AFTER UPDATE ON triage_summaries
    FOR EACH ROW WHEN (OLD.risk_score <> NEW.risk_score OR OLD.parts <> NEW.parts
        OR OLD.formula_version <> NEW.formula_version)
    EXECUTE FUNCTION keep_shown_score();
"""
FORGET_SCORE = """
DROP TRIGGER score_shown ON triage_summaries;
DROP TRIGGER score_changed ON triage_summaries;
DROP FUNCTION keep_shown_score();
"""

_SUMMARY_COLUMNS: tuple[sa.Column[object], ...] = (
    sa.Column("rule_state", _JSON, server_default=_EMPTY, nullable=False),
    sa.Column("score_inputs", _JSON, server_default=_EMPTY, nullable=False),
    sa.Column("override_score", sa.SmallInteger()),
    sa.Column("override_expires_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    """Build."""
    op.add_column("practice_thresholds", sa.Column("modifiers", _JSON, server_default=_EMPTY, nullable=False))
    op.add_column("practice_thresholds", sa.Column("looks_back", sa.Boolean(), server_default="false", nullable=False))
    for table in ("alerts", "alert_occurrences"):
        op.add_column(table, sa.Column("threshold_version", sa.String()))
    for column in _SUMMARY_COLUMNS:
        op.add_column("triage_summaries", column)
    _create_patient_thresholds()
    _create_versions()
    _create_overrides()
    _create_scores()
    for table in TABLES:
        enable_tenancy(table)
    _grant()
    op.execute(KEEP_SCORE)


def downgrade() -> None:
    """Take the tables and columns away again; the practices' own limits stay."""
    op.execute(FORGET_SCORE)
    for table in reversed(TABLES):
        op.drop_table(table)
    for column in _SUMMARY_COLUMNS:
        op.drop_column("triage_summaries", column.name)
    for table in ("alerts", "alert_occurrences"):
        op.drop_column(table, "threshold_version")
    op.drop_column("practice_thresholds", "looks_back")
    op.drop_column("practice_thresholds", "modifiers")


def _grant() -> None:
    """Versions and shown scores are never changed: versions are moved by a merge and their reasons sealed anew."""
    grant("SELECT, INSERT, UPDATE", ("patient_thresholds", "score_overrides"))
    grant("SELECT, INSERT", ("threshold_versions", "triage_scores"))
    role = app_role()
    if role:
        op.execute(f"GRANT UPDATE (patient_id, reason_enc) ON threshold_versions TO {role}")


def _owned(*, patient: bool = True) -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=not patient),
    ]


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", column],
        [f"{other}.practice_id", f"{other}.id"],
        name=op.f(f"fk_{table}_practice_id_{column}"),
    )


def _create_patient_thresholds() -> None:
    op.create_table(
        "patient_thresholds",
        *_owned(),
        sa.Column("limits", _JSON, nullable=False),
        sa.Column("modifiers", _JSON, nullable=False),
        sa.Column("profiles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("looks_back", sa.Boolean(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("confirmed_by", sa.Integer()),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _refers("patient_thresholds", "patient_id", "patients"),
        _refers("patient_thresholds", "confirmed_by", "users"),
        sa.UniqueConstraint("practice_id", "patient_id", name=op.f("uq_patient_thresholds_practice_id_patient_id")),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by IS NULL)", name=op.f("ck_patient_thresholds_confirmed_by_somebody")
        ),
    )


def _create_versions() -> None:
    op.create_table(
        "threshold_versions",
        *_owned(patient=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("limits", _JSON, nullable=False),
        sa.Column("modifiers", _JSON, nullable=False),
        sa.Column("profiles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("is_confirmed", sa.Boolean(), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("changed_by", sa.Integer()),
        sa.Column("reason_enc", sa.LargeBinary()),
        _refers("threshold_versions", "patient_id", "patients"),
        _refers("threshold_versions", "changed_by", "users"),
        sa.UniqueConstraint(
            "practice_id", "patient_id", "number",
            name=op.f("uq_threshold_versions_practice_id_patient_id_number"), postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip


def _create_overrides() -> None:
    op.create_table(
        "score_overrides",
        *_owned(),
        sa.Column("risk_score", sa.SmallInteger(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_by", sa.Integer()),
        sa.Column("reason_enc", sa.LargeBinary()),
        _refers("score_overrides", "patient_id", "patients"),
        _refers("score_overrides", "set_by", "users"),
        _refers("score_overrides", "ended_by", "users"),
        sa.CheckConstraint("risk_score BETWEEN 1 AND 100", name=op.f("ck_score_overrides_risk_score")),
        sa.CheckConstraint("expires_at > set_at", name=op.f("ck_score_overrides_expires_later")),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_score_overrides_ended_by_somebody")
        ),
    )
    op.create_index("ix_score_overrides_patient", "score_overrides", ["practice_id", "patient_id", "set_at"])


def _create_scores() -> None:
    op.create_table(
        "triage_scores",
        *_owned(),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("risk_score", sa.SmallInteger(), nullable=False),
        sa.Column("risk_level", sa.String(), nullable=False),
        sa.Column("formula_version", sa.String(), nullable=False),
        sa.Column("parts", _JSON, nullable=False),
        sa.Column("inputs", _JSON, nullable=False),
        _refers("triage_scores", "patient_id", "patients"),
    )
    op.create_index(
        "ix_triage_scores_patient", "triage_scores", ["practice_id", "patient_id", sa.literal_column("at DESC")]
    )
