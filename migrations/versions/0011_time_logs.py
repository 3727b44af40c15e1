"""Time spent on patients' care with its history, and timers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import app_role, enable_tenancy, grant

revision = "0011_time_logs"
down_revision = "0010_vitals"
branch_labels = None
depends_on = None

TABLES = ("time_logs", "time_log_revisions", "timers", "timer_stretches")
_MOMENT = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
_PROGRAMS = "'RPM', 'RTM', 'CCM', 'PCM', 'APCM'"
_ACTIVITIES = (
    "'data_review', 'patient_contact', 'care_coordination', 'education', 'setup', 'medication_management',"
    " 'documentation', 'other'"
)
_MODES = "'phone', 'video', 'in_person', 'message', 'none'"


def upgrade() -> None:
    """Build the tables, their walls and the application's rights."""
    _create_time_logs()
    _create_revisions()
    _create_timers()
    _create_stretches()
    for table in TABLES:
        enable_tenancy(table)
    grant("SELECT, INSERT, UPDATE", ["time_logs", "timers", "timer_stretches"])
    grant("SELECT, INSERT", ["time_log_revisions"])
    role = app_role()
    if role:  # what a rotation of keys seals anew
        op.execute(f"GRANT UPDATE (note_enc, reason_enc) ON time_log_revisions TO {role}")


def downgrade() -> None:
    """Take the tables away."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", column], [f"{to}.practice_id", f"{to}.id"], name=op.f(f"fk_{table}_practice_id_{column}")
    )


def _what(table: str) -> list[sa.schema.SchemaItem]:
    """What was done, as every table of these says it."""
    return [
        sa.Column("program", sa.String(), nullable=False),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.CheckConstraint(f"program IN ({_PROGRAMS})", name=op.f(f"ck_{table}_program")),
        sa.CheckConstraint(f"activity IN ({_ACTIVITIES})", name=op.f(f"ck_{table}_activity")),
        sa.CheckConstraint(f"mode IN ({_MODES})", name=op.f(f"ck_{table}_mode")),
    ]


def _create_time_logs() -> None:
    """One place at a time: PostgreSQL's own range operators need no extension, a person's number is a range of one."""
    op.create_table(
        "time_logs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        *_what("time_logs"),
        sa.Column("is_interactive", sa.Boolean(), nullable=False),
        sa.Column("credential", sa.String(), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=False),
        sa.Column("note_enc", sa.LargeBinary(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("voided_at", _MOMENT, nullable=True),
        sa.Column("voided_by", sa.Integer(), nullable=True),
        sa.Column("void_reason_enc", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "credential IN ('physician', 'qhp', 'clinical', 'non_clinical')", name=op.f("ck_time_logs_credential")
        ),
        sa.CheckConstraint("source IN ('manual', 'timer', 'review', 'call')", name=op.f("ck_time_logs_source")),
        sa.CheckConstraint(
            "NOT is_interactive OR mode IN ('in_person', 'phone', 'video')", name=op.f("ck_time_logs_live")
        ),
        sa.CheckConstraint("ended_at > started_at", name=op.f("ck_time_logs_order")),
        sa.CheckConstraint(
            "num_nonnulls(voided_at, voided_by, void_reason_enc) IN (0, 3)",
            name=op.f("ck_time_logs_voided_for_a_reason"),
        ),
        *(_refers("time_logs", column, to) for column, to in _OF_TIME_LOGS),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_logs")),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_time_logs_practice_id_id")),
        postgresql.ExcludeConstraint(
            (sa.text("int4range(user_id, user_id, '[]')"), "&&"),
            (sa.text("tstzrange(started_at, ended_at, '[)')"), "&&"),
            using="gist",
            where=sa.text("voided_at IS NULL"),
            name=op.f("ex_time_logs_one_place"),
        ),
    )
    latest = sa.literal_column("started_at DESC")
    op.create_index("ix_time_logs_patient", "time_logs", ["practice_id", "patient_id", latest])
    op.create_index("ix_time_logs_user", "time_logs", ["practice_id", "user_id", latest])
    op.create_index(
        "uq_time_logs_source",
        "time_logs",
        ["practice_id", "user_id", "source", "source_id"],
        unique=True,
        postgresql_where=sa.text("source IN ('review', 'call') AND voided_at IS NULL"),
    )
    op.create_index("ix_time_logs_time", "time_logs", ["practice_id", latest, "id"])


_OF_TIME_LOGS = (("patient_id", "patients"), ("user_id", "users"), ("voided_by", "users"))


def _create_revisions() -> None:
    op.create_table(
        "time_log_revisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("time_log_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("program", sa.String(), nullable=False),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("is_interactive", sa.Boolean(), nullable=False),
        sa.Column("credential", sa.String(), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=False),
        sa.Column("note_enc", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=False),
        sa.Column("reason_enc", sa.LargeBinary(), nullable=False),
        _refers("time_log_revisions", "time_log_id", "time_logs"),
        _refers("time_log_revisions", "changed_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_log_revisions")),
        sa.UniqueConstraint(
            "practice_id", "time_log_id", "version", name=op.f("uq_time_log_revisions_practice_id_time_log_id_version")
        ),
    )


def _create_timers() -> None:
    op.create_table(
        "timers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        *_what("timers"),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("stopped_at", _MOMENT, nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("outcome IN ('logged', 'discarded')", name=op.f("ck_timers_outcome")),
        sa.CheckConstraint("(stopped_at IS NULL) = (outcome IS NULL)", name=op.f("ck_timers_stopped")),
        _refers("timers", "patient_id", "patients"),
        _refers("timers", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_timers_practice_id_id")),
    )
    op.create_index("ix_timers_patient", "timers", ["practice_id", "patient_id"])
    still_open = sa.text("stopped_at IS NULL")
    op.create_index(
        "uq_timers_one_open", "timers", ["practice_id", "user_id"], unique=True, postgresql_where=still_open
    )


def _create_stretches() -> None:
    op.create_table(
        "timer_stretches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("timer_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_timer_stretches_order")),
        _refers("timer_stretches", "timer_id", "timers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timer_stretches")),
    )
    op.create_index("ix_timer_stretches_timer", "timer_stretches", ["practice_id", "timer_id", "started_at"])
    op.create_index(
        "uq_timer_stretches_one_open",
        "timer_stretches",
        ["practice_id", "timer_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
