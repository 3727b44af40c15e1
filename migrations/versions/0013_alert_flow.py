"""What people do with alerts: folding, reaction times, escalations, reviews, decisions, who is on call."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import app_role, enable_tenancy, grant

revision = "0013_alert_flow"
down_revision = "0012_billing"
branch_labels = None
depends_on = None

TABLES = (
    "alert_occurrences", "escalations", "triage_reviews", "triage_decisions", "triage_settings", "on_call_shifts",
)  # fmt: skip
_MOMENT = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
_LEVELS = "level IN ('warning', 'critical')"
_OUTCOMES = (
    "'contacted_patient', 'treatment_changed', 'sent_to_care', 'measured_again', 'device_problem', 'no_action_needed'"
)
_ROLES = "'admin', 'clinical_manager', 'provider', 'nurse', 'ma', 'data_monitor', 'billing_manager', 'patient'"
_KINDS = (
    "'alert_acknowledged', 'alert_resolved', 'alert_snoozed', 'alert_woken', 'alert_assigned', 'escalation_raised', "
    "'escalation_moved_on', 'escalation_acknowledged', 'escalation_reassigned', 'escalation_resolved', "
    "'patient_reviewed', 'thresholds_confirmed', 'thresholds_changed', 'score_overridden'"
)
_CHECKS_OF_ALERTS = {
    "alert_class": "alert_class IN ('medical', 'compliance')",
    "outcome": f"outcome IN ({_OUTCOMES})",
    "occurrences": "occurrences > 0",
    "resolved": (
        "resolved_at IS NULL OR (cleared_at IS NOT NULL AND acknowledged_at IS NOT NULL AND outcome IS NOT NULL)"
    ),
}


def upgrade() -> None:
    """Build; alerts of before stay as they were, and never escalate by themselves."""
    _widen_alerts()
    _create_occurrences()
    _create_escalations()
    _create_reviews()
    _create_on_call()
    op.add_column(
        "triage_summaries", sa.Column("has_active_stat", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    _carry_over()
    for table in TABLES:
        enable_tenancy(table)
    grant("SELECT, INSERT, UPDATE", ("alert_occurrences", "escalations", "triage_settings"))
    grant("SELECT, INSERT", ("triage_reviews", "triage_decisions"))
    grant("SELECT, INSERT, DELETE", ("on_call_shifts",))
    role = app_role()
    if role:  # what a merge of two records moves, and what a rotation of keys seals anew
        for table in ("triage_reviews", "triage_decisions"):
            op.execute(f"GRANT UPDATE (patient_id, note_enc) ON {table} TO {role}")


def downgrade() -> None:
    """Take it back: escalations, reviews and decisions are lost, and so are alerts that no reading raised."""
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("triage_summaries", "has_active_stat")
    for name in ("waiting", "escalating", "snoozed", "time", "open"):
        op.drop_index(f"ix_alerts_{name}", "alerts")
    op.drop_constraint(op.f("uq_alerts_practice_id_id"), "alerts")
    for name in _CHECKS_OF_ALERTS:
        op.drop_constraint(op.f(f"ck_alerts_{name}"), "alerts")
    for name in ("assignee_id", "resolved_by"):
        op.drop_constraint(op.f(f"fk_alerts_practice_id_{name}"), "alerts")
    for column in _new_of_alerts():
        op.drop_column("alerts", column.name)
    op.execute("ALTER TABLE alerts NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM alerts WHERE observation_id IS NULL")
    op.execute("ALTER TABLE alerts FORCE ROW LEVEL SECURITY")
    for name in ("observation_id", "measured_at"):
        op.alter_column("alerts", name, nullable=False)
    op.create_unique_constraint(
        op.f("uq_alerts_practice_id_observation_id"), "alerts", ["practice_id", "observation_id"]
    )


def _new_of_alerts() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("alert_class", sa.String(), server_default="medical", nullable=False),
        sa.Column("occurrences", sa.Integer(), server_default="1", nullable=False),
        sa.Column("last_raised_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("waiting_since", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("due_at", _MOMENT, nullable=True),
        sa.Column("escalates_at", _MOMENT, nullable=True),
        sa.Column("cleared_at", _MOMENT, nullable=True),
        sa.Column("snoozed_until", _MOMENT, nullable=True),
        sa.Column("snooze_reason_enc", sa.LargeBinary(), nullable=True),
        sa.Column("assignee_id", sa.Integer(), nullable=True),
        sa.Column("resolved_at", _MOMENT, nullable=True),
        sa.Column("resolved_by", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("outcome_note_enc", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
    )


def _widen_alerts() -> None:
    for column in _new_of_alerts():
        op.add_column("alerts", column)
    for name in ("observation_id", "measured_at"):
        op.alter_column("alerts", name, nullable=True)
    op.alter_column("alerts", "version", server_default=None)
    op.drop_constraint(op.f("uq_alerts_practice_id_observation_id"), "alerts")
    op.create_unique_constraint(op.f("uq_alerts_practice_id_id"), "alerts", ["practice_id", "id"])
    for name in ("assignee_id", "resolved_by"):
        op.create_foreign_key(
            op.f(f"fk_alerts_practice_id_{name}"), "alerts", "users", ["practice_id", name], ["practice_id", "id"]
        )
    for name, condition in _CHECKS_OF_ALERTS.items():
        op.create_check_constraint(op.f(f"ck_alerts_{name}"), "alerts", condition)
    newest = [sa.literal_column("raised_at DESC"), sa.literal_column("id DESC")]
    waiting, snoozed = sa.text("acknowledged_at IS NULL"), sa.text("snoozed_until IS NOT NULL")
    escalating = sa.text("acknowledged_at IS NULL AND escalates_at IS NOT NULL")
    ended_not = sa.text("cleared_at IS NULL OR acknowledged_at IS NULL OR snoozed_until IS NOT NULL")
    op.create_index("ix_alerts_time", "alerts", ["practice_id", *newest])
    op.create_index("ix_alerts_open", "alerts", ["practice_id", "patient_id"], postgresql_where=ended_not)
    op.create_index("ix_alerts_waiting", "alerts", ["practice_id", "level", "due_at", "id"], postgresql_where=waiting)
    op.create_index("ix_alerts_escalating", "alerts", ["practice_id", "escalates_at"], postgresql_where=escalating)
    op.create_index("ix_alerts_snoozed", "alerts", ["practice_id", "snoozed_until"], postgresql_where=snoozed)


def _create_occurrences() -> None:
    op.create_table(
        "alert_occurrences",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("observation_id", sa.Uuid(), nullable=True),
        sa.Column("measured_at", _MOMENT, nullable=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=False),
        sa.Column("threshold", sa.Numeric(), nullable=False),
        sa.Column("raised_at", _MOMENT, server_default=_NOW, nullable=False),
        *_ids("alert_occurrences"),
        sa.CheckConstraint(_LEVELS, name=op.f("ck_alert_occurrences_level")),
        _to_patient("alert_occurrences"),
        _key("alert_occurrences", "alert_id", "alerts"),
        sa.ForeignKeyConstraint(
            ["practice_id", "observation_id", "measured_at"],
            ["observations.practice_id", "observations.id", "observations.measured_at"],
            name=op.f("fk_alert_occurrences_practice_id_observation_id_measured_at"),
        ),
        sa.UniqueConstraint(
            "practice_id", "observation_id", name=op.f("uq_alert_occurrences_practice_id_observation_id")
        ),
    )
    for name, column in (("patient", "patient_id"), ("alert", "alert_id")):
        op.create_index(f"ix_alert_occurrences_{name}", "alert_occurrences", ["practice_id", column, "raised_at"])


def _create_escalations() -> None:
    people = ("raised_by", "user_id", "acknowledged_by", "resolved_by")
    op.create_table(
        "escalations",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason_enc", sa.LargeBinary(), nullable=False),
        sa.Column("chain", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in people),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("times_asked", sa.Integer(), nullable=False),
        sa.Column("raised_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("acknowledged_at", _MOMENT, nullable=True),
        sa.Column("resolved_at", _MOMENT, nullable=True),
        sa.Column("outcome_enc", sa.LargeBinary(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        *_ids("escalations"),
        sa.CheckConstraint("level IN ('routine', 'urgent', 'stat')", name=op.f("ck_escalations_level")),
        sa.CheckConstraint("state IN ('open', 'acknowledged', 'resolved')", name=op.f("ck_escalations_state")),
        sa.CheckConstraint(f"role IN ({_ROLES})", name=op.f("ck_escalations_role")),
        sa.CheckConstraint("num_nonnulls(user_id, role) = 1", name=op.f("ck_escalations_waits_for_one")),
        sa.CheckConstraint(
            "(state = 'open') = (acknowledged_at IS NULL AND resolved_at IS NULL)", name=op.f("ck_escalations_open")
        ),
        sa.CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL)", name=op.f("ck_escalations_done")),
        _to_patient("escalations"),
        _key("escalations", "alert_id", "alerts"),
        *(_key("escalations", name, "users") for name in people),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_escalations_practice_id_id")),
    )
    newest = sa.literal_column("raised_at DESC")
    op.create_index("ix_escalations_patient", "escalations", ["practice_id", "patient_id", newest])
    op.create_index("ix_escalations_time", "escalations", ["practice_id", newest, sa.literal_column("id DESC")])
    op.create_index("ix_escalations_alert", "escalations", ["practice_id", "alert_id"])
    op.create_index(
        "ix_escalations_waiting", "escalations", ["practice_id", "due_at"], postgresql_where=sa.text("state = 'open'")
    )


def _create_reviews() -> None:
    op.create_table(
        "triage_reviews",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("reviewed_by", sa.Integer(), nullable=False),
        sa.Column("reviewed_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("minutes", sa.SmallInteger(), nullable=False),
        sa.Column("note_enc", sa.LargeBinary(), nullable=True),
        *_ids("triage_reviews"),
        sa.CheckConstraint("minutes BETWEEN 0 AND 240", name=op.f("ck_triage_reviews_minutes")),
        _to_patient("triage_reviews"),
        _key("triage_reviews", "reviewed_by", "users"),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_triage_reviews_practice_id_id")),
    )
    newest = sa.literal_column("reviewed_at DESC")
    op.create_index("ix_triage_reviews_patient", "triage_reviews", ["practice_id", "patient_id", newest])
    op.create_table(
        "triage_decisions",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note_enc", sa.LargeBinary(), nullable=True),
        *_ids("triage_decisions"),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_triage_decisions_kind")),
        _to_patient("triage_decisions"),
        _key("triage_decisions", "user_id", "users"),
    )
    in_order = [sa.literal_column("at DESC"), sa.literal_column("id DESC")]
    op.create_index("ix_triage_decisions_time", "triage_decisions", ["practice_id", *in_order])
    op.create_index("ix_triage_decisions_patient", "triage_decisions", ["practice_id", "patient_id", *in_order])


def _create_on_call() -> None:
    op.create_table(
        "triage_settings",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("warning_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("warning_minutes BETWEEN 5 AND 1440", name=op.f("ck_triage_settings_warning_minutes")),
        sa.ForeignKeyConstraint(["practice_id"], ["practices.id"], name=op.f("fk_triage_settings_practice_id")),
        sa.PrimaryKeyConstraint("practice_id", name=op.f("pk_triage_settings")),
    )
    op.create_table(
        "on_call_shifts",
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=True),
        sa.Column("on_date", sa.Date(), nullable=True),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        *_ids("on_call_shifts"),
        sa.CheckConstraint("num_nonnulls(weekday, on_date) = 1", name=op.f("ck_on_call_shifts_weekly_or_dated")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_on_call_shifts_weekday")),
        _key("on_call_shifts", "user_id", "users"),
    )
    op.create_index("ix_on_call_shifts_position", "on_call_shifts", ["practice_id", "position"])


def _carry_over() -> None:
    """Give each alert of before its one occurrence; seen ones count as ended. The owner looks past the wall for it."""
    op.execute("ALTER TABLE alerts NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE alerts SET last_raised_at = raised_at, waiting_since = raised_at, cleared_at = acknowledged_at,"
        " due_at = raised_at + CASE level WHEN 'critical' THEN interval '0' ELSE interval '1 hour' END"
    )
    columns = (
        "id, practice_id, patient_id, {}, observation_id, measured_at,"
        " level, rule, message, value, threshold, raised_at"
    )
    op.execute(
        f"INSERT INTO alert_occurrences ({columns.format('alert_id')}) SELECT {columns.format('id')} FROM alerts"
    )
    op.execute("ALTER TABLE alerts FORCE ROW LEVEL SECURITY")


def _ids(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _to_patient(table: str) -> sa.ForeignKeyConstraint:
    return _key(table, "patient_id", "patients")


def _key(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", column],
        [f"{to}.practice_id", f"{to}.id"],
        name=op.f(f"fk_{table}_practice_id_{column}"),
    )
