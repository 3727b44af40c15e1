"""The billing engine: generated lines and their proof, history, impacts, periods, circumstances, payers, fees."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import app_role, enable_tenancy, grant

revision = "0012_billing"
down_revision = "0011_time_logs"
branch_labels = None
depends_on = None

TABLES = (
    "billing_payers", "billing_policies", "billing_fee_schedules", "billing_fees", "billing_periods",
    "billing_circumstances", "billing_entry_changes", "billing_impacts",
)  # fmt: skip
_MOMENT, _NOW = sa.DateTime(timezone=True), sa.text("now()")
_PROGRAMS = "'RPM', 'RTM', 'CCM', 'PCM', 'APCM'"
_STATUSES = "'pending', 'submitted', 'paid', 'denied', 'appealed'"
_NEW_COLUMNS = (
    ("units", sa.Integer(), "1"), ("period_start", sa.Date(), None), ("period_end", sa.Date(), None),
    ("service_month", sa.Date(), None), ("episode_id", sa.Uuid(), None), ("line_key", sa.String(), None),
    ("seconds", sa.Integer(), None), ("evidence", postgresql.JSONB(), "{}"), ("rule_set_id", sa.String(), None),
    ("rule_set_hash", sa.String(), None), ("fingerprint", sa.String(), None), ("void_cause", sa.String(), None),
)  # fmt: skip
_CHECKS = {
    "units": "units > 0",
    "period": "period_end >= period_start",
    "voided_by_somebody": "(status = 'void') = (void_cause IS NOT NULL)",
    "void_cause": "void_cause IN ('person', 'engine')",
    "generated_under_a_key": "NOT auto_generated OR line_key IS NOT NULL",
}


def upgrade() -> None:
    """Build. Lines entered by hand so far have one unit and no period."""
    _extend_entries()
    _create_payers()
    _create_fee_schedules()
    _create_periods()
    _create_circumstances()
    _create_changes()
    _create_impacts()
    for table in TABLES:
        enable_tenancy(table)
    grant("SELECT, INSERT, UPDATE", [one for one in TABLES if one not in {"billing_entry_changes", "billing_fees"}])
    grant("SELECT, INSERT, UPDATE, DELETE", ["billing_fees"])
    grant("SELECT, INSERT", ["billing_entry_changes"])
    role = app_role()
    if role:  # what a merge of two records moves, and what a rotation of keys seals anew
        op.execute(f"GRANT UPDATE (patient_id, note_enc) ON billing_entry_changes TO {role}")


def downgrade() -> None:
    """Take it back: generated lines stay, without their proof; voided ones count as denied."""
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_index("uq_billing_entries_line", "billing_entries")
    op.drop_constraint(op.f("uq_billing_entries_practice_id_patient_id_id"), "billing_entries")
    for name in (*_CHECKS, "status"):
        op.drop_constraint(op.f(f"ck_billing_entries_{name}"), "billing_entries")
    op.execute("ALTER TABLE billing_entries NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE billing_entries SET status = 'denied' WHERE status = 'void'")
    op.execute("ALTER TABLE billing_entries FORCE ROW LEVEL SECURITY")
    op.create_check_constraint(op.f("ck_billing_entries_status"), "billing_entries", f"status IN ({_STATUSES})")
    for name, _, _ in reversed(_NEW_COLUMNS):
        op.drop_column("billing_entries", name)


def _extend_entries() -> None:
    for name, kind, default in _NEW_COLUMNS:
        op.add_column("billing_entries", sa.Column(name, kind, server_default=default, nullable=default is None))
    op.drop_constraint(op.f("ck_billing_entries_status"), "billing_entries")
    op.create_check_constraint(op.f("ck_billing_entries_status"), "billing_entries", f"status IN ({_STATUSES}, 'void')")
    for name, check in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_billing_entries_{name}"), "billing_entries", check)
    op.create_unique_constraint(
        op.f("uq_billing_entries_practice_id_patient_id_id"), "billing_entries", ["practice_id", "patient_id", "id"]
    )
    op.create_index(
        "uq_billing_entries_line", "billing_entries", ["practice_id", "patient_id", "line_key"],
        unique=True, postgresql_where=sa.text("line_key IS NOT NULL"),
    )  # fmt: skip


def _row() -> list[sa.Column[object]]:
    return [sa.Column("id", sa.Uuid(), nullable=False), sa.Column("practice_id", sa.Uuid(), nullable=False)]


def _kept() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    ]


def _to(table: str, columns: list[str], parent: str, of: list[str], **more: bool) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{'_'.join(columns)}")
    return sa.ForeignKeyConstraint(columns, [f"{parent}.{one}" for one in of], name=name, **more)


def _to_practice(table: str) -> sa.ForeignKeyConstraint:
    return _to(table, ["practice_id"], "practices", ["id"])


def _to_patient(table: str) -> sa.ForeignKeyConstraint:
    return _to(table, ["practice_id", "patient_id"], "patients", ["practice_id", "id"])


def _to_user(table: str, column: str) -> sa.ForeignKeyConstraint:
    return _to(table, ["practice_id", column], "users", ["practice_id", "id"])


def _to_payer(table: str) -> sa.ForeignKeyConstraint:
    return _to(table, ["practice_id", "payer_id"], "billing_payers", ["practice_id", "id"])


def _to_entry(table: str) -> sa.ForeignKeyConstraint:
    columns = ["practice_id", "patient_id", "entry_id"]
    return _to(table, columns, "billing_entries", ["practice_id", "patient_id", "id"], deferrable=True)


def _key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))


def _create_payers() -> None:
    op.create_table(
        "billing_payers", *_row(),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("claim_payer_id", sa.String(), nullable=True),
        *_kept(), _key("billing_payers"), _to_practice("billing_payers"),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_billing_payers_practice_id_id")),
        sa.UniqueConstraint("practice_id", "name_key", name=op.f("uq_billing_payers_practice_id_name_key")),
    )  # fmt: skip
    op.create_table(
        "billing_policies", *_row(),
        sa.Column("payer_id", sa.Uuid(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        *_kept(), _key("billing_policies"), _to_practice("billing_policies"), _to_payer("billing_policies"),
        sa.UniqueConstraint(
            "practice_id", "payer_id", "effective_from", postgresql_nulls_not_distinct=True,
            name=op.f("uq_billing_policies_practice_id_payer_id_effective_from"),
        ),
        sa.CheckConstraint("effective_to >= effective_from", name=op.f("ck_billing_policies_dates")),
    )  # fmt: skip


def _create_fee_schedules() -> None:
    op.create_table(
        "billing_fee_schedules", *_row(),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("conversion_factor", sa.Numeric(9, 4), nullable=False),
        *(sa.Column(f"gpci_{part}", sa.Numeric(6, 4), nullable=False) for part in ("work", "practice", "malpractice")),
        sa.Column("in_use", sa.Boolean(), nullable=False),
        *_kept(), _key("billing_fee_schedules"), _to_practice("billing_fee_schedules"),
        _to_payer("billing_fee_schedules"),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_billing_fee_schedules_practice_id_id")),
        sa.UniqueConstraint("practice_id", "key", name=op.f("uq_billing_fee_schedules_practice_id_key")),
        sa.CheckConstraint("effective_to >= effective_from", name=op.f("ck_billing_fee_schedules_dates")),
        sa.CheckConstraint("conversion_factor > 0", name=op.f("ck_billing_fee_schedules_conversion_factor")),
    )  # fmt: skip
    op.create_table(
        "billing_fees",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        *(
            sa.Column(name, sa.Numeric(8, 4), nullable=True)
            for name in ("total_rvu", "work_rvu", "practice_rvu", "malpractice_rvu")
        ),
        sa.Column("amount", sa.Numeric(10, 2), nullable=True),
        sa.Column("confidence", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("schedule_id", "code", name=op.f("pk_billing_fees")),
        _to("billing_fees", ["practice_id", "schedule_id"], "billing_fee_schedules", ["practice_id", "id"]),
        sa.CheckConstraint(
            "num_nonnulls(total_rvu, amount) > 0 OR num_nonnulls(work_rvu, practice_rvu, malpractice_rvu) = 3",
            name=op.f("ck_billing_fees_priced"),
        ),
    )


def _create_periods() -> None:
    op.create_table(
        "billing_periods", *_row(),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        _key("billing_periods"), _to_patient("billing_periods"),
        sa.UniqueConstraint(
            "practice_id", "patient_id", "program", "starts_on",
            name=op.f("uq_billing_periods_practice_id_patient_id_program_starts_on"),
        ),
        sa.CheckConstraint("ends_on = starts_on + 29", name=op.f("ck_billing_periods_thirty_days")),
        sa.CheckConstraint("program IN ('RPM', 'RTM')", name=op.f("ck_billing_periods_program")),
    )  # fmt: skip


def _create_circumstances() -> None:
    kinds = "'setup_training', 'em_visit', 'global_period', 'other_practitioner', 'complex_care', 'qmb'"
    table = "billing_circumstances"
    op.create_table(
        table, *_row(),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("program", sa.String(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("practitioner_id", sa.Integer(), nullable=True),
        sa.Column("note_enc", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.Column("voided_at", _MOMENT, nullable=True),
        sa.Column("voided_by", sa.Integer(), nullable=True),
        *_kept(), _key(table), _to_patient(table),
        *(_to_user(table, column) for column in ("practitioner_id", "recorded_by", "voided_by")),
        sa.CheckConstraint(f"kind IN ({kinds})", name=op.f("ck_billing_circumstances_kind")),
        sa.CheckConstraint(f"program IN ({_PROGRAMS})", name=op.f("ck_billing_circumstances_program")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_billing_circumstances_dates")),
        sa.CheckConstraint(
            "(voided_at IS NULL) = (voided_by IS NULL)", name=op.f("ck_billing_circumstances_voided_by_somebody")
        ),
    )  # fmt: skip
    op.create_index(
        "ix_billing_circumstances_patient", table, ["practice_id", "patient_id", sa.literal_column("starts_on DESC")]
    )


def _create_changes() -> None:
    table = "billing_entry_changes"
    op.create_table(
        table, *_row(),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("from_status", sa.String(), nullable=False),
        sa.Column("to_status", sa.String(), nullable=False),
        sa.Column("changed_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.Column("note_enc", sa.LargeBinary(), nullable=True),
        _key(table), _to_patient(table), _to_entry(table), _to_user(table, "changed_by"),
    )  # fmt: skip
    op.create_index("ix_billing_entry_changes_entry", table, ["practice_id", "entry_id", "changed_at"])


def _create_impacts() -> None:
    kinds = "'no_longer_billable', 'replaced', 'units_changed', 'evidence_lost'"
    table = "billing_impacts"
    op.create_table(
        table, *_row(),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("after", postgresql.JSONB(), nullable=False),
        sa.Column("suggestion", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("acknowledged_at", _MOMENT, nullable=True),
        sa.Column("acknowledged_by", sa.Integer(), nullable=True),
        sa.Column("note_enc", sa.LargeBinary(), nullable=True),
        *_kept(), _key(table), _to_patient(table), _to_entry(table), _to_user(table, "acknowledged_by"),
        sa.UniqueConstraint(
            "practice_id", "entry_id", "fingerprint", name=op.f("uq_billing_impacts_practice_id_entry_id_fingerprint")
        ),
        sa.CheckConstraint(f"kind IN ({kinds})", name=op.f("ck_billing_impacts_kind")),
        sa.CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)",
            name=op.f("ck_billing_impacts_acknowledged_by_somebody"),
        ),
    )  # fmt: skip
    op.create_index("ix_billing_impacts_listing", table, ["practice_id", sa.literal_column("created_at DESC"), "id"])
