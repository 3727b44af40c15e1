"""The whole patient record: identity, care team, payers, notes, what became of a record, merges."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import app_role, enable_tenancy, grant

revision = "0006_patient_record"
down_revision = "0005_break_glass"
branch_labels = None
depends_on = None

TABLES = ("patient_payers", "patient_notes", "patient_status_changes", "patient_merges")
_TEXT = sa.String()


def upgrade() -> None:
    """Build."""
    _widen_patients()
    _create_payers()
    _create_notes()
    _create_status_changes()
    _create_merges()
    for table in TABLES:
        enable_tenancy(table)
    _grant()


def downgrade() -> None:
    """Take the parts of the record away again; readings, alerts and bills stay."""
    for table in reversed(TABLES):
        op.drop_table(table)
    for constraint in ("merged", "merged_elsewhere"):
        op.drop_constraint(op.f(f"ck_patients_{constraint}"), "patients")
    for column in _PATIENT_COLUMNS:
        op.drop_column("patients", column.name)


_PATIENT_COLUMNS: tuple[sa.Column[object], ...] = (
    sa.Column("archive_reason_enc", sa.LargeBinary()),
    sa.Column("merged_into", sa.Uuid()),
    sa.Column("person_index", sa.LargeBinary()),
    sa.Column("ssn_enc", sa.LargeBinary()),
    sa.Column("ssn_last_four_enc", sa.LargeBinary()),
    sa.Column("ssn_index", sa.LargeBinary()),
    sa.Column("preferred_language", _TEXT),
    sa.Column("emergency_contact_enc", sa.LargeBinary()),
    sa.Column("conditions", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    sa.Column("provider_id", sa.Integer()),
    sa.Column("nurse_id", sa.Integer()),
)


def _widen_patients() -> None:
    for column in _PATIENT_COLUMNS:
        op.add_column("patients", column)
    op.create_index("ix_patients_person", "patients", ["practice_id", "person_index"])
    op.create_index("ix_patients_ssn", "patients", ["practice_id", "ssn_index"])
    for column, table in (("provider_id", "users"), ("nurse_id", "users"), ("merged_into", "patients")):
        op.create_foreign_key(
            op.f(f"fk_patients_practice_id_{column}"), "patients", table, ["practice_id", column], ["practice_id", "id"]
        )
    op.create_check_constraint(op.f("ck_patients_merged"), "patients", "merged_into IS NULL OR NOT is_active")
    op.create_check_constraint(op.f("ck_patients_merged_elsewhere"), "patients", "merged_into <> id")


def _owned(*references: tuple[str, str]) -> list[sa.Column[object] | sa.ForeignKeyConstraint]:
    """Return the columns every tenant table has, and its references by (column, table)."""
    return [
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        *(sa.ForeignKeyConstraint(["practice_id", name], [f"{to}.practice_id", f"{to}.id"]) for name, to in references),
    ]


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _create_payers() -> None:
    op.create_table(
        "patient_payers",
        *_owned(("patient_id", "patients")),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("payer", _TEXT, nullable=False),
        sa.Column("member_id_enc", sa.LargeBinary(), nullable=False),
        sa.Column("starts_on", sa.Date()),
        sa.Column("ends_on", sa.Date()),
        _moment("created_at"),
        _moment("updated_at"),
        sa.UniqueConstraint("practice_id", "patient_id", "position", deferrable=True, initially="DEFERRED"),
        sa.CheckConstraint("position > 0", name=op.f("ck_patient_payers_position")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_patient_payers_dates")),
    )


def _create_notes() -> None:
    op.create_table(
        "patient_notes",
        *_owned(("patient_id", "patients"), ("author_id", "users"), ("corrects_id", "patient_notes")),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("body_enc", sa.LargeBinary(), nullable=False),
        sa.Column("corrects_id", sa.Uuid()),
        _moment("created_at"),
        sa.UniqueConstraint("practice_id", "id"),
        sa.UniqueConstraint("practice_id", "corrects_id"),
    )
    op.create_index("ix_patient_notes_time", "patient_notes", ["practice_id", "patient_id", "created_at"])


def _create_status_changes() -> None:
    op.create_table(
        "patient_status_changes",
        *_owned(("patient_id", "patients"), ("changed_by", "users")),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("change", _TEXT, nullable=False),
        sa.Column("reason_enc", sa.LargeBinary()),
        sa.Column("changed_by", sa.Integer(), nullable=False),
        _moment("changed_at"),
        sa.CheckConstraint(
            "change IN ('archived', 'unarchived', 'merged', 'absorbed')",
            name=op.f("ck_patient_status_changes_change"),
        ),
    )
    op.create_index(
        "ix_patient_status_changes_time", "patient_status_changes", ["practice_id", "patient_id", "changed_at"]
    )


def _create_merges() -> None:
    op.create_table(
        "patient_merges",
        *_owned(("survivor_id", "patients"), ("duplicate_id", "patients"), ("merged_by", "users")),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("duplicate_id", sa.Uuid(), nullable=False),
        sa.Column("merged_by", sa.Integer(), nullable=False),
        _moment("merged_at"),
        sa.Column("moved", postgresql.JSONB(), nullable=False),
        sa.Column("left", postgresql.JSONB(), nullable=False),
        sa.UniqueConstraint("practice_id", "duplicate_id"),
    )


def _grant() -> None:
    """Notes and changes of status are written once: only whose they are and under which key they lie can change."""
    grant("SELECT, INSERT", TABLES)
    grant("UPDATE, DELETE", ["patient_payers"])
    role = app_role()
    if role:
        op.execute(f"GRANT UPDATE (patient_id, body_enc) ON patient_notes TO {role}")
        op.execute(f"GRANT UPDATE (reason_enc) ON patient_status_changes TO {role}")
